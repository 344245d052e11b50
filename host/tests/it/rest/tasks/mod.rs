//! `/api/v1/tasks`: each verb works, is repeated, is refused; what completing gives is the ledger's, always.
//!
//! ```text
//! calendar.rs      reminders and the day's summary
//! intelligence.rs  suggestions, breakdown, estimates, priorities, extraction
//! quick_add.rs     a task from a line of text
//! ```

mod calendar;
mod intelligence;
mod quick_add;

use serde_json::{Value, json};

use crate::kit::{Actor, backends};

pub(super) const TASKS: &str = "/api/v1/tasks";

pub(super) fn at(task: &Value, verb: &str) -> String {
    format!("{TASKS}/{}{verb}", task["id"].as_str().unwrap())
}

pub(super) async fn make(who: &Actor, body: Value) -> Value {
    who.post(TASKS, body).await.created()
}

async fn complete(who: &Actor, task: &Value) -> Value {
    who.post(&at(task, "/complete"), json!({})).await.ok()
}

pub(super) fn pointers(error: &Value) -> Vec<&str> {
    error["errors"].as_array().unwrap().iter().map(|field| field["pointer"].as_str().unwrap()).collect()
}

pub(super) fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect()
}

pub(super) async fn kinds(who: &Actor, task: &Value) -> Vec<String> {
    let logs = who.get(&at(task, "/logs?limit=100")).await.ok();
    let mut kinds: Vec<String> = logs["items"].as_array().unwrap().iter().map(|log| log["kind"].as_str().unwrap().to_owned()).collect();
    kinds.reverse();
    kinds
}

/// The ledger's sum over all pages.
async fn ledger_sum(who: &Actor) -> i64 {
    let (mut sum, mut cursor) = (0, String::new());
    loop {
        let page = who.get(&format!("/api/v1/game/ledger?limit=100&cursor={cursor}")).await.ok();
        sum += page["items"].as_array().unwrap().iter().map(|entry| entry["points"].as_i64().unwrap()).sum::<i64>();
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return sum,
        }
    }
}

