//! What others feel while many log in: password hashing must not stall anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::people::{self, PASSWORD, Person};
use crate::process::{Server, client, clients};
use crate::sample::Sample;
use crate::table::{Table, millis};

const LOGGING_IN: usize = 16;
/// Asked by four clients, each one after the other.
const ASKED: usize = 4_000;
const ASKING: usize = 4;

pub(crate) fn run(table: &mut Table) {
    let data = tempfile::tempdir().expect("a folder");
    let host = Server::ours(data.path());
    let clients = clients();
    let people = clients.block_on(people::register(&host.base, LOGGING_IN + ASKING));
    let (busy, others) = people.split_at(LOGGING_IN);
    clients.block_on(ask(&host.base, others, ASKED / 4));
    let mut idle = clients.block_on(ask(&host.base, others, ASKED));
    let (stop, logins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    for person in busy {
        clients.spawn(log_in(host.base.clone(), person.name.clone(), Arc::clone(&stop), Arc::clone(&logins)));
    }
    clients.block_on(async {
        // Every one of them is in the middle of it.
        while logins.load(Ordering::Relaxed) < LOGGING_IN as u64 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    let (begun, before) = (Instant::now(), logins.load(Ordering::Relaxed));
    let mut loaded = clients.block_on(ask(&host.base, others, ASKED));
    let rate = (logins.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let bound = (3.0 * idle.millis(99)).max(10.0);
    let other = format!("idle p99 {}, p50 {}", millis(idle.millis(99)), millis(idle.millis(50)));
    table.at_most("GET /auth/me, p99 while 16 clients log in", loaded.millis(99), &other, bound, millis);
    table.told("the same, p50; logins meanwhile", format!("{}; {rate:.1}/s", millis(loaded.millis(50))), "");
}

async fn ask(base: &str, people: &[Person], count: usize) -> Sample {
    let client = client();
    let mut asking = tokio::task::JoinSet::new();
    for person in people {
        let request = client.get(format!("{base}/api/v1/auth/me")).bearer_auth(&person.token);
        let each = count / people.len();
        asking.spawn(async move {
            let mut times = Sample::default();
            for _ in 0..each {
                let begun = Instant::now();
                let answer = request.try_clone().expect("no body").send().await.expect("an answer");
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await.expect("a body");
                times.push(begun.elapsed());
            }
            times
        });
    }
    let mut all = Sample::default();
    while let Some(times) = asking.join_next().await {
        all.extend(times.expect("a client"));
    }
    all
}

async fn log_in(base: String, name: String, stop: Arc<AtomicBool>, logins: Arc<AtomicU64>) {
    let client = client();
    while !stop.load(Ordering::Relaxed) {
        let body = json!({"username": name, "password": PASSWORD});
        let Ok(answer) = client.post(format!("{base}/api/v1/auth/login")).json(&body).send().await else { return };
        let status = answer.status().as_u16();
        assert!(matches!(status, 200 | 429 | 503), "{status}");
        if status == 200 {
            logins.fetch_add(1, Ordering::Relaxed);
        }
    }
}
