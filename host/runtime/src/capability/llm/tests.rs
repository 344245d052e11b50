//! Models and embeddings, at their doors.

use std::sync::Arc;

use mnemosyne_bindings::capability::llm::chat::Options;
use mnemosyne_bindings::capability::types::errors::ErrorKind;

use super::core::{Asked, complete, drop_stream, embed, next, open, space, usage};
use super::in_memory::{Script, ScriptedModel};
use crate::call::Call;
use crate::capability::reply::{channel, core::Reply};
use crate::capability::{BackendError, Backends};
use crate::conversation::Conversation;
use crate::kit::voice::said;
use crate::kit::{House, ada, settings};
use crate::wit::types::values::{Message, Tool};

const CHAT: &str = "[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 500\nembeddings = true";

fn options() -> Options {
    Options {
        model_class: None,
        temperature: None,
        top_p: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning: None,
        max_tokens: None,
        stop: Vec::new(),
        json_schema: None,
        tools: Vec::new(),
        tool_choice: None,
        extra: Vec::new(),
    }
}

fn asked() -> Asked {
    Asked { messages: vec![said("user", "hello")], options: options() }
}

fn with(change: impl FnOnce(&mut Options)) -> Asked {
    let mut asked = asked();
    change(&mut asked.options);
    asked
}

fn model(scripts: impl IntoIterator<Item = Script>) -> Arc<ScriptedModel> {
    let model = Arc::new(ScriptedModel::default());
    scripts.into_iter().for_each(|script| model.then(script));
    model
}

fn says(text: &str) -> Script {
    Script::Says(text.split_inclusive(' ').map(str::to_owned).collect())
}

async fn at(manifest: &'static str, model: &Arc<ScriptedModel>) -> Arc<Call> {
    let model = model.clone();
    House::on(settings(), |backends| Backends { models: model, ..backends }).at_a_personas_door(manifest, ada()).await
}

async fn refused(call: &Call, asked: Asked) -> (ErrorKind, String) {
    let error = complete(call, &mut Conversation::default(), asked).await.unwrap().unwrap_err();
    (error.kind, error.code)
}

#[tokio::test]
async fn a_question_is_answered_and_booked() {
    let model = model([says("good morning to you")]);
    let call = at(CHAT, &model).await;
    let mut of = Conversation { wished_model: Some("big".into()), ..Conversation::default() };
    let answer = complete(&call, &mut of, asked()).await.unwrap().unwrap();
    assert_eq!(answer.text, "good morning to you");
    let used = call.meter.models();
    assert_eq!((used.calls, used.output_tokens, used.model.as_deref()), (1, 4, Some("scripted")));
    let request = model.asked().remove(0);
    assert_eq!((request.class.as_str(), request.max_tokens, request.wished_model.as_deref()), ("chat", 500, Some("big")));
}

#[tokio::test]
async fn a_stream_gives_every_piece_then_its_cost() {
    let model = model([says("one two three")]);
    let call = at(CHAT, &model).await;
    let (sink, mut told) = channel(8);
    let mut of = Conversation { reply: Some(Reply::to(sink)), ..Conversation::default() };
    let handle = open(&call, &mut of, asked()).await.unwrap().unwrap();
    assert!(usage(&call, &of, handle).unwrap().is_none());
    let mut text = String::new();
    while let Some(delta) = next(&call, &mut of, handle).await.unwrap().unwrap() {
        text.push_str(&delta.text);
    }
    assert_eq!(text, "one two three");
    assert_eq!(usage(&call, &of, handle).unwrap().map(|usage| usage.output_tokens), Some(3));
    assert_eq!(next(&call, &mut of, handle).await.unwrap().unwrap().map(|delta| delta.text), None, "it stays over");
    assert_eq!(call.meter.models().output_tokens, 3);
    assert!(told.try_recv().is_err(), "there was no reasoning");
    drop_stream(&call, &mut of, handle);
    assert_eq!((model.open(), call.meter.models().output_tokens), (0, 3), "booked once");
}

#[tokio::test]
async fn letting_go_of_a_stream_cancels_the_model_and_books_what_was_heard() {
    let model = model([Script::Endless("abc".into()), Script::Endless("abc".into()), says("x")]);
    let call = at(CHAT, &model).await;
    let mut of = Conversation::default();
    let first = open(&call, &mut of, asked()).await.unwrap().unwrap();
    let _second = open(&call, &mut of, asked()).await.unwrap().unwrap();
    let third = open(&call, &mut of, asked()).await.unwrap().unwrap_err();
    assert_eq!((third.kind, third.code.as_str()), (ErrorKind::Quota, "llm-streams"));
    next(&call, &mut of, first).await.unwrap().unwrap();
    drop_stream(&call, &mut of, first);
    assert_eq!(model.open(), 1);
    assert_eq!(call.meter.models().output_tokens, 1);
    open(&call, &mut of, asked()).await.unwrap().unwrap();
    drop(of);
    assert_eq!(model.open(), 0, "the store's end is every stream's end");
}

