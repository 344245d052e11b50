//! What somebody might want to do: habits that are due again, follow-ups, intentions they wrote down, the week's rhythm.

mod habits;

use mnemosyne_sdk::capability::storage::{memories, tasks};
use mnemosyne_sdk::date::Date;
use mnemosyne_sdk::plugin::task_intelligence::{Draft, Suggestion};
use mnemosyne_sdk::{Moment, Task, words};

use crate::extract;

const DAY: i64 = 86_400_000;
/// How far back habits are looked for.
const HABIT_DAYS: i64 = 60;
const FOLLOW_UP_DAYS: i64 = 3;
const INTENTION_DAYS: i64 = 14;
/// What was done in the last days is not wanted again, unless it is a habit.
const DONE_DAYS: i64 = 6;
/// From here on two titles are the same task.
pub(crate) const SAME: f32 = 0.6;

/// Words in the title of what was done, and what usually comes after it.
const FOLLOW_UPS: [(&[&str], &str); 6] = [
    (&["meeting", "workshop"], "Write up what was agreed"),
    (&["proposal", "offer", "quote"], "Ask whether there are questions"),
    (&["interview", "application"], "Send a word of thanks"),
    (&["presentation", "talk"], "Collect feedback"),
    (&["review"], "Work in what the review found"),
    (&["call"], "Note what was said"),
];
/// Who has done this has not done that yet: a prepared meeting is not over.
const NOT_YET: [&str; 14] = [
    "prepare", "plan", "schedule", "cancel", "book", "move", "postpone", "draft", "organise", "organize", "invite", "write", "confirm",
    "read",
];
/// At the beginning of a title they say what was done to somebody: "Review the draft" is no review of one's own.
const VERBS: [&str; 5] = ["review", "talk", "call", "offer", "quote"];

/// Best first. Nothing that is open already is suggested.
pub(crate) fn by_rules(moment: &Moment, limit: usize) -> Vec<Suggestion> {
    let open = open_tasks();
    let done = completed(moment.at - HABIT_DAYS * DAY);
    let mut found = follow_ups(&done, moment);
    found.extend(intentions(moment));
    found.extend(rhythm(&open, moment));
    // What was wanted and has been done meanwhile is done.
    let lately: Vec<Vec<String>> = since(&done, moment.at - DONE_DAYS * DAY).map(|task| words::telling(&task.title)).collect();
    found.retain(|one| !lately.iter().any(|other| words::shared(&words::telling(&one.draft.title), other) >= 0.8));
    found.extend(habits::due_again(&done, moment));
    let mut kept: Vec<(Vec<String>, Suggestion)> = Vec::new();
    let known: Vec<Vec<String>> = open.iter().map(|task| words::telling(&task.title)).collect();
    found.sort_by(|one, other| other.draft.confidence.total_cmp(&one.draft.confidence));
    for suggestion in found {
        let own = words::telling(&suggestion.draft.title);
        let is_known = known.iter().chain(kept.iter().map(|(words, _)| words)).any(|other| words::shared(&own, other) >= SAME);
        if !is_known && kept.len() < limit {
            kept.push((own, suggestion));
        }
    }
    kept.into_iter().map(|(_, suggestion)| suggestion).collect()
}

/// At most 200; none when they cannot be read.
pub(crate) fn open_tasks() -> Vec<Task> {
    pages(&tasks::Filter::open())
}

/// At most 200, newest first.
pub(crate) fn completed(since: i64) -> Vec<Task> {
    pages(&tasks::Filter::completed_since(since))
}

fn pages(filter: &tasks::Filter) -> Vec<Task> {
    let Ok(mut page) = tasks::list(filter, None, 100) else { return Vec::new() };
    let mut all = page.items;
    if let Some(next) = page.next.take()
        && let Ok(more) = tasks::list(filter, Some(&next), 100)
    {
        all.extend(more.items);
    }
    all
}

fn follow_ups(done: &[Task], moment: &Moment) -> Vec<Suggestion> {
    let follow_up = |task: &Task| {
        let said = words::of(&task.title);
        let first = said.first().map_or("", String::as_str);
        if NOT_YET.contains(&first) {
            return None;
        }
        let said = if VERBS.contains(&first) { &said[1..] } else { &said[..] };
        let (_, what) = FOLLOW_UPS.iter().find(|(signals, _)| signals.iter().any(|word| words::has(said, word)))?;
        let title = format!("{what}: {}", words::excerpt(&task.title, 200));
        let due = Date::today(moment).plus(2);
        let draft = Draft {
            due_local: Some(format!("{due}T23:59")),
            tags: task.tags.clone(),
            evidence: words::excerpt(&task.title, 500),
            ..Draft::new(&title, 0.6)
        };
        Some(Suggestion { draft, reason: "You finished this a short while ago".to_owned(), source: "follow-up".to_owned() })
    };
    since(done, moment.at - FOLLOW_UP_DAYS * DAY).filter_map(follow_up).collect()
}

fn since(done: &[Task], at: i64) -> impl Iterator<Item = &Task> {
    done.iter().filter(move |task| task.completed.is_some_and(|completed| completed >= at))
}

/// What they wrote that they want to do, in the last two weeks.
fn intentions(moment: &Moment) -> Vec<Suggestion> {
    let filter = memories::Filter { since: Some(moment.at - INTENTION_DAYS * DAY), ..memories::Filter::default() };
    let Ok(page) = memories::list(&filter, None, 50) else { return Vec::new() };
    let suggestion = |memory: &mnemosyne_sdk::Memory| {
        let day = Date::at(memory.created, moment);
        // Dates in it are meant from the day it was written.
        let then = Moment { date: day.to_string(), at: memory.created, ..moment.clone() };
        let drafts = extract::from_text(&memory.content, &then).into_iter();
        let fresh = drafts.filter(|draft| draft.due_local.as_ref().is_none_or(|due| due.as_str() >= moment.date.as_str()));
        let suggest = |draft: Draft| {
            let confidence = (draft.confidence - 0.2).max(0.3);
            Suggestion { draft: Draft { confidence, ..draft }, reason: format!("You wrote this on {day}"), source: "memory".to_owned() }
        };
        fresh.map(suggest).collect::<Vec<_>>()
    };
    page.items.iter().flat_map(suggestion).collect()
}

/// What a day or a pile calls for.
fn rhythm(open: &[Task], moment: &Moment) -> Vec<Suggestion> {
    let today = Date::today(moment);
    let overdue = open.iter().filter(|task| task.due.is_some_and(|due| due < moment.at)).count();
    let mut found = Vec::new();
    let mut add = |title: String, confidence: f32, reason: String| {
        let draft = Draft { due_local: Some(format!("{today}T23:59")), ..Draft::new(&title, confidence) };
        found.push(Suggestion { draft, reason, source: "rhythm".to_owned() });
    };
    match moment.weekday {
        1 => add("Plan the week".to_owned(), 0.7, "It is Monday".to_owned()),
        5 => add("Look back at the week".to_owned(), 0.5, "It is Friday".to_owned()),
        _ => {}
    }
    if today.end_of_month().days_since(today) < 3 {
        add("Close the month: bills and records".to_owned(), 0.6, "The month ends".to_owned());
    }
    if overdue >= 3 {
        add("Sort out what is overdue".to_owned(), 0.65, format!("{overdue} tasks are overdue: move, drop or do them"));
    }
    found
}
