//! Tasks in what somebody said, each with the words it was read from.

use mnemosyne_sdk::plugin::task_intelligence::Draft;
use mnemosyne_sdk::{Message, Moment, Task, words};

use crate::suggest::SAME;
use crate::when;

const MOST: usize = 20;
/// Titles are shown in lists.
const TITLE: usize = 120;

/// How a task announces itself, and how sure that is; the longest fitting one counts.
const OPENINGS: [(&str, f32); 24] = [
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
];

/// Where the doing ends and the telling goes on.
const ENDINGS: [&str; 9] = [" because ", " so that ", " since ", ", but ", " but i ", " although ", ", so ", " otherwise ", ", which "];

/// Words that are no doing: "I need to sleep more" is a wish, "I want to be free" no task.
const NO_DOING: [&str; 12] = ["be", "feel", "know", "think", "say", "admit", "believe", "understand", "have", "stop", "see", "confess"];

/// From what the person said; never from an assistant's or a tool's words.
pub(crate) fn by_rules(messages: &[Message], moment: &Moment) -> Vec<Draft> {
    let said = messages.iter().filter(|message| message.role == "user");
    let mut drafts: Vec<Draft> = Vec::new();
    for draft in said.flat_map(|message| from_text(&message.content, moment)) {
        if drafts.len() < MOST && !drafts.iter().any(|known| words::likeness(&known.title, &draft.title) >= SAME) {
            drafts.push(draft);
        }
    }
    drafts
}

/// Without those that are open already.
pub(crate) fn without_known(drafts: Vec<Draft>, known: &[Task]) -> Vec<Draft> {
    let fresh = |draft: &Draft| !known.iter().any(|task| words::likeness(&task.title, &draft.title) >= 0.8);
    drafts.into_iter().filter(fresh).collect()
}

/// One for each sentence that announces one.
pub(crate) fn from_text(text: &str, moment: &Moment) -> Vec<Draft> {
    words::sentences(text).into_iter().filter_map(|sentence| from_sentence(sentence, moment)).collect()
}

fn from_sentence(sentence: &str, moment: &Moment) -> Option<Draft> {
    // Same bytes, so that what is found in `lower` can be cut from the sentence as it was written.
    let plain = sentence.replace('’', "'");
    let lower = plain.to_ascii_lowercase();
    let fitting = OPENINGS.iter().filter_map(|(opening, confidence)| Some((begin(&lower, opening)? + opening.len(), *confidence)));
    let (start, confidence) = fitting.max_by_key(|(start, _)| *start)?;
    // A question asks; only "can you remind me to …?" tells.
    if sentence.ends_with('?') && !lower.contains("remind me") {
        return None;
    }
    let end = ENDINGS.iter().filter_map(|ending| lower[start..].find(ending)).min().map_or(plain.len(), |at| start + at);
    let clause = plain[start..end].trim().trim_end_matches(['.', '!', '?', '…', ',']);
    let found = when::read(clause, moment);
    let title = words::excerpt(found.rest.trim().trim_end_matches([',', ':']).trim(), TITLE);
    let said = words::of(&title);
    if said.len() < 2 && words::telling(&title).is_empty() || said.first().is_some_and(|word| NO_DOING.contains(&word.as_str())) {
        return None;
    }
    let mut first = title.chars();
    let title = first.next().map(|c| c.to_uppercase().chain(first).collect::<String>())?;
    let urgent_by_date = found.days.is_some_and(|days| days <= 1);
    Some(Draft {
        priority: priority(&words::of(&lower), urgent_by_date).to_owned(),
        due_local: found.due_local,
        recurrence: found.recurrence,
        evidence: words::excerpt(sentence, 500),
        ..Draft::new(&title, confidence)
    })
}

/// Where `opening` stands at the beginning of the sentence or after a word's end.
fn begin(lower: &str, opening: &str) -> Option<usize> {
    lower
        .match_indices(opening)
        .map(|(at, _)| at)
        .find(|at| lower[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric()))
}

fn priority(said: &[String], soon: bool) -> &'static str {
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
