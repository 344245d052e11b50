//! `/api/v1/personas` and `/api/v1/persona`: who there is, who answers whom, and what they are told.
//!
//! ```text
//! personas/choice.rs    named, chosen, or whoever suits; beasts among them; revisions that fail
//! personas/mirror.rs    what the mirror keeps, shows and forgets
//! personas/model.rs     what reaches a model: voice, ground, trust, worldview
//! ```

mod choice;
mod mirror;
mod model;

use mnemosyne_host::service::personas::traditions::TRADITIONS;
use mnemosyne_host::service::personas::{Ask, Prepared};
use mnemosyne_host::service::principal::{Principal, Role};
use mnemosyne_sdk::plugin::persona::worldview;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, Heard, TestHost, Voice, backends, let_in};

const PERSONAS: &str = "/api/v1/personas";
const PERSONA: &str = "/api/v1/persona";
const FIVE: [&str; 5] = ["confidant", "guardian", "mediator", "mentor", "mirror"];

/// An actor as the services know them.
pub(crate) fn principal(who: &Actor) -> Principal {
    let user = &who.account["user"];
    Principal {
        user: user["id"].as_str().unwrap().parse().unwrap(),
        display_name: user["display_name"].as_str().unwrap().to_owned(),
        roles: vec![Role::User],
        permissions: Role::User.permissions(),
        session: None,
        authenticated_at: 0,
        api_key: None,
        timezone: "UTC".to_owned(),
        locale: "en".to_owned(),
    }
}

fn ask(message: &str) -> Ask {
    Ask { message: message.to_owned(), use_memories: true, ..Ask::default() }
}

async fn prepared(host: &TestHost, who: &Actor, ask: Ask) -> Prepared {
    host.app.personas.prepare(&principal(who), ask).await.unwrap()
}

/// What a named persona answers: the text, the version and whether it was marked.
async fn answer(host: &TestHost, who: &Actor, persona: &str) -> (String, String, bool) {
    let turn = prepared(host, who, Ask { persona: Some(persona.to_owned()), ..ask("Good morning") }).await;
    let heard = Heard::default();
    let answered = host.app.personas.answer(&turn, &heard).await.unwrap();
    (heard.told().text, format!("{}@{}", answered.revision.plugin, answered.revision.version), answered.degraded)
}

fn items<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list["items"].as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
}

