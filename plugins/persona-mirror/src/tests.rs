//! What the mirror keeps, shows and forgets.

use mnemosyne_sdk::capability::llm;
use mnemosyne_sdk::json::{self, Value};
use mnemosyne_sdk::plugin::persona::double;
use mnemosyne_sdk::sample;

use super::*;

fn say(message: &str) -> String {
    llm::double::say("I see.");
    double::ask::<Mirror>(&sample::turn(message)).text
}

fn shown() -> Value {
    json::from_str(&Mirror::show(REFLECTIONS).unwrap()).unwrap()
}

#[test]
fn it_counts_words_by_dimension_and_shows_each_figure() {
    say("I am tired, so tired, and alone");
    say("We went out together, friends and family");
    say("The weather is grey");
    let shown = shown();
    assert_eq!(shown["observation_count"], 2);
    let company = shown["reflections"].as_array().unwrap().iter().find(|one| one["dimension"] == "company").unwrap();
    assert_eq!((company["value"].as_f64(), company["observations"].as_u64()), (Some(0.5), Some(2)));
    assert!(shown["patterns_observed"].as_array().unwrap().is_empty(), "twice is not a pattern");
}

#[test]
fn a_pattern_takes_five_messages_and_its_trend_is_told() {
    for _ in 0..8 {
        say("I must, I have to");
    }
    let before = shown()["patterns_observed"][0].as_str().unwrap().to_owned();
    assert!(before.contains("nearer to “having to”") && before.contains("lately stable"), "{before}");
    for _ in 0..3 {
        say("I decided: my choice");
    }
    let after = shown()["patterns_observed"][0].as_str().unwrap().to_owned();
    assert!(after.contains("lately towards “choosing”"), "{after}");
    let (messages, _) = llm::double::asked().pop().unwrap();
    assert!(messages.last().unwrap().content.contains("patterns counted so far:\n> agency"), "the model may read what was counted");
}

#[test]
fn reset_forgets_and_only_what_is_listed_can_be_asked_for() {
    say("I am tired");
    Mirror::reset(REFLECTIONS).unwrap();
    assert_eq!(shown()["observation_count"], 0);
    assert_eq!(Mirror::show("diary").unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(Mirror::list().len(), 1);
}

#[test]
fn who_does_not_want_to_be_remembered_is_not_observed() {
    let mut turn = sample::turn("I am tired");
    turn.use_memories = false;
    double::ask::<Mirror>(&turn);
    assert_eq!(shown()["observation_count"], 0);
}

#[test]
fn it_proposes_no_memories_and_never_says_what_to_do() {
    let answer = double::ask::<Mirror>(&sample::turn("Remember that I must rest"));
    assert!(answer.outcome.unwrap().memories.is_empty());
    assert!(Mirror::VOICE.contains("Never advise"));
}