#[tokio::test]
async fn a_failure_in_the_middle_ends_the_stream_and_keeps_the_booking() {
    let model = model([Script::Breaks(vec!["half".into()], BackendError::Unavailable { retry_after_ms: None })]);
    let call = at(CHAT, &model).await;
    let mut of = Conversation::default();
    let handle = open(&call, &mut of, asked()).await.unwrap().unwrap();
    assert_eq!(next(&call, &mut of, handle).await.unwrap().unwrap().unwrap().text, "half");
    assert_eq!(next(&call, &mut of, handle).await.unwrap().unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(next(&call, &mut of, handle).await.unwrap().unwrap().map(|delta| delta.text), None);
    assert_eq!(call.meter.models().calls, 1);
}

#[tokio::test]
async fn requests_and_tokens_of_a_call_run_out() {
    let model = model((0..10).map(|_| says("x")));
    let call = at("[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 500", &model).await;
    for _ in 0..4 {
        complete(&call, &mut Conversation::default(), asked()).await.unwrap().unwrap();
    }
    assert_eq!(refused(&call, asked()).await, (ErrorKind::Quota, "llm-budget".into()));
    let call = at("[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 50\n[limits]\nmodel-tokens = 60", &model).await;
    let long = || Asked { messages: vec![said("user", &"word ".repeat(100))], options: options() };
    assert_eq!(refused(&call, long()).await, (ErrorKind::Quota, "llm-budget".into()));
    assert_eq!(call.meter.models().calls, 1, "a reservation that found no room counts, so that nobody tries for ever");
    complete(&call, &mut Conversation::default(), asked()).await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_model_it_is_unavailable_and_nothing_is_booked_but_the_try() {
    let call = at(CHAT, &model([])).await;
    assert_eq!(refused(&call, asked()).await, (ErrorKind::Unavailable, "llm-unavailable".into()));
    let used = call.meter.models();
    assert_eq!((used.calls, used.input_tokens, used.output_tokens), (1, 0, 0));
}

#[tokio::test]
async fn a_class_that_is_not_granted_is_denied() {
    let model = model([]);
    let call = at(CHAT, &model).await;
    assert_eq!(refused(&call, with(|options| options.model_class = Some("reasoning".into()))).await.0, ErrorKind::Denied);
    let call = at("", &model).await;
    assert_eq!(refused(&call, asked()).await, (ErrorKind::Denied, "llm-not-granted".into()));
    assert_eq!(embed(&call, vec!["x".into()]).await.unwrap().unwrap_err().kind, ErrorKind::Denied);
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn options_and_messages_have_their_caps() {
    let model = model([]);
    let call = at(CHAT, &model).await;
    let tool = |name: &str| Tool { name: name.to_owned(), description: String::new(), parameters: "{}".into() };
    let wrong: Vec<(&str, Asked)> = vec![
        ("llm-options", with(|o| o.temperature = Some(2.1))),
        ("llm-options", with(|o| o.temperature = Some(f32::NAN))),
        ("llm-options", with(|o| o.max_tokens = Some(501))),
        ("llm-options", with(|o| o.max_tokens = Some(0))),
        ("llm-options", with(|o| o.stop = vec![String::new()])),
        ("llm-options", with(|o| o.reasoning = Some("extreme".into()))),
        ("llm-tools", with(|o| o.tools = vec![tool("a b")])),
        ("llm-tools", with(|o| o.tools = vec![tool("a"); 33])),
        ("llm-tools", with(|o| o.tool_choice = Some("absent".into()))),
        ("llm-schema", with(|o| o.json_schema = Some("x".repeat((16 << 10) + 1)))),
        ("llm-messages", Asked { messages: Vec::new(), options: options() }),
        ("llm-messages", Asked { messages: vec![said("root", "x")], options: options() }),
        ("llm-messages", Asked { messages: vec![said("tool", "x")], options: options() }),
        ("llm-messages", Asked { messages: vec![Message { tool_call_id: Some("1".into()), ..said("user", "x") }], options: options() }),
        ("llm-messages", Asked { messages: vec![said("user", &"x".repeat((256 << 10) + 1))], options: options() }),
        ("llm-messages", Asked { messages: vec![said("user", "x"); 257], options: options() }),
    ];
    for (code, asked) in wrong {
        assert_eq!(refused(&call, asked).await, (ErrorKind::Invalid, code.to_owned()));
    }
    assert!(model.asked().is_empty());
    assert_eq!(call.meter.models().calls, 0);
}

#[tokio::test]
async fn texts_become_vectors_of_the_hosts_space() {
    let call = at(CHAT, &model([])).await;
    assert_eq!(space(&call).await.unwrap().unwrap().dimensions, 26);
    assert_eq!(embed(&call, vec!["ab".into(), "b".into()]).await.unwrap().unwrap()[1][..3], [0.0, 1.0, 0.0]);
    assert_eq!(embed(&call, vec!["x".into(); 101]).await.unwrap().unwrap_err().code, "embeddings-texts");
    assert!(embed(&call, Vec::new()).await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let model = model([Script::Endless("x".repeat(64 << 10))]);
    let call = at(CHAT, &model).await;
    let mut of = Conversation::default();
    let handle = open(&call, &mut of, asked()).await.unwrap().unwrap();
    let error = loop {
        match next(&call, &mut of, handle).await.unwrap() {
            Ok(Some(_)) => {}
            Ok(None) => unreachable!("it has no end"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, "llm-too-large");
}
