//! A thousand swaps between the two rule sets while 32 clients complete tasks: failures, how long a swap takes, and whether
//! the memory comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::people::{self, Person};
use crate::process::{Server, client, clients};
use crate::sample::Sample;
use crate::table::{Table, mebibytes, millis};

const CLIENTS: usize = 32;
const SWAPS: usize = 1_000;
/// Before the memory is looked at for the first time: caches and pools are full then.
const WARM: usize = 200;

/// What the clients saw.
#[derive(Default)]
struct Seen {
    completed: AtomicU64,
    failed: AtomicU64,
    /// Answers whose points are not those of the revision they name.
    mixed: AtomicU64,
}

pub(crate) fn run(table: &mut Table) {
    let data = tempfile::tempdir().expect("a folder");
    let host = Server::ours(data.path());
    let key = std::fs::read_to_string(data.path().join("operator.key")).expect("the operator's key").trim().to_owned();
    let clients = clients();
    let people = clients.block_on(people::register(&host.base, CLIENTS));
    let (seen, mut times) = (Arc::new(Seen::default()), Sample::default());
    let mut round = |swaps| {
        clients.block_on(swap(&host.base, &key, &people, &seen, swaps, &mut times));
        // Stores of the last calls are torn down, call rows written.
        std::thread::sleep(Duration::from_secs(3));
        host.memory()
    };
    let (before, after) = (round(WARM), round(SWAPS));
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let figure = format!("{SWAPS} swaps, {CLIENTS} clients: failed requests, mixed answers of {} completions", count(&seen.completed));
    table.at_most(&figure, (count(&seen.failed) + count(&seen.mixed)) as f64, "", 0.0, |value| format!("{value:.0}"));
    table.told("a swap by REST under that load, p50", millis(times.millis(50)), &format!("p99 {}", millis(times.millis(99))));
    table.ratio("memory after those swaps (before them)", after, before, 1.05, mebibytes);
}

async fn swap(base: &str, key: &str, people: &[Person], seen: &Arc<Seen>, swaps: usize, times: &mut Sample) {
    let (client, stop) = (client(), Arc::new(AtomicBool::new(false)));
    let mut working = tokio::task::JoinSet::new();
    for person in people {
        let (client, stop, seen) = (client.clone(), Arc::clone(&stop), Arc::clone(seen));
        working.spawn(complete(client, base.to_owned(), person.token.clone(), stop, seen));
    }
    for swap in 0..swaps {
        let plugin = if swap % 2 == 0 { "xp-rules-momentum" } else { "xp-rules-classic" };
        let request = client.put(format!("{base}/api/v1/admin/slots/xp-rules")).bearer_auth(key).header("if-match", "*");
        let begun = Instant::now();
        let answer = request.json(&json!({"plugin": plugin, "version": "0.1.0"})).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        times.push(begun.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    while working.join_next().await.is_some() {}
}

async fn complete(client: reqwest::Client, base: String, token: String, stop: Arc<AtomicBool>, seen: Arc<Seen>) {
    let post = |path: String, body: Value| {
        let request = client.post(format!("{base}/api/v1/tasks{path}")).bearer_auth(&token).json(&body);
        async { request.send().await.ok()?.error_for_status().ok()?.json::<Value>().await.ok() }
    };
    while !stop.load(Ordering::Relaxed) {
        let task = post(String::new(), json!({"title": "again", "difficulty": 2, "quest_type": "solo"})).await;
        let id = task.as_ref().and_then(|task| task["id"].as_str());
        let done = match id {
            Some(id) => post(format!("/{id}/complete"), json!({})).await,
            None => None,
        };
        let Some(done) = done else {
            seen.failed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let points = done["experience_gained"].as_i64();
        let fits = match done["rules"]["plugin"].as_str() {
            Some("xp-rules-classic") => points == Some(20),
            // A point for each day in a row comes on top.
            Some("xp-rules-momentum") => matches!(points, Some(6 | 7)),
            _ => false,
        };
        seen.completed.fetch_add(1, Ordering::Relaxed);
        seen.mixed.fetch_add(u64::from(!fits), Ordering::Relaxed);
    }
}
