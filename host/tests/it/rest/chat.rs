//! `/api/v1/chat`: conversations and the answers in them.

mod agentic;
mod answers;
mod streams;

use serde_json::{Value, json};

use crate::kit::backends;

const CONVERSATIONS: &str = "/api/v1/chat/conversations";

fn at(conversation: &Value, verb: &str) -> String {
    format!("{CONVERSATIONS}/{}{verb}", conversation["id"].as_str().unwrap())
}

fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect()
}

backends! {
async fn a_conversation_is_begun_read_renamed_and_deleted(host: TestHost) {
    let alice = host.user("alice").await;
    let answer = alice.post(CONVERSATIONS, json!({"title": "Garden", "persona": "mentor"})).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let location = answer.header("location").to_owned();
    let begun = answer.created();
    assert_eq!((&begun["title"], &begun["persona"], &begun["message_count"]), (&json!("Garden"), &json!("mentor"), &json!(0)));
    assert_eq!(alice.get(&location).await.ok(), begun);
    assert_eq!(alice.get(&at(&begun, "/messages")).await.ok()["total"], 0);

    let renamed = alice.patch(&at(&begun, ""), json!({"title": "Roses", "persona": null})).await.ok();
    assert_eq!((&renamed["title"], &renamed["persona"], &renamed["version"]), (&json!("Roses"), &Value::Null, &json!(2)));
    assert_eq!(alice.patch(&at(&begun, ""), json!({"title": "Roses"})).await.ok(), renamed);
    let stale = alice.ask(reqwest::Method::PATCH, &at(&begun, "")).header("if-match", "\"1\"").json(json!({"title": "x"})).send().await;
    stale.refused(412, "PRE_001");

    alice.delete(&at(&begun, "")).await.no_content();
    for path in ["", "/messages"] {
        alice.get(&at(&begun, path)).await.refused(404, "DB_001");
    }
    alice.delete(&at(&begun, "")).await.refused(404, "DB_001");
    assert_eq!(alice.get(CONVERSATIONS).await.ok()["total"], 0);
    let tombs = alice.get(&format!("{CONVERSATIONS}?include_deleted=true")).await.ok();
    assert_eq!((&tombs["items"][0]["id"], &tombs["items"][0]["title"]), (&begun["id"], &json!("")));
    assert!(tombs["items"][0]["deleted_at"].is_string());
}

async fn conversations_are_listed_by_their_last_change_and_found_by_their_titles(host: TestHost) {
    let alice = host.user("alice").await;
    for title in ["Über Rosen", "100% sure", "Tulips"] {
        alice.post(CONVERSATIONS, json!({"title": title})).await.created();
    }
    let all = alice.get(CONVERSATIONS).await.ok();
    assert_eq!((titles(&all), &all["total"]), (vec!["Tulips", "100% sure", "Über Rosen"], &json!(3)));
    for (search, found) in [("ÜBER", vec!["Über Rosen"]), ("0%25", vec!["100% sure"]), ("_", vec![]), ("LIPS", vec!["Tulips"])] {
        assert_eq!(titles(&alice.get(&format!("{CONVERSATIONS}?search={search}")).await.ok()), found, "{search}");
    }
    let (mut seen, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(at) = cursor {
        let page = alice.get(&format!("{CONVERSATIONS}?limit=1&cursor={at}")).await.ok();
        seen.extend(titles(&page).into_iter().map(str::to_owned));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, titles(&all));
}

async fn a_conversation_is_only_its_owners(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let hers = alice.post(CONVERSATIONS, json!({"title": "hers"})).await.created();
    for path in ["", "/messages"] {
        bob.get(&at(&hers, path)).await.refused(404, "DB_001");
    }
    bob.patch(&at(&hers, ""), json!({"title": "his"})).await.refused(404, "DB_001");
    bob.patch(&at(&hers, ""), json!({"titel": "his"})).await.refused(404, "DB_001");
    bob.post(&at(&hers, "/fork"), json!({})).await.refused(404, "DB_001");
    bob.delete(&at(&hers, "")).await.refused(404, "DB_001");
    assert_eq!(bob.get(&format!("{CONVERSATIONS}?search=hers&include_deleted=true")).await.ok()["total"], 0);
    assert_eq!(alice.get(&at(&hers, "")).await.ok(), hers);
    host.operator().get(CONVERSATIONS).await.refused(403, "AUTH_005");
    host.anonymous().get(CONVERSATIONS).await.refused(401, "AUTH_003");
}

async fn what_cannot_be_a_conversation_is_refused_by_name(host: TestHost) {
    let alice = host.user("alice").await;
    for (body, pointer) in [
        (json!({"title": " "}), "/title"),
        (json!({"title": "x".repeat(501)}), "/title"),
        (json!({"persona": "mentr"}), "/persona"),
        (json!({"titel": "x"}), "/titel"),
    ] {
        let error = alice.post(CONVERSATIONS, body).await.refused(422, "VAL_001");
        assert_eq!(error["errors"][0]["pointer"], pointer);
    }
    let near = alice.post(CONVERSATIONS, json!({"persona": "mentr"})).await.refused(422, "VAL_001");
    assert!(near["errors"][0]["message"].as_str().unwrap().contains("`mentor`"), "{near}");
    alice.post(CONVERSATIONS, json!({"user_id": "0198f3a0-0000-7000-8000-000000000000"})).await.refused(403, "AUTH_005");
    assert_eq!(alice.get(CONVERSATIONS).await.ok()["total"], 0);
}

async fn a_fork_of_nothing_is_an_empty_conversation_of_the_same_name(host: TestHost) {
    let alice = host.user("alice").await;
    let from = alice.post(CONVERSATIONS, json!({"title": "Garden", "persona": "mentor"})).await.created();
    let fork = alice.post(&at(&from, "/fork"), json!({})).await.created();
    assert_ne!(fork["id"], from["id"]);
    assert_eq!((&fork["title"], &fork["persona"], &fork["message_count"]), (&json!("Garden"), &json!("mentor"), &json!(0)));
    let error = alice.post(&at(&from, "/fork"), json!({"message_id": from["id"]})).await.refused(422, "VAL_001");
    assert_eq!(error["errors"][0]["pointer"], "/message_id");
}
}
