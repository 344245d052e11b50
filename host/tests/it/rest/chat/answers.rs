//! Answers that nobody streams, without a model: who answers, from what, what is kept.

use serde_json::{Value, json};

use super::{CONVERSATIONS, at, titles};
use crate::kit::{Actor, backends};

/// What was said in a conversation.
pub(super) async fn said(who: &Actor, conversation: &Value) -> Vec<Value> {
    let page = who.get(&format!("{CONVERSATIONS}/{}/messages?limit=100", conversation.as_str().unwrap())).await.ok();
    page["items"].as_array().unwrap().clone()
}

async fn pointer(who: &Actor, body: Value) -> String {
    let error = who.say(body).await.refused(422, "VAL_001");
    error["errors"][0]["pointer"].as_str().unwrap().to_owned()
}

backends! {
async fn without_a_model_a_persona_answers_from_memories_and_says_so(host: TestHost) {
    let alice = host.user("alice").await;
    let memory = alice.post("/api/v1/memories", json!({"content": "I planted roses beside the old wall."})).await.created();
    let answer = alice.say(json!({"message": "What about the roses by the wall?", "persona": "mentor"})).await.ok();
    assert_eq!((&answer["degraded"], &answer["usage"]["model"], &answer["persona"]), (&json!(true), &json!("offline"), &json!("mentor")));
    assert_eq!(answer["plugin"]["name"], "persona-mentor");
    assert_eq!(answer["memories_used"], json!([memory["id"]]));
    assert_eq!((&answer["context"]["memories"], &answer["context"]["dropped"]), (&json!([memory["id"]]), &json!(0)));

    let said = said(&alice, &answer["conversation_id"]).await;
    assert_eq!((said.len(), &said[0]["role"], &said[0]["content"]), (2, &json!("user"), &json!("What about the roses by the wall?")));
    let kept = &said[1];
    assert_eq!((&kept["id"], &kept["content"], &kept["role"]), (&answer["message_id"], &answer["response"], &json!("assistant")));
    for field in ["persona", "plugin", "memories_used", "usage", "degraded", "context"] {
        assert_eq!(kept[field], answer[field], "{field}");
    }
    let conversation = alice.get(&format!("{CONVERSATIONS}/{}", answer["conversation_id"].as_str().unwrap())).await.ok();
    assert_eq!(
        (&conversation["title"], &conversation["persona"], &conversation["message_count"]),
        (&json!("What about the roses by the wall?"), &json!("mentor"), &json!(2))
    );
}

async fn without_a_model_what_has_nothing_to_do_with_it_is_not_quoted(host: TestHost) {
    let alice = host.user("alice").await;
    for content in ["CANARY: the boat trip on the lake", "CANARY: a letter to the bank"] {
        alice.post("/api/v1/memories", json!({"content": content})).await.created();
    }
    let answer = alice.say(json!({"message": "Which programming language is fastest?", "persona": "mentor"})).await.ok();
    let told = answer["response"].as_str().unwrap();
    assert!(told.contains("found nothing about this") && !told.contains("CANARY"), "{told}");
    assert_eq!(answer["memories_used"], json!([]));
    let trips = alice.say(json!({"message": "Where were our boating trips?", "persona": "mentor"})).await.ok();
    assert!(trips["response"].as_str().unwrap().contains("CANARY: the boat trip on the lake"), "forms of a word are one word: {trips}");
}

async fn whoever_does_not_want_memories_used_gets_none(host: TestHost) {
    let alice = host.user("alice").await;
    alice.post("/api/v1/memories", json!({"content": "CANARY roses beside the old wall"})).await.created();
    let answer = alice.say(json!({"message": "the roses beside the old wall", "include_memories": false})).await.ok();
    assert_eq!((&answer["memories_used"], &answer["context"]["memories_allowed"]), (&json!([]), &json!(false)));
    assert!(!answer.to_string().contains("CANARY"), "{answer}");
}

async fn a_conversation_goes_on_and_is_found_by_what_was_said(host: TestHost) {
    let alice = host.user("alice").await;
    let first = alice.say(json!({"message": "Plan the garden"})).await.ok();
    let second = alice.say(json!({"message": "With TULIPS please", "conversation_id": first["conversation_id"]})).await.ok();
    assert_eq!(second["conversation_id"], first["conversation_id"]);
    assert_eq!((&second["context"]["messages"], &second["context"]["dropped"]), (&json!(2), &json!(0)));
    alice.say(json!({"message": "Something else"})).await.ok();
    for (search, found) in [("tulips", vec!["Plan the garden"]), ("PLAN THE", vec!["Plan the garden"]), ("nothing of it", vec![])] {
        assert_eq!(titles(&alice.get(&format!("{CONVERSATIONS}?search={search}")).await.ok()), found, "{search}");
    }
}

async fn what_cannot_be_answered_is_refused_by_name_and_changes_nothing(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let hers = alice.say(json!({"message": "hers"})).await.ok();
    for (body, field) in [
        (json!({}), "/message"),
        (json!({"message": ""}), "/message"),
        (json!({"message": " \n"}), "/message"),
        (json!({"message": "x", "temperature": 2.5}), "/temperature"),
        (json!({"message": "x", "persona": "nobody"}), "/persona"),
        (json!({"message": "x", "on_disconnect": "explode"}), "/on_disconnect"),
        (json!({"message": "x", "conversation": "y"}), "/conversation"),
    ] {
        assert_eq!(pointer(&bob, body.clone()).await, field, "{body}");
        bob.post("/api/v1/chat/stream", body).await.refused(422, "VAL_001");
    }
    let foreign = json!({"message": "x", "conversation_id": hers["conversation_id"]});
    bob.say(foreign.clone()).await.refused(404, "DB_001");
    bob.post("/api/v1/chat/stream", foreign).await.refused(404, "DB_001");
    bob.post(&format!("{CONVERSATIONS}/{}/regenerate", hers["conversation_id"].as_str().unwrap()), json!({})).await.refused(404, "DB_001");
    bob.say(json!({"message": "x", "user_id": alice.account["user"]["id"]})).await.refused(403, "AUTH_005");
    assert_eq!(bob.get(CONVERSATIONS).await.ok()["total"], 0);
    assert_eq!(said(&alice, &hers["conversation_id"]).await.len(), 2);
}

async fn the_last_answer_is_made_anew_and_takes_the_old_ones_place(host: TestHost) {
    let alice = host.user("alice").await;
    let first = alice.say(json!({"message": "Who are you?", "persona": "mentor"})).await.ok();
    let path = format!("{CONVERSATIONS}/{}/regenerate", first["conversation_id"].as_str().unwrap());
    let again = alice.post(&path, json!({"persona": "guardian"})).await.ok();
    assert_ne!(again["message_id"], first["message_id"]);
    assert_eq!((&again["persona"], &again["plugin"]["name"]), (&json!("guardian"), &json!("persona-guardian")));
    let said = said(&alice, &first["conversation_id"]).await;
    assert_eq!((said.len(), &said[1]["id"], &said[1]["persona"]), (2, &again["message_id"], &json!("guardian")));
    let conversation = alice.get(&format!("{CONVERSATIONS}/{}", first["conversation_id"].as_str().unwrap())).await.ok();
    assert_eq!(conversation["message_count"], 2);
    let empty = alice.post(CONVERSATIONS, json!({})).await.created();
    alice.post(&at(&empty, "/regenerate"), json!({})).await.refused(409, "DB_002");
}

async fn a_fork_goes_its_own_way_from_a_message_on(host: TestHost) {
    let alice = host.user("alice").await;
    let first = alice.say(json!({"message": "one", "persona": "mentor"})).await.ok();
    alice.say(json!({"message": "two", "conversation_id": first["conversation_id"]})).await.ok();
    let from = json!({"id": first["conversation_id"]});
    let before = said(&alice, &first["conversation_id"]).await;
    let whole = alice.post(&at(&from, "/fork"), json!({"title": "copy"})).await.created();
    let part = alice.post(&at(&from, "/fork"), json!({"message_id": first["message_id"]})).await.created();
    assert_eq!((&whole["message_count"], &whole["title"], &part["message_count"], &part["title"]), (&json!(4), &json!("copy"), &json!(2), &json!("one")));
    let words = |said: &[Value]| said.iter().map(|one| one["content"].clone()).collect::<Vec<_>>();
    assert_eq!(words(&said(&alice, &whole["id"]).await), words(&before));
    assert_eq!(words(&said(&alice, &part["id"]).await), words(&before[..2]));
    alice.say(json!({"message": "only in the fork", "conversation_id": part["id"]})).await.ok();
    assert_eq!(said(&alice, &first["conversation_id"]).await, before);
    alice.delete(&at(&from, "")).await.no_content();
    assert_eq!(said(&alice, &part["id"]).await.len(), 4);
}

async fn a_message_with_a_key_is_answered_once(host: TestHost) {
    let alice = host.user("alice").await;
    let ask = || alice.ask(reqwest::Method::POST, "/api/v1/chat/message").header("idempotency-key", "k1").json(json!({"message": "once"}));
    let first = ask().send().await;
    let again = ask().send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.ok(), again.ok());
    assert_eq!(alice.get(CONVERSATIONS).await.ok()["total"], 1);
}
}
