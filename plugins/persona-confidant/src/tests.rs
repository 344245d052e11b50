//! What is the confidant's own; the usual conduct is tested in the SDK.

use mnemosyne_sdk::capability::{llm, storage::memories};
use mnemosyne_sdk::plugin::persona::double;
use mnemosyne_sdk::{prompt, sample};

use super::*;

fn score(message: &str) -> f32 {
    Confidant::affinity(message, &[]).unwrap().score
}

#[test]
fn feelings_are_its_own_and_everything_else_is_welcome() {
    assert!(score("I feel so lonely tonight") >= 0.5);
    assert!(score("What is a monad?") < 0.5 && score("What is a monad?") > 0.0);
}

#[test]
fn it_answers_warmly_and_with_a_light_penalty_on_repetition() {
    llm::double::say("That sounds heavy.");
    let answer = double::ask::<Confidant>(&sample::turn("I had a rough day"));
    assert_eq!((answer.text.as_str(), answer.degraded()), ("That sounds heavy.", false));
    let (messages, options) = llm::double::asked().remove(0);
    assert_eq!((options.temperature, options.reasoning.as_deref()), (Some(0.8), Some("medium")));
    assert_eq!((options.presence_penalty, options.frequency_penalty), (Some(0.1), None));
    assert!(messages[0].content.starts_with(Confidant::VOICE) && messages[0].content.contains(prompt::DATA_RULE));
}

#[test]
fn a_close_friend_is_answered_more_freely_unless_the_client_says_how() {
    let mut turn = sample::turn("hello");
    turn.trust = 0.9;
    assert!((Confidant::options(&turn).temperature.unwrap() - 0.9).abs() < 1e-6);
    turn.wishes.temperature = Some(0.0);
    assert_eq!(Confidant::options(&turn).temperature, Some(0.0));
}

#[test]
fn without_a_model_it_says_so_and_quotes_what_was_written() {
    memories::double::add(sample::memory("Sister", "My sister moved to Porto. I miss our Sunday calls."));
    let answer = double::ask::<Confidant>(&sample::turn("I miss my sister"));
    assert!(answer.degraded());
    assert!(answer.text.starts_with("I cannot reach a language model right now"), "{}", answer.text);
    assert!(answer.text.contains("“My sister moved to Porto. I miss our Sunday calls.”"), "{}", answer.text);
    assert!(answer.text.ends_with(Confidant::OFFLINE));
    assert_eq!(answer.citations, ["memory-Sister"]);
}
