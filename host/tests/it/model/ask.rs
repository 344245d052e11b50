//! What the capability's backend makes of each script: the table in `backend/llm/mod.rs`.

use std::sync::Arc;
use std::time::Duration;

use mnemosyne_host::config::{ModelClass, Profile};
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::llm::ModelBackend as _;
use mnemosyne_runtime::wit::types::values::Tool;
use serde_json::json;
use tokio::time::Instant;

use super::{ask, asking, code, listen, models, open, question, said};
use crate::kit::{KEY, MODEL, Script, ScriptedModel, backends, pieces};

/// Two words that come before whatever goes wrong.
fn begun() -> Vec<String> {
    pieces("it begins ")
}

backends! {
async fn a_good_answer_comes_whole_and_in_pieces(host: TestHost) {
    let server = ScriptedModel::start(Script::says("It is a good day.")).await;
    let models = models(&host, &server, |_| {});
    let whole = ask(&models, "hello").await.unwrap();
    assert_eq!((&*whole.text, &*whole.finish_reason, &*whole.model), ("It is a good day.", "stop", MODEL));
    assert_eq!((whole.usage.input_tokens, whole.usage.output_tokens), (11, 7));

    let heard = listen(open(&models, "hello").await.unwrap()).await;
    assert_eq!((&*heard.text, heard.end), ("It is a good day.", Ok(())));
    assert_eq!(heard.last.unwrap().finish_reason.as_deref(), Some("stop"));
    assert_eq!(heard.usage.map(|usage| (usage.input_tokens, usage.output_tokens)), Some((11, 7)));

    let calls = server.calls();
    assert!(calls.iter().all(|call| call.header("authorization") == Some(&format!("Bearer {KEY}"))), "{calls:?}");
    assert_eq!((&calls[0].body["stream"], &calls[1].body["stream"]), (&json!(false), &json!(true)));
    assert_eq!(calls[1].body["temperature"], json!(0.8));
}

async fn without_a_server_there_is_no_model_at_once(host: TestHost) {
    assert!(!host.app.models.configured());
    assert_eq!(ask(&host.app.models, "hello").await.unwrap_err(), BackendError::Unavailable { retry_after_ms: None });
    assert!(open(&host.app.models, "hello").await.is_err());
}

async fn a_slow_first_byte_is_waited_for_and_a_late_one_is_not(host: TestHost) {
    let server = ScriptedModel::start(Script::Silent).await;
    let models = models(&host, &server, |llm| (llm.first_byte_seconds, llm.answer_seconds) = (1, 2));
    server.then(Script::SlowFirstByte(Duration::from_millis(300), begun()));
    assert_eq!(listen(open(&models, "hello").await.unwrap()).await.text, "it begins ");
    assert_eq!(ask(&models, "hello").await.unwrap_err(), BackendError::Timeout);
    assert_eq!(open(&models, "hello").await.err().unwrap(), BackendError::Timeout);
    assert_eq!(server.requests().len(), 3, "nobody waits twice for it");
    server.left(2).await;
}

async fn a_busy_server_is_asked_again_when_it_says(host: TestHost) {
    let server = ScriptedModel::start(Script::says("Here I am.")).await;
    let models = models(&host, &server, |_| {});
    server.then(Script::busy("1"));
    let begun = Instant::now();
    assert_eq!(ask(&models, "hello").await.unwrap().text, "Here I am.");
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before it said");
    server.then(Script::busy("60"));
    assert_eq!(ask(&models, "hello").await.unwrap_err(), BackendError::Unavailable { retry_after_ms: Some(60_000) });
    assert_eq!(server.requests().len(), 3, "nobody is kept waiting for a minute");
}

async fn a_storm_of_failures_is_tried_three_times_and_then_left_alone(host: TestHost) {
    let server = ScriptedModel::start(Script::error(500, "out of order")).await;
    let models = models(&host, &server, |_| {});
    for call in 1..=3 {
        assert_eq!(code(&ask(&models, "hello").await.unwrap_err()), "unavailable");
        assert_eq!(server.requests().len(), call * 3);
    }
    let left_alone = open(&models, "hello").await.err().unwrap();
    assert!(matches!(left_alone, BackendError::Unavailable { retry_after_ms: Some(_) }));
    assert_eq!(server.requests().len(), 9, "the breaker is open");
}

async fn another_model_helps_out_before_the_first_byte_only(host: TestHost) {
    let server = ScriptedModel::start(Script::With(Arc::new(|body| match body["model"].as_str() {
        Some("spare") => Script::says("The spare one."),
        _ => Script::error(503, "loading"),
    })))
    .await;
    let models = models(&host, &server, |llm| (llm.fallback_model, llm.attempts) = (Some("spare".into()), 1));
    let answer = ask(&models, "hello").await.unwrap();
    assert_eq!((&*answer.text, &*answer.model), ("The spare one.", "spare"));
    assert_eq!(listen(open(&models, "hello").await.unwrap()).await.text, "The spare one.");
    server.then(Script::CutInMidChunk(begun()));
    let heard = listen(open(&models, "hello").await.unwrap()).await;
    assert_eq!((&*heard.text, code(&heard.end.unwrap_err())), ("it begins ", "llm-broken"), "nothing is begun anew");
}

async fn what_goes_wrong_after_the_first_byte_is_told_and_what_came_stays(host: TestHost) {
    let server = ScriptedModel::start(Script::ZeroChunks).await;
    let models = models(&host, &server, |llm| (llm.idle_seconds, llm.attempts) = (1, 1));
    let error = json!({"message": "out of memory", "code": 500});
    for (script, told) in [
        (Script::CutInMidChunk(begun()), "llm-broken"),
        (Script::EndsWithoutReason(begun()), "llm-broken"),
        (Script::BrokenCharacter(begun()), "llm-bad-answer"),
        (Script::InvalidJson(begun()), "llm-bad-answer"),
        (Script::ErrorPiece(begun(), error), "unavailable"),
        (Script::FallsSilent(begun()), "timeout"),
    ] {
        server.then(script);
        let heard = listen(open(&models, "hello").await.unwrap()).await;
        assert_eq!((&*heard.text, heard.end.as_ref().map_err(code)), ("it begins ", Err(told)));
    }
    server.left(1).await;
}

async fn the_same_before_the_first_byte_is_a_refusal_to_begin(host: TestHost) {
    let server = ScriptedModel::start(Script::ZeroChunks).await;
    let models = models(&host, &server, |llm| (llm.first_byte_seconds, llm.attempts) = (1, 1));
    let none = Vec::new;
    let page = || Script::Sends("text/html", "<html>".into());
    for (script, streamed, whole) in [
        (Script::CutInMidChunk(none()), "llm-broken", "llm-broken"),
        (Script::InvalidJson(none()), "llm-bad-answer", "llm-bad-answer"),
        (Script::BrokenCharacter(none()), "llm-bad-answer", "llm-bad-answer"),
        (Script::ErrorPiece(none(), json!({"message": "no", "code": 400})), "llm-refused", "llm-refused"),
        (Script::error(400, "no such option"), "llm-refused", "llm-refused"),
        (Script::error(401, "who are you"), "unavailable", "unavailable"),
        (Script::Refuses(302, vec![("location", "http://127.0.0.1:1/".into())], String::new()), "unavailable", "unavailable"),
    ] {
        server.then(script.clone()).then(script);
        assert_eq!(code(&open(&models, "hello").await.err().unwrap()), streamed);
        assert_eq!(code(&ask(&models, "hello").await.unwrap_err()), whole);
        // a good answer closes the breaker
        server.then(Script::says("good"));
        ask(&models, "hello").await.unwrap();
    }
    for script in [Script::ZeroChunks, page(), Script::Sends("application/json", "[]".into())] {
        server.then(script.clone());
        assert_eq!(code(&open(&models, "hello").await.err().unwrap()), "llm-bad-answer");
        server.then(script);
        assert_eq!(code(&ask(&models, "hello").await.unwrap_err()), "llm-bad-answer");
        server.then(Script::says("good"));
        ask(&models, "hello").await.unwrap();
    }
}

async fn what_is_cut_before_the_first_byte_is_asked_again(host: TestHost) {
    let server = ScriptedModel::start(Script::says("At last.")).await;
    let models = models(&host, &server, |_| {});
    server.then(Script::CutInMidChunk(Vec::new())).then(Script::EndsWithoutReason(Vec::new()));
    server.then(Script::CutInMidChunk(Vec::new()));
    assert_eq!(code(&open(&models, "hello").await.err().unwrap()), "llm-bad-answer", "an empty stream is not asked again");
    assert_eq!(ask(&models, "hello").await.unwrap().text, "At last.");
    assert_eq!(server.requests().len(), 4);
}

async fn answers_that_are_only_written_oddly_are_good(host: TestHost) {
    let server = ScriptedModel::start(Script::ZeroChunks).await;
    let models = models(&host, &server, |_| {});
    let text = "grüße, 世界 🌍 ";
    let odd = ": hello\r\n\r\nevent: message\r\ndata:{\"choices\":[{\"delta\":\r\ndata: {\"content\":\"odd \"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"but good\"},\"finish_reason\":\"length\"}]}";
    let whole = json!({"model": "m", "choices": [{"message": {"content": "in one piece"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    for (script, said, reason) in [
        (Script::HalfCharacter(text.into()), text, "stop"),
        (Script::NoDone(begun()), "it begins ", "stop"),
        (Script::Sends("text/event-stream; charset=utf-8", odd.into()), "odd but good", "length"),
        (Script::Sends("application/json", whole.to_string()), "in one piece", "stop"),
        (Script::Paced(pieces("one two three"), Duration::from_millis(5)), "one two three", "stop"),
    ] {
        server.then(script);
        let heard = listen(open(&models, "hello").await.unwrap()).await;
        assert_eq!((&*heard.text, heard.end), (said, Ok(())));
        assert_eq!(heard.last.unwrap().finish_reason.as_deref(), Some(reason));
    }
}

async fn an_endless_answer_ends(host: TestHost) {
    let server = ScriptedModel::start(Script::Endless("on and on ".into())).await;
    let models = models(&host, &server, |_| {});
    let heard = listen(open(&models, "hello").await.unwrap()).await;
    assert_eq!(code(&heard.end.unwrap_err()), "llm-too-large");
    assert!(heard.text.len() <= 500 * 16 + (4 << 10), "{} bytes", heard.text.len());
    server.left(1).await;
    server.then(Script::EndlessLine).then(Script::EndlessLine);
    assert_eq!(code(&open(&models, "hello").await.err().unwrap()), "llm-too-large");
    server.left(2).await;
}

async fn who_lets_go_ends_the_request_at_once(host: TestHost) {
    let server = ScriptedModel::start(Script::Held(begun())).await;
    let models = Arc::new(models(&host, &server, |_| {}));
    server.release(1);
    let mut stream = open(&models, "hello").await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text, "it ");
    let dropped = Instant::now();
    drop(stream);
    assert!(server.left(1).await.duration_since(dropped) < Duration::from_secs(1));

    for wait_for_headers in [true, false] {
        server.then(Script::Silent);
        let asked = server.requests().len();
        let own = Arc::clone(&models);
        let waiting = tokio::spawn(async move {
            if wait_for_headers { open(&own, "hello").await.map(drop) } else { ask(&own, "hello").await.map(drop) }
        });
        while server.requests().len() == asked {
            tokio::task::yield_now().await;
        }
        let before = server.cancelled();
        waiting.abort();
        server.left(before + 1).await;
    }
    assert_eq!(server.cancelled(), 3);
}

async fn reasoning_is_heard_and_tool_calls_come_whole(host: TestHost) {
    let server = ScriptedModel::start(Script::Deltas(
        vec![
            json!({"reasoning_content": "Rain, so "}),
            json!({"reasoning_content": "water nothing."}),
            json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "tasks_list", "arguments": "{\"li"}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "mit\":3}"}}]}),
        ],
        "tool_calls",
    ))
    .await;
    let models = models(&host, &server, |_| {});
    let mut asked = question("what is to be done?");
    asked.tools = vec![Tool { name: "tasks_list".into(), description: "Lists tasks.".into(), parameters: r#"{"type":"object"}"#.into() }];
    let heard = listen(models.open(asking(None), asked).await.unwrap()).await;
    let last = heard.last.unwrap();
    assert_eq!((&*heard.reasoning, last.finish_reason.as_deref()), ("Rain, so water nothing.", Some("tool_calls")));
    assert_eq!((&*last.tool_calls[0].name, &*last.tool_calls[0].arguments), ("tasks_list", "{\"limit\":3}"));
    assert_eq!(server.requests()[0]["tools"][0]["function"]["name"], "tasks_list");
}

async fn an_answer_with_a_schema_is_checked_and_asked_for_once_more(host: TestHost) {
    let server = ScriptedModel::start(Script::says("{\"mood\": 1}")).await;
    let models = models(&host, &server, |_| {});
    let schema = r#"{"type":"object","required":["mood"],"properties":{"mood":{"type":"string"}}}"#;
    let asked = || {
        let mut asked = question("how am I?");
        asked.json_schema = Some(schema.to_owned());
        asked
    };
    server.then(Script::says("Sure, here it is: good")).then(Script::says("```json\n{\"mood\": \"good\"}\n```"));
    let answer = models.complete(asking(None), asked()).await.unwrap();
    assert_eq!((&*answer.text, answer.usage.output_tokens), ("{\"mood\": \"good\"}", 14), "both questions are counted");
    let again = server.requests()[1]["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(again.contains("JSON"), "it is told what was wrong: {again}");

    assert_eq!(code(&models.complete(asking(None), asked()).await.unwrap_err()), "llm-schema");
    assert_eq!(server.requests().len(), 4, "twice, not more");
    server.then(Script::says("{\"mood\": \"fine\"}"));
    let heard = listen(models.open(asking(None), asked()).await.unwrap()).await;
    assert_eq!((&*heard.text, heard.usage.unwrap().output_tokens), ("{\"mood\": \"fine\"}", 7), "what is checked comes in one piece");
}

async fn a_server_that_does_not_know_an_option_is_asked_without_it(host: TestHost) {
    let server = ScriptedModel::start(Script::With(Arc::new(|body| {
        let unknown = ["stream_options", "response_format"].into_iter().find(|option| body.get(option).is_some());
        unknown.map_or(Script::says("{} "), |option| Script::error(400, &format!("unknown parameter: {option}")))
    })))
    .await;
    let models = models(&host, &server, |_| {});
    let heard = listen(open(&models, "hello").await.unwrap()).await;
    assert_eq!((&*heard.text, heard.usage.is_none()), ("{} ", true), "it does not tell what it cost");
    listen(open(&models, "hello").await.unwrap()).await.end.unwrap();
    assert_eq!(server.requests().len(), 3, "learned once");
    let mut asked = question("hello");
    asked.json_schema = Some(r#"{"type":"object"}"#.into());
    assert_eq!(models.complete(asking(None), asked).await.unwrap().text, "{}");
    assert!(server.requests()[4]["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"), "said in words instead");
}

async fn classes_and_wishes_choose_the_model(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let poet = ModelClass { model: Some("verse".into()), profile: Some(Profile::EmbeddedSystem), context_tokens: None };
    let models = models(&host, &server, |llm| {
        (llm.reasoning_model, llm.small_model) = (Some("thinker".into()), Some("mini".into()));
        llm.classes.insert("poet".into(), poet);
        llm.allowed_models = Some(vec!["allowed".into()]);
    });
    for (class, wish, model) in [
        ("chat", None, MODEL),
        ("small", None, "mini"),
        ("reasoning", None, "thinker"),
        ("poet", None, "verse"),
        ("chat", Some("allowed"), "allowed"),
        ("chat", Some("mini"), "mini"),
        ("chat", Some("forbidden"), MODEL),
    ] {
        let mut asked = question("hello");
        (asked.class, asked.wished_model) = (class.into(), wish.map(str::to_owned));
        assert_eq!(models.complete(asking(None), asked).await.unwrap().model, model);
    }
    let bodies = server.requests();
    assert_eq!(bodies[2]["max_completion_tokens"], json!(500));
    assert_eq!(bodies[3]["messages"], json!([{"role": "user", "content": "Be kind.\n\nhello"}]));
    let mut asked = question("hello");
    asked.class = "unheard-of".into();
    assert_eq!(code(&models.complete(asking(None), asked).await.unwrap_err()), "unavailable");
}

async fn the_only_model_of_a_server_needs_no_name(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let models = models(&host, &server, |llm| llm.model = None);
    assert_eq!(ask(&models, "hello").await.unwrap().model, MODEL);
    ask(&models, "hello").await.unwrap();
    assert_eq!(server.calls().iter().filter(|call| call.path == "/v1/models").count(), 1, "asked for once");
}

async fn a_conversation_that_does_not_fit_loses_its_oldest_turns(host: TestHost) {
    let server = ScriptedModel::start(Script::Echo).await;
    let models = models(&host, &server, |llm| llm.context_tokens = 1_024);
    let mut asked = question("and now?");
    let long = "a word or two ".repeat(60);
    asked.messages.splice(1..1, [said("user", &long), said("assistant", &long), said("user", &long), said("assistant", "yes")]);
    assert_eq!(models.complete(asking(None), asked).await.unwrap().text, "and now?");
    let sent = server.requests()[0]["messages"].as_array().unwrap().clone();
    assert_eq!((&sent[0]["content"], sent.len()), (&json!("Be kind."), 4), "{sent:?}");
    let mut asked = question(&"far too much ".repeat(1_000));
    asked.max_tokens = 10;
    assert_eq!(code(&models.complete(asking(None), asked).await.unwrap_err()), "llm-context");
}

async fn the_key_is_in_no_error(host: TestHost) {
    let server = ScriptedModel::start(Script::error(400, &format!("you sent {KEY}"))).await;
    let models = models(&host, &server, |_| {});
    let told = models.raw(None, json!({"messages": []})).await.unwrap_err();
    assert!(!format!("{told:?} {told} {:?}", ask(&models, "x").await).contains(KEY));
    assert!(!format!("{:?}", host.app.config.llm).contains(KEY));
}
}
