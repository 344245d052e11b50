//! The parts of a task: as they were written, else by the kind of work its title names.

use mnemosyne_sdk::plugin::task_intelligence::Step;
use mnemosyne_sdk::{Task, words};

const MOST: usize = 20;

/// Words of a title, and (step, share of the work in tenths).
type Plan = (&'static [&'static str], &'static [(&'static str, u32)]);

const PLANS: [Plan; 9] = [
    (
        &["write", "report", "essay", "article", "paper", "blog", "letter"],
        &[
            ("Collect what it must say", 2),
            ("Write an outline", 1),
            ("Write a first draft", 4),
            ("Revise it", 2),
            ("Read it once more and send it", 1),
        ],
    ),
    (
        &["presentation", "talk", "slides", "speech"],
        &[
            ("Say in one sentence what the audience should take away", 1),
            ("Outline it", 2),
            ("Make the slides", 4),
            ("Rehearse aloud", 2),
            ("Prepare for questions", 1),
        ],
    ),
    (
        &["meeting", "workshop", "interview"],
        &[
            ("Write down what should come out of it", 2),
            ("Invite whom it needs and fix a time", 2),
            ("Prepare an agenda", 2),
            ("Hold it", 3),
            ("Write up what was agreed", 1),
        ],
    ),
    (
        &["trip", "travel", "holiday", "vacation", "journey"],
        &[
            ("Fix dates and budget", 1),
            ("Book travel and a place to stay", 4),
            ("Plan what to see", 2),
            ("Check documents", 1),
            ("Pack", 2),
        ],
    ),
    (
        &["learn", "study", "course", "exam"],
        &[
            ("Say what you want to be able to do", 1),
            ("Choose one source", 1),
            ("Work through the first part", 4),
            ("Practise without looking", 3),
            ("Explain it to somebody", 1),
        ],
    ),
    (
        &["fix", "bug", "repair", "broken"],
        &[("See it happen", 2), ("Find the cause", 4), ("Change it", 2), ("Check that it is gone and nothing else broke", 2)],
    ),
    (
        &["clean", "tidy", "declutter", "organise", "organize"],
        &[("Take out what does not belong there", 3), ("Sort: keep, give away, throw away", 3), ("Clean", 3), ("Put things back", 1)],
    ),
    (
        &["party", "birthday", "wedding", "dinner", "event"],
        &[("Fix date, place and budget", 1), ("Invite", 1), ("Plan food and drink", 2), ("Shop and prepare", 4), ("Clear up", 2)],
    ),
    (&["buy", "order", "purchase"], &[("Write down what it must do", 3), ("Compare two or three", 4), ("Decide and buy", 3)]),
];

const ANY: [(&str, u32); 4] = [
    ("Say what “done” looks like", 1),
    ("Take the smallest step that can be finished today", 3),
    ("Do the rest", 5),
    ("Check it against what “done” looks like", 1),
];

/// The steps that the task's own text lists: bullets, numbers, boxes, or parts joined by `;` or “then”; at least two.
pub(crate) fn written(task: &Task, minutes: u32) -> Option<Vec<Step>> {
    let mut parts: Vec<&str> = task.description.lines().filter_map(item).collect();
    if parts.len() < 2 {
        let title = task.title.as_str();
        parts = if title.contains(';') { title.split(';').collect() } else { title.split(" then ").collect() };
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|part| words::excerpt(part.trim().trim_end_matches(','), 500))
        .filter(|part| !part.is_empty())
        .take(MOST)
        .collect();
    if parts.len() < 2 {
        return None;
    }
    let each = minutes / u32::try_from(parts.len()).unwrap_or(1);
    Some(parts.iter().map(|part| step(part, each, task)).collect())
}

/// By the kind of work.
pub(crate) fn by_rules(task: &Task, minutes: u32) -> Vec<Step> {
    let said = words::of(&task.title);
    let plan = PLANS.iter().find(|(signals, _)| signals.iter().any(|word| words::has(&said, word))).map_or(&ANY[..], |(_, plan)| plan);
    plan.iter().map(|(title, tenths)| step(title, minutes.saturating_mul(*tenths) / 10, task)).collect()
}

/// Easier than the whole.
fn step(title: &str, minutes: u32, task: &Task) -> Step {
    Step { difficulty: task.difficulty.saturating_sub(1).clamp(1, 5), ..Step::new(title, minutes) }
}

/// `- x`, `* x`, `• x`, `1. x`, `2) x`, `- [ ] x`; what is ticked off is done.
pub(crate) fn item(line: &str) -> Option<&str> {
    let line = line.trim();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match line.chars().next()? {
        '-' | '*' | '•' => line.char_indices().nth(1).map(|(at, _)| &line[at..])?,
        _ if digits > 0 => line[digits..].strip_prefix(['.', ')'])?,
        _ => return None,
    };
    let rest = rest.strip_prefix(' ')?.trim();
    if rest.starts_with("[x]") || rest.starts_with("[X]") {
        return None;
    }
    Some(rest.strip_prefix("[ ]").unwrap_or(rest).trim()).filter(|rest| !rest.is_empty())
}