backends! {
async fn two_moves_at_once_never_close_a_circle(host: TestHost) {
    let alice = host.user("alice").await;
    for _ in 0..25 {
        let one = alice.post("/api/v1/tasks", json!({"title": "one"})).await.created();
        let other = alice.post("/api/v1/tasks", json!({"title": "other"})).await.created();
        let path = |task: &serde_json::Value| format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
        let (up, down) = (path(&one), path(&other));
        let moves = tokio::join!(alice.patch(&up, json!({"parent_id": other["id"]})), alice.patch(&down, json!({"parent_id": one["id"]})));
        let statuses = [moves.0.status, moves.1.status];
        assert!(statuses == [200, 422] || statuses == [422, 200], "{statuses:?}");
    }
}

async fn a_task_is_made_read_and_is_only_its_owners(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let answer = alice.post(TASKS, json!({"title": "Wash up", "difficulty": 3, "tags": ["home"], "value_impact": {"order": 0.7}, "metadata": {"a": [1]}})).await;
    assert!(answer.header("location").starts_with("/api/v1/tasks/"));
    assert_eq!(answer.header("etag"), "\"1\"");
    let task = answer.created();
    assert_eq!((&task["status"], &task["priority"], &task["quest_type"], &task["experience_points"]), (&json!("pending"), &json!("medium"), &json!("tutorial"), &json!(37)));
    assert_eq!(alice.get(&at(&task, "")).await.ok(), task);
    assert_eq!(kinds(&alice, &task).await, ["created"]);
    for path in ["", "/subtasks", "/logs"] {
        bob.get(&at(&task, path)).await.refused(404, "DB_001");
    }
    bob.patch(&at(&task, ""), json!({"title": "his"})).await.refused(404, "DB_001");
    bob.delete(&at(&task, "")).await.refused(404, "DB_001");
    for verb in ["/start", "/complete", "/reopen"] {
        bob.post(&at(&task, verb), json!({})).await.refused(404, "DB_001");
    }
    host.anonymous().get(TASKS).await.refused(401, "AUTH_003");
}

async fn a_change_merges_what_it_gives_to_each_value(host: TestHost) {
    let alice = host.user("alice").await;
    let task = alice.post(TASKS, json!({"title": "x", "value_impact": {"a": 1, "b": 2}})).await.created();
    let change = async |values: Value| alice.patch(&at(&task, ""), json!({"value_impact": values})).await.ok()["value_impact"].clone();
    assert_eq!(change(json!({"b": 3})).await, json!({"a": 1.0, "b": 3.0}));
    assert_eq!(change(json!({"a": null, "c": -4})).await, json!({"b": 3.0, "c": -4.0}));
    let bad = alice.patch(&at(&task, ""), json!({"value_impact": {"b": 101}})).await.refused(422, "VAL_001");
    assert_eq!(pointers(&bad), ["/value_impact/b"]);
    assert_eq!(change(Value::Null).await, json!({}));
}

async fn a_note_has_its_own_time_and_a_verb_takes_nothing_with_it(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let task = alice.post(TASKS, json!({"title": "x"})).await.created();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let note = alice.post(&at(&task, "/logs"), json!({"message": "later"})).await.created();
    assert!(note["created_at"].as_str() > task["updated_at"].as_str(), "{note}");
    let (own, his) = (alice.account["user"]["id"].clone(), bob.account["user"]["id"].clone());
    alice.post(&at(&task, "/logs"), json!({"message": "mine", "user_id": own})).await.created();
    alice.post(&at(&task, "/logs"), json!({"message": "his", "user_id": his})).await.refused(403, "AUTH_005");
    let start = async |body: &str| {
        let asking = alice.ask(reqwest::Method::POST, &at(&task, "/start"));
        asking.bytes("application/json", body.to_owned()).send().await
    };
    assert_eq!(pointers(&start(r#"{"zzq":1}"#).await.refused(422, "VAL_001")), ["/zzq"]);
    start("{bad").await.refused(400, "REQ_001");
    start("{}").await.ok();
}

async fn a_cursor_belongs_to_its_order(host: TestHost) {
    let alice = host.user("alice").await;
    for title in ["a", "b", "c"] {
        alice.post(TASKS, json!({"title": title})).await.created();
    }
    let first = alice.get(&format!("{TASKS}?limit=1&cursor=")).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    for sort in ["title", "-priority", "created_at"] {
        let refused = alice.get(&format!("{TASKS}?limit=1&sort={sort}&cursor={cursor}")).await.refused(422, "VAL_001");
        assert_eq!(pointers(&refused), ["?cursor"], "{sort}");
    }
    assert_eq!(alice.get(&format!("{TASKS}?limit=2&sort=-created_at&cursor={cursor}")).await.ok()["items"].as_array().map(Vec::len), Some(2));
}

async fn every_bad_field_of_a_new_task_is_named(host: TestHost) {
    let alice = host.user("alice").await;
    let bad = json!({"title": "", "difficulty": 6, "due_date": "2026-01-31T09:00:00", "tagz": [], "priority": "hihg"});
    let error = alice.post(TASKS, bad).await.refused(422, "VAL_001");
    let mut found = pointers(&error);
    found.sort_unstable();
    assert_eq!(found, ["/difficulty", "/due_date", "/priority", "/tagz", "/title"]);
    for (body, pointer) in [
        (json!({"title": "x", "status": "completed"}), "/status"),
        (json!({"title": "x", "tags": ["y".repeat(65)]}), "/tags/0"),
        (json!({"title": "x", "value_impact": {"a": 101}}), "/value_impact/a"),
        (json!({"title": "x", "metadata": {"a": "y".repeat(17_000)}}), "/metadata"),
        (json!({"title": "x", "start_date": "2026-02-01T00:00:00Z", "due_date": "2026-01-01T00:00:00Z"}), "/due_date"),
        (json!({"title": "x", "recurrence": {}}), "/recurrence"),
    ] {
        assert_eq!(pointers(&alice.post(TASKS, body).await.refused(422, "VAL_001")), [pointer]);
    }
    alice.post(TASKS, json!({"title": "x", "parent_id": "0198d7a0-0000-7000-8000-000000000000"})).await.refused(404, "DB_001");
    alice.post(TASKS, json!({"title": "x", "user_id": "0198d7a0-0000-7000-8000-000000000000"})).await.refused(403, "AUTH_005");
    let mine = alice.account["user"]["id"].clone();
    make(&alice, json!({"title": "x", "user_id": mine})).await;
}

async fn what_only_the_predecessors_clients_write_is_ignored_with_a_warning(host: TestHost) {
    let alice = host.user("alice").await;
    let answer = alice.post(TASKS, json!({"title": "x", "agent_id": "a", "context": {"b": 1}})).await;
    assert_eq!(answer.header("warning"), "299 - \"ignored: agent_id, context\"");
    let task = answer.created();
    let answer = alice.patch(&at(&task, ""), json!({"is_recurring": true})).await;
    assert_eq!(answer.header("warning"), "299 - \"ignored: is_recurring\"");
    assert_eq!(answer.ok()["version"], 1);
}

async fn a_change_merges_and_keeps_to_the_table_of_transitions(host: TestHost) {
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "x", "description": "d", "metadata": {"a": 1, "b": {"c": 2}}})).await;
    let changed = alice.patch(&at(&task, ""), json!({"description": null, "difficulty": 5, "metadata": {"a": null, "b": {"d": 3}}})).await.ok();
    assert_eq!((&changed["description"], &changed["metadata"], &changed["experience_points"], &changed["version"]), (&json!(""), &json!({"b": {"c": 2, "d": 3}}), &json!(50), &json!(2)));
    assert_eq!(alice.put(&at(&task, ""), json!({"title": "y"})).await.ok()["difficulty"], 5);
    let error = alice.patch(&at(&task, ""), json!({"status": "completed"})).await.refused(409, "DB_002");
    assert!(error["hint"].as_str().unwrap().contains("/complete"));
    alice.patch(&at(&task, ""), json!({"status": "cancelled"})).await.ok();
    alice.patch(&at(&task, ""), json!({"status": "in_progress"})).await.refused(409, "DB_002");
    alice.patch(&at(&task, ""), json!({"status": "pending"})).await.ok();
    alice.patch(&at(&task, ""), json!({"title": null})).await.refused(422, "VAL_001");
    assert_eq!(kinds(&alice, &task).await, ["created", "updated", "updated", "updated", "updated"]);
}

async fn a_stale_version_is_refused_and_an_unknown_id_comes_before_a_bad_body(host: TestHost) {
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "x"})).await;
    let patch = |version: &str| alice.ask(reqwest::Method::PATCH, &at(&task, "")).header("if-match", version).json(json!({"progress": 40}));
    patch("\"1\"").send().await.ok();
    patch("\"1\"").send().await.refused(412, "PRE_001");
    let stale = alice.ask(reqwest::Method::POST, &at(&task, "/complete")).header("if-match", "\"1\"").json(json!({})).send().await;
    stale.refused(412, "PRE_001");
    alice.patch(&format!("{TASKS}/0198d7a0-0000-7000-8000-000000000000"), json!({"nope": 1})).await.refused(404, "DB_001");
    alice.get(&format!("{TASKS}/not-an-id")).await.refused(404, "DB_001");
}

