//! Turns in which a persona may have operations performed.

use serde_json::json;

use super::answers::said;
use crate::kit::{Script, ScriptedModel, backends, in_order, text};

/// A model that asks for a task first and then tells that it is made.
fn maker() -> Script {
    Script::With(std::sync::Arc::new(|request| {
        let messages = request["messages"].as_array().unwrap();
        if messages.iter().any(|message| message["role"] == "tool") {
            return Script::says("It is on your list.");
        }
        let call = json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "tasks.create", "arguments": "{\"title\": \"Buy roses\"}"}}]});
        let named = request["tools"].as_array().and_then(|tools| {
            let names = tools.iter().filter_map(|tool| tool["function"]["name"].as_str());
            names.filter(|name| name.contains("create") && name.contains("task")).map(str::to_owned).next()
        });
        match named {
            Some(name) => {
                let mut call = call;
                call["tool_calls"][0]["function"]["name"] = name.into();
                Script::Deltas(vec![call], "tool_calls")
            }
            None => Script::says("I may not."),
        }
    }))
}

backends! {
async fn a_persona_has_a_task_made_and_tells_so(mut host: TestHost) {
    let model = ScriptedModel::start(maker()).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    let messages = json!([
        {"role": "user", "content": "The roses are gone."}, {"role": "assistant", "content": "Shall we get new ones?"},
        {"role": "user", "content": "Yes, put it on my list."},
    ]);
    let body = json!({"messages": messages, "max_iterations": 2, "persona": "mentor"});
    let asking = alice.ask(reqwest::Method::POST, "/api/v1/chat/agentic/stream").json(body);
    let all = crate::kit::Events::of(asking).await.rest().await;
    in_order(&all, 0);
    assert!(text(&all).contains("It is on your list."), "{all:?}");
    let actions: Vec<_> = all.iter().filter(|event| event.name == "action").collect();
    assert_eq!((actions.len(), &actions[0].data["proposed"]), (1, &json!(false)), "{all:?}");
    let tasks = alice.get("/api/v1/tasks").await.ok();
    assert_eq!((&tasks["total"], &tasks["items"][0]["title"]), (&json!(1), &json!("Buy roses")));
    let said = said(&alice, &all[0].data["conversation_id"]).await;
    assert_eq!((said.len(), &said[0]["content"], &said[1]["role"]), (4, &json!("The roses are gone."), &json!("assistant")));
    assert_eq!(said[3]["context"]["actions"][0]["name"], actions[0].data["name"]);
}

async fn a_model_that_wants_to_act_for_ever_is_asked_as_often_as_was_wished(mut host: TestHost) {
    let bob_task = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let wanted = std::sync::Arc::clone(&bob_task);
    let model = ScriptedModel::start(Script::With(std::sync::Arc::new(move |request| {
        let names = request["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["function"]["name"].as_str());
        let Some(name) = names.filter(|name| name.contains("complete")).map(str::to_owned).next() else { return Script::says("Done.") };
        let arguments = json!({"id": *wanted.lock().unwrap()}).to_string();
        let call = json!({"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": arguments}});
        Script::Deltas(vec![json!({"tool_calls": [call]})], "tool_calls")
    })))
    .await;
    host.restart_with(|config| model.configure(config)).await;
    let (alice, bob) = (host.user("alice").await, host.user("bob").await);
    let task = bob.post("/api/v1/tasks", json!({"title": "his"})).await.created();
    task["id"].as_str().unwrap().clone_into(&mut bob_task.lock().unwrap());
    let body = json!({"messages": [{"role": "user", "content": "Tidy up."}], "max_iterations": 2, "persona": "mentor"});
    let asking = alice.ask(reqwest::Method::POST, "/api/v1/chat/agentic/stream").json(body);
    let all = crate::kit::Events::of(asking).await.rest().await;
    in_order(&all, 0);
    assert_eq!((text(&all).as_str(), model.requests().len()), ("Done.", 3), "two rounds, then an answer without tools");
    let actions: Vec<_> = all.iter().filter(|event| event.name == "action").collect();
    assert!(actions.len() == 2 && actions.iter().all(|action| action.data["error"].is_string()), "somebody else's task: {actions:?}");
    assert_eq!(bob.get(&format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await.ok()["status"], "pending");
}

async fn in_an_ordinary_turn_nothing_is_done(mut host: TestHost) {
    let model = ScriptedModel::start(maker()).await;
    host.restart_with(|config| model.configure(config)).await;
    let alice = host.user("alice").await;
    alice.say(json!({"message": "Put roses on my list.", "persona": "mentor"})).await.ok();
    assert_eq!(alice.get("/api/v1/tasks").await.ok()["total"], 0);
}

async fn what_is_no_turn_is_refused_by_name(host: TestHost) {
    let alice = host.user("alice").await;
    for (body, pointer) in [
        (json!({}), "/messages"),
        (json!({"messages": []}), "/messages"),
        (json!({"messages": [{"role": "assistant", "content": "x"}]}), "/messages"),
        (json!({"messages": [{"role": "system", "content": "x"}]}), "/messages/0/role"),
        (json!({"messages": [{"role": "user", "content": "x"}], "max_iterations": 0}), "/max_iterations"),
    ] {
        for path in ["stream", "complete"] {
            let error = alice.post(&format!("/api/v1/chat/agentic/{path}"), body.clone()).await.refused(422, "VAL_001");
            assert_eq!(error["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    assert_eq!(alice.get("/api/v1/chat/conversations").await.ok()["total"], 0);
}
}
