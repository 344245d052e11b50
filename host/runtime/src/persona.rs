//! The typed door to kind `persona`.
//!
//! An answer goes out while the call runs, through a [`ReplySink`]: what was pushed is the host's, whatever becomes of the
//! plugin. The call may be dropped at any time; guest, instance and every model it listens to go with it.

use std::sync::Arc;

use mnemosyne_bindings::capability::persona::reply::Reply as ReplyHandle;
use wasmtime::Store;
use wasmtime::component::Resource;

use crate::call::{CallState, Called, Export, GuestError, invoke};
use crate::caller::Caller;
use crate::capability::actions::core::Rounds;
use crate::capability::reply::{ReplySink, core::Reply};
use crate::capability::storage::memories::core::Wish;
use crate::conversation::Conversation;
use crate::error::CallError;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::weigh::{MAX_LINE, MAX_SUMMARY, MAX_TITLE, at_most, good_pairs, good_tags, pairs, share, text, texts};
use crate::wit::persona::{Card, Fit, Outcome, Reflection, Turn};
use crate::wit::types::values::{Memory, Message, Moment};
use crate::xp_rules::span;

/// Most bytes of a greeting.
const MAX_GREETING: usize = 1 << 10;
/// Most bytes of a memory's text or a reflection's summary.
const MAX_CONTENT: usize = 16 << 10;
/// Most rounds of actions.
const MAX_ROUNDS: u32 = 10;

/// Calls on one revision of kind `persona`, for one caller.
#[derive(Debug)]
pub struct Persona<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

impl Persona<'_> {
    /// Who it is.
    ///
    /// # Errors
    /// Every [`crate::Failure`] but `GuestError`.
    pub async fn describe(self, locale: String) -> Result<Called<Card>, CallError> {
        let span = span!("plugin.persona.describe", self);
        self.runtime.call(self.revision, self.caller, span, Describe(locale)).await
    }

    /// How well a message suits it. The host asks every bound persona within 20 ms and counts an error as 0.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn affinity(self, message: String, history: Vec<Message>) -> Result<Called<Fit>, CallError> {
        let span = span!("plugin.persona.affinity", self);
        self.runtime.call(self.revision, self.caller, span, Affinity(message, history)).await
    }

    /// Answers a turn; pieces, statuses, citations and actions arrive through `sink` in their order, up to the moment at
    /// which this future resolves. A failure leaves what was pushed.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn respond(self, turn: Turn, sink: ReplySink) -> Result<Called<Outcome>, CallError> {
        let span = span!("plugin.persona.respond", self);
        self.runtime.call(self.revision, self.caller, span, Respond { turn, sink }).await
    }

    /// Reflects on at most 100 of the caller's memories.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn reflect(self, memories: Vec<Memory>, moment: Moment) -> Result<Called<Reflection>, CallError> {
        let span = span!("plugin.persona.reflect", self);
        self.runtime.call(self.revision, self.caller, span, Reflect(memories, moment)).await
    }
}

/// The interface and its functions; each [`Export`] names its place here.
pub(crate) const FUNCTIONS: (&str, &[&str]) = ("mnemosyne:persona/persona@0.1.0", &["describe", "affinity", "respond", "reflect"]);

struct Describe(String);

impl Export for Describe {
    const NAME: &'static str = "persona.describe";
    type Output = Card;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Card, GuestError>> {
        let (card,) = invoke::<(&str,), (Card,)>(store, revision, 0, (&self.0,)).await?;
        Ok(Ok(card))
    }

    fn bytes(card: &Card) -> usize {
        text(&card.name) + text(&card.purpose) + text(&card.greeting) + 4 + text(&card.reasoning) + pairs(&card.extra)
    }

    fn check(card: &Card) -> Result<(), &'static str> {
        if card.name.is_empty() || !at_most(&card.name, MAX_TITLE) || !at_most(&card.purpose, MAX_SUMMARY) {
            return Err("the card's name or purpose is missing or too long");
        }
        if card.greeting.len() > MAX_GREETING || !good_pairs(&card.extra) {
            return Err("the card's greeting or extra is too long");
        }
        let reasoning = matches!(card.reasoning.as_str(), "low" | "medium" | "high");
        let good = (0.0..=2.0).contains(&card.temperature) && reasoning;
        if good { Ok(()) } else { Err("the card's temperature is not 0 to 2, or its reasoning not low, medium or high") }
    }
}

struct Affinity(String, Vec<Message>);

