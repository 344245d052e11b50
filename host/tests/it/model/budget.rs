//! Tokens of a day are reserved before a model is asked and settled by what it used.

use std::sync::Arc;

use mnemosyne_host::store;
use mnemosyne_runtime::capability::llm::ModelBackend as _;
use mnemosyne_runtime::wit::types::errors::ErrorKind;
use mnemosyne_runtime::{BackendError, User};
use serde_json::json;
use uuid::Uuid;

use super::{ask, asking, models, question};
use crate::kit::{Actor, Script, ScriptedModel, TestHost, backends, pieces};

fn person(actor: &Actor) -> User {
    let id: Uuid = actor.account["user"]["id"].as_str().unwrap().parse().unwrap();
    User { id, ..User::default() }
}

/// What is booked today: everybody's, and this person's.
async fn booked(host: &TestHost, user: &User) -> (i64, i64) {
    store::llm::spent(&host.app.db, host.app.clock.now() / 86_400_000, user.id).await.unwrap()
}

fn used_up(error: &BackendError) -> bool {
    matches!(error, BackendError::Refused { kind: ErrorKind::Quota, code: "llm-budget", .. })
}

backends! {
async fn a_person_spends_their_own_tokens_and_no_more(host: TestHost) {
    let (alice, bob) = (person(&host.user("alice").await), person(&host.user("bob").await));
    let server = ScriptedModel::start(Script::says("Yes.")).await;
    let models = models(&host, &server, |llm| (llm.user_tokens_per_day, llm.tokens_per_day) = (50, 90));
    let ask = async |who: &User| models.complete(asking(Some(who)), question("hello")).await;
    for call in 1..=2_i64 {
        ask(&alice).await.unwrap();
        assert_eq!(booked(&host, &alice).await, (call * 18, call * 18), "by what the server says");
    }
    let granted = server.requests()[1]["max_tokens"].as_u64().unwrap();
    assert!(granted < 32, "never more than what is left: {granted}");
    assert!(used_up(&ask(&alice).await.unwrap_err()));
    ask(&bob).await.unwrap();
    assert_eq!(booked(&host, &bob).await, (54, 18));
    ask(&bob).await.unwrap();
    assert!(used_up(&super::ask(&models, "hello").await.unwrap_err()), "the day is used up for everybody");
    assert_eq!(server.requests().len(), 4, "nobody was asked");
}

async fn calls_at_the_same_time_never_promise_the_same_tokens(host: TestHost) {
    let server = ScriptedModel::start(Script::Held(pieces("Yes."))).await;
    // a question of some 9 tokens and 500 of an answer fit twice
    let models = Arc::new(models(&host, &server, |llm| llm.tokens_per_day = 1_100));
    let calls: Vec<_> = (0..8).map(|_| { let models = Arc::clone(&models); tokio::spawn(async move { ask(&models, "hello").await }) }).collect();
    let refused = async { while server.requests().len() < 2 { tokio::task::yield_now().await } };
    refused.await;
    server.release(16);
    let mut tokens = 0;
    for call in calls {
        if let Ok(answer) = call.await.unwrap() {
            tokens += answer.usage.output_tokens;
        }
    }
    assert!(tokens >= 14, "at least two were answered");
    let promised: u64 = server.requests().iter().take(2).map(|body| body["max_tokens"].as_u64().unwrap()).sum();
    assert!(promised <= 1_100, "{promised}");
}

async fn what_is_dropped_in_the_middle_is_booked_by_what_was_heard(host: TestHost) {
    let alice = person(&host.user("alice").await);
    let server = ScriptedModel::start(Script::Held(pieces("one two three four"))).await;
    let models = models(&host, &server, |llm| llm.user_tokens_per_day = 10_000);
    server.release(2);
    let mut stream = models.open(asking(Some(&alice)), question("hello")).await.unwrap();
    let mut heard = String::new();
    while heard.len() < 8 {
        heard += &stream.next().await.unwrap().unwrap().text;
    }
    assert_eq!(booked(&host, &alice).await, (0, 0), "it is under way");
    drop(stream);
    models.close().await;
    let (_, own) = booked(&host, &alice).await;
    assert!((5..60).contains(&own), "the question and two words: {own}");
    // what was reserved beyond that is free again
    server.release(4);
    let mut asked = question("hello");
    asked.max_tokens = 9_900;
    models.complete(asking(Some(&alice)), asked).await.unwrap();
    assert!(server.requests()[1]["max_tokens"].as_u64().unwrap() > 9_000);
}

async fn a_refusal_costs_nothing(host: TestHost) {
    let alice = person(&host.user("alice").await);
    let server = ScriptedModel::start(Script::error(400, "no")).await;
    let models = models(&host, &server, |llm| (llm.user_tokens_per_day, llm.attempts) = (600, 1));
    for _ in 0..3 {
        assert!(matches!(models.complete(asking(Some(&alice)), question("hello")).await, Err(BackendError::Refused { .. })));
    }
    models.close().await;
    assert_eq!(booked(&host, &alice).await, (0, 0));
    let told = models.raw(Some(alice.id), json!({"messages": [{"role": "user", "content": "hello"}]})).await.unwrap_err();
    assert_eq!(server.requests().last().unwrap()["max_tokens"].as_u64().map(|tokens| tokens <= 600), Some(true), "a bound was put in: {told}");
}
}
