//! Beasts of the kind `task-intelligence`. Whatever they do, the answer is empty and says why, nothing is made, and tasks go on.

use reqwest::Method;
use serde_json::{Value, json};

use super::build::{BUMP, DIVE, GROW, SPIN, component, manifest};
use super::{all_quiet, let_in, watch_panics};
use crate::kit::{Actor, backends};

/// Help, by its parts. The default answers every question with nothing, by rules.
struct Help {
    items: String,
    pages: u32,
    suggest: String,
    break_down: String,
    estimate: String,
    extract: String,
    prioritize: String,
}

/// `ok((list of `count` at `items`, origin { rules }))` at 1024.
fn list(items: u32, count: u32) -> String {
    listed(items, count, 256, 5)
}

/// The same with another word for where it comes from.
fn listed(items: u32, count: u32, word: u32, length: u32) -> String {
    format!(
        "(i32.store (i32.const 1028) (i32.const {items})) (i32.store (i32.const 1032) (i32.const {count}))
        (i32.store (i32.const 1036) (i32.const {word})) (i32.store (i32.const 1040) (i32.const {length})) (i32.const 1024)"
    )
}

/// `ok((effort, origin { rules }))` at 1024.
fn effort(minutes: u32, low: u32, high: u32, difficulty: u32) -> String {
    format!(
        "(i32.store (i32.const 1028) (i32.const {minutes})) (i32.store (i32.const 1032) (i32.const {low}))
        (i32.store (i32.const 1036) (i32.const {high})) (i32.store8 (i32.const 1040) (i32.const {difficulty}))
        (i32.store (i32.const 1052) (i32.const 256)) (i32.store (i32.const 1056) (i32.const 5)) (i32.const 1024)"
    )
}

/// One draft at 2048, a suggestion too: title `water`, due then, so sure.
fn draft((due, length): (u32, u32), difficulty: u32, confidence: &str) -> String {
    format!(
        "(i32.store (i32.const 2048) (i32.const 272)) (i32.store (i32.const 2052) (i32.const 5))
        (i32.store (i32.const 2064) (i32.const 264)) (i32.store (i32.const 2068) (i32.const 6))
        (i32.store8 (i32.const 2072) (i32.const {difficulty})) (i32.store8 (i32.const 2076) (i32.const 1))
        (i32.store (i32.const 2080) (i32.const {due})) (i32.store (i32.const 2084) (i32.const {length}))
        (f32.store (i32.const 2108) (f32.const {confidence}))
        (i32.store (i32.const 2136) (i32.const 288)) (i32.store (i32.const 2140) (i32.const 5))"
    )
}

/// Where due dates stand in the guest.
const LATE: (u32, u32) = (320, 16);
const NO_DAY: (u32, u32) = (352, 16);
const NO_SHAPE: (u32, u32) = (384, 8);

impl Default for Help {
    fn default() -> Self {
        let nothing = || list(0, 0);
        Self {
            items: String::new(),
            pages: 2,
            suggest: nothing(),
            break_down: nothing(),
            estimate: effort(30, 15, 60, 1),
            extract: nothing(),
            prioritize: nothing(),
        }
    }
}

impl Help {
    /// One that does the same whatever it is asked.
    fn always(what: &str) -> Self {
        let what = || what.to_owned();
        Self { suggest: what(), break_down: what(), estimate: what(), extract: what(), prioritize: what(), ..Self::default() }
    }

