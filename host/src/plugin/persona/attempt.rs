//! One revision's try at an answer: its events go to the sink, in order, while it runs.

use std::sync::Arc;

use mnemosyne_runtime::{ActionEvent, Binding, ReplyEvent, ReplyStream, channel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answered, Personas, Sink, Turn, Unanswered, rules, shapes, timed, unanswered};
use crate::plugin::Caller;

/// Events that may wait for a slow client before the plugin does.
const DEPTH: usize = 32;

/// What went out so far.
struct Delivery<'s> {
    sink: &'s dyn Sink,
    events: ReplyStream,
    said: bool,
}

impl Delivery<'_> {
    /// Hands an event on. When the client has left, the plugin's side is closed and the rest is let go.
    async fn deliver(&mut self, event: ReplyEvent) {
        match event {
            ReplyEvent::Piece(text) => {
                self.said = true;
                if self.sink.push(&text).await.is_err() {
                    self.events.close();
                    while self.events.try_recv().is_ok() {}
                }
            }
            ReplyEvent::Status(text) => self.sink.status(&text).await,
            ReplyEvent::Reasoning(text) => self.sink.reasoning(&text).await,
            ReplyEvent::Cite(memory) => {
                if let Ok(memory) = Uuid::try_parse(&memory) {
                    self.sink.cite(memory).await;
                }
            }
            ReplyEvent::Action(event) => self.sink.action(action(event)).await,
        }
    }
}

fn action(event: ActionEvent) -> Value {
    let arguments: Value = serde_json::from_str(&event.arguments).unwrap_or_default();
    let mut action = json!({ "name": event.name, "arguments": arguments, "proposed": event.proposed });
    match event.result {
        Ok(result) => action["result"] = serde_json::from_str(&result).unwrap_or_default(),
        Err(code) => action["error"] = code.into(),
    }
    action
}

impl Personas {
    pub(super) async fn attempt(
        &self,
        caller: &Caller,
        binding: &Arc<Binding>,
        turn: &Turn,
        sink: &dyn Sink,
    ) -> Result<Answered, Unanswered> {
        let (to, events) = channel(DEPTH);
        let mut delivery = Delivery { sink, events, said: false };
        let call = self.runtime.persona(&binding.revision, caller.through(binding)).respond(shapes::turn(turn), to);
        let mut call = std::pin::pin!(call);
        let ended = loop {
            tokio::select! {
                biased;
                Some(event) = delivery.events.recv() => delivery.deliver(event).await,
                ended = &mut call => break ended,
            }
        };
        // Everything that was pushed before the end is here by now.
        while let Ok(event) = delivery.events.try_recv() {
            delivery.deliver(event).await;
        }
        let revision = rules(binding);
        match ended {
            Ok(done) => {
                timed(&done.record);
                Ok(shapes::answered(done.value, revision, &done.record))
            }
            Err(error) => {
                timed(&error.record);
                Err(Unanswered { said: delivery.said, models: error.record.models.clone(), ..unanswered(&error.failure, revision) })
            }
        }
    }
}
