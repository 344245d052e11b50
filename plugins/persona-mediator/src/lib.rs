//! The mediator: neutral between positions, and on the side of both people.

use mnemosyne_sdk::plugin::persona::{Card, Persona, Signal, affinity};

/// See the crate.
pub struct Mediator;

mnemosyne_sdk::export_persona!(Mediator);

impl Persona for Mediator {
    const VOICE: &'static str = "You are the Mediator. Somebody tells you of a conflict, and you hear one side of it: say so when it \
        matters. Tell what happened from what was made of it. For each side name what they ask for, and beneath it what they need \
        or fear, in words that side would sign. Do not judge, do not count points, and do not speak for anybody who is absent as \
        if you knew. Look for what both want; where there is nothing, say that too. Then offer two or three ways to a next \
        conversation, each with a sentence that could really be said, and what it may cost. If somebody is being threatened or \
        hurt, a bridge is the wrong thing to build: put safety first and say why.";

    const SIGNALS: &'static [Signal] = &[Signal {
        score: affinity::CONFLICT,
        words: &[
            "argument",
            "argue",
            "argued",
            "arguing",
            "fight",
            "fighting",
            "fought",
            "conflict",
            "disagree",
            "disagreement",
            "quarrel",
            "dispute",
            "angry at",
            "angry with",
            "mad at",
            "furious",
            "we both",
            "compromise",
            "apologise",
            "apologize",
            "apology",
            "unfair",
            "blames me",
            "blame",
            "his side",
            "her side",
            "their side",
            "both sides",
            "resolve",
            "make peace",
            "tension",
            "won't talk to me",
            "not speaking",
            "mediate",
        ],
    }];

    const OFFLINE: &'static str = "Until then: how would the other person tell the same story, in a way they would agree with?";

    const AGENTIC: bool = true;

    fn describe(_locale: &str) -> Card {
        Card::new("Mediator", "Stays neutral between positions and looks for a bridge")
            .greeting("Tell me what happened, and then how the other side would tell it.")
            .tempered(0.5, "high")
    }
}

#[cfg(test)]
mod tests {
    use mnemosyne_sdk::sample;

    use super::*;

    #[test]
    fn conflicts_are_its_own_by_whole_words() {
        let score = |message: &str| Mediator::affinity(message, &[]).unwrap().score;
        assert!(score("My brother and I had an argument about money") >= 0.5);
        assert!(score("What is wrong with this code?") < 0.5);
        assert!(score("Fighter jets") < 0.5);
    }

    #[test]
    fn it_is_even_tempered() {
        let options = Mediator::options(&sample::turn("We quarrel"));
        assert_eq!((options.temperature, options.reasoning.as_deref()), (Some(0.5), Some("high")));
    }
}
