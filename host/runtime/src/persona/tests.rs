//! Personas on the real runtime: that they answer, stream and end, each limit with its positive control.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::capability::Backends;
use crate::capability::llm::in_memory::{Script, ScriptedModel};
use crate::error::Failure;
use crate::kit::voice::{DONE, HANDLE, Voice, memory, moment, push, said, turn};
use crate::kit::{House, ada, settings};
use crate::manifest::Kind;
use crate::record::Outcome;
use crate::wit::persona::Outcome as Came;
use crate::{CallError, Called, ReplyEvent, channel};

/// One turn of a fresh revision, with everything that was told.
pub(super) async fn respond(house: &House, voice: &Voice) -> (Result<Called<Came>, CallError>, Vec<ReplyEvent>) {
    let revision = house.revision(voice.build()).await;
    let (sink, mut stream) = channel(16);
    let reader = async {
        let mut told = Vec::new();
        while let Some(event) = stream.recv().await {
            told.push(event);
        }
        told
    };
    tokio::join!(house.runtime.persona(&revision, ada()).respond(turn(), sink), reader)
}

pub(super) fn text(told: &[ReplyEvent]) -> String {
    let piece = |event: &ReplyEvent| match event {
        ReplyEvent::Piece(text) => text.clone(),
        _ => String::new(),
    };
    told.iter().map(piece).collect()
}

pub(super) fn failure(ended: Result<Called<Came>, CallError>) -> Failure {
    ended.unwrap_err().failure
}

/// Opens a stream and pushes each piece on; the arguments stand at 2048.
pub(super) const RELAY_IMPORTS: &str = r#"
    (import "mnemosyne:persona/reply@0.1.0" "[method]reply.push" (func $push (param i32 i32 i32 i32)))
    (import "mnemosyne:llm/chat@0.1.0" "open" (func $open (param i32 i32)))
    (import "mnemosyne:llm/chat@0.1.0" "[method]chat-stream.next" (func $next (param i32 i32)))"#;

/// One message `user: hello` at 2304, named by the list at 2048.
pub(super) const RELAY_ITEMS: &str = r#"
    (data (i32.const 2048) "\00\09\00\00\01\00\00\00")
    (data (i32.const 2304) "\08\01\00\00\04\00\00\00\00\01\00\00\05\00\00\00")"#;

pub(super) fn relay() -> Voice {
    let respond = format!(
        "(local $stream i32)
        (call $open (i32.const 2048) (i32.const 896))
        (if (i32.load8_u (i32.const 896)) (then (unreachable)))
        (local.set $stream (i32.load (i32.const 900)))
        (loop $again
          (call $next (local.get $stream) (i32.const 960))
          (if (i32.load8_u (i32.const 960)) (then (unreachable)))
          (if (i32.load8_u (i32.const 964))
            (then
              (call $push {HANDLE} (i32.load (i32.const 968)) (i32.load (i32.const 972)) (i32.const 768))
              (global.set $heap (i32.const 65536))
              (br_if $again (i32.eqz (i32.load8_u (i32.const 768)))))))
        {DONE}"
    );
    Voice {
        imports: RELAY_IMPORTS,
        items: RELAY_ITEMS.to_owned(),
        respond,
        manifest: "[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 4000",
        ..Voice::default()
    }
}

/// `storage/memories.search`.
pub(super) const SEARCH_IMPORT: &str = r#"(import "mnemosyne:storage/memories@0.1.0" "search"
    (func $search (param i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i32 f32 i32 i32 i32 i32)))"#;

/// `search("hello", {}, 5)`, answered at 896.
pub(super) const SEARCH: &str = "(call $search (i32.const 256) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (f32.const 0) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 896))";

pub(super) fn with_model(scripts: impl IntoIterator<Item = Script>) -> (House, Arc<ScriptedModel>) {
    let model = Arc::new(ScriptedModel::default());
    scripts.into_iter().for_each(|script| model.then(script));
    let backend = model.clone();
    (House::on(settings(), |backends| Backends { models: backend, ..backends }), model)
}

#[tokio::test]
async fn every_export_of_a_persona_can_be_called() {
    let house = House::new();
    let revision = house.revision(Voice::default().build()).await;
    let persona = || house.runtime.persona(&revision, ada());
    assert_eq!(persona().describe("en".to_owned()).await.unwrap().value.name, "Echo");
    assert_eq!(persona().affinity("hello".to_owned(), vec![said("user", "hi")]).await.unwrap().value.signals, Vec::<String>::new());
    assert!(persona().reflect(vec![memory(1, "x")], moment()).await.unwrap().value.themes.is_empty());
    let (ended, told) = respond(&house, &Voice::default()).await;
    assert!(ended.unwrap().value.suggestions.is_empty() && told.is_empty());
}