    fn build(&self, name: &str) -> Vec<u8> {
        let Self { items, pages, suggest, break_down, estimate, extract, prioritize } = self;
        let wat = format!(
            r#"(module
              (memory (export "memory") {pages})
              (global $heap (mut i32) (i32.const 16384))
              (data (i32.const 256) "rules") (data (i32.const 264) "medium") (data (i32.const 272) "water") (data (i32.const 288) "habit")
              (data (i32.const 320) "9999-12-31T23:59") (data (i32.const 352) "2027-02-31T09:00") (data (i32.const 384) "tomorrow")
              (data (i32.const 400) "oracle") (data (i32.const 416) "0198d7a0-0000-7000-8000-000000000000")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#suggest")
                (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {suggest})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#break-down") (param i32) (result i32) {break_down})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#estimate") (param i32) (result i32) {estimate})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#extract")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {extract})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#prioritize")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {prioritize}))"#
        );
        component("task-intelligence", &wat, &manifest(name, "task-intelligence", ""))
    }
}

/// Each with the code that every one of its answers carries.
fn beasts() -> Vec<(&'static str, Help, &'static str)> {
    let lists = |answer: String| Help { estimate: effort(1, 2, 3, 1), ..Help::always(&answer) };
    let drafts = |what: String| lists(format!("{what} {}", list(2048, 1)));
    // A ranking of something that was not given; read as a draft or a step its title is that id and its priority nothing.
    let stranger = "(i32.store (i32.const 2048) (i32.const 416)) (i32.store (i32.const 2052) (i32.const 36))";
    let guest_error = "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store8 (i32.const 1028) (i32.const 4)) (i32.const 1024)";
    let hoard = "(i32.store (i32.const 1028) (i32.const 0)) (i32.store (i32.const 1036) (i32.const 65536)) (i32.store (i32.const 1040) (i32.const 900000)) (i32.const 1024)";
    let hoard_of_effort = "(i32.store8 (i32.const 1040) (i32.const 1)) (i32.store (i32.const 1052) (i32.const 65536)) (i32.store (i32.const 1056) (i32.const 900000)) (i32.const 1024)";
    vec![
        ("help-trap", Help::always("(unreachable)"), "PLG_001"),
        ("help-loop", Help::always(SPIN), "PLG_002"),
        ("help-memory", Help::always(GROW), "PLG_002"),
        ("help-stack", Help { items: DIVE.to_owned(), ..Help::always("(call $dive (i32.const 0))") }, "PLG_002"),
        ("help-error", Help::always(guest_error), "PLG_004"),
        ("help-elsewhere", Help::always("(i32.const -16)"), "PLG_004"),
        ("help-huge-text", Help { pages: 20, estimate: hoard_of_effort.to_owned(), ..Help::always(hoard) }, "PLG_002"),
        ("help-million-drafts", lists(list(4096, 1_000_000)), "PLG_004"),
        ("help-21-of-all", Help { pages: 4, ..lists(list(4096, 21)) }, "PLG_004"),
        ("help-oracle", Help { estimate: "(unreachable)".to_owned(), ..Help::always(&listed(0, 0, 400, 6)) }, "PLG_004"),
        ("help-stranger", lists(format!("{stranger} {}", list(2048, 1))), "PLG_004"),
        ("help-nan", drafts(draft(NO_DAY, 1, "nan")), "PLG_004"),
        ("help-difficulty-0", drafts(draft(NO_DAY, 0, "0.5")), "PLG_004"),
        ("help-sure-7", drafts(draft(NO_DAY, 1, "7")), "PLG_004"),
        ("help-no-date", drafts(draft(NO_SHAPE, 1, "0.5")), "PLG_004"),
    ]
}

/// All five questions; each answer is whole, empty, and says why.
async fn ask(person: &Actor, task: &str) -> Vec<Value> {
    let at = |verb: &str| format!("/api/v1/tasks/{task}/{verb}");
    let answers = vec![
        person.get("/api/v1/tasks/suggestions").await.ok(),
        person.post(&at("breakdown"), json!({"apply": true})).await.ok(),
        person.ask(Method::POST, &at("estimate")).send().await.ok(),
        person.post("/api/v1/tasks/extract", json!({"text": "I must go", "auto_create": true})).await.ok(),
        person.post("/api/v1/tasks/prioritize", json!({})).await.ok(),
    ];
    for (answer, lists) in answers.iter().zip([&["suggestions"][..], &["steps", "created"], &[], &["tasks", "created"], &["tasks"]]) {
        if answer["reason"].is_string() {
            assert!(lists.iter().all(|key| answer[*key] == json!([])), "{answer}");
            assert!(answer["minutes"].is_null() && answer["source"].is_null() && answer["degraded"] == true, "{answer}");
            assert!(!answer.to_string().contains("unreachable"), "{answer}");
        }
    }
    answers
}