backends! {
async fn the_bundled_personas_can_be_listed_and_read(host: TestHost) {
    let alice = host.user("alice").await;
    let list = alice.get(PERSONAS).await.ok();
    assert_eq!((items(&list, "id"), &list["total"], &list["has_more"]), (FIVE.to_vec(), &json!(5), &json!(false)));
    let mentor = alice.get(&format!("{PERSONAS}/mentor")).await.ok();
    assert_eq!(mentor, list["items"][3]);
    assert_eq!((&mentor["name"], &mentor["plugin"], &mentor["version"]), (&json!("Mentor"), &json!("persona-mentor"), &json!("0.1.0")));
    assert_eq!(mentor["digest"].as_str().map(str::len), Some(64));
    assert!(["purpose", "greeting"].iter().all(|key| mentor[key].as_str().is_some_and(|text| !text.is_empty())) && mentor["agentic"].is_boolean(), "{mentor}");
    let modes = alice.get(&format!("{PERSONA}/modes")).await.ok();
    assert_eq!(items(&modes, "mode"), FIVE);
    assert_eq!(alice.get("/api/v1/chat/persona/modes").await.ok(), modes, "as the predecessor's clients ask");
    for nothing in ["nobody", "Mentor", "persona-mentor", "%2e%2e"] {
        alice.get(&format!("{PERSONAS}/{nothing}")).await.refused(404, "DB_001");
    }
    for path in [PERSONAS, &format!("{PERSONAS}/mentor"), &format!("{PERSONA}/state")] {
        host.anonymous().get(path).await.refused(401, "AUTH_003");
        host.operator().get(path).await.refused(403, "AUTH_005");
    }
}

async fn a_persona_that_does_not_describe_itself_is_listed_all_the_same(host: TestHost) {
    let alice = host.user("alice").await;
    let_in(&host.operator(), "persona/echo", Voice::saying("hi").in_english_only().build("persona-echo", "0.1.0")).await;
    let echo = alice.get(&format!("{PERSONAS}/echo")).await.ok();
    assert_eq!((&echo["name"], &echo["purpose"]), (&json!("Echo"), &json!("")));
    alice.patch("/api/v1/auth/me", json!({"locale": "de"})).await.ok();
    let list = alice.get(PERSONAS).await.ok();
    assert_eq!(list["total"], 6);
    let echo = list["items"].as_array().unwrap().iter().find(|item| item["id"] == "echo").unwrap().clone();
    assert_eq!((&echo["name"], &echo["purpose"], &echo["plugin"]), (&json!("echo"), &json!("a voice of a test"), &json!("persona-echo")));
    assert_eq!(alice.get(&format!("{PERSONAS}/echo")).await.ok(), echo);
}

async fn a_persona_is_chosen_again_and_for_nobody_else(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let (state, switch, history) = (format!("{PERSONA}/state"), format!("{PERSONA}/mode/switch"), format!("{PERSONA}/mode/history"));
    let untold = json!({"primary_tradition": "", "secondary_traditions": [], "communication_style": "", "values_hierarchy": [], "ethical_framework": "", "cultural_context": ""});
    let before = json!({"current_mode": "confidant", "active_persona": null, "trust_level": 0.3, "worldview": untold, "mode_history_count": 0});
    assert_eq!(rounded(alice.get(&state).await.ok()), before);

    let chosen = alice.post(&switch, json!({"mode": "mentor", "reason": " I want to grow "})).await.ok();
    assert_eq!((&chosen["current_mode"], &chosen["active_persona"], &chosen["mode_history_count"]), (&json!("mentor"), &json!("mentor"), &json!(1)));
    assert_eq!(alice.post(&switch, json!({"mode": "mentor"})).await.ok(), chosen, "the same again changes nothing");
    let modes = alice.get(&format!("{PERSONA}/modes")).await.ok();
    assert_eq!(modes["items"].as_array().unwrap().iter().filter(|mode| mode["active"] == true).map(|mode| &mode["mode"]).collect::<Vec<_>>(), [&json!("mentor")]);
    alice.post(&switch, json!({"mode": "mirror"})).await.ok();
    let free = alice.post(&switch, json!({"mode": null})).await.ok();
    assert_eq!((&free["current_mode"], &free["active_persona"]), (&json!("confidant"), &Value::Null));

    let list = alice.get(&history).await.ok();
    let told: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| (item["mode"].as_str(), item["previous_mode"].as_str(), item["reason"].as_str())).collect();
    assert_eq!(told, [(None, Some("mirror"), None), (Some("mirror"), Some("mentor"), None), (Some("mentor"), None, Some("I want to grow"))]);
    let first = alice.get(&format!("{history}?cursor=&limit=2")).await.ok();
    let rest = alice.get(&format!("{history}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0], &rest["has_more"]), (1, &list["items"][2], &json!(false)));
    let page = alice.get(&format!("{history}?skip=1&limit=1")).await.ok();
    assert_eq!((&page["items"][0], &page["total"], &page["has_more"]), (&list["items"][1], &json!(3), &json!(true)));
    let newest = list["items"][0]["created_at"].as_str().unwrap();
    assert_eq!(alice.get(&format!("{history}?updated_after={newest}")).await.ok()["total"], 0);

    assert_eq!(bob.get(&history).await.ok()["total"], 0);
    assert_eq!(rounded(bob.get(&state).await.ok()), before);
}

async fn what_cannot_be_chosen_is_refused_and_changes_nothing(host: TestHost) {
    let alice = host.user("alice").await;
    let switch = format!("{PERSONA}/mode/switch");
    alice.post(&switch, json!({"mode": "guardian"})).await.ok();
    let before = alice.get(&format!("{PERSONA}/state")).await.ok();
    for (bad, pointer) in [
        (json!({"mode": "nobody"}), "/mode"),
        (json!({"mode": ""}), "/mode"),
        (json!({"mode": 5}), "/mode"),
        (json!({}), "/mode"),
        (json!({"mode": "mentor", "reason": "x".repeat(501)}), "/reason"),
        (json!({"mode": "mentor", "why": "x"}), "/why"),
    ] {
        assert_eq!(alice.post(&switch, bad.clone()).await.refused(422, "VAL_001")["errors"][0]["pointer"], pointer, "{bad}");
    }
    let near = alice.post(&switch, json!({"mode": "mentro"})).await.refused(422, "VAL_001");
    assert!(near["errors"][0]["message"].as_str().unwrap().contains("did you mean `mentor`?"), "{near}");
    host.anonymous().post(&switch, json!({"mode": "mentor"})).await.refused(401, "AUTH_003");
    assert_eq!(alice.get(&format!("{PERSONA}/state")).await.ok(), before);
    assert_eq!(alice.get(&format!("{PERSONA}/mode/history")).await.ok()["total"], 1);
}

async fn a_worldview_is_told_in_parts_and_only_by_its_owner(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let path = format!("{PERSONA}/worldview");
    let empty = alice.get(&path).await;
    assert_eq!(empty.header("etag"), "\"0\"");
    let told = alice.put(&path, json!({"primary_tradition": " Stoic ", "values_hierarchy": ["craft", "rest"], "communication_style": "direct"})).await;
    assert_eq!(told.header("etag"), "\"1\"");
    let told = told.ok();
    assert_eq!((&told["primary_tradition"], &told["values_hierarchy"], &told["cultural_context"]), (&json!("Stoic"), &json!(["craft", "rest"]), &json!("")));
    let more = alice.put(&path, json!({"secondary_traditions": ["sufi", "a river's"], "communication_style": null})).await.ok();
    assert_eq!((&more["primary_tradition"], &more["secondary_traditions"], &more["communication_style"]), (&json!("Stoic"), &json!(["sufi", "a river's"]), &json!("")));
    assert_eq!(alice.put(&path, json!({})).await.ok(), more);
    assert_eq!(alice.post(&format!("{path}/update"), json!({})).await.ok(), more, "as the predecessor's clients say it");
    assert_eq!(alice.get(&path).await.ok(), more);
    assert_eq!(alice.get(&format!("{PERSONA}/state")).await.ok()["worldview"], more);
    assert_eq!(bob.get(&path).await.ok(), empty.ok());

    let late = alice.ask(Method::PUT, &path).header("if-match", "\"1\"").json(json!({"cultural_context": "ja"})).send().await;
    late.refused(412, "PRE_001");
    for (bad, pointer) in [
        (json!({"primary_tradition": "x".repeat(201)}), "/primary_tradition"),
        (json!({"secondary_traditions": ["a", "b", "c"]}), "/secondary_traditions"),
        (json!({"secondary_traditions": ["a", "a"]}), "/secondary_traditions/1"),
        (json!({"values_hierarchy": ["ok", " "]}), "/values_hierarchy/1"),
        (json!({"values_hierarchy": ["x".repeat(201)]}), "/values_hierarchy/0"),
        (json!({"values_hierarchy": vec!["x"; 17]}), "/values_hierarchy"),
        (json!({"ethical_framework": ["care"]}), "/ethical_framework"),
        (json!({"tradition": "stoic"}), "/tradition"),
    ] {
        assert_eq!(alice.put(&path, bad.clone()).await.refused(422, "VAL_001")["errors"][0]["pointer"], pointer, "{bad}");
    }
    assert_eq!(alice.get(&path).await.ok(), more);
}

async fn there_are_ten_traditions_and_personas_have_words_for_each(host: TestHost) {
    let list = host.user("alice").await.get(&format!("{PERSONA}/traditions")).await.ok();
    let known: Vec<&str> = worldview::TRADITIONS.iter().map(|(id, _)| *id).collect();
    assert_eq!((items(&list, "id"), list["total"].as_u64()), (known, Some(10)));
    assert_eq!(TRADITIONS.len(), 10);
}
}

/// Half-precision does not matter to anybody.
fn rounded(mut state: Value) -> Value {
    let trust = state["trust_level"].as_f64().unwrap();
    state["trust_level"] = json!((trust * 10.0).round() / 10.0);
    state
}
