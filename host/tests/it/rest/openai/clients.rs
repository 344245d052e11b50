//! OpenAI's own clients, as child processes, against this host with a model server behind it that nobody here wrote.
//!
//! `make test` sets both up and names them in the environment. Without it a claim says so and is not tried; under `CI=true` it
//! fails. The scenarios are in `host/tests/clients/client.{py,mjs}`, the same in both languages.

use std::path::Path;
use std::process::Stdio;

use mnemosyne_host::service::principal::Permission;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::kit::{Script, ScriptedModel, TestHost, backends};

/// The key of the model server that `make test` starts.
const KEY: &str = "sk-test";

/// A variable that `make test` sets; `None`, said aloud, outside of it.
fn given(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    assert!(value.is_some() || std::env::var("CI").is_err(), "{name} is not set: `make test` sets it");
    if value.is_none() {
        eprintln!("not tried: {name} is not set; `make test` sets it");
    }
    value
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Python,
    JavaScript,
}

/// A host as its clients are told of it.
struct Told {
    base: String,
    key: String,
    clients: String,
}

impl Told {
    /// The host with a key of alice's; `None` without the clients.
    async fn of(host: &TestHost) -> Option<Self> {
        let clients = given("MNEMOSYNE_TEST_CLIENTS")?;
        host.user("alice").await;
        let scopes = [Permission::ChatUse, Permission::MemoryRead];
        let key = host.app.api_keys.create("a client", Some("alice"), &scopes, None).await.unwrap().key;
        Some(Self { base: format!("{}/v1", host.base), key, clients })
    }

    /// What one client makes of these scenarios, `name` or `name@model`, one after the other in one process.
    async fn run(&self, client: Client, scenarios: &[&str]) -> Vec<Value> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let (program, script) = match client {
            Client::Python => ("python3", scripts.join("client.py")),
            Client::JavaScript => ("node", scripts.join("client.mjs")),
        };
        let mut command = Command::new(program);
        command.arg(script).args(scenarios).env("OPENAI_BASE_URL", &self.base).env("OPENAI_API_KEY", &self.key);
        command.env("PYTHONPATH", format!("{}/python", self.clients)).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("MNEMOSYNE_TEST_OPENAI", format!("{}/javascript", self.clients)).env("NO_PROXY", "*");
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{client:?} {scenarios:?}: {errors}"))
    }

    /// What both make of it, side by side.
    async fn both(&self, scenarios: &[&str]) -> [(Client, Vec<Value>); 2] {
        let (python, javascript) = tokio::join!(self.run(Client::Python, scenarios), self.run(Client::JavaScript, scenarios));
        [(Client::Python, python), (Client::JavaScript, javascript)]
    }
}

/// The real model server behind this host.
async fn behind(host: &mut TestHost) -> Option<()> {
    let url = given("MNEMOSYNE_TEST_MODEL_URL")?;
    host.restart_with(|config| {
        config.llm.base_url = Some(url);
        config.llm.api_key = Some(KEY.into());
    })
    .await;
    Some(())
}

fn keeps_the_rules(client: Client, seen: &Value) {
    for key in ["ids", "created", "objects"] {
        assert_eq!(seen[key].as_array().unwrap().len(), 1, "{client:?} {key}: {seen}");
    }
    assert_eq!((&seen["objects"][0], &seen["roles"]), (&json!("chat.completion.chunk"), &json!(["assistant"])), "{client:?}");
    let finish = seen["finish"].as_array().unwrap();
    assert_eq!((finish.len(), &finish[0][1], &seen["last_is_usage"]), (1, &json!(""), &json!(true)), "{client:?}: {seen}");
}

