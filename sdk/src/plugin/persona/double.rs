//! A person of a native test: asks a persona and hears what it says.

use std::cell::RefCell;

use super::{Outcome, Persona, Reply, Turn};
use crate::Error;

/// What a client received.
#[derive(Default)]
pub struct Heard(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    text: String,
    statuses: Vec<String>,
    citations: Vec<String>,
    pieces_left: Option<usize>,
}

impl Heard {
    /// A client that leaves after so many pieces.
    pub fn leaving_after(pieces: usize) -> Self {
        Self(RefCell::new(Inner { pieces_left: Some(pieces), ..Inner::default() }))
    }

    pub(super) fn push(&self, text: &str) -> Result<(), Error> {
        let mut inner = self.0.borrow_mut();
        if let Some(left) = &mut inner.pieces_left {
            *left = left.checked_sub(1).ok_or_else(|| Error::unavailable("reply-gone", "the client has left"))?;
        }
        inner.text.push_str(text);
        Ok(())
    }

    pub(super) fn status(&self, text: &str) {
        self.0.borrow_mut().statuses.push(text.to_owned());
    }

    pub(super) fn cite(&self, memory_id: &str) {
        self.0.borrow_mut().citations.push(memory_id.to_owned());
    }
}

/// An answer as a test sees it.
pub struct Answer {
    /// All that was pushed.
    pub text: String,
    /// What was said to be going on.
    pub statuses: Vec<String>,
    /// Ids of memories.
    pub citations: Vec<String>,
    /// What the persona returned.
    pub outcome: Result<Outcome, Error>,
}

impl Answer {
    /// Whether it was answered without what it needs; false for an error.
    pub fn degraded(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|outcome| outcome.degraded)
    }
}

/// Lets a persona answer a turn.
pub fn ask<P: Persona>(turn: &Turn) -> Answer {
    ask_with::<P>(turn, Heard::default())
}

/// As [`ask`], with a client of the test's own.
pub fn ask_with<P: Persona>(turn: &Turn, heard: Heard) -> Answer {
    let outcome = P::respond(turn, &Reply::from(&heard));
    let Inner { text, statuses, citations, .. } = heard.0.into_inner();
    Answer { text, statuses, citations, outcome }
}
