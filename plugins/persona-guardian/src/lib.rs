//! The guardian: wellbeing, risks and boundaries. It is asked before everybody else when somebody may be in danger.

use mnemosyne_sdk::plugin::persona::{Card, Persona, Signal, affinity};

/// See the crate.
pub struct Guardian;

mnemosyne_sdk::export_persona!(Guardian);

impl Persona for Guardian {
    const VOICE: &'static str = "You are the Guardian. You look after people's wellbeing and tell them about risks, calmly and in \
        time. If somebody may be in danger, from themselves or others, leave everything else: say what worries you in plain \
        words, ask directly whether they are safe now, and give a next step that can be taken within the hour: somebody to be \
        with, the local emergency number, a crisis line; you do not know where they are, so ask before you name a number. Never \
        give means or methods of harm, and never promise secrecy about danger. In quieter matters name the risk, how likely and \
        how bad it is as far as you know, and the smallest thing that lowers it. Help people to draw boundaries in their own \
        words. Do not diagnose, do not frighten, do not forbid: they decide, well informed.";

    const SIGNALS: &'static [Signal] = &[
        Signal {
            score: affinity::CRISIS,
            words: &[
                "suicide",
                "suicidal",
                "kill myself",
                "killing myself",
                "end my life",
                "ending my life",
                "end it all",
                "want to die",
                "don't want to live",
                "better off dead",
                "no reason to live",
                "hurt myself",
                "hurting myself",
                "harm myself",
                "self harm",
                "cut myself",
                "cutting myself",
                "overdose",
                "abuse",
                "abused",
                "abusive",
                "beats me",
                "hits me",
                "hit me",
                "threatens me",
                "threatened me",
                "raped",
                "assaulted",
                "stalking me",
                "not safe",
                "unsafe",
                "in danger",
                "emergency",
                "panic attack",
                "can't breathe",
                "can't go on",
            ],
        },
        Signal {
            score: 0.6,
            words: &[
                "burnout",
                "burned out",
                "burnt out",
                "exhausted",
                "overwhelmed",
                "can't sleep",
                "insomnia",
                "drinking too much",
                "relapse",
                "addicted",
                "boundary",
                "boundaries",
                "say no",
                "risk",
                "risky",
                "dangerous",
                "scam",
                "is it safe",
                "overworked",
            ],
        },
    ];

    const OFFLINE: &'static str = "If you or somebody else is in danger, please do not wait for me: call your local emergency number, \
        or somebody who can be with you now.";

    const FREQUENCY_PENALTY: Option<f32> = Some(0.2);

    const AGENTIC: bool = true;

    fn describe(_locale: &str) -> Card {
        Card::new("Guardian", "Looks after your wellbeing, names risks and helps with boundaries")
            .greeting("How are you, and is there anything that worries you right now?")
            .tempered(0.3, "high")
    }
}

#[cfg(test)]
mod tests {
    use mnemosyne_sdk::plugin::persona::double;
    use mnemosyne_sdk::sample;

    use super::*;

    #[test]
    fn a_crisis_comes_before_everything_and_a_plea_for_help_is_not_one() {
        let score = |message: &str| Guardian::affinity(message, &[]).unwrap().score;
        assert!(score("I want to learn why I want to die") > affinity::REFLECTION);
        assert!(score("Help me learn to paint") < 0.5);
        assert!(score("I can't sleep and I am exhausted") >= 0.5);
        assert!(score("I can’t go on like this") > affinity::REFLECTION);
    }

    #[test]
    fn it_is_the_calmest() {
        let options = Guardian::options(&sample::turn("Is it safe?"));
        assert_eq!((options.temperature, options.frequency_penalty), (Some(0.3), Some(0.2)));
    }

    #[test]
    fn without_a_model_it_still_says_where_help_is() {
        let answer = double::ask::<Guardian>(&sample::turn("I am not safe"));
        assert!(answer.degraded() && answer.text.contains("call your local emergency number"), "{}", answer.text);
    }
}
