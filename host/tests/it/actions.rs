//! What a persona does for its person in an agentic turn: the host's own operations, with the permissions of the request, on
//! what is the person's, each with a row in the log.

use mnemosyne_host::plugin::persona::Wishes;
use mnemosyne_host::service::personas::Ask;
use mnemosyne_host::service::principal::{Permission, Permissions, Principal, Role};
use mnemosyne_host::store;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{Actor, Heard, TestHost, Voice, backends, let_in};

/// A persona that performs exactly this whatever it is told.
fn acting(name: &str, arguments: &Value) -> Voice {
    let text = arguments.to_string();
    let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let (length, size) = (name.len(), text.len());
    Voice {
        imports: r#"(import "mnemosyne:actions/actions@0.1.0" "perform" (func $perform (param i32 i32 i32 i32 i32 i32 i32)))"#.to_owned(),
        items: format!(r#"(data (i32.const 4096) "{name}") (data (i32.const 4160) "{escaped}")"#),
        respond: format!(
            "(call $perform (i32.const 272) (i32.const 1) (i32.const 4096) (i32.const {length}) (i32.const 4160) (i32.const {size}) (i32.const 896))
             (call $drop_reply (i32.load offset=280 (local.get 0))) (i32.const 3072)"
        ),
        manifest: "[needs.actions]\noperations = ['tasks.list', 'tasks.create', 'tasks.complete', 'memories.search', 'memories.create']",
        ..Voice::default()
    }
}

fn principal(who: &Actor, permissions: Permissions) -> Principal {
    Principal {
        user: user(who),
        display_name: "somebody".into(),
        roles: vec![Role::User],
        permissions,
        session: None,
        authenticated_at: 0,
        api_key: None,
        timezone: "UTC".into(),
        locale: "en".into(),
    }
}

fn user(who: &Actor) -> Uuid {
    who.account["user"]["id"].as_str().unwrap().parse().unwrap()
}

/// Lets a persona do this for somebody; gives what the client was told of it.
async fn act(host: &TestHost, who: &Principal, name: &str, arguments: Value, wish: impl FnOnce(&mut Ask)) -> Value {
    let plugin = format!("persona-actor-{}", next());
    let_in(&host.operator(), "persona/actor", acting(name, &arguments).build(&plugin, "0.1.0")).await;
    let wishes = Wishes { agentic: true, max_iterations: 3, ..Wishes::default() };
    let mut ask = Ask { message: "please".into(), persona: Some("actor".into()), use_memories: true, wishes, ..Ask::default() };
    wish(&mut ask);
    let turn = host.app.personas.prepare(who, ask).await.unwrap();
    let heard = Heard::default();
    host.app.personas.answer(&turn, &heard).await.unwrap();
    let told = heard.told();
    assert_eq!(told.actions.len(), 1, "{told:?}");
    told.actions[0].clone()
}

/// A number that no call before had.
fn next() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// What an action gave; it must have been done.
fn result(action: &Value) -> Value {
    assert_eq!(action["proposed"], false, "{action}");
    match &action["result"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    }
}

/// Operation and outcome of each row, newest first.
async fn rows(host: &TestHost, who: &Actor) -> Vec<(String, String)> {
    let rows = store::actions::list(&host.app.db, user(who), 100).await.unwrap();
    rows.into_iter().map(|row| (row.operation, row.outcome)).collect()
}

fn row(operation: &str, outcome: &str) -> (String, String) {
    (operation.to_owned(), outcome.to_owned())
}

backends! {
async fn a_persona_keeps_finds_and_does_things_for_its_person(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let person = principal(&alice, Role::User.permissions());
    bob.post("/api/v1/memories", json!({"content": "Bob's canary sings at dawn"})).await.created();
    let kept = result(&act(&host, &person, "create_memory", json!({"content": "The canary sings at dusk", "tags": ["birds"]}), |_| {}).await);
    assert_eq!(kept["fresh"], true);
    let id = kept["memory"]["id"].as_str().unwrap();
    let memory = alice.get(&format!("/api/v1/memories/{id}")).await.ok();
    assert_eq!((&memory["source_type"], &memory["tags"]), (&json!("plugin"), &json!(["birds"])), "where it comes from is told: {memory}");
    let found = result(&act(&host, &person, "search_memories", json!({"query": "canary sings"}), |_| {}).await);
    assert_eq!((found["memories"].as_array().unwrap().len(), &found["memories"][0]["id"]), (1, &json!(id)), "hers alone: {found}");
    let task = result(&act(&host, &person, "create_task", json!({"title": "Feed the canary"}), |_| {}).await);
    let done = result(&act(&host, &person, "complete_task", json!({"id": task["id"]}), |_| {}).await);
    assert_eq!(done["task"]["status"], "completed");
    assert_eq!(alice.get(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await.ok()["status"], "completed");
    let log = rows(&host, &alice).await;
    assert_eq!(log, [row("tasks.complete", "ok"), row("tasks.create", "ok"), row("memories.search", "ok"), row("memories.create", "ok")]);
    let subjects = store::actions::list(&host.app.db, user(&alice), 1).await.unwrap();
    assert_eq!(subjects[0].subject.map(|id| id.to_string()).as_deref(), task["id"].as_str());
    assert!(rows(&host, &bob).await.is_empty());
}

async fn ids_that_a_model_has_chosen_are_the_persons_own_or_nothing(host: TestHost) {
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let his = bob.post("/api/v1/tasks", json!({"title": "his"})).await.created();
    let person = principal(&alice, Role::User.permissions());
    let action = act(&host, &person, "complete_task", json!({"id": his["id"]}), |_| {}).await;
    assert!(action["result"].is_null() && action["error"].is_string(), "{action}");
    assert_eq!(bob.get(&format!("/api/v1/tasks/{}", his["id"].as_str().unwrap())).await.ok()["status"], "pending");
    assert_eq!(rows(&host, &alice).await, [row("tasks.complete", "not-found")]);
}

async fn a_turn_does_no_more_than_its_request_may_and_its_person_wishes(host: TestHost) {
    let alice = host.user("alice").await;
    alice.post("/api/v1/memories", json!({"content": "The canary sings at dusk"})).await.created();
    let narrow = principal(&alice, Permissions::of(&[Permission::ChatUse, Permission::TaskRead]));
    let all = principal(&alice, Role::User.permissions());
    for (name, arguments) in [("search_memories", json!({"query": "canary"})), ("create_memory", json!({"content": "x"})), ("create_task", json!({"title": "x"}))] {
        let action = act(&host, &narrow, name, arguments, |_| {}).await;
        assert!(action["error"].is_string(), "{action}");
    }
    let unwished = act(&host, &all, "search_memories", json!({"query": "canary"}), |ask| ask.use_memories = false).await;
    assert!(unwished["error"].is_string() && !unwished.to_string().contains("dusk"), "{unwished}");
    let proposed = act(&host, &all, "create_task", json!({"title": "x"}), |ask| ask.wishes.agentic = false).await;
    assert_eq!(proposed["proposed"], true);
    assert_eq!((alice.get("/api/v1/tasks").await.ok()["total"].as_i64(), rows(&host, &alice).await.len()), (Some(0), 0), "none of them reached the host");
}
}