async fn completing_gives_what_the_rules_say_and_reopening_takes_exactly_that_back(host: TestHost) {
    let alice = host.user("alice").await;
    let body = json!({"title": "x", "difficulty": 2, "due_date": "2099-01-01T00:00:00Z", "is_shared": true, "assignees": ["b", "c"], "value_impact": {"care": 0.7, "rest": -0.25}});
    let task = make(&alice, body).await;
    let done = alice.patch(&at(&task, "/complete"), json!({"evidence": {"photo": 1}, "actual_duration_minutes": 9, "reflection": "fine"})).await.ok();
    assert_eq!((&done["experience_gained"], &done["pending"]), (&json!(34), &json!(false)), "20 + 5 + 4 + 7 - 2: {done}");
    let sum: i64 = done["xp_breakdown"].as_array().unwrap().iter().map(|part| part["points"].as_i64().unwrap()).sum();
    assert_eq!(sum, 34);
    assert_eq!(done["rules"]["plugin"], "xp-rules-classic");
    assert_eq!((&done["task"]["status"], &done["task"]["progress"], &done["task"]["actual_duration_minutes"]), (&json!("completed"), &json!(100), &json!(9)));
    assert_eq!((&done["level_progress"]["current_level"], &done["level_progress"]["current_xp"], &done["level_progress"]["next_level_xp"]), (&json!(1), &json!(34), &json!(100)));
    assert!(done["achievements_unlocked"].as_array().unwrap().iter().any(|one| one["id"] == "first-quest"));
    alice.post(&at(&task, "/complete"), json!({})).await.refused(409, "DB_002");
    let reopened = alice.post(&at(&task, "/reopen"), json!({})).await.ok();
    assert_eq!((&reopened["status"], &reopened["completed_at"]), (&json!("pending"), &Value::Null));
    alice.post(&at(&task, "/reopen"), json!({})).await.refused(409, "DB_002");
    assert_eq!((ledger_sum(&alice).await, alice.get("/api/v1/game/profile").await.ok()["total_xp"].as_i64()), (0, Some(0)));
    let again = complete(&alice, &task).await;
    assert_eq!(again["experience_gained"], 34);
    assert!(again["achievements_unlocked"].as_array().unwrap().iter().all(|one| one["id"] != "first-quest"), "each once");
    assert_eq!(kinds(&alice, &task).await, ["created", "completed", "reopened", "completed"]);
}

