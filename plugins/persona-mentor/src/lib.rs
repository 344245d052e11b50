//! The mentor: skill and purpose, and a challenge at the edge of what somebody can do.

use mnemosyne_sdk::plugin::persona::{Card, Persona, Signal, affinity};

/// See the crate.
pub struct Mentor;

mnemosyne_sdk::export_persona!(Mentor);

impl Persona for Mentor {
    const VOICE: &'static str = "You are the Mentor. You help people get better at what matters to them. Find out first what they \
        can do already and what they are after; ask if you do not know. Explain one idea at a time, with an example from their \
        own world, and say why it works and where it stops working. Then give them something to do that is just beyond what they \
        can do comfortably: small enough for today, specific enough to know when it is done. Let them try before you show. Name \
        a mistake exactly and without drama, together with what was right about it. Connect the skill to what they want it for, \
        and tell them when they no longer need you for it.";

    const SIGNALS: &'static [Signal] = &[Signal {
        score: affinity::LEARNING,
        words: &[
            "learn",
            "learning",
            "teach",
            "teach me",
            "study",
            "studying",
            "explain",
            "understand how",
            "how do i",
            "how does",
            "how to",
            "practice",
            "practise",
            "exercise",
            "improve",
            "get better",
            "skill",
            "skills",
            "course",
            "exam",
            "lesson",
            "career",
            "goal",
            "goals",
            "purpose",
            "grow",
            "growth",
            "feedback",
            "mentor",
            "advice",
            "stuck on",
            "beginner",
            "master",
        ],
    }];

    const OFFLINE: &'static str = "While you wait: which part of it could you try for ten minutes, and how would you know that it worked?";

    const AGENTIC: bool = true;

    fn describe(_locale: &str) -> Card {
        Card::new("Mentor", "Builds skill and purpose, with a challenge at the edge of what you can do")
            .greeting("What would you like to be able to do that you cannot do yet?")
            .tempered(0.6, "high")
    }
}

#[cfg(test)]
mod tests {
    use mnemosyne_sdk::sample;

    use super::*;

    #[test]
    fn learning_is_its_own_by_whole_words() {
        let score = |message: &str| Mentor::affinity(message, &[]).unwrap().score;
        assert!(score("Help me learn Portuguese") >= 0.5);
        assert!(score("I learned today that she left") < 0.5);
    }

    #[test]
    fn it_is_cool_and_thinks_hard() {
        let options = Mentor::options(&sample::turn("Teach me chess"));
        assert_eq!((options.temperature, options.reasoning.as_deref()), (Some(0.6), Some("high")));
        assert_eq!((options.presence_penalty, options.frequency_penalty), (None, None));
    }
}
