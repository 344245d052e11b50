//! A full house: every place of a kind is held by a slow guest. Whoever comes then is told, everybody else is served, and a
//! place that is given back is taken by the next.

use std::time::Duration;

use mnemosyne_runtime::manifest::Kind;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::build::{Provider, Rules, SPIN};
use super::{PLUGINS, SLOT, all_quiet, complete, failures, let_in, log_in, scored, watch_panics};
use crate::kit::{Actor, Backend, TestHost};

/// Both kinds spin longer than anybody here needs a full house.
const SLOW: &str = "[limits]\ncpu-ms = 5000\ndeadline-ms = 60000\n";
const SLOW_LOGIN: &str = "[needs.auth]\ncredentials = ['verify-password']\n[limits]\ncpu-ms = 10000\ndeadline-ms = 60000\n";
/// Of these the rules have two places, and logins have one.
const CALLS: u32 = 14;

/// A host of few places.
async fn small(backend: Backend, name: &str) -> Option<(TestHost, crate::kit::Database)> {
    let database = backend.database(name).await?;
    Some((TestHost::start(&database, |config| config.plugins.max_calls = CALLS).await, database))
}

/// Waits until so many places are free and stay so: a quick call (`describe`) takes one for a moment too.
async fn until_free(host: &TestHost, kind: Kind, free: usize) {
    let wait = async {
        let mut seen = 0;
        while seen < 50 {
            seen = if host.app.runtime.free(kind) == free { seen + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait)
        .await
        .unwrap_or_else(|_| panic!("{kind}: {} free, not {free}", host.app.runtime.free(kind)));
}

async fn new_task(person: &Actor) -> String {
    let task = person.post("/api/v1/tasks", json!({"title": "again", "difficulty": 2, "quest_type": "solo"})).await.created();
    task["id"].as_str().unwrap().to_owned()
}

fn completing(person: &Actor, task: String) -> JoinHandle<Value> {
    let person = person.clone();
    tokio::spawn(async move { person.patch(&format!("/api/v1/tasks/{task}/complete"), json!({})).await.ok() })
}

async fn rules(backend: Backend) {
    let Some((host, database)) = small(backend, "full_rules").await else { return };
    watch_panics();
    let (operator, alice, bob) = (host.operator(), host.user("alice").await, host.user("bob").await);
    let places = host.app.runtime.free(Kind::XpRules);
    assert_eq!(places, 2);
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    for _ in 0..places {
        hers.push(new_task(&alice).await);
        his.push(new_task(&bob).await);
    }
    let_in(&operator, "xp-rules", Rules { manifest: SLOW, ..Rules::awarding(SPIN) }.build("slow-rules")).await;
    let held: Vec<_> = hers.into_iter().map(|task| completing(&alice, task)).collect();
    until_free(&host, Kind::XpRules, 0).await;
    // Nobody waits for ever, nothing is lost, nobody else notices.
    for task in &his {
        let done = completing(&bob, task.clone()).await.unwrap();
        assert_eq!((&done["pending"], &done["experience_gained"]), (&json!(true), &json!(0)), "{done}");
    }
    let codes: Vec<_> = failures(&host, "slow-rules").await.into_iter().filter_map(|record| record.code).collect();
    assert!(codes.iter().all(|code| code == "overloaded"), "{codes:?}");
    host.sign_in("alice").await.get("/api/v1/auth/me").await.ok();
    bob.get("/api/v1/tasks").await.ok();
    operator.get(PLUGINS).await.ok();
    assert_eq!(host.app.runtime.free(Kind::XpRules), 0, "the house was full all the time");
    // The clients leave: their guests end, their places are free. (Bound first: who scores later would take one for the slow rules.)
    operator.bind("xp-rules", "xp-rules-classic@0.1.0").await;
    held.iter().for_each(JoinHandle::abort);
    until_free(&host, Kind::XpRules, places).await;
    assert_eq!(complete(&alice).await["experience_gained"], 20);
    for task in &his {
        let entry = tokio::time::timeout(Duration::from_mins(1), scored(&bob, task)).await.expect("scored in the end");
        assert_eq!(entry["points"], 20);
    }
    all_quiet(&host).await;
    drop(host);
    database.remove().await;
}

async fn logins(backend: Backend) {
    let Some((host, database)) = small(backend, "full_logins").await else { return };
    watch_panics();
    let (operator, alice) = (host.operator(), host.user("alice").await);
    host.user("mallory").await;
    let places = host.app.runtime.free(Kind::AuthProvider);
    assert_eq!(places, 1);
    let slow = Provider { manifest: SLOW_LOGIN, ..Provider::finishing(SPIN) };
    let_in(&operator, SLOT, slow.build("slow-logins")).await;
    let held = {
        let guest = host.anonymous();
        let body = json!({"username": "mallory", "password": crate::kit::PASSWORD, "provider": "zoo"});
        tokio::spawn(async move { guest.post("/api/v1/auth/login", body).await })
    };
    // `describe` was asked first and has given its place back.
    until_free(&host, Kind::AuthProvider, 0).await;
    let (turned_away, done) = tokio::join!(log_in(&host, "password"), complete(&alice));
    assert!(turned_away.headers.contains_key("retry-after"), "{turned_away:?}");
    turned_away.refused(503, "AUTH_006");
    assert_eq!(done["experience_gained"], 20, "sessions live on, rules have places of their own");
    let codes: Vec<_> = failures(&host, "auth-provider-password").await.into_iter().filter_map(|record| record.code).collect();
    assert_eq!(codes, ["overloaded"]);
    held.abort();
    until_free(&host, Kind::AuthProvider, places).await;
    log_in(&host, "password").await.ok();
    all_quiet(&host).await;
    drop(host);
    database.remove().await;
}

fn run(claim: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(claim);
}

mod sqlite {
    #[test]
    fn a_full_house_of_slow_rules_leaves_completions_pending_and_nobody_else_waiting() {
        super::run(super::rules(super::Backend::Sqlite));
    }
    #[test]
    fn a_full_house_of_slow_logins_says_come_again() {
        super::run(super::logins(super::Backend::Sqlite));
    }
}

mod postgres {
    #[test]
    fn a_full_house_of_slow_rules_leaves_completions_pending_and_nobody_else_waiting() {
        super::run(super::rules(super::Backend::Postgres));
    }
    #[test]
    fn a_full_house_of_slow_logins_says_come_again() {
        super::run(super::logins(super::Backend::Postgres));
    }
}