async fn a_task_is_begun_once(host: TestHost) {
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "x"})).await;
    let begun = alice.post(&at(&task, "/start"), json!({})).await.ok();
    assert_eq!(begun["status"], "in_progress");
    assert!(begun["started_at"].is_string());
    alice.patch(&at(&task, "/start"), json!({})).await.refused(409, "DB_002");
    alice.post(&at(&task, "/reopen"), json!({})).await.refused(409, "DB_002");
    for verb in ["/skip", "/snooze"] {
        assert_eq!(alice.post(&at(&task, verb), json!({})).await.status, 404);
    }
}

async fn the_sum_of_the_ledger_is_the_total_under_64_concurrent_completions_and_reopenings(host: TestHost) {
    let alice = host.user("alice").await;
    let mut tasks = Vec::new();
    for number in 0..4 {
        tasks.push(make(&alice, json!({"title": format!("t{number}"), "difficulty": number + 1})).await);
    }
    let calls = (0..64).map(|call| {
        let (alice, path) = (alice.clone(), at(&tasks[call % 4], if call % 3 == 2 { "/reopen" } else { "/complete" }));
        tokio::spawn(async move { alice.post(&path, json!({})).await.status })
    });
    for call in calls.collect::<Vec<_>>() {
        let status = call.await.unwrap();
        assert!(matches!(status, 200 | 409), "{status}");
    }
    let mut standing = 0;
    for task in &tasks {
        let now = alice.get(&at(task, "")).await.ok();
        if now["status"] == "completed" {
            standing += now["experience_points"].as_i64().unwrap();
        }
    }
    let profile = alice.get("/api/v1/game/profile").await.ok();
    assert_eq!((ledger_sum(&alice).await, profile["total_xp"].as_i64().unwrap()), (standing, standing));
    assert_eq!(alice.get(&format!("{TASKS}/stats")).await.ok()["total_experience"], standing);
}

async fn parts_have_a_depth_and_no_circle_and_hold_their_whole_back(host: TestHost) {
    let alice = host.user("alice").await;
    let top = make(&alice, json!({"title": "level 1", "requires_all_complete": true})).await;
    let mut chain = vec![top.clone()];
    for level in 2..=8 {
        let part = alice.post(&at(chain.last().unwrap(), "/subtasks"), json!({"title": format!("level {level}")})).await.created();
        chain.push(part);
    }
    let error = alice.post(&at(&chain[7], "/subtasks"), json!({"title": "level 9"})).await.refused(422, "VAL_001");
    assert_eq!(pointers(&error), ["/parent_id"]);
    let circle = alice.patch(&at(&top, ""), json!({"parent_id": chain[3]["id"]})).await.refused(422, "VAL_001");
    assert_eq!(pointers(&circle), ["/parent_id"]);
    let other = make(&alice, json!({"title": "other"})).await;
    alice.patch(&at(&top, ""), json!({"parent_id": other["id"]})).await.refused(422, "VAL_001");
    alice.post(&at(&top, "/complete"), json!({})).await.refused(409, "DB_002");
    complete(&alice, &chain[1]).await;
    complete(&alice, &top).await;
    let tree = alice.get(&format!("{TASKS}?tree=true&sort=title")).await.ok();
    assert_eq!(titles(&tree), ["level 1", "other"]);
    assert_eq!(tree["items"][0]["subtasks"][0]["subtasks"][0]["title"], "level 3");
    assert_eq!(titles(&alice.get(&at(&top, "/subtasks")).await.ok()), ["level 2"]);
    alice.delete(&at(&top, "")).await.no_content();
    alice.get(&at(&chain[7], "")).await.refused(404, "DB_001");
    alice.delete(&at(&top, "")).await.refused(404, "DB_001");
    alice.delete(&at(&top, "?hard_delete=true")).await.no_content();
    alice.delete(&at(&top, "?hard_delete=true")).await.refused(404, "DB_001");
}

