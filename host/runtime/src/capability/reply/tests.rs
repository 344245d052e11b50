//! The answer under way, at its door.

use mnemosyne_bindings::capability::types::errors::ErrorKind;

use super::core::{Reply, cite, push, status};
use super::{ReplyEvent, channel};
use crate::conversation::Conversation;
use crate::kit::{House, ada};

fn answering(depth: usize) -> (Conversation, super::ReplyStream) {
    let (sink, stream) = channel(depth);
    (Conversation { reply: Some(Reply::to(sink)), ..Conversation::default() }, stream)
}

#[tokio::test]
async fn pieces_statuses_and_citations_arrive_in_order() {
    let call = House::new().at_a_personas_door("", ada()).await;
    let (mut of, mut stream) = answering(8);
    status(&call, of.reply.as_ref(), "reading\nnotes").await.unwrap();
    push(&call, &mut of, "gu\u{308}n".to_owned()).await.unwrap().unwrap();
    cite(&call, of.reply.as_mut(), "m1".to_owned()).await.unwrap();
    push(&call, &mut of, String::new()).await.unwrap().unwrap();
    drop(of);
    let mut events = Vec::new();
    while let Some(event) = stream.recv().await {
        events.push(event);
    }
    let wanted = [ReplyEvent::Status("reading·notes".into()), ReplyEvent::Piece("gu\u{308}n".into()), ReplyEvent::Cite("m1".into())];
    assert_eq!(events, wanted);
}

#[tokio::test]
async fn a_piece_and_the_whole_answer_have_their_caps() {
    let call = House::new().at_a_personas_door("[limits]\noutput = '40KiB'", ada()).await;
    let (mut of, _stream) = answering(64);
    let large = push(&call, &mut of, "x".repeat((16 << 10) + 1)).await.unwrap().unwrap_err();
    assert_eq!((large.kind, large.code.as_str()), (ErrorKind::Invalid, "reply-too-large"));
    for _ in 0..2 {
        push(&call, &mut of, "x".repeat(16 << 10)).await.unwrap().unwrap();
    }
    let full = push(&call, &mut of, "x".repeat(16 << 10)).await.unwrap().unwrap_err();
    assert_eq!((full.kind, full.code.as_str()), (ErrorKind::Quota, "reply-full"));
    push(&call, &mut of, "x".repeat(8 << 10)).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_does_not_stop_after_the_client_left_is_stopped() {
    let call = House::new().at_a_personas_door("", ada()).await;
    let (mut of, stream) = answering(4);
    drop(stream);
    for _ in 0..16 {
        let gone = push(&call, &mut of, "more".to_owned()).await.unwrap().unwrap_err();
        assert_eq!((gone.kind, gone.code.as_str()), (ErrorKind::Unavailable, "reply-gone"));
    }
    assert!(push(&call, &mut of, "more".to_owned()).await.is_err());
    assert_eq!(call.meter.broken().unwrap().code(), "host-calls-exceeded");
}

#[tokio::test]
async fn a_slow_reader_makes_the_plugin_wait_and_loses_nothing() {
    let call = House::new().at_a_personas_door("", ada()).await;
    let (mut of, mut stream) = answering(1);
    let writer = async move {
        for number in 0..50 {
            push(&call, &mut of, number.to_string()).await.unwrap().unwrap();
        }
    };
    let reader = async move {
        let mut all = String::new();
        while let Some(ReplyEvent::Piece(text)) = stream.recv().await {
            tokio::task::yield_now().await;
            all.push_str(&text);
        }
        all
    };
    let ((), all) = tokio::join!(writer, reader);
    assert_eq!(all, (0..50).map(|number: i32| number.to_string()).collect::<String>());
}

#[tokio::test]
async fn too_many_citations_and_long_statuses_are_dropped() {
    let call = House::new().at_a_personas_door("", ada()).await;
    let (mut of, mut stream) = answering(128);
    for number in 0..40 {
        cite(&call, of.reply.as_mut(), number.to_string()).await.unwrap();
    }
    status(&call, of.reply.as_ref(), &"s".repeat(201)).await.unwrap();
    cite(&call, of.reply.as_mut(), "m".repeat(65)).await.unwrap();
    let mut count = 0;
    while stream.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 32);
}

#[tokio::test]
async fn without_an_answer_under_way_there_is_nowhere_to_push() {
    let call = House::new().at_a_personas_door("", ada()).await;
    let none = push(&call, &mut Conversation::default(), "hello".to_owned()).await.unwrap().unwrap_err();
    assert_eq!(none.kind, ErrorKind::Denied);
}
