//! Conversations on `/v1`: by personas, by models of the server behind; whole, in chunks, refused, broken off.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chunks::{Chunks, open};
use crate::kit::{Script, ScriptedModel, TestHost, backends, full};

const MENTOR: &str = "persona:mentor";

/// A question to this model, with more fields.
fn ask(model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "What did I plan?"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A model server behind this host.
async fn behind(host: &mut TestHost, script: Script) -> ScriptedModel {
    let model = ScriptedModel::start(script).await;
    host.restart_with(|config| model.configure(config)).await;
    model
}

fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// Waits until the model's only caller has left; the limit is asserted where the machine is not shared.
async fn leaves_within_a_second(model: &ScriptedModel, calls: usize, since: Instant) {
    let left = model.left(calls).await.into_std();
    assert!(!full() || left.saturating_duration_since(since) <= Duration::from_secs(1), "{:?}", left.saturating_duration_since(since));
}

backends! {
async fn without_any_model_a_persona_answers_and_says_so(host: TestHost) {
    let alice = host.user("alice").await;
    let answer = alice.post("/v1/chat/completions", ask(MENTOR, json!({}))).await.ok();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!(MENTOR)));
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    let choice = &answer["choices"][0];
    assert_eq!((&choice["index"], &choice["message"]["role"], &choice["finish_reason"]), (&json!(0), &json!("assistant"), &json!("stop")));
    assert!(!choice["message"]["content"].as_str().unwrap().is_empty());
    assert_eq!(answer["usage"], json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}));
    let origin = &answer["x_mnemosyne"];
    assert_eq!((&origin["plugin"], &origin["model"], &origin["degraded"]), (&json!("persona-mentor"), &json!("offline"), &json!(true)));

    let streamed = Chunks::read(&host, &alice, ask(MENTOR, json!({"stream": true}))).await;
    streamed.keep_the_rules(false);
    assert_eq!(streamed.text(), choice["message"]["content"].as_str().unwrap());
}

