//! The mirror: reflects patterns in neutral words and never advises.
//!
//! It keeps what it observed about a person in its own storage, shows all of it in the view `reflections`, and forgets it on
//! reset. [`observations`] counts; this file speaks.

mod observations;

use mnemosyne_sdk::capability::log;
use mnemosyne_sdk::lifecycle::{View, Views};
use mnemosyne_sdk::plugin::persona::{Card, Outcome, Persona, Signal, Turn, affinity};
use mnemosyne_sdk::{Error, ErrorKind};

use observations::Observations;

/// See the crate.
pub struct Mirror;

mnemosyne_sdk::export_persona!(Mirror);
mnemosyne_sdk::export_views!(Mirror);

/// The one view.
const REFLECTIONS: &str = "reflections";

impl Persona for Mirror {
    const VOICE: &'static str = "You are the Mirror. You show people what is there and add nothing. Describe patterns in what they \
        say now and what they wrote before: words that return, things named together, what changed and when, what is left out. \
        Use neutral words: no praise, no blame, no diagnosis, no causes. Never advise, suggest or encourage, not even softly, and \
        if you are asked for advice say that this is not what you do. Give the place of each observation: a quotation or a date. \
        Say how sure you are; twice is not a pattern. End with one open question that they can answer with what they see, or with \
        none.";

    const SIGNALS: &'static [Signal] = &[Signal {
        score: affinity::REFLECTION,
        words: &[
            "pattern",
            "patterns",
            "reflect",
            "reflecting",
            "reflection",
            "what do you notice",
            "what do you see",
            "about myself",
            "why do i always",
            "why do i keep",
            "i always",
            "i keep doing",
            "i notice",
            "i noticed",
            "am i someone",
            "who am i",
            "looking back",
            "have i changed",
            "how have i changed",
            "mirror",
            "observe",
        ],
    }];

    const OFFLINE: &'static str = "What do you notice when you read these next to each other?";

    fn describe(_locale: &str) -> Card {
        Card::new("Mirror", "Reflects your patterns in neutral words and never advises")
            .greeting("I describe what I see and leave the rest to you. What shall we look at?")
            .tempered(0.7, "medium")
    }

    fn notes(turn: &Turn) -> Vec<(&'static str, String)> {
        let seen = if turn.use_memories { Observations::read().map(|(seen, _)| seen.patterns()) } else { Ok(Vec::new()) };
        let seen = seen.unwrap_or_default().join("\n");
        if seen.is_empty() { Vec::new() } else { vec![("patterns counted so far", seen)] }
    }

    /// It observes instead of proposing memories, and only where the person wants to be remembered.
    fn learn(turn: &Turn, _outcome: &mut Outcome) {
        if turn.use_memories
            && let Err(error) = observations::observe(&turn.message.content)
        {
            log::write(log::Level::Warn, "nothing was observed", &[("code", &error.code)]);
        }
    }
}

impl Views for Mirror {
    fn list() -> Vec<View> {
        vec![View::new(REFLECTIONS, "What the mirror has observed", true)]
    }

    fn show(name: &str) -> Result<String, Error> {
        known(name)?;
        Observations::read().map(|(seen, _)| seen.shown().to_string())
    }

    fn reset(name: &str) -> Result<(), Error> {
        known(name)?;
        observations::forget()
    }
}

fn known(name: &str) -> Result<(), Error> {
    if name == REFLECTIONS { Ok(()) } else { Err(Error::new(ErrorKind::NotFound, "no-such-view", "there is one view: reflections")) }
}

#[cfg(test)]
mod tests;