async fn lists_filter_sort_search_and_walk(host: TestHost) {
    let alice = host.user("alice").await;
    for (title, priority, due) in [("Apple", "low", json!("2001-01-01T00:00:00Z")), ("banana", "urgent", Value::Null), ("Cherry pie", "high", json!("2099-01-01T00:00:00Z"))] {
        make(&alice, json!({"title": title, "priority": priority, "due_date": due, "tags": [title.to_lowercase()]})).await;
    }
    let get = async |query: &str| alice.get(&format!("{TASKS}{query}")).await.ok();
    assert_eq!(titles(&get("?sort=title").await), ["Apple", "banana", "Cherry pie"]);
    assert_eq!(titles(&get("?sort=-priority").await), ["banana", "Cherry pie", "Apple"]);
    assert_eq!(titles(&get("?priority=low,high&sort=title").await), ["Apple", "Cherry pie"]);
    assert_eq!(titles(&get("?tags=banana").await), ["banana"]);
    assert_eq!(titles(&get("?search=PIE").await), ["Cherry pie"]);
    assert_eq!(titles(&get("?view=overdue").await), ["Apple"]);
    assert_eq!(titles(&get("?view=upcoming").await), ["Cherry pie"]);
    assert_eq!(titles(&get("?due_after=2000-01-01T00:00:00Z&due_before=2050-01-01T00:00:00Z").await), ["Apple"]);
    let page = get("/?limit=2&sort=title").await;
    assert_eq!((&page["total"], &page["has_more"], &page["skip"]), (&json!(3), &json!(true), &json!(0)));
    let first = get("?limit=2&sort=title&cursor=").await;
    assert!(first.get("total").is_none());
    let rest = get(&format!("?limit=2&sort=title&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((titles(&rest), &rest["has_more"]), (vec!["Cherry pie"], &json!(false)));
    let found = alice.post(&format!("{TASKS}/search"), json!({"query": "an", "priority": "urgent"})).await.ok();
    assert_eq!((titles(&found), &found["total"]), (vec!["banana"], &json!(1)));
    for bad in ["?limit=0", "?limit=101", "?sort=nope", "?status=nope", "?colour=red", "?due_before=2026-01-01T00:00:00", "?view=never"] {
        alice.get(&format!("{TASKS}{bad}")).await.refused(422, "VAL_001");
    }
    let deleted = get("?search=apple").await["items"][0].clone();
    alice.delete(&at(&deleted, "")).await.no_content();
    assert_eq!(get("").await["total"], 2);
    let with = get("?include_deleted=true&search=apple").await;
    assert!(with["items"][0]["deleted_at"].is_string());
    let stats = get("/stats").await;
    assert_eq!((&stats["total_tasks"], &stats["pending_tasks"], &stats["overdue_tasks"], &stats["completion_rate"]), (&json!(2), &json!(2), &json!(0), &json!(0.0)));
}

async fn a_note_is_written_into_a_tasks_history(host: TestHost) {
    let alice = host.user("alice").await;
    let task = make(&alice, json!({"title": "x"})).await;
    let log = alice.post(&at(&task, "/logs"), json!({"message": "half way", "kind": "progress", "metadata": {"percent": 50}})).await.created();
    assert_eq!((&log["kind"], &log["message"], &log["metadata"]["percent"], &log["task_id"]), (&json!("progress"), &json!("half way"), &json!(50), &task["id"]));
    alice.post(&at(&task, "/logs"), json!({"message": ""})).await.refused(422, "VAL_001");
    alice.post(&at(&task, "/logs"), json!({"message": "x", "kind": "completed"})).await.refused(422, "VAL_001");
    assert_eq!(kinds(&alice, &task).await, ["created", "progress"]);
}

}