backends! {
async fn official_clients_list_and_find_models(mut host: TestHost) {
    let Some(()) = behind(&mut host).await else { return };
    let Some(told) = Told::of(&host).await else { return };
    for (client, seen) in told.both(&["models"]).await {
        let seen = &seen[0];
        let ids = seen["ids"].as_array().unwrap();
        for id in ["persona:confidant", "persona:mentor", "tiny-random", "hashed-ngram-v1"] {
            assert!(ids.contains(&json!(id)), "{client:?}: {seen}");
        }
        assert_eq!(seen["found"], seen["ids"], "{client:?}");
    }
}

async fn official_clients_talk_with_the_model_behind(mut host: TestHost) {
    let Some(()) = behind(&mut host).await else { return };
    let Some(told) = Told::of(&host).await else { return };
    for (client, seen) in told.both(&["chat@tiny-random", "stream@tiny-random"]).await {
        let (seen, streamed) = (&seen[0], &seen[1]);
        assert_eq!((&seen["object"], &seen["role"], &seen["model"]), (&json!("chat.completion"), &json!("assistant"), &json!("tiny-random")), "{client:?}");
        assert!(!seen["text"].as_str().unwrap().is_empty() && seen["usage"][2].as_u64().unwrap() > 20, "{client:?}: {seen}");
        keeps_the_rules(client, streamed);
        assert_eq!(streamed["usage"][0], seen["usage"][0], "{client:?}: what was asked, counted alike");
        assert!(!streamed["text"].as_str().unwrap().is_empty(), "{client:?}: {streamed}");
    }
}

async fn official_clients_talk_with_a_persona(mut host: TestHost) {
    let Some(()) = behind(&mut host).await else { return };
    let Some(told) = Told::of(&host).await else { return };
    for (client, seen) in told.both(&["chat@persona:mentor", "stream@persona:mentor"]).await {
        let (seen, streamed) = (&seen[0], &seen[1]);
        assert_eq!((&seen["role"], &seen["model"]), (&json!("assistant"), &json!("persona:mentor")), "{client:?}");
        assert!(!seen["text"].as_str().unwrap().is_empty() && seen["usage"][0].as_u64().unwrap() > 100, "{client:?}: {seen}");
        keeps_the_rules(client, streamed);
        assert!(!streamed["text"].as_str().unwrap().is_empty(), "{client:?}: {streamed}");
    }
}

/// From a model that says one thing: a real one's rounding depends on what it cached and on what else it is asked meanwhile.
async fn official_clients_read_the_same_whole_and_streamed(mut host: TestHost) {
    let pieces = ["Tulips, ", "at the \u{1f337}\u{1f3fd} ", "f\u{fc}r die Bienen", ".\n\n"];
    let model = ScriptedModel::start(Script::Says(pieces.map(Into::into).to_vec())).await;
    host.restart_with(|config| model.configure(config)).await;
    let Some(told) = Told::of(&host).await else { return };
    for (client, seen) in told.both(&["chat@scripted", "stream@scripted", "chat@persona:mentor", "stream@persona:mentor"]).await {
        for answers in seen.chunks(2) {
            let (whole, streamed) = (&answers[0], &answers[1]);
            keeps_the_rules(client, streamed);
            assert_eq!((&whole["text"], &streamed["text"]), (&json!(pieces.concat()), &whole["text"]), "{client:?}: {whole}");
            assert_eq!((&streamed["finish"][0][0], &streamed["usage"]), (&whole["finish"], &whole["usage"]), "{client:?}: {whole}");
        }
    }
}

async fn official_clients_embed_alike_as_floats_and_by_default(host: TestHost) {
    let Some(told) = Told::of(&host).await else { return };
    for (client, seen) in told.both(&["embeddings@hashed-ngram-v1"]).await {
        let expected = json!({"model": "hashed-ngram-v1", "dimension": 1024, "same": true, "one": true, "indexes": [0, 1], "usage": [11, 11]});
        assert_eq!(seen, std::slice::from_ref(&expected), "{client:?}");
    }
}

async fn official_clients_raise_errors_of_their_own_kinds(mut host: TestHost) {
    let Some(()) = behind(&mut host).await else { return };
    let Some(told) = Told::of(&host).await else { return };
    let expected = json!([
        ["AuthenticationError", 401, "AUTH_003", "authentication_error", null, true],
        ["NotFoundError", 404, "DB_001", "not_found_error", "model", true],
        ["NotFoundError", 404, "DB_001", "not_found_error", "model", true],
        ["BadRequestError", 400, "REQ_001", "invalid_request_error", "tools", true],
        ["BadRequestError", 400, "REQ_001", "invalid_request_error", "n", true],
        ["UnprocessableEntityError", 422, "VAL_001", "invalid_request_error", "temperature", true],
        ["NotFoundError", 404, "DB_001", "not_found_error", "model", true],
        ["BadRequestError", 400, "REQ_001", "invalid_request_error", "input", true],
    ]);
    for (client, seen) in told.both(&["errors@persona:mentor"]).await {
        assert_eq!(seen, std::slice::from_ref(&expected), "{client:?}");
    }
}

async fn a_stream_that_breaks_off_is_an_error_of_the_official_clients(mut host: TestHost) {
    let model = ScriptedModel::start(Script::CutInMidChunk(vec!["Roses ".into(), "by ".into()])).await;
    host.restart_with(|config| model.configure(config)).await;
    let Some(told) = Told::of(&host).await else { return };
    for (client, both) in told.both(&["broken@scripted", "broken@persona:mentor"]).await {
        for seen in both {
            assert_eq!((&seen["text"], &seen["error"], &seen["type"]), (&json!("Roses by "), &json!("APIError"), &json!("upstream_error")), "{client:?}: {seen}");
            assert!(seen["code"].is_string(), "{client:?}: {seen}");
        }
    }
}

async fn official_clients_that_leave_a_stream_end_the_model(mut host: TestHost) {
    let model = ScriptedModel::start(Script::Endless("word ".into())).await;
    host.restart_with(|config| model.configure(config)).await;
    let Some(told) = Told::of(&host).await else { return };
    for (client, both) in told.both(&["leave@scripted", "leave@persona:mentor"]).await {
        for seen in both {
            assert!(seen["text"].as_str().unwrap().starts_with("word "), "{client:?}: {seen}");
        }
    }
    model.left(4).await;
}
}
