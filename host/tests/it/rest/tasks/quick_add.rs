//! `POST /api/v1/tasks/quick-add`. The table of lines stands beside the parser: `host/src/service/tasks/quick_add/tests.rs`.

use serde_json::{Value, json};

use super::{TASKS, kinds, pointers};
use crate::kit::{Actor, backends};

const QUICK: &str = "/api/v1/tasks/quick-add";

fn tokens(added: &Value) -> Vec<(&str, &str)> {
    let text = |token: &'_ Value, key: &str| token[key].as_str().unwrap().to_owned();
    let all = added["tokens"].as_array().unwrap();
    assert!(all.iter().all(|token| text(token, "kind").len() > 2 && token["start"].is_u64() && token["end"].is_u64()));
    all.iter().map(|token| (token["kind"].as_str().unwrap(), token["text"].as_str().unwrap())).collect()
}

async fn count(who: &Actor) -> i64 {
    who.get(TASKS).await.ok()["total"].as_i64().unwrap()
}

backends! {
async fn a_line_becomes_a_task_and_says_what_it_understood(host: TestHost) {
    let alice = host.user("alice").await;
    alice.put("/api/v1/game/settings", json!({"timezone": "America/New_York"})).await.ok();
    let line = "Pay rent on 2027-07-01 at 9am every month !high #home ~30m";
    let tried = alice.post(QUICK, json!({"text": line, "dry_run": true})).await.ok();
    assert_eq!((count(&alice).await, tried["task"]["id"].as_str(), &tried["task"]["version"]), (0, Some("00000000-0000-0000-0000-000000000000"), &json!(0)));
    let answer = alice.post(QUICK, json!({"text": line})).await;
    let location = answer.header("location").to_owned();
    let added = answer.created();
    let task = &added["task"];
    assert_eq!(location, format!("{TASKS}/{}", task["id"].as_str().unwrap()));
    assert_eq!(added["tokens"], tried["tokens"]);
    assert_eq!(tokens(&added), [("date", "on 2027-07-01"), ("time", "at 9am"), ("recurrence", "every month"), ("priority", "!high"), ("tag", "#home"), ("estimate", "~30m")]);
    assert_eq!((&task["title"], &task["due_date"], &task["priority"], &task["tags"], &task["estimated_duration_minutes"]), (&json!("Pay rent"), &json!("2027-07-01T13:00:00.000Z"), &json!("high"), &json!(["home"]), &json!(30)));
    assert_eq!(task["recurrence"], json!({"rrule": "FREQ=MONTHLY", "text": "every month", "timezone": "America/New_York", "anchor": "schedule"}));
    assert_eq!(task["quest_type"], "daily", "what comes again is daily");
    let mut read = alice.get(&location).await.ok();
    assert_eq!(&read, task);
    assert_eq!(kinds(&alice, task).await, ["created"]);
    // What tells them apart is only that one is stored.
    for key in ["id", "version", "created_at", "updated_at"] {
        read[key] = tried["task"][key].clone();
    }
    assert_eq!(read, tried["task"]);
}

async fn a_wrong_match_is_unlinked(host: TestHost) {
    let alice = host.user("alice").await;
    let text = "📅 Read the monday paper";
    let added = alice.post(QUICK, json!({"text": text, "dry_run": true})).await.ok();
    let token = &added["tokens"][0];
    assert_eq!((&token["text"], &token["start"], &token["end"]), (&json!("monday"), &json!(12), &json!(18)), "the calendar counts twice");
    let again = alice.post(QUICK, json!({"text": text, "ignore": [{"start": token["start"], "end": token["end"]}]})).await.created();
    assert_eq!((&again["task"]["title"], &again["task"]["due_date"], &again["tokens"]), (&json!(text), &Value::Null, &json!([])));
}

async fn what_is_wrong_with_a_line_is_named_and_nothing_is_made(host: TestHost) {
    let alice = host.user("alice").await;
    let many: Vec<Value> = (0..51).map(|_| json!({"start": 0, "end": 1})).collect();
    for (body, pointer) in [
        (json!({}), "/text"),
        (json!({"text": ""}), "/text"),
        (json!({"text": "tomorrow 9am #home"}), "/text"),
        (json!({"text": "tomorrow", "dry_run": true}), "/text"),
        (json!({"text": "x".repeat(501)}), "/text"),
        (json!({"text": "x".repeat(10_001)}), "/text"),
        (json!({"text": format!("x {}", (0..51).map(|tag| format!("#t{tag} ")).collect::<String>())}), "/text"),
        (json!({"text": "x", "dry_run": "yes"}), "/dry_run"),
        (json!({"text": "x", "timezone": "UTC"}), "/timezone"),
        (json!({"text": "x tomorrow", "ignore": [{"start": 3, "end": 3}]}), "/ignore/0"),
        (json!({"text": "x tomorrow", "ignore": [{"start": 2, "end": 10}, {"start": 2, "end": 11}]}), "/ignore/1"),
        (json!({"text": "x", "ignore": [{"start": -1, "end": 1}]}), "/ignore/0/start"),
        (json!({"text": "x", "ignore": [[0, 1]]}), "/ignore/0"),
        (json!({"text": "x", "ignore": many}), "/ignore"),
    ] {
        let shown = body.to_string();
        let error = alice.post(QUICK, body).await.refused(422, "VAL_001");
        assert_eq!(pointers(&error), [pointer], "{shown:.80}: {error}");
    }
    assert_eq!(count(&alice).await, 0);
    host.anonymous().post(QUICK, json!({"text": "x"})).await.refused(401, "AUTH_003");
}

async fn the_same_key_twice_makes_one_task(host: TestHost) {
    let alice = host.user("alice").await;
    for replayed in [false, true] {
        let answer = alice.ask(reqwest::Method::POST, QUICK).header("idempotency-key", "once").json(json!({"text": "Pay rent"})).send().await;
        assert_eq!(answer.headers.contains_key("idempotent-replayed"), replayed);
        answer.created();
    }
    assert_eq!(count(&alice).await, 1);
}
}
