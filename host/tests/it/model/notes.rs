//! The older part of a long conversation: a model keeps notes of it, and they go wherever the words go.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Connection as _;

use super::front::with_model;
use crate::kit::{Actor, Backend, Script, ScriptedModel, TestHost, backends};

const CONVERSATIONS: &str = "/api/v1/chat/conversations";
const NOTES: &str = "They sail a boat that is called Petrel.";

fn for_notes(request: &Value) -> bool {
    request["messages"][0]["content"].as_str().is_some_and(|system| system.contains("You keep the notes of a conversation"))
}

async fn keeping_notes(host: &mut TestHost) -> ScriptedModel {
    let answers = |request: &Value| Script::says(if for_notes(request) { NOTES } else { "Understood." });
    with_model(host, Script::With(Arc::new(answers))).await
}

/// Requests for notes, waited for.
async fn notes(server: &ScriptedModel, count: usize) -> Vec<Value> {
    loop {
        let asked: Vec<Value> = server.requests().into_iter().filter(for_notes).collect();
        if asked.len() >= count {
            return asked;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A conversation of so many turns, two kilobytes each.
async fn long(who: &Actor, turns: usize) -> Value {
    let mut conversation = Value::Null;
    for turn in 0..turns {
        let message = format!("CANARY-{turn} {}", "and the wind was fair ".repeat(90));
        let answer = who.say(json!({"message": message, "conversation_id": conversation, "persona": "mentor"})).await.ok();
        conversation = answer["conversation_id"].clone();
    }
    conversation
}

/// What the persona's model was shown last.
fn shown(server: &ScriptedModel) -> String {
    server.requests().iter().rev().find(|request| !for_notes(request)).unwrap()["messages"].to_string()
}

async fn kept(host: &TestHost) -> i64 {
    let (count, url) = ("SELECT COUNT(*) FROM conversation_summaries", host.database_url());
    match host.backend() {
        Backend::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
        Backend::Postgres => {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
    }
}

/// Waits until so many conversations have notes.
async fn until_kept(host: &TestHost, count: i64) {
    while kept(host).await != count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

backends! {
async fn the_rest_of_a_long_conversation_is_summed_up_by_the_model(mut host: TestHost) {
    let server = keeping_notes(&mut host).await;
    let alice = host.user("alice").await;
    let conversation = long(&alice, 4).await;
    assert!(!server.requests().iter().any(for_notes), "a short one is left as it was said");
    let more = json!({"message": format!("CANARY-4 {}", "sails ".repeat(2_000)), "conversation_id": conversation, "persona": "mentor"});
    alice.say(more).await.ok();
    let asked = notes(&server, 1).await.remove(0);
    let words = asked["messages"][1]["content"].as_str().unwrap();
    assert!(words.contains("person: CANARY-0") && words.contains("assistant: Understood.") && !words.contains("CANARY-4"), "{words}");
    until_kept(&host, 1).await;

    let next = alice.say(json!({"message": "What is she called?", "conversation_id": conversation, "persona": "mentor"})).await.ok();
    let context = &next["context"];
    assert_eq!((&context["summarised"], context["dropped"].as_i64() > Some(0)), (&json!(true), true), "{context}");
    let prompt = shown(&server);
    assert!(prompt.contains(NOTES) && prompt.contains("CANARY-4") && !prompt.contains("CANARY-0"), "{prompt}");

    let at = format!("{CONVERSATIONS}/{}", conversation.as_str().unwrap());
    let fork = alice.post(&format!("{at}/fork"), json!({})).await.created();
    assert_eq!(kept(&host).await, 2, "a copy is a copy of the notes too");
    alice.say(json!({"message": "And here?", "conversation_id": fork["id"], "persona": "mentor"})).await.ok();
    assert!(shown(&server).contains(NOTES));
    let first = alice.get(&format!("{at}/messages?limit=1")).await.ok()["items"][0]["id"].clone();
    let early = alice.post(&format!("{at}/fork"), json!({"message_id": first})).await.created();
    alice.say(json!({"message": "And there?", "conversation_id": early["id"], "persona": "mentor"})).await.ok();
    let prompt = shown(&server);
    assert!(!prompt.contains(NOTES) && prompt.contains("CANARY-0"), "what was said after the fork is not in it: {prompt}");
    alice.delete(&at).await.no_content();
    until_kept(&host, 1).await;
}

async fn notes_that_fail_cost_no_turn_and_are_made_later(mut host: TestHost) {
    let refuses = |request: &Value| if for_notes(request) { Script::error(500, "no") } else { Script::says("Understood.") };
    let server = with_model(&mut host, Script::With(Arc::new(refuses))).await;
    let alice = host.user("alice").await;
    let conversation = long(&alice, 10).await;
    notes(&server, 1).await;
    assert_eq!(kept(&host).await, 0);
    host.restart_with(|config| config.chat.summaries = false).await;
    let asked = server.requests().iter().filter(|request| for_notes(request)).count();
    let next = alice.say(json!({"message": "What did I say first?", "conversation_id": conversation, "persona": "mentor"})).await.ok();
    assert_eq!((&next["degraded"], &next["response"]), (&json!(false), &json!("Understood.")));
    let prompt = shown(&server);
    assert!(prompt.contains("- CANARY-0"), "until then it is shown how the older messages began: {prompt}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.requests().iter().filter(|request| for_notes(request)).count(), asked, "the operator forbids it");
}
}
