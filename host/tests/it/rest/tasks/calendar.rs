//! `GET /api/v1/tasks/reminders`, `GET /api/v1/tasks/daily-summary`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{TASKS, at, make, pointers};
use crate::kit::{Actor, backends};

const REMINDERS: &str = "/api/v1/tasks/reminders";
const SUMMARY: &str = "/api/v1/tasks/daily-summary";

/// So many minutes from now.
fn within(minutes: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the host under test lives in the machine's time")]
    let now = Timestamp::now();
    (now + SignedDuration::from_mins(minutes)).to_string()
}

async fn due(who: &Actor, title: &str, minutes: i64) -> Value {
    make(who, json!({"title": title, "due_date": within(minutes)})).await
}

fn told(page: &Value) -> Vec<(&str, &str)> {
    page["items"].as_array().unwrap().iter().map(|one| (one["title"].as_str().unwrap(), one["urgency"].as_str().unwrap())).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect()
}

fn insights(day: &Value) -> Vec<&str> {
    day["insights"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

backends! {
async fn reminders_are_open_tasks_due_soon_and_say_how_soon(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    for (title, minutes) in [("next week", 7 * 1440), ("in a day", 1439), ("in two days", 2 * 1440), ("in an hour", 59), ("in four", 239), ("past", -1)] {
        due(&alice, title, minutes).await;
    }
    make(&alice, json!({"title": "whenever"})).await;
    let done = due(&alice, "done", 30).await;
    alice.post(&at(&done, "/complete"), json!({})).await.ok();
    let gone = due(&alice, "gone", 30).await;
    alice.delete(&at(&gone, "")).await.no_content();
    let day = alice.get(REMINDERS).await.ok();
    assert_eq!(told(&day), [("in an hour", "urgent"), ("in four", "soon"), ("in a day", "today")]);
    assert!(day["items"][0]["task_id"].is_string() && day["items"][0]["due_date"].is_string());
    let month = alice.get(&format!("{REMINDERS}?hours_ahead=200")).await.ok();
    assert_eq!(told(&month)[3..], [("in two days", "upcoming"), ("next week", "upcoming")]);
    let part = alice.get(&format!("{REMINDERS}?hours_ahead=200&skip=1&limit=2")).await.ok();
    assert_eq!((told(&part).len(), &part["total"], &part["has_more"]), (2, &json!(5), &json!(true)));
    assert_eq!(told(&bob.get(REMINDERS).await.ok()), []);
    for bad in ["hours_ahead=0", "hours_ahead=745", "hours_ahead=x", "limit=0", "limit=101", "hours=1"] {
        let error = alice.get(&format!("{REMINDERS}?{bad}")).await.refused(422, "VAL_001");
        assert_eq!(pointers(&error), [format!("?{}", bad.split('=').next().unwrap())]);
    }
    host.anonymous().get(REMINDERS).await.refused(401, "AUTH_003");
}

async fn a_summary_is_of_the_persons_own_day(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let calm = alice.get(SUMMARY).await.ok();
    assert_eq!((&calm["due_today"], &calm["completed"], &calm["overdue"], insights(&calm)), (&json!([]), &json!([]), &json!([]), vec!["free"]));
    // Twelve zones apart: whatever the time, "today" differs for at least one of them.
    let mut days = Vec::new();
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        alice.put("/api/v1/game/settings", json!({"timezone": zone})).await.ok();
        days.push(alice.get(SUMMARY).await.ok()["date"].as_str().unwrap().to_owned());
    }
    assert_ne!(days[0], days[1]);
    make(&alice, json!({"title": "late", "due_date": within(-3 * 1440)})).await;
    // Due at the last minute of the day in that zone, by quick-add, which knows the zone.
    alice.post("/api/v1/tasks/quick-add", json!({"text": "tonight's work today !urgent ~90m"})).await.created();
    alice.post("/api/v1/tasks/quick-add", json!({"text": "other work tomorrow"})).await.created();
    let done = make(&alice, json!({"title": "done", "difficulty": 2})).await;
    alice.post(&at(&done, "/complete"), json!({})).await.ok();
    let day = alice.get(SUMMARY).await.ok();
    assert_eq!(day["date"], days[1]);
    assert_eq!((names(&day["due_today"]), names(&day["completed"]), names(&day["overdue"])), (vec!["tonight's work"], vec!["done"], vec!["late"]));
    let counts = &day["counts"];
    assert_eq!((&counts["due_today"], &counts["completed"], &counts["overdue"], &counts["experience"], &counts["planned_minutes"]), (&json!(1), &json!(1), &json!(1), &json!(20), &json!(90)));
    assert_eq!(counts["due_today_by_priority"], json!({"low": 0, "medium": 0, "high": 0, "urgent": 1}));
    assert_eq!(insights(&day), ["overdue", "urgent", "planned", "completed", "streak"]);
    assert_eq!(day["insights"][0]["text"], "1 task is overdue, for 3 days");
    let his = bob.get(SUMMARY).await.ok();
    assert_eq!((&his["due_today"], &his["completed"], &his["overdue"]), (&json!([]), &json!([]), &json!([])));
    host.anonymous().get(SUMMARY).await.refused(401, "AUTH_003");
    assert_eq!(alice.get(&format!("{SUMMARY}?day=2026-01-01")).await.status, 422);
    assert_eq!(alice.get(&format!("{TASKS}?view=today")).await.ok()["total"], 1, "the view and the summary agree");
}
}