impl Export for Affinity {
    const NAME: &'static str = "persona.affinity";
    type Output = Fit;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Fit, GuestError>> {
        let arguments = (self.0.as_str(), self.1.as_slice());
        let (answer,) = invoke::<(&str, &[Message]), (Result<Fit, GuestError>,)>(store, revision, 1, arguments).await?;
        Ok(answer)
    }

    fn bytes(fit: &Fit) -> usize {
        4 + texts(&fit.signals)
    }

    fn check(fit: &Fit) -> Result<(), &'static str> {
        if !share(fit.score) {
            return Err("the score is not 0 to 1");
        }
        let good = fit.signals.len() <= 8 && fit.signals.iter().all(|signal| signal.len() <= 64);
        if good { Ok(()) } else { Err("there are more than 8 signals, or one is longer than 64 bytes") }
    }
}

struct Respond {
    turn: Turn,
    sink: ReplySink,
}

impl Export for Respond {
    const NAME: &'static str = "persona.respond";
    type Output = Outcome;

    fn conversation(&mut self) -> Conversation {
        let wishes = &self.turn.wishes;
        let memories = if self.turn.use_memories { Wish::With } else { Wish::Without };
        Conversation {
            reply: Some(Reply::to(self.sink.clone())),
            memories,
            wished_model: wishes.model.clone(),
            rounds: Rounds::new(wishes.agentic, wishes.max_iterations.clamp(1, MAX_ROUNDS)).wishing(memories),
            ..Conversation::default()
        }
    }

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Outcome, GuestError>> {
        let Self { turn, sink } = self;
        // The reader's side ends with the store, not with the export.
        drop(sink);
        let arguments = (&turn, Resource::new_borrow(0));
        let (answer,) = invoke::<(&Turn, Resource<ReplyHandle>), (Result<Outcome, GuestError>,)>(store, revision, 2, arguments).await?;
        Ok(answer)
    }

    fn bytes(outcome: &Outcome) -> usize {
        let memory = |draft: &crate::wit::persona::MemoryDraft| {
            text(&draft.title) + text(&draft.content) + texts(&draft.tags) + 4 + pairs(&draft.extra)
        };
        outcome.memories.iter().map(memory).sum::<usize>() + texts(&outcome.suggestions) + 1 + pairs(&outcome.extra)
    }

    fn check(outcome: &Outcome) -> Result<(), &'static str> {
        if outcome.memories.len() > 8 || outcome.suggestions.len() > 4 || !good_pairs(&outcome.extra) {
            return Err("the outcome has more than 8 memories, 4 suggestions or too much extra");
        }
        let good = |draft: &crate::wit::persona::MemoryDraft| {
            at_most(&draft.title, MAX_SUMMARY)
                && (1..=MAX_CONTENT).contains(&draft.content.len())
                && good_tags(&draft.tags)
                && share(draft.importance)
                && good_pairs(&draft.extra)
        };
        if !outcome.memories.iter().all(good) {
            return Err("a memory of the outcome is empty, too long or has an importance that is not 0 to 1");
        }
        let short = outcome.suggestions.iter().all(|suggestion| at_most(suggestion, MAX_LINE));
        if short { Ok(()) } else { Err("a suggestion is longer than 200 characters") }
    }
}

struct Reflect(Vec<Memory>, Moment);

impl Export for Reflect {
    const NAME: &'static str = "persona.reflect";
    type Output = Reflection;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Reflection, GuestError>> {
        let arguments = (self.0.as_slice(), &self.1);
        let (answer,) = invoke::<(&[Memory], &Moment), (Result<Reflection, GuestError>,)>(store, revision, 3, arguments).await?;
        Ok(answer)
    }

    fn bytes(reflection: &Reflection) -> usize {
        text(&reflection.summary) + texts(&reflection.themes) + texts(&reflection.questions) + 1
    }

    fn check(reflection: &Reflection) -> Result<(), &'static str> {
        if reflection.summary.len() > MAX_CONTENT {
            return Err("the summary is longer than 16 KiB");
        }
        let themes = reflection.themes.len() <= 16 && reflection.themes.iter().all(|theme| at_most(theme, MAX_LINE));
        let questions = reflection.questions.len() <= 8 && reflection.questions.iter().all(|question| at_most(question, MAX_SUMMARY));
        if themes && questions { Ok(()) } else { Err("there are too many themes or questions, or one is too long") }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod zoo;
