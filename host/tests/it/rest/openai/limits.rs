//! Who may go on listening, and to how many answers at once.

use serde_json::{Value, json};

use super::chunks::open;
use crate::kit::{Actor, Script, ScriptedModel, TestHost, backends};

const ASKS: [&str; 2] = ["scripted", "persona:mentor"];

fn ask(model: &str) -> Value {
    json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "What did I plan?"}]})
}

/// A host whose model says one word and falls silent.
async fn silent(host: &mut TestHost) -> ScriptedModel {
    let model = ScriptedModel::start(Script::FallsSilent(vec!["one ".into()])).await;
    host.restart_with(|config| model.configure(config)).await;
    model
}

/// A stream of which the first word has arrived.
async fn listening(host: &TestHost, who: &Actor, target: &str) -> reqwest::Response {
    let mut response = open(host, who, &ask(target)).await;
    let mut heard = String::new();
    while !heard.contains("one ") {
        heard.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
    }
    response
}

backends! {
async fn a_logout_ends_a_stream_with_its_reason_and_the_model_with_it(mut host: TestHost) {
    let model = silent(&mut host).await;
    host.user("alice").await;
    for (number, target) in ASKS.into_iter().enumerate() {
        let alice = host.sign_in("alice").await;
        let response = listening(&host, &alice, target).await;
        alice.post("/api/v1/auth/logout", json!({})).await.no_content();
        let rest = response.text().await.unwrap();
        assert!(rest.contains("\"AUTH_003\"") && !rest.contains("[DONE]"), "{target}: {rest}");
        model.left(number + 1).await;
    }
}

async fn a_key_that_is_taken_away_ends_its_stream(mut host: TestHost) {
    let model = silent(&mut host).await;
    let alice = host.user("alice").await;
    let made = host.app.api_keys.create("a program", Some("alice"), &[], None).await.unwrap();
    let response = listening(&host, &alice.with_token(&made.key), "scripted").await;
    host.app.api_keys.remove(made.id).await.unwrap();
    let rest = response.text().await.unwrap();
    assert!(rest.contains("\"AUTH_003\""), "{rest}");
    model.left(1).await;
}

async fn three_answers_are_streamed_to_one_person_at_a_time(mut host: TestHost) {
    let model = silent(&mut host).await;
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let mut open = Vec::new();
    for target in ["scripted", "persona:mentor", "scripted"] {
        open.push(listening(&host, &alice, target).await);
    }
    for target in ASKS {
        let answer = alice.post("/v1/chat/completions", ask(target)).await;
        assert!(answer.headers.contains_key("retry-after") && !answer.headers.contains_key("x-should-retry"));
        answer.refused(429, "RATE_001");
    }
    drop(listening(&host, &bob, "scripted").await);
    drop(open.pop());
    model.left(2).await;
    drop(listening(&host, &alice, "persona:mentor").await);
}
}
