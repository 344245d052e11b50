//! Words by which tasks announce themselves, end, and are told from what is none.

use mnemosyne_sdk::words;

/// How a task announces itself, and how sure that is; the longest fitting one counts.
pub(super) const OPENINGS: [(&str, f32); 27] = [
    ("remind me to ", 0.9),
    ("remind me that i have to ", 0.9),
    ("todo: ", 0.9),
    ("to do: ", 0.9),
    ("[ ] ", 0.9),
    ("task: ", 0.9),
    ("don't forget to ", 0.85),
    ("don't let me forget to ", 0.9),
    ("i must ", 0.8),
    ("i have to ", 0.8),
    ("i need to ", 0.8),
    ("we need to ", 0.75),
    ("we have to ", 0.75),
    ("i've got to ", 0.8),
    ("i promised to ", 0.8),
    ("i should ", 0.6),
    ("we should ", 0.5),
    ("i want to ", 0.55),
    ("i'd like to ", 0.5),
    ("i plan to ", 0.65),
    ("i'm going to ", 0.6),
    ("i'll ", 0.55),
    ("i will ", 0.55),
    ("make sure to ", 0.6),
    ("i gotta ", 0.75),
    ("i've got to remember to ", 0.9),
    ("let's not forget to ", 0.8),
];

/// The same without a subject, at the beginning of a sentence only: "Need to call Ada".
pub(super) const BARE: [(&str, f32); 5] = [("need to ", 0.75), ("have to ", 0.75), ("must ", 0.7), ("gotta ", 0.7), ("todo ", 0.8)];

/// Where the doing ends and the telling goes on.
pub(super) const ENDINGS: [&str; 9] =
    [" because ", " so that ", " since ", ", but ", " but i ", " although ", ", so ", " otherwise ", ", which "];

/// Words that are no doing: "I want to be free" is no task, "I will not go" none either, "I'm going to the lake" a place.
pub(super) const NO_DOING: [&str; 28] = [
    "be",
    "feel",
    "know",
    "think",
    "say",
    "admit",
    "believe",
    "understand",
    "have",
    "stop",
    "see",
    "confess",
    "not",
    "never",
    "the",
    "a",
    "an",
    "my",
    "our",
    "his",
    "her",
    "their",
    "your",
    "this",
    "that",
    "it",
    "you",
    "always",
];

/// `To do:`, `Tasks for today`, `## Action items`.
pub(super) fn heads_a_list(line: &str) -> bool {
    let said = words::of(line);
    said.len() <= 6 && ["todo", "to do", "todos", "tasks", "action items", "next steps"].iter().any(|phrase| words::has(&said, phrase))
}

/// Where `opening` stands at the beginning of the sentence or after a word's end.
pub(super) fn begin(lower: &str, opening: &str) -> Option<usize> {
    lower
        .match_indices(opening)
        .map(|(at, _)| at)
        .find(|at| lower[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric()))
}

pub(super) fn priority(said: &[String], soon: bool) -> &'static str {
    let any = |list: &[&str]| list.iter().any(|phrase| words::has(said, phrase));
    if any(&["urgent", "urgently", "asap", "immediately", "right away", "as soon as possible"]) {
        "urgent"
    } else if any(&["important", "critical", "crucial", "at the latest"]) || soon {
        "high"
    } else if any(&["someday", "sometime", "whenever", "eventually", "no rush", "no hurry"]) {
        "low"
    } else {
        "medium"
    }
}
