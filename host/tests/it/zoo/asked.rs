//! Task intelligence that is hostile: an empty answer with its reason, and nobody's tasks wait for it; and each beast's control,
//! which answers. `help.rs` asks each of its beasts everything; here each beast has its question.

use serde_json::{Value, json};

use super::minds::{self, Asked, Beast};
use super::{all_quiet, let_in, recorded, watch_panics};
use crate::kit::{Actor, Script, ScriptedModel, backends};

/// The question about this task, and where its answer stands.
async fn ask(person: &Actor, task: &str, asked: Asked) -> (Value, &'static str) {
    let tasks = "/api/v1/tasks";
    let post = async |path: String, body: Value| person.post(&path, body).await.ok();
    match asked {
        Asked::Suggestions => (person.get(&format!("{tasks}/suggestions?limit=5")).await.ok(), "suggestions"),
        Asked::Breakdown => (post(format!("{tasks}/{task}/breakdown"), json!({})).await, "steps"),
        Asked::Estimate => (post(format!("{tasks}/{task}/estimate"), json!({})).await, "minutes"),
        Asked::Extract => (post(format!("{tasks}/extract"), json!({"text": "I need to water the plants."})).await, "tasks"),
        Asked::Prioritize => (post(format!("{tasks}/prioritize"), json!({"task_ids": [task]})).await, "tasks"),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

backends! {
    async fn each_beast_that_helps_gives_an_empty_answer_with_its_reason_and_its_control_answers(mut host: TestHost) {
        watch_panics();
        let model = ScriptedModel::start(Script::Says(vec!["Fine.".to_owned()])).await;
        host.restart_with(|config| model.configure(config)).await;
        let (operator, mallory, alice) = (host.operator(), host.user("mallory").await, host.user("alice").await);
        let task = mallory.post("/api/v1/tasks", json!({"title": "water the plants", "difficulty": 2})).await.created();
        let task = task["id"].as_str().unwrap();
        let mut expected = Vec::new();
        for Beast { name, asked, mind, code, control } in minds::beasts() {
            let plugin = format!("mind-{name}");
            let_in(&operator, "task-intelligence", mind.build(&plugin)).await;
            let hers = async { alice.post("/api/v1/tasks", json!({"title": "hers"})).await.created() };
            let ((answer, value), _) = tokio::join!(ask(&mallory, task, asked), hers);
            assert!(answer["reason"].as_str().is_some_and(|reason| reason.starts_with("PLG_")), "{name}: {answer}");
            assert!(is_empty(&answer[value]) && answer["source"].is_null(), "{name}: {answer}");
            assert_eq!((&answer["degraded"], &answer["plugin"]["name"]), (&json!(true), &json!(plugin)), "{name}: {answer}");
            expected.push((plugin, code));
            let_in(&operator, "task-intelligence", control.build(&format!("tame-{name}"))).await;
            let (answer, value) = ask(&mallory, task, asked).await;
            assert_eq!((&answer["reason"], &answer["source"]), (&Value::Null, &json!("rules")), "the control of {name}: {answer}");
            assert!(!is_empty(&answer[value]), "the control of {name}: {answer}");
        }
        operator.bind("task-intelligence", "task-intelligence-classic@0.1.0").await;
        assert_eq!(ask(&mallory, task, Asked::Estimate).await.0["reason"], Value::Null);
        recorded(&host, expected).await;
        all_quiet(&host).await;
    }
}