#[tokio::test]
async fn what_is_pushed_arrives_and_survives_a_trap() {
    let house = House::new();
    let (ended, told) = respond(&house, &Voice::saying(format!("{} {DONE}", push(256, 5)))).await;
    assert_eq!((text(&told).as_str(), ended.unwrap().record.outcome.clone()), ("hello", Outcome::Ok));
    let (ended, told) = respond(&house, &Voice::saying(format!("{} {} (unreachable)", push(256, 5), push(256, 2)))).await;
    assert!(matches!(failure(ended), Failure::Trapped(_)));
    assert_eq!(text(&told), "hellohe");
}

#[tokio::test]
async fn a_models_words_go_through_in_order_and_are_free_host_calls() {
    let words: Vec<String> = (0..2_000).map(|number| format!("w{number} ")).collect();
    let (house, _) = with_model([Script::Says(words.clone())]);
    let (ended, told) = respond(&house, &relay()).await;
    let called = ended.unwrap();
    assert_eq!(text(&told), words.concat());
    assert_eq!(called.record.models.output_tokens, 2_000);
    assert_eq!(called.record.models.model.as_deref(), Some("scripted"));
    assert!(called.record.host_calls > 4_000, "each next and each push is counted, and paid for by its piece");
}

#[tokio::test]
async fn dropping_the_call_cancels_the_model_and_leaves_a_record() {
    let (house, model) = with_model([Script::Silent]);
    let revision = house.revision(relay().build()).await;
    let (sink, mut stream) = channel(4);
    let (runtime, of) = (house.runtime.clone(), revision.clone());
    let call = tokio::spawn(async move { runtime.persona(&of, ada()).respond(turn(), sink).await.is_ok() });
    while model.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(stream.recv().await.is_none(), "the answer's channel ends with the store");
    assert_eq!(model.open(), 0);
    while house.records.all().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.records.all()[0].outcome, Outcome::Cancelled);
    house.all_places_free(Kind::Persona).await;
}

#[tokio::test]
async fn two_hundred_slow_answers_starve_neither_rules_nor_logins() {
    let (house, model) = {
        let model = Arc::new(ScriptedModel::default());
        (0..220).for_each(|_| model.then(Script::Silent));
        let backend = model.clone();
        let settings = crate::Settings { workers: 2, breaker: None, ..crate::Settings::default() };
        (House::on(settings, |backends| Backends { models: backend, ..backends }), model)
    };
    let revision = house.revision(relay().build()).await;
    let rules = house.revision(crate::kit::Rules::default().build()).await;
    let mut slow = tokio::task::JoinSet::new();
    let mut streams = Vec::new();
    for _ in 0..220 {
        let (sink, stream) = channel(4);
        streams.push(stream);
        let (runtime, of) = (house.runtime.clone(), revision.clone());
        slow.spawn(async move { runtime.persona(&of, ada()).respond(turn(), sink).await.is_ok() });
    }
    while model.asked().len() < 220 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let award = house.runtime.xp_rules(&rules, crate::kit::nobody()).award(crate::kit::completion()).await;
        assert_eq!(award.unwrap().value.base, 10);
    }
    assert_eq!(house.runtime.free(Kind::AuthProvider), 32);
    assert_eq!(model.open(), 220);
}

#[tokio::test]
async fn a_turn_without_memories_closes_their_door() {
    let memories = crate::capability::storage::memories::in_memory::InMemoryMemories::default();
    memories.add(Uuid::from_u128(1), memory(5, "hello"));
    let house = House::on(settings(), |backends| Backends { memories: Arc::new(memories), ..backends });
    // It traps unless it is refused.
    let voice = Voice {
        imports: SEARCH_IMPORT,
        respond: format!("{SEARCH} (if (i32.eqz (i32.load8_u (i32.const 896))) (then (unreachable))) {DONE}"),
        manifest: "[needs.storage]\nmemories = 'read'",
        ..Voice::default()
    };
    let revision = house.revision(voice.build()).await;
    let (sink, _stream) = channel(4);
    let wish = crate::wit::persona::Turn { use_memories: false, ..turn() };
    assert!(house.runtime.persona(&revision, ada()).respond(wish, sink.clone()).await.is_ok(), "refused");
    let found = house.runtime.persona(&revision, ada()).respond(turn(), sink).await;
    assert!(matches!(found.unwrap_err().failure, Failure::Trapped(_)), "positive control: it finds");
}

#[tokio::test]
async fn waiting_for_a_model_is_no_cpu_time_and_has_its_deadline() {
    let (house, model) = with_model([Script::Silent]);
    let voice = Voice { manifest: "[needs.llm]\nclasses = ['chat']\n[limits]\ndeadline-ms = 200\ncpu-ms = 50", ..relay() };
    let (ended, _) = respond(&house, &voice).await;
    assert_eq!(failure(ended), Failure::DeadlineExceeded(Duration::from_millis(200)));
    assert_eq!(model.open(), 0, "the deadline ends the model too");
}
