//! The scripts through `/api/v1/chat`: a person's turn is kept, what came is shown, a stream ends with a typed error and its
//! one end; where the model does not begin, the persona answers without one.

use std::time::Duration;

use serde_json::{Value, json};

use super::front::{events, leaves, with_model};
use crate::kit::{Actor, KEY, MODEL, Script, backends, full, pieces};

/// What was said in deltas.
fn said(events: &[(String, Value)]) -> String {
    events.iter().filter(|(name, _)| name == "delta").filter_map(|(_, data)| data["text"].as_str()).collect()
}

/// Asks a persona, and claims what every stream keeps: `meta` first, exactly one `done` last, the turn saved.
async fn turn(alice: &Actor) -> Vec<(String, Value)> {
    let answer = alice.post("/api/v1/chat/stream", json!({"message": "hello there"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains(KEY));
    let events = events(&answer.text);
    assert_eq!(events.first().map(|(name, _)| &**name), Some("meta"), "{}", answer.text);
    assert_eq!(events.iter().position(|(name, _)| name == "done"), Some(events.len() - 1), "{}", answer.text);
    let conversation = events[0].1["conversation_id"].as_str().unwrap();
    let messages = alice.get(&format!("/api/v1/chat/conversations/{conversation}/messages")).await.ok();
    let kept = messages["items"].as_array().unwrap();
    assert!(kept.iter().any(|message| message["role"] == "user" && message["content"] == "hello there"), "{messages}");
    let saved: String =
        kept.iter().filter(|message| message["role"] == "assistant").filter_map(|message| message["content"].as_str()).collect();
    assert_eq!(saved, said(&events), "what was shown is what is kept");
    events
}

backends! {
async fn a_turn_that_the_model_breaks_off_keeps_what_came_and_says_so(mut host: TestHost) {
    let server = with_model(&mut host, Script::Echo).await;
    let alice = host.user("alice").await;
    let begun = || pieces("it begins ");
    let error = json!({"message": "out of memory", "code": 500});
    for (script, code) in [
        (Script::CutInMidChunk(begun()), "LLM_001"),
        (Script::EndsWithoutReason(begun()), "LLM_001"),
        (Script::BrokenCharacter(begun()), "LLM_001"),
        (Script::InvalidJson(begun()), "LLM_001"),
        (Script::ErrorPiece(begun(), error), "LLM_001"),
        (Script::FallsSilent(begun()), "LLM_002"),
    ] {
        server.then(script);
        let events = turn(&alice).await;
        assert_eq!(said(&events), "it begins ");
        let told: Vec<&Value> = events.iter().filter(|(name, _)| name == "error").map(|(_, data)| data).collect();
        assert!(told.len() == 1 && told[0]["error"]["code"] == code, "{code}: {events:?}");
        let used = events.iter().find(|(name, _)| name == "usage").map(|(_, data)| (data["model"].clone(), data["completion_tokens"].as_i64()));
        assert!(used.is_some_and(|(model, tokens)| model == MODEL && tokens > Some(0)), "what broke off has its cost: {events:?}");
    }
    server.then(Script::Endless("on and on ".into()));
    let events = turn(&alice).await;
    assert!(events.iter().any(|(name, _)| name == "error"), "it is ended");
    server.left(2).await;
}

async fn a_turn_whose_model_does_not_begin_is_answered_without_one(mut host: TestHost) {
    let server = with_model(&mut host, Script::Echo).await;
    let alice = host.user("alice").await;
    for script in [
        Script::busy("60"),
        Script::error(500, "oops"),
        Script::ZeroChunks,
        Script::Sends("text/html", "<html>".into()),
        Script::InvalidJson(Vec::new()),
        Script::Silent,
    ] {
        server.then(script);
        let events = turn(&alice).await;
        assert!(!said(&events).is_empty() && events.iter().all(|(name, _)| name != "error"), "{events:?}");
        let usage = events.iter().find(|(name, _)| name == "usage").map(|(_, data)| data["degraded"].clone());
        assert_eq!(usage, Some(json!(true)), "{events:?}");
        server.then(Script::SlowFirstByte(Duration::from_millis(200), pieces("back again")));
        assert_eq!(said(&turn(&alice).await), "back again");
    }
}

async fn a_reader_who_leaves_ends_the_models_call(mut host: TestHost) {
    let server = with_model(&mut host, Script::Held(vec!["word ".to_owned(); 1_000])).await;
    let alice = host.user("alice").await;
    let rounds = if full() { 100 } else { 3 };
    let streamed = json!({"message": "hello there", "on_disconnect": "cancel"});
    leaves(&host, &server, &alice, "/api/v1/chat/stream", &streamed, rounds).await;
    leaves(&host, &server, &alice, "/api/v1/chat/message", &json!({"message": "hello there"}), rounds).await;
}
}