backends! {
    async fn beasts_that_help_leave_empty_answers_and_tasks_unharmed(host: TestHost) {
        watch_panics();
        let (operator, mallory) = (host.operator(), host.user("mallory").await);
        for (round, (name, help, code)) in (0_i64..).zip(beasts()) {
            let_in(&operator, "task-intelligence", help.build(name)).await;
            let task = mallory.post("/api/v1/tasks", json!({"title": name})).await.created();
            let id = task["id"].as_str().unwrap();
            for (at, answer) in ask(&mallory, id).await.into_iter().enumerate() {
                // An estimate of the oracle traps, to be told apart from its word.
                let expected = if name == "help-oracle" && at == 2 { "PLG_001" } else { code };
                let found = answer["reason"].as_str().unwrap_or("an answer");
                // The fifth failure in a row opens the breaker: from then on it is not even asked.
                assert!(found == expected || (at == 4 && found == "PLG_008"), "{name} {at}: {expected} expected, {answer}");
            }
            mallory.patch(&format!("/api/v1/tasks/{id}"), json!({"difficulty": 2})).await.ok();
            assert_eq!(mallory.get(&format!("/api/v1/tasks/{id}/subtasks")).await.ok()["total"], 0, "{name}");
            assert_eq!(mallory.post(&format!("/api/v1/tasks/{id}/complete"), json!({})).await.ok()["pending"], false, "{name}");
            mallory.post("/api/v1/tasks/quick-add", json!({"text": "Go on tomorrow", "dry_run": true})).await.ok();
            mallory.get("/api/v1/tasks/daily-summary").await.ok();
            assert_eq!(mallory.get("/api/v1/tasks").await.ok()["total"], round + 1, "{name} has made something");
        }
        operator.bind("task-intelligence", "task-intelligence-classic@0.1.0").await;
        let task = mallory.post("/api/v1/tasks", json!({"title": "Write the report"})).await.created();
        let answers = ask(&mallory, task["id"].as_str().unwrap()).await;
        assert!(answers.iter().all(|answer| answer["source"] == "rules" && answer["reason"].is_null()), "{answers:?}");
        all_quiet(&host).await;
    }

    async fn days_that_are_none_and_ages_away_are_dropped_and_the_rest_stands(host: TestHost) {
        let (operator, mallory) = (host.operator(), host.user("mallory").await);
        for (name, due) in [("help-no-day", NO_DAY), ("help-ages", LATE)] {
            let answer = format!("{} {}", draft(due, 1, "0.75"), list(2048, 1));
            let help = Help { suggest: answer.clone(), extract: answer, ..Help::default() };
            let_in(&operator, "task-intelligence", help.build(name)).await;
            let suggested = mallory.get("/api/v1/tasks/suggestions").await.ok();
            let one = &suggested["suggestions"][0];
            assert_eq!((&one["title"], &one["due_date"], &one["confidence"], &one["source"]), (&json!("water"), &Value::Null, &json!(0.75), &json!("habit")), "{suggested}");
            let found = mallory.post("/api/v1/tasks/extract", json!({"text": "x", "auto_create": name == "help-ages"})).await.ok();
            assert_eq!((&found["tasks"][0]["title"], &found["tasks"][0]["due_date"]), (&json!("water"), &Value::Null), "{found}");
        }
        assert_eq!(mallory.get("/api/v1/tasks").await.ok()["items"][0]["due_date"], Value::Null);
    }
}