async fn an_answer_ends_as_the_models_did(mut host: TestHost) {
    let model = behind(&mut host, Script::says("All of it, and more than five tokens.")).await;
    let alice = host.user("alice").await;
    let reason = async |more: Value| {
        let answer = alice.post("/v1/chat/completions", ask(MENTOR, more)).await.ok();
        answer["choices"][0]["finish_reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(json!({"max_tokens": 5})).await, "stop", "what the model says counts, not how long it is");
    model.then(Script::Deltas(vec![json!({"content": "Cut off in the"})], "length"));
    assert_eq!(reason(json!({})).await, "length");
    model.then(Script::Deltas(vec![json!({"content": "Cut off in the"})], "length"));
    let streamed = Chunks::read(&host, &alice, ask(MENTOR, json!({"stream": true}))).await;
    assert!(streamed.text().starts_with("Cut off"));
    assert_eq!(streamed.ended(), Some("length"));
}

async fn a_persona_speaks_with_the_model_behind(mut host: TestHost) {
    let model = behind(&mut host, Script::says("Roses by the wall.")).await;
    let alice = host.user("alice").await;
    let more = json!({"temperature": 0, "max_tokens": 99, "stop": ["\n\n"], "user": "u-1", "seed": 7});
    let answer = alice.post("/v1/chat/completions", ask(MENTOR, more.clone())).await.ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "Roses by the wall.");
    assert!(answer["usage"]["total_tokens"].as_u64().unwrap() > 0, "{answer}");
    assert_eq!((&answer["model"], &answer["x_mnemosyne"]["degraded"]), (&json!(MENTOR), &json!(false)));
    let asked = &model.requests()[0];
    assert_eq!((&asked["temperature"], &asked["max_tokens"], &asked["stop"]), (&json!(0.0), &json!(99), &json!(["\n\n"])), "{asked}");

    let mut streamed = ask(MENTOR, more);
    streamed.as_object_mut().unwrap().extend([("stream".to_owned(), json!(true)), ("stream_options".to_owned(), json!({"include_usage": true}))]);
    let chunks = Chunks::read(&host, &alice, streamed).await;
    chunks.keep_the_rules(true);
    assert_eq!(chunks.text(), "Roses by the wall.");
}

async fn what_a_program_tells_a_persona_is_no_instruction_of_ours(mut host: TestHost) {
    let model = behind(&mut host, Script::says("Yes.")).await;
    let alice = host.user("alice").await;
    let parts = json!([{"type": "text", "text": "first part"}, {"type": "text", "text": "second part"}]);
    let messages = json!([
        {"role": "system", "content": "MARK-SYSTEM"}, {"role": "user", "content": "MARK-ASKED"},
        {"role": "assistant", "content": "MARK-ANSWERED", "tool_calls": []}, {"role": "tool", "tool_call_id": "c1", "content": "MARK-TOOL"},
        {"role": "assistant", "content": null}, {"role": "developer", "content": "MARK-DEVELOPER"}, {"role": "user", "name": "alice", "content": parts},
    ]);
    alice.post("/v1/chat/completions", json!({"model": MENTOR, "messages": messages})).await.ok();
    let sent = model.requests()[0]["messages"].as_array().unwrap().clone();
    let (system, others): (Vec<&Value>, Vec<&Value>) = sent.iter().partition(|message| message["role"] == "system");
    assert!(system.iter().all(|message| !message["content"].to_string().contains("MARK")), "{system:?}");
    let order = ["MARK-ASKED", "MARK-ANSWERED", "MARK-TOOL", "MARK-SYSTEM", "MARK-DEVELOPER", "first part\\nsecond part"];
    let told = others.iter().map(ToString::to_string).collect::<String>();
    let places: Vec<usize> = order.iter().map(|mark| told.find(mark).unwrap_or_else(|| panic!("no {mark} in {told}"))).collect();
    assert!(places.is_sorted(), "{told}");
}

async fn a_model_behind_gets_the_request_as_it_came(mut host: TestHost) {
    let model = behind(&mut host, Script::says("one two three")).await;
    let alice = host.user("alice").await;
    let ids: Vec<Value> = alice.get("/v1/models").await.ok()["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids[5..], [json!("scripted"), json!("hashed-ngram-v1")]);
    assert_eq!(alice.get("/v1/models/scripted").await.ok()["owned_by"], "a test");

    let tool = json!({"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}});
    let more = json!({"tools": [tool], "tool_choice": "auto", "top_p": 0.5, "new_next_month": {"a": [1]}, "response_format": {"type": "json_object"}});
    let answer = alice.post("/v1/chat/completions", ask("scripted", more.clone())).await.ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "one two three");
    let asked = &model.requests()[0];
    for (field, value) in more.as_object().unwrap() {
        assert_eq!(&asked[field], value, "{field}");
    }
    for wants_usage in [false, true] {
        let more = json!({"stream": true, "stream_options": {"include_usage": wants_usage}});
        let chunks = Chunks::read(&host, &alice, ask("scripted", more)).await;
        chunks.keep_the_rules(wants_usage);
        assert_eq!(chunks.text(), "one two three");
    }
}

async fn calls_of_tools_stream_through(mut host: TestHost) {
    let call = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let first = json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}]});
    let _model = behind(&mut host, Script::Deltas(vec![first.clone(), call("{\"city\":"), call("\"Rome\"}")], "tool_calls")).await;
    let alice = host.user("alice").await;
    let chunks = Chunks::read(&host, &alice, ask("scripted", json!({"stream": true}))).await;
    chunks.keep_the_rules(false);
    let calls: Vec<&Value> = chunks.deltas().filter_map(|delta| delta.get("tool_calls")).collect();
    assert_eq!(calls, [&first["tool_calls"], &call("{\"city\":")["tool_calls"], &call("\"Rome\"}")["tool_calls"]]);
    assert_eq!(chunks.finish(), "tool_calls");
}

async fn what_a_persona_cannot_do_is_refused_by_name(host: TestHost) {
    let alice = host.user("alice").await;
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]);
    let assistant = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "and"}]);
    let unable = [
        ("tools", json!([{"type": "function", "function": {"name": "f"}}])),
        ("response_format", json!({"type": "json_schema", "json_schema": {}})),
        ("stop", json!(["1", "2", "3", "4", "5"])),
        ("n", json!(2)),
        ("messages", image),
        ("messages", assistant),
        ("messages", json!([{"role": "system", "content": "x"}])),
        ("messages", json!([{"role": "user", "content": "  "}])),
    ];
    for stream in [false, true] {
        for (param, value) in &unable {
            let answer = alice.post("/v1/chat/completions", ask(MENTOR, json!({*param: value, "stream": stream}))).await;
            assert_eq!(answer.header("x-should-retry"), "false");
            assert_eq!(answer.refused(400, "REQ_001")["param"], *param);
        }
        for model in ["persona:nobody", "persona:", "gpt-4o"] {
            let error = alice.post("/v1/chat/completions", ask(model, json!({"stream": stream}))).await.refused(404, "DB_001");
            assert_eq!(error["param"], "model");
        }
    }
    let error = alice.post("/v1/chat/completions", ask("hashed-ngram-v1", json!({}))).await.refused(400, "REQ_001");
    assert_eq!(error["param"], "model");
    for (param, value) in [("temperature", json!(2.5)), ("max_tokens", json!(0)), ("messages", json!([])), ("stream", json!("yes"))] {
        let error = alice.post("/v1/chat/completions", ask(MENTOR, json!({param: value}))).await.refused(422, "VAL_001");
        assert_eq!(error["param"], param);
    }
    let error = alice.post("/v1/chat/completions", json!({"model": MENTOR, "messages": [{"role": "wizard", "content": "x"}]})).await;
    assert_eq!(error.refused(422, "VAL_001")["param"], "messages.0.role");
}

