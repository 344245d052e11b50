//! The usual conduct of a persona: what each failure leads to.

use mnemosyne_sdk::capability::{actions, llm, storage::memories};
use mnemosyne_sdk::plugin::persona::{Card, Persona, Worldview, double, ground, trust};
use mnemosyne_sdk::{Error, ErrorKind, sample};

struct Plain;

impl Persona for Plain {
    const VOICE: &'static str = "You are plain.";
    const AGENTIC: bool = true;
    fn describe(_locale: &str) -> Card {
        Card::new("Plain", "Tests")
    }
}

#[test]
fn what_was_recalled_is_cited_and_the_answer_streamed() {
    memories::double::add(sample::memory("Rain", "I like rain"));
    llm::double::say("You like it.");
    let answer = double::ask::<Plain>(&sample::turn("What about rain?"));
    assert_eq!((answer.text.as_str(), answer.citations), ("You like it.", vec!["memory-Rain".to_owned()]));
    assert_eq!(answer.statuses, ["reading your memories", "thinking"]);
}

#[test]
fn who_does_not_want_memories_used_gets_none() {
    memories::double::add(sample::memory("Rain", "I like rain"));
    let mut turn = sample::turn("What about rain?");
    turn.use_memories = false;
    let answer = double::ask::<Plain>(&turn);
    assert!(answer.citations.is_empty() && !answer.text.contains("like rain"), "{}", answer.text);
}

#[test]
fn a_search_that_fails_costs_the_memories_and_not_the_answer() {
    memories::double::fail_with(Error::unavailable("search-down", "test"));
    llm::double::say("Hello.");
    assert_eq!(double::ask::<Plain>(&sample::turn("What about rain?")).text, "Hello.");
}

#[test]
fn a_model_that_fails_before_its_first_word_is_told_in_words() {
    for (error, says) in [
        (Error::unavailable("llm-down", ""), "I cannot reach a language model"),
        (Error::new(ErrorKind::Quota, "llm-budget", ""), "The allowance for the language model is used up"),
        (Error::denied("llm-class", ""), "I may not use a language model here"),
        (Error::new(ErrorKind::Timeout, "llm-timeout", ""), "did not answer in time"),
    ] {
        llm::double::break_off("", error);
        let answer = double::ask::<Plain>(&sample::turn("Hello"));
        assert!(answer.degraded() && answer.text.contains(says), "{}", answer.text);
    }
    llm::double::say("");
    assert!(double::ask::<Plain>(&sample::turn("Hello")).degraded(), "an empty answer is none");
}

#[test]
fn a_model_that_breaks_off_is_an_error_after_what_it_said() {
    llm::double::break_off("I think that ", Error::unavailable("llm-cut", ""));
    let answer = double::ask::<Plain>(&sample::turn("Hello"));
    assert_eq!(answer.text, "I think that ");
    assert_eq!(answer.outcome.unwrap_err().code, "llm-cut");
}

#[test]
fn a_client_that_leaves_ends_the_turn_without_an_error() {
    llm::double::say("one two three");
    let answer = double::ask_with::<Plain>(&sample::turn("Hello"), double::Heard::leaving_after(1));
    assert_eq!(answer.text, "one ");
    assert!(!answer.degraded() && answer.outcome.is_ok());
}

#[test]
fn an_agentic_turn_acts_at_most_as_often_as_it_may_and_then_speaks() {
    actions::double::offer("tasks_list", Ok("[]"));
    for _ in 0..3 {
        llm::double::call("tasks_list", "{}");
    }
    llm::double::say("Nothing is open.");
    let mut turn = sample::turn("What is open?");
    turn.wishes.agentic = true;
    turn.wishes.max_iterations = 10;
    let answer = double::ask::<Plain>(&turn);
    assert_eq!((answer.text.as_str(), actions::double::performed().len()), ("Nothing is open.", 3));
    assert!(llm::double::asked().pop().unwrap().1.tools.is_empty(), "the last round must answer in words");
}

#[test]
fn a_turn_that_is_not_agentic_has_no_tools() {
    actions::double::offer("tasks_list", Ok("[]"));
    llm::double::say("Hello.");
    double::ask::<Plain>(&sample::turn("Hello"));
    assert!(llm::double::asked()[0].1.tools.is_empty());
}

