//! What `/v1` passes through: bodies and pieces as they are, failures in OpenAI's words.

use futures::StreamExt as _;
use mnemosyne_host::backend::llm::ModelError;
use mnemosyne_host::error::{Code, Failure as _};
use serde_json::{Value, json};

use super::models;
use crate::kit::{MODEL, Script, ScriptedModel, backends, pieces};

fn body() -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": "hello there"}], "x_ours": [1, 2], "seed": 7})
}

backends! {
async fn unknown_fields_go_both_ways(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let models = models(&host, &server, |_| {});
    let answer = models.raw(None, body()).await.unwrap();
    assert_eq!((&answer["choices"][0]["message"]["content"], &answer["x_unknown"]), (&json!("hello there"), &json!({"kept": true})));
    assert_eq!(server.requests()[0], body());

    let mut asked = body();
    asked["stream_options"] = json!({"include_usage": true});
    let frames: Vec<Value> = models.raw_stream(None, asked).await.unwrap().map(Result::unwrap).collect().await;
    let text: String = frames.iter().filter_map(|frame| frame["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!((&*text, frames.len()), ("hello there", 4), "two pieces, the reason, the cost: {frames:?}");
    assert!(frames.iter().all(|frame| frame["x_unknown"]["kept"] == json!(true)));
    assert_eq!((&frames[2]["choices"][0]["finish_reason"], &frames[3]["usage"]["total_tokens"]), (&json!("stop"), &json!(18)));
}

async fn a_refusal_is_told_with_its_status_and_sentence(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let models = models(&host, &server, |llm| llm.attempts = 1);
    let refused = |param: &str| {
        Script::Refuses(400, Vec::new(), json!({"error": {"message": "tools are not for this model", "param": param}}).to_string())
    };
    server.then(refused("tools"));
    let fault = models.raw(None, body()).await.unwrap_err().fault();
    assert_eq!((fault.code, fault.public_message(), fault.param.as_deref()), (Code::Malformed, "tools are not for this model", Some("tools")));
    for (script, code) in [
        (Script::error(404, "gone"), Code::NotFound),
        (Script::error(413, "too long"), Code::TooLarge),
        (Script::error(422, "odd"), Code::Validation),
        (Script::error(401, "who"), Code::ModelFailed),
        (Script::busy("60"), Code::TooMany),
        (Script::error(500, "oops"), Code::ModelFailed),
        (Script::ZeroChunks, Code::ModelFailed),
    ] {
        server.then(script.clone()).then(script);
        assert_eq!(models.raw(None, body()).await.unwrap_err().code(), code);
        assert_eq!(models.raw_stream(None, body()).await.err().unwrap().code(), code);
        models.raw(None, body()).await.unwrap();
    }
}

async fn a_stream_that_breaks_ends_with_one_typed_error(host: TestHost) {
    let server = ScriptedModel::start(Script::CutInMidChunk(pieces("it begins "))).await;
    let models = models(&host, &server, |_| {});
    let mut stream = models.raw_stream(None, body()).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok() && stream.next().await.unwrap().is_ok());
    let told = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(told, ModelError::Broken(_)), "{told}");
    assert!(stream.next().await.is_none());

    server.then(Script::Held(pieces("one two")));
    server.release(1);
    let mut stream = models.raw_stream(None, body()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    server.left(1).await;
}

async fn only_models_that_the_operator_lets_out_can_be_named(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let all = models(&host, &server, |llm| llm.model = Some("hidden".into()));
    assert_eq!(all.list().await.unwrap().iter().map(|model| model["id"].clone()).collect::<Vec<_>>(), [json!(MODEL)]);
    all.raw(None, body()).await.unwrap();
    let none = models(&host, &server, |llm| (llm.model, llm.allowed_models) = (Some("own".into()), Some(Vec::new())));
    assert!(none.list().await.unwrap().is_empty());
    let told = none.raw(None, body()).await.unwrap_err();
    assert!(matches!(&told, ModelError::Refused { status: 404, param: Some(param), .. } if param == "model"), "{told:?}");
    let mut unnamed = body();
    unnamed.as_object_mut().unwrap().remove("model");
    assert_eq!(none.raw(None, unnamed).await.unwrap()["model"], "own");
    assert_eq!(none.model(), Some("own"));
    let wrong = none.raw(None, json!([])).await.unwrap_err();
    assert_eq!(wrong.code(), Code::Malformed);
}
}
