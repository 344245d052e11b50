//! Hostile personas. Each beast is met, named and survived: the host answers the next call, keeps what was pushed, and no
//! place, model or byte of another person is lost.

use std::sync::Arc;

use uuid::Uuid;

use super::tests::{RELAY_IMPORTS, SEARCH, SEARCH_IMPORT, failure, relay, respond, text, with_model};
use crate::capability::Backends;
use crate::capability::actions::in_memory::KeptActions;
use crate::capability::grant::Policy;
use crate::capability::http::in_memory::ScriptedHttp;
use crate::capability::llm::in_memory::Script;
use crate::capability::storage::KvBackend;
use crate::capability::storage::backend::{KvList, KvSpace};
use crate::capability::storage::in_memory::InMemoryKv;
use crate::capability::storage::memories::in_memory::InMemoryMemories;
use crate::capability::vector::in_memory::InMemoryVectors;
use crate::capability::vector::{Collection, VectorBackend, VectorQuery};
use crate::difference::difference;
use crate::error::Failure;
use crate::kit::voice::{DONE, HANDLE, REPLY, Voice, memory, push, turn};
use crate::kit::{House, ada, settings};
use crate::manifest::Kind;
use crate::{ReplyEvent, channel};

/// Again and again.
fn forever(what: &str) -> String {
    format!("(loop $again {what} (br $again)) (unreachable)")
}

/// The host goes on: an honest persona answers in the same house, and every place is free again.
async fn unharmed(house: &House) {
    let (ended, told) = respond(house, &Voice::saying(format!("{} {DONE}", push(256, 5)))).await;
    assert!(ended.is_ok() && text(&told) == "hello");
    house.all_places_free(Kind::Persona).await;
}

#[tokio::test]
async fn pushes_after_the_client_left_are_ended() {
    let house = House::new();
    let revision = house.revision(Voice::saying(forever(&push(256, 5))).build()).await;
    let (sink, mut stream) = channel(4);
    let leave = async {
        stream.recv().await;
        drop(stream);
    };
    let (ended, ()) = tokio::join!(house.runtime.persona(&revision, ada()).respond(turn(), sink), leave);
    assert_eq!(ended.unwrap_err().failure, Failure::HostCallsExceeded(16));
    unharmed(&house).await;
}

#[tokio::test]
async fn a_million_tiny_pushes_end_with_the_answer_and_keep_its_bytes() {
    let house = House::new();
    let (ended, told) = respond(&house, &Voice::saying(forever(&push(256, 1)))).await;
    // The first 16 384 pieces pay for themselves, then the ordinary host calls are used up.
    assert!(matches!(failure(ended), Failure::HostCallsExceeded(_)));
    let text = text(&told);
    assert!(text.len() >= 16_384 && text.len() < 20_000 && text.bytes().all(|byte| byte == b'h'), "{}", text.len());
    unharmed(&house).await;
}

