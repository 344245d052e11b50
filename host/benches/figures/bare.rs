//! The other side of `complete`: an axum handler that runs the same statements through the same store (task, tallies, days,
//! achievements; then task, completion, ledger, day, log, achievements, total in one transaction; call rows in batches)
//! without sign-in, checks, schemas, facts, plugin and settings.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::patch;
use axum::{Json, Router};
use mnemosyne_host::model::Object;
use mnemosyne_host::model::call::CallRecord;
use mnemosyne_host::model::game::{Award, Bonus, Completion, CompletionState, Rules, Windows};
use mnemosyne_host::model::task::TaskLog;
use mnemosyne_host::store::{ConnectOptions, Db, calls, game, tasks};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::people::database;

/// The word that makes this program that server.
pub(crate) const ROLE: &str = "serve-bare";

struct Bare {
    db: Db,
    windows: Windows,
    facts: String,
    rules: Rules,
    records: mpsc::Sender<CallRecord>,
}

/// Serves a data folder until it is ended.
#[tokio::main]
pub(crate) async fn serve(folder: &str) {
    let db = Db::connect(&database(folder.as_ref()), &ConnectOptions::default()).await.expect("the database opens");
    let (records, waiting) = mpsc::channel(4_096);
    tokio::spawn(write(db.clone(), waiting));
    let day = jiff::Zoned::now().date();
    let windows = Windows {
        day: day.to_string(),
        week: day.to_string(),
        month: day.first_of_month().to_string(),
        year: day.first_of_year().to_string(),
    };
    let rules = Rules { plugin: "xp-rules-classic".into(), version: "0.1.0".into(), digest: "0".repeat(64) };
    // as long as the facts of an ordinary completion
    let facts = json!({"facts": "x".repeat(900)}).to_string();
    let state = Arc::new(Bare { db, windows, facts, rules, records });
    let router = Router::new().route("/users/{user}/tasks/{id}/complete", patch(complete)).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("address   http://{}", listener.local_addr().expect("an address"));
    axum::serve(listener, router).await.expect("it serves");
}

async fn complete(State(bare): State<Arc<Bare>>, Path((user, id)): Path<(Uuid, Uuid)>) -> Json<Value> {
    let now = jiff::Timestamp::now().as_millisecond();
    let task = tasks::get(&bare.db, user, id).await.expect("the task");
    game::tallies(&bare.db, user, &bare.windows).await.expect("the tallies");
    game::days(&bare.db, user).await.expect("the days");
    let held = game::achievements(&bare.db, user).await.expect("the achievements");
    let achievements = if held.is_empty() { vec!["first-quest".to_owned()] } else { Vec::new() };
    let breakdown = vec![Bonus { reason: "base".into(), points: 20 }];
    let award = Award { entry_id: Uuid::now_v7(), points: 20, breakdown, rules: bare.rules.clone(), achievements };
    let completion = Completion {
        id: Uuid::now_v7(),
        user_id: user,
        task_id: id,
        occurrence: id.to_string(),
        day: bare.windows.day.clone(),
        completed_at: now,
        on_time: None,
        facts: bare.facts.clone(),
        state: CompletionState::Scored,
        rules: Some(bare.rules.clone()),
        attempts: 0,
        created_at: now,
    };
    let log = TaskLog {
        id: Uuid::now_v7(),
        task_id: id,
        user_id: user,
        kind: "completed".into(),
        message: "task completed".into(),
        metadata: Object::from_iter([("experience_gained".to_owned(), json!(20))]),
        created_at: now,
    };
    let writing = game::Completing { version: task.version, completion: &completion, award: Some(&award), actual_minutes: None, log: &log };
    let done = game::complete(&bare.db, writing).await.expect("the completion");
    let _ = bare.records.try_send(record(&bare.rules, user, now));
    Json(
        json!({"id": done.task.id, "title": done.task.title, "status": "completed", "completed_at": now, "points": 20, "total": done.total}),
    )
}

fn record(rules: &Rules, user: Uuid, now: i64) -> CallRecord {
    CallRecord {
        id: Uuid::now_v7(),
        slot: "xp-rules".into(),
        plugin: rules.plugin.clone(),
        plugin_version: rules.version.clone(),
        digest: rules.digest.clone(),
        generation: 1,
        export: "xp-rules.award".into(),
        outcome: "ok".into(),
        code: None,
        detail: None,
        cpu_us: 20,
        wall_us: 20,
        memory_bytes: 458_752,
        host_calls: 0,
        grant_hash: "0".repeat(64),
        user_id: Some(user),
        request_id: Some(Uuid::now_v7().to_string()),
        logs: None,
        recording: None,
        created_at: now,
    }
}

/// In batches, as the host does.
async fn write(db: Db, mut waiting: mpsc::Receiver<CallRecord>) {
    loop {
        let mut batch = Vec::new();
        if waiting.recv_many(&mut batch, 512).await == 0 {
            return;
        }
        if batch.len() < 512 {
            tokio::time::sleep(Duration::from_millis(250)).await;
            while batch.len() < 512
                && let Ok(record) = waiting.try_recv()
            {
                batch.push(record);
            }
        }
        calls::insert(&db, &batch).await.expect("the call rows");
    }
}
