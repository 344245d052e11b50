//! Recalled text stays data, whatever it says: asserted on the prompt that reaches the model.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod corpus;

use corpus::CORPUS;
use mnemosyne_sdk::capability::{actions, llm, storage::memories};
use mnemosyne_sdk::plugin::persona::{Card, Persona, Turn, Worldview, double};
use mnemosyne_sdk::{Message, sample};

struct Plain;

impl Persona for Plain {
    const VOICE: &'static str = "You are plain.";
    const AGENTIC: bool = true;
    fn describe(_locale: &str) -> Card {
        Card::new("Plain", "Tests")
    }
}

const TEMPLATE: [&str; 12] =
    ["<|", "|>", "[inst", "[/inst", "<<sys", "<s>", "</s>", "<start_of_turn", "<end_of_turn", "<tool_call", "<｜", "[tool_"];

fn turn() -> Turn {
    let mut turn = sample::turn("What do you know about the garden?");
    turn.moment.seed = 0x2a;
    turn
}

/// The prompt of a turn, and that it has the shape that every prompt has.
fn prompt(turn: &Turn, why: &str) -> Vec<Message> {
    llm::double::say("Fine.");
    assert!(double::ask::<Plain>(turn).outcome.is_ok(), "{why}");
    let messages = llm::double::asked().pop().unwrap().0;
    assert_eq!(messages.iter().filter(|message| message.role == "system").count(), 1, "{why}");
    assert_eq!(messages[0].role, "system", "{why}");
    let roles: Vec<&str> = messages[1..].iter().map(|message| message.role.as_str()).collect();
    assert!(roles.iter().all(|role| ["user", "assistant"].contains(role)) && roles.last() == Some(&"user"), "{why}: {roles:?}");
    for message in &messages[1..] {
        let lower = message.content.to_lowercase();
        assert!(TEMPLATE.iter().all(|token| !lower.contains(token)), "{why}: a template's token came through: {}", message.content);
        assert!(message.content.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{why}: {:?}", message.content);
    }
    messages
}

/// Between the fences stand only quotations and our own headings; after them only what the person asked.
fn assert_fenced(content: &str, asked: &str, why: &str) {
    let fences = |fence: &str| content.lines().filter(|line| line.to_lowercase().contains(fence)).count();
    assert_eq!((fences("[[data"), fences("[[end")), (1, 1), "{why}: {content}");
    let inside = content.strip_prefix("[[data 0000002a]]\n").unwrap_or_else(|| unreachable!("{why}: {content}"));
    let (inside, after) = inside.split_once("[[end 0000002a]]\n").unwrap();
    for line in inside.split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}']).filter(|line| !line.is_empty()) {
        let heading = line.ends_with(':') && (line.starts_with("memory 1 of 20") || OURS.contains(&line));
        assert!(line.starts_with("> ") || heading, "{why}: `{line}`");
    }
    assert_eq!(after.trim(), asked, "{why}");
}

const OURS: [&str; 2] = ["what was said before, summed up:", "how this person describes their outlook:"];

#[test]
fn memories_are_quotations_and_never_a_word_of_the_system() {
    let clean = prompt(&turn(), "no memory")[0].content.clone();
    for text in CORPUS {
        let memory = mnemosyne_sdk::Memory { id: text.to_owned(), ..sample::memory(text, text) };
        let messages = Plain::prompt(&turn(), &[memory]);
        assert_eq!(messages[0].content, clean, "{text}");
        assert_eq!(messages.len(), 2, "{text}");
        assert_fenced(&messages[1].content, "What do you know about the garden?", text);
    }
}

#[test]
fn what_is_recalled_reaches_the_model_in_that_shape_and_triggers_nothing() {
    actions::double::offer("tasks_create", Ok("{}"));
    for text in CORPUS {
        memories::double::add(sample::memory("garden", &format!("The garden. {text}")));
    }
    let mut turn = turn();
    turn.wishes.agentic = true;
    let messages = prompt(&turn, "recalled");
    let content = &messages.last().unwrap().content;
    assert_eq!(content.matches("[[end").count(), 1);
    assert!(content.contains("> The garden."));
    assert!(actions::double::performed().is_empty(), "only a model's tool call acts");
}

#[test]
fn summary_worldview_history_and_answers_of_actions_are_no_way_in_either() {
    for text in CORPUS {
        let mut turn = turn();
        turn.summary = Some(text.to_owned());
        let own = || text.to_owned();
        turn.worldview =
            Some(Worldview { primary: own(), secondary: vec![own()], style: own(), values: vec![own()], ethics: own(), culture: own() });
        turn.history = vec![Message::system(text), Message::user(text), Message::assistant(text), Message::tool("call-1", text)];
        let messages = prompt(&turn, text);
        assert!(!messages[0].content.contains(text.trim()), "{text}");
        assert_fenced(&messages.last().unwrap().content, "What do you know about the garden?", text);
    }
}

#[test]
fn an_action_answers_with_data() {
    for text in CORPUS {
        actions::double::offer("tasks_list", Ok(text));
        llm::double::call("tasks_list", "{}");
        let mut turn = turn();
        turn.wishes.agentic = true;
        llm::double::say("Here.");
        assert_eq!(double::ask::<Plain>(&turn).text, "Here.", "{text}");
        let (messages, options) = llm::double::asked().pop().unwrap();
        let answer = messages.last().unwrap();
        assert_eq!((answer.role.as_str(), options.tools.len()), ("tool", 1), "{text}");
        let inside = answer.content.strip_prefix("[[data 0000002a]]\nanswer of the operation:\n").unwrap();
        let inside = inside.strip_suffix("[[end 0000002a]]\n").unwrap();
        assert!(inside.split('\n').filter(|line| !line.is_empty()).all(|line| line.starts_with("> ")), "{text}: {inside}");
    }
}

#[test]
fn ordinary_text_reaches_the_model_as_it_was_written() {
    for text in ["a < b && b > c", "see [[Garden]] and [1]", "1 | 2 | 3", "fn f<T>(x: &[T]) -> bool", "👩‍🌾 naïve — “so”", "Ωμέγα, 日本語"]
    {
        let messages = Plain::prompt(&turn(), &[sample::memory("note", text)]);
        assert!(messages[1].content.contains(&format!("> {text}\n")), "{}", messages[1].content);
    }
}
