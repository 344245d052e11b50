//! The scripts through `/v1`, and what the doors share: whatever the model server does, a stream ends with a typed error,
//! nobody hangs, and the host's key is in no answer.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::kit::{Actor, KEY, MODEL, Script, ScriptedModel, TestHost, backends, full, pieces};

/// The events of a whole stream: name and data.
pub(super) fn events(text: &str) -> Vec<(String, Value)> {
    let event = |part: &str| {
        let field = |name: &str| part.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        Some((field("event:").unwrap_or_default(), serde_json::from_str(&field("data:")?).unwrap_or(Value::Null)))
    };
    text.split("\n\n").filter_map(event).collect()
}

pub(super) async fn with_model(host: &mut TestHost, script: Script) -> ScriptedModel {
    let server = ScriptedModel::start(script).await;
    host.restart_with(|config| {
        server.configure(config);
        (config.llm.first_byte_seconds, config.llm.idle_seconds, config.llm.answer_seconds, config.llm.attempts) = (2, 1, 6, 1);
    })
    .await;
    server
}

/// Whoever leaves in the middle ends the model's call: within a second, each time.
pub(super) async fn leaves(host: &TestHost, server: &ScriptedModel, who: &Actor, path: &str, body: &Value, rounds: usize) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for round in 0..rounds {
        let (asked, left) = (server.requests().len(), server.cancelled());
        let request = client.post(format!("{}{path}", host.base)).bearer_auth(who.token.as_ref().unwrap()).json(body);
        let listening = tokio::spawn(async move {
            let mut answer = request.send().await.unwrap();
            while answer.chunk().await.unwrap().is_some() {}
        });
        server.release(1);
        while server.requests().len() == asked {
            assert!(!listening.is_finished(), "{path} was not answered by the model");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let gone = Instant::now();
        listening.abort();
        let took = server.left(left + 1).await.saturating_duration_since(gone);
        assert!(took < Duration::from_secs(1), "{path}, round {round}: {took:?}");
    }
}

fn completion(stream: bool) -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": "hello there"}], "stream": stream})
}

backends! {
async fn a_stream_of_openai_ends_with_an_error_frame(mut host: TestHost) {
    let server = with_model(&mut host, Script::Echo).await;
    let alice = host.user("alice").await;
    for script in [
        Script::CutInMidChunk(pieces("it begins ")),
        Script::InvalidJson(pieces("it begins ")),
        Script::BrokenCharacter(pieces("it begins ")),
        Script::FallsSilent(pieces("it begins ")),
    ] {
        server.then(script);
        let answer = alice.post("/v1/chat/completions", completion(true)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let frames = events(&answer.text);
        let text: String = frames.iter().filter_map(|(_, frame)| frame["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, "it begins ");
        assert!(frames.iter().any(|(_, frame)| frame["error"]["code"].as_str().is_some_and(|code| code.starts_with("LLM_"))), "{}", answer.text);
    }
    for (script, status) in [
        (Script::busy("60"), 429),
        (Script::error(400, "no such option"), 400),
        (Script::error(401, "who are you"), 502),
        (Script::error(500, "oops"), 502),
        (Script::ZeroChunks, 502),
        (Script::Silent, 504),
    ] {
        for stream in [true, false] {
            server.then(script.clone());
            let answer = alice.post("/v1/chat/completions", completion(stream)).await;
            assert_eq!(answer.status, status, "{}", answer.text);
            assert!(answer.json["error"]["message"].is_string() && !answer.text.contains(KEY), "{}", answer.text);
            alice.post("/v1/chat/completions", completion(false)).await.ok();
        }
    }
}

async fn a_client_of_openai_that_leaves_ends_the_models_call(mut host: TestHost) {
    let server = with_model(&mut host, Script::Held(vec!["word ".to_owned(); 1_000])).await;
    let alice = host.user("alice").await;
    leaves(&host, &server, &alice, "/v1/chat/completions", &completion(true), if full() { 100 } else { 3 }).await;
    leaves(&host, &server, &alice, "/v1/chat/completions", &completion(false), if full() { 100 } else { 3 }).await;
}
}
