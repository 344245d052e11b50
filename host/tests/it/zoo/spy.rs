//! A persona that asks the host for everything it can get and then searches its own memory, all of it, for a word that only one
//! person ever wrote. For her it finds the word; for anybody else it must not, whatever they ask.

use serde_json::json;

use super::voice::{DONE, SEARCH, UPSERT, Voice, data};
use super::{all_quiet, let_in, watch_panics};
use crate::kit::{Actor, backends, logged, watch_logs_for};

const IMPORTS: &str = r#"
    (import "mnemosyne:storage/memories@0.1.0" "list"
      (func $memories (param i32 i32 i32 i32 i32 i64 i32 i64 i32 f32 i32 i32 i32 i32 i32 i32 i32)))
    (import "mnemosyne:storage/tasks@0.1.0" "list" (func $tasks (param i32 i32)))
    (import "mnemosyne:storage/kv@0.1.0" "put-text" (func $keep (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
    (import "mnemosyne:storage/kv@0.1.0" "list" (func $kept (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "mnemosyne:vector/index@0.1.0" "search-text" (func $near (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "mnemosyne:auth/identity@0.1.0" "current" (func $who (param i32)))"#;

const NEEDS: &str = "[needs.storage]\nmemories = 'read'\ntasks = 'read'\nkv = { scope = 'user', max-bytes = '256KiB' }
[needs.vector]\nscope = 'user'\nmax-items = 100\n[needs.auth]\nidentity = true\n";

/// The word stands in the component with one added to each byte, so that it is not its own finding.
fn spy(word: &str) -> Voice {
    let coded: Vec<u8> = word.bytes().map(|byte| byte + 1).collect();
    let length = coded.len();
    let scan = format!(
        "(func $scan (result i32) (local $at i32) (local $end i32) (local $same i32)
           (local.set $end (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const {length})))
           (loop $places
             (local.set $same (i32.const 0))
             (block $differs (loop $bytes
               (br_if $differs (i32.ne (i32.add (i32.load8_u (i32.add (local.get $at) (local.get $same))) (i32.const 1))
                                       (i32.load8_u offset=2048 (local.get $same))))
               (local.set $same (i32.add (local.get $same) (i32.const 1)))
               (br_if $bytes (i32.lt_u (local.get $same) (i32.const {length})))
               (return (i32.const 1))))
             (br_if $places (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
           (i32.const 0))"
    );
    // `garden` at 2200, `found` at 2208, `clean` at 2216, `notes` at 2224; the arguments of `tasks.list` at 2560: at most ten.
    let texts = r#"(data (i32.const 2200) "garden") (data (i32.const 2208) "found") (data (i32.const 2216) "clean")
        (data (i32.const 2224) "notes") (data (i32.const 2652) "\0a\00\00\00")
        (data (i32.const 2304) "\b0\08\00\00\05\00\00\00")"#;
    let none = "(i32.const 0) (i32.const 0)";
    let bad = |at: u32| format!("(if (i32.load8_u (i32.const {at})) (then (unreachable)))");
    // What the person says now is kept too: in her drawer, and in her collection.
    let said = "(i32.load offset=72 (local.get 0)) (i32.load offset=76 (local.get 0))";
    let keep = format!(
        "(call $keep (i32.const 1) {said} {said} (i32.const 0) (i64.const 0) {none} (i32.const 896)) {}
         (i32.store (i32.const 2312) (i32.load offset=72 (local.get 0))) (i32.store (i32.const 2316) (i32.load offset=76 (local.get 0)))
         (call $upsert (i32.const 1) (i32.const 2224) (i32.const 5) (i32.const 2304) (i32.const 1) (i32.const 896)) {}",
        bad(896),
        bad(896)
    );
    let filter = format!("{none} {none} (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (f32.const 0) {none}");
    let ask = format!(
        "(call $search (i32.const 2200) (i32.const 6) {filter} (i32.const 50) (i32.const 960)) {}
         (call $memories {filter} (i32.const 0) {none} (i32.const 100) (i32.const 960)) {}
         (call $tasks (i32.const 2560) (i32.const 960)) {}
         (call $kept (i32.const 1) {none} (i32.const 0) {none} (i32.const 100) (i32.const 0) (i32.const 960)) {}
         (call $near (i32.const 1) (i32.const 2224) (i32.const 5) (i32.const 2200) (i32.const 6) (i32.const 100) {none} (i32.const 960)) {}
         (call $who (i32.const 1024))",
        bad(960),
        bad(960),
        bad(960),
        bad(960),
        bad(960)
    );
    let answer = "(call $say (if (result i32) (call $scan) (then (i32.const 2208)) (else (i32.const 2216))) (i32.const 5))";
    Voice::saying(format!("{keep} {ask} {answer} {DONE}"))
        .items(format!("{scan} {texts} {}", data(2048, &coded)))
        .with(&format!("{SEARCH} {UPSERT} {IMPORTS}"), NEEDS)
}

backends! {
    async fn a_plugin_finds_nothing_of_one_person_while_it_serves_another(host: TestHost) {
        watch_panics();
        let word = format!("spied{}", host.app.ids.id().simple());
        watch_logs_for(&word);
        let (operator, alice, bob) = (host.operator(), host.user("alice").await, host.user("bob").await);
        let_in(&operator, "persona/spy", spy(&word).build("persona-spy")).await;
        let hears = async |person: &Actor, message: &str| {
            let answer = person.say(json!({"message": message, "persona": "spy"})).await.ok();
            assert_eq!((&answer["plugin"]["name"], &answer["degraded"]), (&json!("persona-spy"), &json!(false)), "{answer}");
            answer["response"].as_str().unwrap().to_owned()
        };
        for person in [&alice, &bob] {
            assert_eq!(hears(person, "the garden").await, "clean", "nobody has said the word yet");
        }
        let text = format!("the garden {word}");
        alice.post("/api/v1/memories", json!({"title": "garden", "content": text, "tags": [word], "metadata": {"note": text}})).await.created();
        assert_eq!(hears(&alice, "a memory of the garden").await, "found");
        alice.post("/api/v1/tasks", json!({"title": text, "description": text})).await.created();
        assert_eq!(hears(&alice, &text).await, "found", "now it is in her drawer and in her collection too");
        for round in 0..3 {
            assert_eq!(hears(&bob, "the garden").await, "clean", "{round}");
            assert_eq!(hears(&alice, "the garden").await, "found", "{round}");
        }
        // Both at once, on instances that take turns in the same places.
        for _ in 0..5 {
            let (found, clean) = tokio::join!(hears(&alice, "the garden"), hears(&bob, "the garden"));
            assert_eq!((found.as_str(), clean.as_str()), ("found", "clean"));
        }
        assert!(logged(&word).is_empty(), "{:?}", logged(&word));
        all_quiet(&host).await;
    }
}
