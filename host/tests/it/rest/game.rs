//! `/api/v1/game`: what stands in the ledger, told to its owner.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Backend, TestHost, backends, fixture};

const GAME: &str = "/api/v1/game";

async fn pending_points_follow_once(backend: Backend) {
    let Some(database) = backend.database("pending_points_follow_once").await else { return };
    let host = TestHost::start(&database, |config| config.plugins.bundled = false).await;
    let alice = host.user("alice").await;
    let task = alice.post("/api/v1/tasks", json!({"title": "x", "difficulty": 3})).await.created();
    assert_eq!((&task["experience_points"], &task["quest_type"]), (&json!(0), &json!("tutorial")));
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    let done = alice.post(&format!("{path}/complete"), json!({})).await.ok();
    assert_eq!((&done["pending"], &done["experience_gained"], &done["rules"]), (&json!(true), &json!(0), &Value::Null));
    let other = alice.post("/api/v1/tasks", json!({"title": "y", "difficulty": 5})).await.created();
    let other = format!("/api/v1/tasks/{}", other["id"].as_str().unwrap());
    alice.post(&format!("{other}/complete"), json!({})).await.ok();
    alice.post(&format!("{other}/reopen"), json!({})).await.ok();
    alice.get(&format!("{GAME}/rules")).await.refused(503, "PLG_005");
    assert_eq!(alice.get(&format!("{GAME}/profile")).await.ok()["level"], Value::Null);

    let operator = host.operator();
    let added = operator.add_plugin(fixture("xp-rules-classic")).await;
    operator.bind("xp-rules", &format!("xp-rules-classic@{}", added["version"].as_str().unwrap())).await;
    let since = Instant::now();
    while alice.get(&path).await.ok()["experience_points"] != 30 {
        assert!(since.elapsed() < Duration::from_secs(30), "the job scores what is pending");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(host.app.game.score_pending(10).await.unwrap(), 0);
    let ledger = alice.get(&format!("{GAME}/ledger")).await.ok();
    assert_eq!((&ledger["total"], &ledger["items"][0]["points"], &ledger["items"][0]["kind"]), (&json!(1), &json!(30), &json!("award")));
    assert_eq!(alice.get(&format!("{GAME}/profile")).await.ok()["total_xp"], 30, "what was reopened while pending never counts");
    drop(host);
    database.remove().await;
}

async fn a_day_gives_no_more_than_its_bound(backend: Backend) {
    let Some(database) = backend.database("a_day_gives_no_more_than_its_bound").await else { return };
    let host = TestHost::start(&database, |config| config.limits.xp_per_day = 70).await;
    let alice = host.user("alice").await;
    let mut calls = Vec::new();
    for _ in 0..3 {
        let task = alice.post("/api/v1/tasks", json!({"title": "x", "difficulty": 3})).await.created();
        let (alice, path) = (alice.clone(), format!("/api/v1/tasks/{}/complete", task["id"].as_str().unwrap()));
        calls.push(tokio::spawn(async move { alice.post(&path, json!({})).await.ok() }));
    }
    let mut gained = Vec::new();
    for call in calls {
        let done = call.await.unwrap();
        let sum: i64 = done["xp_breakdown"].as_array().unwrap().iter().map(|part| part["points"].as_i64().unwrap()).sum();
        assert_eq!(done["experience_gained"], sum);
        gained.push(sum);
    }
    gained.sort_unstable();
    assert_eq!(gained, [10, 30, 30]);
    assert_eq!(alice.get(&format!("{GAME}/profile")).await.ok()["total_xp"], 70);
    drop(host);
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_that_were_pending_follow_once_on_sqlite() {
    pending_points_follow_once(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_that_were_pending_follow_once_on_postgres() {
    pending_points_follow_once(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_gives_no_more_than_its_bound_on_sqlite() {
    a_day_gives_no_more_than_its_bound(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_gives_no_more_than_its_bound_on_postgres() {
    a_day_gives_no_more_than_its_bound(Backend::Postgres).await;
}

backends! {
async fn a_profile_begins_at_nothing_and_grows(host: TestHost) {
    let alice = host.user("alice").await;
    let profile = alice.get(&format!("{GAME}/profile")).await.ok();
    assert_eq!((&profile["total_xp"], &profile["level"], &profile["next_level_xp"], &profile["current_streak"], &profile["achievements"]), (&json!(0), &json!(1), &json!(100), &json!(0), &json!([])));
    for _ in 0..4 {
        let task = alice.post("/api/v1/tasks", json!({"title": "x", "difficulty": 5})).await.created();
        alice.post(&format!("/api/v1/tasks/{}/complete", task["id"].as_str().unwrap()), json!({})).await.ok();
    }
    let profile = alice.get(&format!("{GAME}/profile")).await.ok();
    assert_eq!((&profile["total_xp"], &profile["level"], &profile["next_level_xp"], &profile["current_streak"], &profile["longest_streak"]), (&json!(200), &json!(2), &json!(380), &json!(1), &json!(1)));
    assert_eq!(profile["achievements"][0]["unlocked"], true);
    let ledger = alice.get(&format!("{GAME}/ledger?limit=3")).await.ok();
    assert_eq!((&ledger["total"], &ledger["has_more"], &ledger["items"][0]["rules"]["plugin"]), (&json!(4), &json!(true), &json!("xp-rules-classic")));
    let bob = host.user("bob").await;
    assert_eq!(bob.get(&format!("{GAME}/ledger")).await.ok()["total"], 0);
}

async fn the_rules_and_what_they_announce_can_be_read(host: TestHost) {
    let alice = host.user("alice").await;
    let rules = alice.get(&format!("{GAME}/rules")).await.ok();
    assert_eq!((&rules["plugin"], &rules["title"], &rules["xp_per_task"], &rules["xp_per_day"]), (&json!("xp-rules-classic"), &json!("Classic"), &json!(1000), &json!(0)));
    let achievements = alice.get(&format!("{GAME}/achievements")).await.ok();
    assert_eq!((&achievements["total"], &achievements["items"][0]["id"], &achievements["items"][0]["unlocked"]), (&json!(9), &json!("first-quest"), &json!(false)));
    host.anonymous().get(&format!("{GAME}/rules")).await.refused(401, "AUTH_003");
}

async fn simulating_stores_nothing(host: TestHost) {
    let alice = host.user("alice").await;
    let tasks = json!({"tasks": [{"title": "a", "difficulty": 4}, {"title": "b", "value_impact": {"x": 100, "y": 100}}]});
    let first = alice.post(&format!("{GAME}/simulate"), tasks.clone()).await.ok();
    assert_eq!((&first["results"][0]["experience_points"], &first["results"][0]["quest_type"]), (&json!(40), &json!("challenge")));
    assert_eq!((&first["results"][1]["experience_points"], &first["total"]), (&json!(1000), &json!(1040)));
    assert_eq!(first["results"][1]["xp_breakdown"].as_array().unwrap().last().unwrap(), &json!({"reason": "clamped", "points": -1010}));
    assert_eq!(alice.post(&format!("{GAME}/simulate"), tasks).await.ok(), first);
    assert_eq!(alice.get("/api/v1/tasks").await.ok()["total"], 0);
    assert_eq!(alice.get(&format!("{GAME}/ledger")).await.ok()["total"], 0);
    let bad = alice.post(&format!("{GAME}/simulate"), json!({"tasks": [{"title": "a"}, {"title": "b", "value_impact": {"x": 200}}]})).await;
    assert_eq!(bad.refused(422, "VAL_001")["errors"][0]["pointer"], "/tasks/1/value_impact/x");
    alice.post(&format!("{GAME}/simulate"), json!({"tasks": []})).await.refused(422, "VAL_001");
}

async fn days_are_counted_by_the_persons_own_zone_and_hour(host: TestHost) {
    let alice = host.user("alice").await;
    let settings = alice.put(&format!("{GAME}/settings"), json!({"day_start": 4, "timezone": "Europe/Lisbon"})).await.ok();
    assert_eq!(settings, json!({"day_start": 4, "timezone": "Europe/Lisbon"}));
    assert_eq!(alice.put(&format!("{GAME}/settings"), json!({})).await.ok(), settings);
    for (bad, pointer) in [(json!({"day_start": 24}), "/day_start"), (json!({"timezone": "Mars/Olympus"}), "/timezone"), (json!({"timezone": null}), "/timezone"), (json!({"zone": "UTC"}), "/zone")] {
        assert_eq!(alice.put(&format!("{GAME}/settings"), bad).await.refused(422, "VAL_001")["errors"][0]["pointer"], pointer);
    }
    let profile = alice.get(&format!("{GAME}/profile")).await.ok();
    assert_eq!((&profile["day_start"], &profile["timezone"]), (&json!(4), &json!("Europe/Lisbon")));
}
}