async fn what_fails_before_the_first_word_has_a_status(mut host: TestHost) {
    let model = behind(&mut host, Script::says("fine")).await;
    let alice = host.user("alice").await;
    model.then(Script::error(400, "the prompt is too long"));
    let error = alice.post("/v1/chat/completions", ask("scripted", json!({"stream": true}))).await.refused(400, "REQ_001");
    assert!(error["message"].as_str().unwrap().contains("too long"), "{error}");
    // Bad keys of the host are no business of a client's.
    for _ in 0..4 {
        model.then(Script::error(401, "bad key sk-scripted-canary"));
    }
    let answer = alice.post("/v1/chat/completions", ask("scripted", json!({"stream": true}))).await;
    assert!(!answer.text.contains("sk-scripted-canary"));
    answer.refused(502, "LLM_001");
}

async fn what_fails_after_the_first_word_is_a_frame(mut host: TestHost) {
    let model = behind(&mut host, Script::says("fine")).await;
    let alice = host.user("alice").await;
    for target in ["scripted", MENTOR] {
        for script in [Script::CutInMidChunk(pieces("Roses by ")), Script::EndsWithoutReason(pieces("Roses by ")), Script::InvalidJson(pieces("Roses by "))] {
            model.then(script);
            let chunks = Chunks::read(&host, &alice, ask(target, json!({"stream": true, "stream_options": {"include_usage": true}}))).await;
            assert_eq!((chunks.text().as_str(), chunks.is_done()), ("Roses by ", false), "{target}: {chunks:?}");
            let error = chunks.error();
            assert!(error["request_id"].is_string(), "{error}");
            assert_eq!(error["type"], "upstream_error", "{target}: {error}");
        }
    }
}

async fn a_persona_whose_model_says_nothing_answers_from_memory(mut host: TestHost) {
    let model = behind(&mut host, Script::Refuses(500, Vec::new(), "{}".into())).await;
    let alice = host.user("alice").await;
    let answer = alice.post("/v1/chat/completions", ask(MENTOR, json!({}))).await.ok();
    assert_eq!(answer["x_mnemosyne"]["degraded"], true);
    assert!(!answer["choices"][0]["message"]["content"].as_str().unwrap().is_empty());
    assert!(!model.requests().is_empty());
    let ids = alice.get("/v1/models").await.ok();
    assert_eq!(ids["data"].as_array().unwrap().len(), 7);
}

async fn a_client_that_leaves_a_stream_ends_the_model(mut host: TestHost) {
    let model = behind(&mut host, Script::Held(pieces("one two three four"))).await;
    let alice = host.user("alice").await;
    for (number, target) in ["scripted", MENTOR].into_iter().enumerate() {
        model.release(1);
        let mut response = open(&host, &alice, &ask(target, json!({"stream": true}))).await;
        let mut heard = String::new();
        while !heard.contains("one") {
            heard.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
        }
        let since = Instant::now();
        drop(response);
        leaves_within_a_second(&model, number + 1, since).await;
    }
}

async fn a_client_that_does_not_wait_for_its_answer_ends_the_model(mut host: TestHost) {
    let model = behind(&mut host, Script::Silent).await;
    let alice = host.user("alice").await;
    for (number, target) in ["scripted", MENTOR].into_iter().enumerate() {
        for (again, stream) in [false, true].into_iter().enumerate() {
            let calls = number * 2 + again + 1;
            let asking = tokio::spawn({
                let (base, token, body) = (host.base.clone(), alice.token.clone().unwrap(), ask(target, json!({"stream": stream})));
                async move { super::chunks::send(&base, &token, &body).await.map(drop) }
            });
            while model.requests().len() < calls {
                tokio::task::yield_now().await;
            }
            let since = Instant::now();
            asking.abort();
            leaves_within_a_second(&model, calls, since).await;
        }
    }
}
}
