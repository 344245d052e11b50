//! The host's own operations, at their door.

use std::sync::Arc;

use mnemosyne_bindings::capability::types::errors::ErrorKind;

use super::core::{Rounds, offered, perform};
use super::in_memory::KeptActions;
use crate::call::Call;
use crate::capability::Backends;
use crate::capability::reply::{ReplyEvent, channel, core::Reply};
use crate::capability::storage::memories::core::Wish;
use crate::kit::{House, ada, nobody, settings};
use crate::wit::types::values::ToolCall;
use crate::{Caller, User};

const CREATE: &str = "[needs.actions]\noperations = ['tasks.create']";

fn wanted(name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: "1".into(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn create() -> ToolCall {
    wanted("create_task", r#"{"title":"water"}"#)
}

async fn at(manifest: &'static str, caller: Caller) -> (Arc<Call>, Arc<KeptActions>) {
    let kept = Arc::new(KeptActions::default());
    let actions = kept.clone();
    let house = House::on(settings(), |backends| Backends { actions, ..backends });
    (house.at_a_personas_door(manifest, caller).await, kept)
}

async fn refused(call: &Call, rounds: &mut Rounds, wanted: ToolCall) -> (ErrorKind, String) {
    let error = perform(call, rounds, None, wanted).await.unwrap().unwrap_err();
    (error.kind, error.code)
}

#[tokio::test]
async fn an_agentic_turn_acts_as_its_caller_and_tells_it() {
    let (call, kept) = at(CREATE, ada()).await;
    let names: Vec<String> = offered(&call, &Rounds::new(true, 1)).unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["create_task"]);
    let (sink, mut told) = channel(4);
    let reply = Reply::to(sink);
    let done = perform(&call, &mut Rounds::new(true, 1), Some(&reply), create()).await.unwrap().unwrap();
    assert_eq!(done, r#"{"done":true}"#);
    assert_eq!(kept.done(), [(ada().user_id(), "tasks.create", r#"{"title":"water"}"#.to_owned())]);
    let ReplyEvent::Action(event) = told.try_recv().unwrap() else { unreachable!() };
    assert_eq!((event.name.as_str(), event.proposed, event.result.is_ok()), ("create_task", false, true));
}

#[tokio::test]
async fn who_wants_no_memories_used_has_none_searched() {
    let (call, kept) = at("[needs.actions]\noperations = ['memories.search', 'tasks.create']", ada()).await;
    let names = |rounds: &Rounds| offered(&call, rounds).unwrap().into_iter().map(|tool| tool.name).collect::<Vec<_>>();
    assert_eq!(names(&Rounds::new(true, 1)), ["create_task", "search_memories"]);
    let mut without = Rounds::new(true, 2).wishing(Wish::Without);
    assert_eq!(names(&without), ["create_task"]);
    let search = wanted("search_memories", r#"{"title":"x"}"#);
    assert_eq!(refused(&call, &mut without, search).await, (ErrorKind::Denied, "actions-not-offered".to_owned()));
    assert!(kept.done().is_empty());
}

#[tokio::test]
async fn any_other_turn_only_proposes() {
    let (call, kept) = at(CREATE, ada()).await;
    let proposal = perform(&call, &mut Rounds::new(false, 1), None, create()).await.unwrap().unwrap();
    assert!(proposal.contains(r#""proposed":true"#) && proposal.contains("water"), "{proposal}");
    assert!(kept.done().is_empty());
}

#[tokio::test]
async fn what_is_not_granted_not_permitted_or_unknown_is_denied_alike() {
    let reader = User { permissions: ["task:read".to_owned()].into(), ..(*ada().user.unwrap()).clone() };
    let reader = Caller::person(Arc::new(reader), "slot", "req");
    let cases = [
        (CREATE, ada(), wanted("complete_task", r#"{"title":"x"}"#)),
        (CREATE, ada(), wanted("drop_tables", r#"{"title":"x"}"#)),
        (CREATE, reader, create()),
        (CREATE, nobody(), create()),
        ("", ada(), create()),
    ];
    for (manifest, caller, wanted) in cases {
        let (call, kept) = at(manifest, caller).await;
        let refused = refused(&call, &mut Rounds::new(true, 10), wanted).await;
        assert_eq!(refused, (ErrorKind::Denied, "actions-not-offered".to_owned()));
        assert!(kept.done().is_empty());
    }
}

#[tokio::test]
async fn arguments_are_an_object_that_fits() {
    let (call, _) = at(CREATE, ada()).await;
    for arguments in ["", "null", "[]", "{", r#"{"name":"x"}"#] {
        let refused = refused(&call, &mut Rounds::new(true, 10), wanted("create_task", arguments)).await;
        assert_eq!(refused, (ErrorKind::Invalid, "actions-arguments".to_owned()), "{arguments}");
    }
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(64 << 10));
    assert_eq!(refused(&call, &mut Rounds::new(true, 10), wanted("create_task", &large)).await.1, "actions-too-large");
}

#[tokio::test]
async fn rounds_run_out_and_a_round_has_its_end() {
    let (call, kept) = at(CREATE, ada()).await;
    let mut rounds = Rounds::new(true, 2);
    for _ in 0..2 {
        rounds.model_asked();
        for _ in 0..2 {
            perform(&call, &mut rounds, None, create()).await.unwrap().unwrap();
        }
    }
    rounds.model_asked();
    assert_eq!(refused(&call, &mut rounds, create()).await, (ErrorKind::Quota, "actions-rounds".to_owned()));
    let mut rounds = Rounds::new(true, 2);
    for _ in 0..8 {
        perform(&call, &mut rounds, None, create()).await.unwrap().unwrap();
    }
    assert_eq!(refused(&call, &mut rounds, create()).await.1, "actions-round");
    assert_eq!(kept.done().len(), 12);
}