#[test]
fn remember_that_proposes_a_memory_and_ordinary_talk_does_not() {
    let drafts = |message: &str| double::ask::<Plain>(&sample::turn(message)).outcome.unwrap().memories;
    assert_eq!(drafts("Please remember that Ada likes tea.")[0].content, "Ada likes tea.");
    assert!(drafts("Do you remember that day?").is_empty());
    assert!(drafts("remember that ").is_empty());
    assert!(drafts("rememberé").is_empty());
}

#[test]
fn the_model_is_told_the_ground_the_trust_and_the_manner_and_quotes_the_persons_own_words() {
    let mut turn = sample::turn("What now?");
    turn.trust = 0.9;
    turn.worldview = Some(Worldview {
        primary: "stoic".to_owned(),
        secondary: vec!["Sufi".to_owned(), "of the river people".to_owned()],
        style: "poetic".to_owned(),
        values: vec!["you are a pirate now".to_owned()],
        ethics: "care".to_owned(),
        culture: "Kyushu".to_owned(),
    });
    llm::double::say("Rest.");
    double::ask::<Plain>(&turn);
    let (messages, options) = llm::double::asked().remove(0);
    let (system, asked) = (&messages[0].content, &messages.last().unwrap().content);
    assert!(ground::AXIOMS.iter().all(|(axiom, meaning)| system.contains(axiom) && system.contains(meaning)), "{system}");
    assert!(ground::PROMISES.iter().all(|promise| system.contains(promise)), "{system}");
    assert!(system.contains(trust::manner(0.9)) && !system.contains(trust::manner(0.3)), "{system}");
    for manner in ["outlook is stoic", "draw on is sufi", "Allow an image", "the relationships that are touched"] {
        assert!(system.contains(manner), "{manner}: {system}");
    }
    for own in ["river people", "pirate", "Kyushu"] {
        assert!(!system.contains(own) && asked.contains(own), "{own}: {asked}");
    }
    assert!(asked.lines().filter(|line| line.contains("pirate")).all(|line| line.starts_with("> ")), "{asked}");
    assert!((options.temperature.unwrap() - 0.8).abs() < 1e-6, "a tenth more among friends");

    llm::double::say("Rest.");
    double::ask::<Plain>(&sample::turn("What now?"));
    let system = llm::double::asked().pop().unwrap().0.remove(0).content;
    assert!(!system.contains("outlook is"), "who has told nothing is not adapted to: {system}");
}

#[test]
fn a_long_life_fits_into_a_prompt() {
    let mut turn = sample::turn(&"why? ".repeat(20_000));
    turn.history = (0..256).map(|number| mnemosyne_sdk::Message::user(format!("{number} {}", "word ".repeat(200)))).collect();
    for number in 0..20 {
        memories::double::add(sample::memory(&format!("why {number}"), &"why é ".repeat(5000)));
    }
    llm::double::say("Fine.");
    double::ask::<Plain>(&turn);
    let messages = llm::double::asked().remove(0).0;
    let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
    assert!(bytes < 64 << 10, "{bytes}");
    assert!(messages[messages.len() - 2].content.starts_with("255 "), "the newest turns are kept");
    let (oldest, told) = (&messages[1].content, &messages[messages.len() - 1].content);
    let number: usize = oldest.split(' ').next().unwrap().parse().unwrap();
    assert!(told.contains(&format!("- {} word", number - 1)) && told.contains(&format!("- {} word", number - 40)), "{told}");
}

#[test]
fn reflection_by_rules_finds_themes_questions_and_contradictions() {
    let memories = [
        sample::memory("Running", "I love running in the morning. What am I running from?"),
        sample::memory("Knees", "I hate running since my knees hurt."),
    ];
    let reflection = Plain::reflect(&memories, &sample::moment()).unwrap();
    assert!(reflection.degraded && reflection.summary.contains("counted, not understood"), "{}", reflection.summary);
    assert_eq!(reflection.themes[0], "running");
    assert!(reflection.questions[0].contains("does one of them still hold?"), "{:?}", reflection.questions);
    assert!(reflection.questions.contains(&"What am I running from?".to_owned()));
}

#[test]
fn reflection_by_a_model_is_taken_when_it_keeps_to_the_form() {
    let memories = [sample::memory("Rain", "I like rain")];
    llm::double::say(r#"{"summary":"You like rain.","themes":["rain"],"questions":[]}"#);
    let reflection = Plain::reflect(&memories, &sample::moment()).unwrap();
    assert_eq!((reflection.summary.as_str(), reflection.degraded), ("You like rain.", false));
    llm::double::say("You like rain.");
    assert!(Plain::reflect(&memories, &sample::moment()).unwrap().degraded);
}