#[tokio::test]
async fn empty_pushes_buy_nothing() {
    let house = House::new();
    let (ended, told) = respond(&house, &Voice::saying(forever(&push(256, 0)))).await;
    assert_eq!(failure(ended), Failure::HostCallsExceeded(256));
    assert!(told.is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_full_at_its_limit() {
    let house = House::new();
    let voice = Voice { manifest: "[limits]\noutput = '64KiB'", ..Voice::saying(forever(&push(65_536, 4096))) };
    let (ended, told) = respond(&house, &voice).await;
    assert_eq!(failure(ended), Failure::HostCallsExceeded(16), "it does not hear that it is full");
    assert_eq!(text(&told).len(), 64 << 10);
}

#[tokio::test]
async fn pieces_do_not_buy_an_endless_loop() {
    let house = House::new();
    let voice =
        Voice { manifest: "[limits]\ncpu-ms = 40", ..Voice::saying(format!("{} (loop $spin (br $spin)) (unreachable)", push(256, 5))) };
    let (ended, told) = respond(&house, &voice).await;
    assert!(matches!(failure(ended), Failure::CpuExceeded(_)));
    assert_eq!(text(&told), "hello");
    unharmed(&house).await;
}

#[tokio::test]
async fn a_stream_that_never_ends_is_cut_and_its_model_let_go() {
    let (house, model) = with_model([Script::Endless("la ".repeat(2_000))]);
    let (ended, told) = respond(&house, &relay()).await;
    // 512 KiB are heard or 256 KiB pushed, whichever comes first; the relay stops at the first refusal.
    assert!(ended.is_ok(), "{ended:?}");
    assert!(text(&told).len() <= 256 << 10);
    unharmed(&house).await;
    assert_eq!(model.open(), 0);
}

#[tokio::test]
async fn listening_without_pushing_ends_too() {
    let (house, model) = with_model([Script::Endless("x".into())]);
    let next = "(call $next (i32.load (i32.const 900)) (i32.const 960)) (global.set $heap (i32.const 65536))";
    let respond_by = format!("(call $open (i32.const 2048) (i32.const 896)) {}", forever(next));
    let voice = Voice { imports: RELAY_IMPORTS, respond: respond_by, ..relay() };
    let (ended, _) = respond(&house, &voice).await;
    assert!(matches!(failure(ended), Failure::HostCallsExceeded(_) | Failure::CpuExceeded(_)));
    assert_eq!(model.open(), 0);
}

#[tokio::test]
async fn opening_streams_without_end_is_bounded_by_the_calls_budget() {
    let (house, model) = with_model((0..50).map(|_| Script::Silent));
    let voice = Voice { respond: forever("(call $open (i32.const 2048) (i32.const 896))"), ..relay() };
    let (ended, _) = respond(&house, &voice).await;
    assert_eq!(failure(ended), Failure::HostCallsExceeded(256));
    assert!(model.asked().len() <= 2);
    assert_eq!(model.open(), 0);
}

#[tokio::test]
async fn a_flood_of_memory_searches_ends_after_thirty_two() {
    let memories = InMemoryMemories::default();
    memories.add(Uuid::from_u128(1), memory(5, "hello of ada"));
    memories.add(Uuid::from_u128(2), memory(6, "hello of bob"));
    let house = House::on(settings(), |backends| Backends { memories: Arc::new(memories), ..backends });
    let voice = Voice {
        imports: SEARCH_IMPORT,
        respond: forever(&format!("{SEARCH} (global.set $heap (i32.const 65536))")),
        manifest: "[needs.storage]\nmemories = 'read'",
        ..Voice::default()
    };
    let (ended, _) = respond(&house, &voice).await;
    assert_eq!(failure(ended), Failure::HostCallsExceeded(256));
    let records = house.records.all();
    let searches = records[0].events.iter().filter(|event| event.function == "storage/memories.search" && event.outcome == "ok");
    assert_eq!(searches.count(), 32);
    unharmed(&house).await;
}

#[tokio::test]
async fn an_upsert_bomb_stops_at_the_quota() {
    let vectors = Arc::new(InMemoryVectors::default());
    let backend = vectors.clone();
    let house = House::on(settings(), |backends| Backends { vectors: backend, ..backends });
    // Items with ids that count up: the id's four bytes at 2400 are letters of a counter.
    let bomb = "(i32.store (i32.const 2400) (i32.add (i32.const 0x41414141) (local.get $n)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (call $upsert (i32.const 1) (i32.const 272) (i32.const 1) (i32.const 2304) (i32.const 1) (i32.const 896))";
    let voice = Voice {
        imports: r#"(import "mnemosyne:vector/index@0.1.0" "upsert-text" (func $upsert (param i32 i32 i32 i32 i32 i32)))"#,
        // {id: (2400, 4), text: ("hello"), metadata: []}, and a collection called `a`
        items: r#"(data (i32.const 2304) "\60\09\00\00\04\00\00\00\00\01\00\00\05\00\00\00") (data (i32.const 272) "a")"#.to_owned(),
        respond: format!("(local $n i32) {}", forever(bomb)),
        manifest: "[needs.vector]\nscope = 'user'\nmax-items = 9",
        ..Voice::default()
    };
    let (ended, _) = respond(&house, &voice).await;
    assert_eq!(failure(ended), Failure::HostCallsExceeded(256));
    let of = Collection { plugin: "persona-test", user: Some(Uuid::from_u128(1)), name: "a", max_items: 9 };
    assert_eq!(vectors.search(of, VectorQuery::Text("hello"), 100, &[]).await.unwrap().len(), 9);
    unharmed(&house).await;
}

#[tokio::test]
async fn no_key_escapes_its_drawer_and_no_drawer_its_quota() {
    let kv = Arc::new(InMemoryKv::default());
    let backend = kv.clone();
    let house = House::on(settings(), |backends| Backends { kv: backend, ..backends });
    let put = |key: u32, length: u32| {
        format!(
            "(call $put (i32.const 1) (i32.const {key}) (i32.const {length}) (i32.const 4096) (i32.const 700) \
             (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 896))"
        )
    };
    let voice = Voice {
        imports: r#"(import "mnemosyne:storage/kv@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))"#,
        items: r#"(data (i32.const 2048) "../../other-plugin/user/secret") (data (i32.const 2112) "b")"#.to_owned(),
        respond: format!("{} {} {DONE}", put(2048, 30), put(2112, 1)),
        manifest: "[needs.storage]\nkv = { scope = 'user', max-bytes = '1KiB' }",
        ..Voice::default()
    };
    let (ended, _) = respond(&house, &voice).await;
    assert!(ended.is_ok());
    let outcomes: Vec<&str> = house.records.all()[0].events.iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, ["ok", "quota"]);
    let all = KvList { prefix: "", after: None, limit: 10, newest_key_first: false, max_bytes: 1 << 20 };
    let space = |plugin, user| KvSpace { plugin, user, data_version: 1 };
    let mine = kv.list(space("persona-test", Some(Uuid::from_u128(1))), all, 0).await.unwrap();
    assert_eq!(mine.entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["../../other-plugin/user/secret"]);
    for (plugin, user) in [("other-plugin", Some(Uuid::from_u128(1))), ("persona-test", None), ("persona-test", Some(Uuid::from_u128(2)))] {
        assert!(kv.list(space(plugin, user), all, 0).await.unwrap().entries.is_empty());
    }
}

/// `send` to endpoint `a` (at 272) with a path, and what `hello` carries as its body.
const EXFILTRATE: &str = r#"(import "mnemosyne:http/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;

fn sending(path: &str, manifest: &'static str) -> Voice {
    let bytes = path.bytes().fold(String::new(), |text, byte| format!("{text}\\{byte:02x}"));
    let send = format!(
        "(call $send (i32.const 272) (i32.const 1) (i32.const 280) (i32.const 4) (i32.const 2048) (i32.const {}) (i32.const 0) (i32.const 0) \
         (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 896))
         (if (i32.load8_u (i32.const 896)) (then (unreachable)))",
        path.len()
    );
    Voice {
        imports: EXFILTRATE,
        items: format!(r#"(data (i32.const 2048) "{bytes}") (data (i32.const 272) "a") (data (i32.const 280) "POST")"#),
        respond: format!("{send} {DONE}"),
        manifest,
        ..Voice::default()
    }
}

const OUTSIDE: &str = "[needs.http]\nendpoints = { a = 'https://a.example.org', b = 'https://b.example.org' }";

#[tokio::test]
async fn paths_that_point_elsewhere_reach_nobody() {
    let http = Arc::new(ScriptedHttp::default());
    let answer = crate::capability::http::ReceivedResponse { status: 200, headers: Vec::new(), body: Vec::new() };
    http.answer("https://a.example.org", Ok(answer));
    let backend = http.clone();
    let house = House::on(settings(), |backends| Backends { http: backend, ..backends });
    for path in ["//169.254.169.254/latest", "/../..", "@127.0.0.1/", "http://localhost/", "/\\evil", "/a\r\nHost: x", "/%2e%2e/%2e%2e"] {
        let (ended, _) = respond(&house, &sending(path, OUTSIDE)).await;
        assert!(matches!(failure(ended), Failure::Trapped(_)), "{path:?}");
    }
    assert!(http.sent().is_empty());
    let (ended, _) = respond(&house, &sending("/in", OUTSIDE)).await;
    assert!(ended.is_ok(), "positive control");
    assert_eq!(http.sent()[0].line, "POST https://a.example.org/in");
}

#[tokio::test]
async fn reading_and_sending_together_wants_an_acknowledgement_and_neither_works_without_its_grant() {
    let manifest =
        "[needs.storage]\nmemories = 'read'\n[needs.llm]\nclasses = ['chat']\n[needs.http]\nendpoints = { a = 'https://a.example.org' }";
    let voice = sending("/in", manifest);
    let needs = crate::Runtime::manifest(&voice.build()).unwrap().needs;
    let asked = difference(Kind::Persona, None, &needs);
    let sentence = asked.acknowledgement.unwrap();
    assert!(sentence.contains("memories") && sentence.contains("model conversations") && sentence.contains("a.example.org"), "{sentence}");
    let harmless = crate::Runtime::manifest(&sending("/in", OUTSIDE).build()).unwrap().needs;
    assert_eq!(difference(Kind::Persona, None, &harmless).acknowledgement, None, "sending alone reads nothing");
    // The operator takes the way out: the component does not even link.
    let policy = Policy { deny: ["http".to_owned()].into(), ..Policy::default() };
    let refused = House::new().try_revision(voice.build(), &policy).await.unwrap_err();
    assert!(refused.to_string().contains("http"), "{refused}");
}

#[tokio::test]
async fn an_action_smuggled_into_a_turn_that_is_not_agentic_has_no_effect() {
    let kept = Arc::new(KeptActions::default());
    let actions = kept.clone();
    let house = House::on(settings(), |backends| Backends { actions, ..backends });
    let voice = Voice {
        imports: r#"(import "mnemosyne:actions/actions@0.1.0" "perform" (func $perform (param i32 i32 i32 i32 i32 i32 i32)))"#,
        items: r#"(data (i32.const 2048) "create_task") (data (i32.const 2064) "{\22title\22:\22x\22}")"#.to_owned(),
        respond: format!(
            "(call $perform (i32.const 256) (i32.const 1) (i32.const 2048) (i32.const 11) (i32.const 2064) (i32.const 13) (i32.const 896)) {DONE}"
        ),
        manifest: "[needs.actions]\noperations = ['tasks.create']",
        ..Voice::default()
    };
    let revision = house.revision(voice.build()).await;
    for agentic in [false, true] {
        let (sink, mut stream) = channel(4);
        let mut turn = turn();
        turn.wishes.agentic = agentic;
        house.runtime.persona(&revision, ada()).respond(turn, sink).await.unwrap();
        let Some(ReplyEvent::Action(event)) = stream.recv().await else { unreachable!("every use is told") };
        assert_eq!((event.proposed, event.result.is_ok()), (!agentic, true));
        assert_eq!(kept.done().len(), usize::from(agentic), "positive control: the agentic turn acts");
    }
}

#[tokio::test]
async fn wrong_outcomes_are_bad_output_and_what_was_pushed_stays() {
    let house = House::new();
    let cases = [
        ("nine memories", "(i32.store (i32.const 3076) (i32.const 4096)) (i32.store (i32.const 3080) (i32.const 9))"),
        ("an empty memory", "(i32.store (i32.const 3076) (i32.const 4096)) (i32.store (i32.const 3080) (i32.const 1))"),
        ("five suggestions", "(i32.store (i32.const 3084) (i32.const 4096)) (i32.store (i32.const 3088) (i32.const 5))"),
        (
            "a list that ends outside memory",
            "(i32.store (i32.const 3076) (i32.const 4096)) (i32.store (i32.const 3080) (i32.const 9999999))",
        ),
        ("no such case of the result", "(i32.store8 (i32.const 3072) (i32.const 9))"),
    ];
    for (what, wrong) in cases {
        let (ended, told) = respond(&house, &Voice::saying(format!("{} {wrong} {DONE}", push(256, 5)))).await;
        assert!(matches!(failure(ended), Failure::BadOutput(_) | Failure::OutputTooLarge(_)), "{what}");
        assert_eq!(text(&told), "hello", "{what}");
    }
}

#[tokio::test]
async fn an_affinity_that_is_no_number_counts_as_none() {
    let house = House::new();
    let nan = "(f32.store (i32.const 3076) (f32.const nan)) (i32.const 3072)";
    let shouting = "(f32.store (i32.const 3076) (f32.const 1e30)) (i32.const 3072)";
    for affinity in [nan, shouting] {
        let revision = house.revision(Voice { affinity, ..Voice::default() }.build()).await;
        let failed = house.runtime.persona(&revision, ada()).affinity("me!".to_owned(), Vec::new()).await.unwrap_err();
        assert!(matches!(failed.failure, Failure::BadOutput(_)));
    }
}

#[tokio::test]
async fn a_handle_that_was_never_given_is_a_trap() {
    let house = House::new();
    let forged = "(call $push (i32.const 7) (i32.const 256) (i32.const 5) (i32.const 768))";
    let (ended, told) = respond(&house, &Voice::saying(format!("{forged} {DONE}"))).await;
    assert!(ended.is_err() && told.is_empty());
    let (house, model) = with_model([Script::Silent]);
    let forged = "(call $next (i32.const 3) (i32.const 960))";
    let (ended, _) = respond(&house, &Voice { respond: format!("{forged} {DONE}"), ..relay() }).await;
    assert!(ended.is_err());
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn half_a_character_is_never_sent() {
    let house = House::new();
    let voice = Voice { items: r#"(data (i32.const 2048) "ok\c3")"#.to_owned(), ..Voice::saying(format!("{} {DONE}", push(2048, 3))) };
    let (ended, told) = respond(&house, &voice).await;
    assert!(ended.is_err() && told.is_empty(), "the whole piece is refused, not the half");
}

#[tokio::test]
async fn status_and_citation_floods_end_with_the_host_calls() {
    let house = House::new();
    for flood in
        [format!("(call $status {HANDLE} (i32.const 256) (i32.const 5))"), format!("(call $cite {HANDLE} (i32.const 256) (i32.const 5))")]
    {
        let (ended, told) = respond(&house, &Voice { imports: REPLY, ..Voice::saying(forever(&flood)) }).await;
        assert_eq!(failure(ended), Failure::HostCallsExceeded(256));
        assert!(told.len() <= 256);
    }
}

#[tokio::test]
async fn what_is_not_asked_for_does_not_link() {
    let voice = Voice { manifest: "", ..relay() };
    let refused = House::new().try_revision(voice.build(), &Policy::default()).await.unwrap_err();
    assert!(refused.to_string().contains("llm/chat"), "{refused}");
}
