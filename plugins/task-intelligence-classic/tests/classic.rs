//! The rules at their edges, and what of a model's answer is taken.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use mnemosyne_sdk::capability::config::{self, Value};
use mnemosyne_sdk::capability::llm;
use mnemosyne_sdk::capability::storage::{memories, tasks};
use mnemosyne_sdk::sample::{self, DAY, NOW};

use mnemosyne_sdk::plugin::task_intelligence::{Draft, TaskIntelligence};
use mnemosyne_sdk::{Message, Moment, Task};
use task_intelligence_classic::Classic;

fn done(title: &str, days_ago: i64) -> Task {
    Task { id: format!("{title}{days_ago}"), title: title.to_owned(), completed: Some(NOW - days_ago * DAY), ..sample::task() }
}

fn open(title: &str) -> Task {
    Task { id: title.to_owned(), title: title.to_owned(), status: "pending".to_owned(), completed: None, ..sample::task() }
}

fn suggestions() -> Vec<(String, String)> {
    let (all, _) = Classic::suggest(&sample::moment(), 20).unwrap();
    all.into_iter().map(|one| (one.source, one.draft.title)).collect()
}

fn drafts(text: &str) -> Vec<Draft> {
    Classic::extract(&[Message::user(text)], &sample::moment()).unwrap().0
}

fn due(text: &str) -> Option<String> {
    drafts(text).first().and_then(|draft| draft.due_local.clone())
}

#[test]
fn a_habit_is_suggested_when_it_is_due_again_and_not_before() {
    for days in [7, 14, 21] {
        tasks::double::add(done("Water the plants", days));
    }
    for days in [1, 8, 15] {
        tasks::double::add(done("Visit grandmother", days));
    }
    let (all, origin) = Classic::suggest(&sample::moment(), 5).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((all[0].source.as_str(), all[0].draft.title.as_str()), ("habit", "Water the plants"));
    assert_eq!(all[0].draft.recurrence.as_deref(), Some("every week"));
    assert_eq!(all[0].draft.due_local.as_deref(), Some("2025-01-15T23:59"));
    assert_eq!(all[0].reason, "You did this 3 times, about every week; last on 2025-01-08");
    assert_eq!((origin.source.as_str(), origin.degraded), ("rules", false), "one suggestion needs no model");
}

#[test]
fn what_is_open_already_is_not_suggested_and_what_was_given_up_neither() {
    for days in [7, 14, 21] {
        tasks::double::add(done("Water the plants", days));
    }
    for days in [50, 51, 52] {
        tasks::double::add(done("Do yoga", days));
    }
    tasks::double::add(open("water the plants"));
    assert!(suggestions().is_empty());
}

#[test]
fn meetings_and_proposals_have_follow_ups_once() {
    tasks::double::add(done("Meeting with Ada", 1));
    tasks::double::add(done("Meeting with Bob", 9));
    assert_eq!(suggestions(), [("follow-up".to_owned(), "Write up what was agreed: Meeting with Ada".to_owned())]);
    tasks::double::add(done("Write up what was agreed: Meeting with Ada", 0));
    assert!(suggestions().is_empty());
}

#[test]
fn what_was_only_prepared_or_done_to_others_has_no_follow_up() {
    for title in ["Prepare the meeting with Ada", "Review the draft", "Talk to Bob", "Write the proposal", "Cancel the interview"] {
        tasks::double::add(done(title, 1));
    }
    assert!(suggestions().is_empty(), "{:?}", suggestions());
    tasks::double::add(done("Code review with Ada", 1));
    assert_eq!(suggestions().len(), 1);
}

#[test]
fn what_was_wanted_and_is_done_is_not_suggested_again() {
    memories::double::add(sample::memory("Diary", "I want to repair the bicycle. I need to write to Ada."));
    tasks::double::add(done("Repair the bicycle", 0));
    assert_eq!(suggestions(), [("memory".to_owned(), "Write to Ada".to_owned())]);
    let monday = Moment { date: "2025-01-13".to_owned(), weekday: 1, ..sample::moment() };
    tasks::double::add(done("Plan the week", 0));
    let (all, _) = Classic::suggest(&monday, 5).unwrap();
    assert!(all.iter().all(|one| one.source != "rhythm"), "{all:?}");
}

#[test]
fn intentions_in_memories_come_with_their_words() {
    memories::double::add(sample::memory("Diary", "A grey day. I want to repair the bicycle. It squeaks."));
    memories::double::add(sample::memory("Old plan", "I need to call the bank yesterday's way by 2025-01-02"));
    let (all, _) = Classic::suggest(&sample::moment(), 5).unwrap();
    assert_eq!(all[0].draft.title, "Repair the bicycle");
    assert_eq!((all[0].draft.evidence.as_str(), all[0].source.as_str()), ("I want to repair the bicycle.", "memory"));
    assert_eq!(all.len(), 1, "what is past is past: {all:?}");
}

#[test]
fn the_week_and_the_month_have_a_rhythm() {
    let titles = |date: &str, weekday: u8| {
        let moment = Moment { date: date.to_owned(), weekday, ..sample::moment() };
        Classic::suggest(&moment, 5).unwrap().0.into_iter().map(|one| one.draft.title).collect::<Vec<_>>()
    };
    assert_eq!(titles("2025-01-13", 1), ["Plan the week"]);
    assert_eq!(titles("2025-01-31", 5), ["Close the month: bills and records", "Look back at the week"]);
    assert!(titles("2025-01-15", 3).is_empty());
}

#[test]
fn tasks_are_found_in_talk_with_evidence_and_without_inventing() {
    let all =
        drafts("What a day! I need to send the tax form by Friday, but I am tired. Remind me to call Ada at 9am tomorrow. Do I have to?");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((all[0].title.as_str(), all[0].due_local.as_deref()), ("Send the tax form", Some("2025-01-17T23:59")));
    assert_eq!(all[0].evidence, "I need to send the tax form by Friday, but I am tired.");
    assert_eq!((all[1].title.as_str(), all[1].due_local.as_deref()), ("Call Ada", Some("2025-01-16T09:00")));
    assert_eq!(all[1].priority, "high");
    for nothing in [
        "I will not go there.",
        "I'm going to the lake tomorrow.",
        "If I have to call again I will cry.",
        "I never said I will always pay.",
        "I am happy.",
        "I need to be loved",
        "You should rest",
        "I should",
        "Should I go?",
        "I feel I must be strong",
        "",
    ] {
        assert!(drafts(nothing).is_empty(), "{nothing}");
    }
    assert!(Classic::extract(&[Message::assistant("I will call Ada")], &sample::moment()).unwrap().0.is_empty());
}

#[test]
fn lists_that_say_what_they_are_and_clipped_sentences_are_tasks_too() {
    let titles = |text: &str| drafts(text).into_iter().map(|draft| draft.title).collect::<Vec<_>>();
    assert_eq!(
        titles("To do for today:\n- buy milk\n* [ ] call Ada at 9am\n- [x] sleep\n- pay rent\n\nThe sky is blue."),
        ["Buy milk", "Call Ada", "Pay rent"]
    );
    assert_eq!(titles("Need to renew the passport by Friday. Gotta go!"), ["Renew the passport"]);
    assert!(titles("Things I like:\n- apples and pears\n- long walks").is_empty());
}

#[test]
fn dates_in_plain_words_are_those_of_the_calendar() {
    for (words, expected) in [
        ("today", "2025-01-15T23:59"),
        ("tonight", "2025-01-15T20:00"),
        ("tomorrow", "2025-01-16T23:59"),
        ("the day after tomorrow", "2025-01-17T23:59"),
        ("on Wednesday", "2025-01-22T23:59"),
        ("next Monday at 14:30", "2025-01-20T14:30"),
        ("next week", "2025-01-20T23:59"),
        ("in two weeks", "2025-01-29T23:59"),
        ("by the end of the month", "2025-01-31T23:59"),
        ("by end of week", "2025-01-17T23:59"),
        ("on March 3rd", "2025-03-03T23:59"),
        ("on 2 Jan", "2026-01-02T23:59"),
        ("by 2025-02-01 at 7 pm", "2025-02-01T19:00"),
        ("at 8am", "2025-01-16T08:00"),
        ("at noon tomorrow", "2025-01-16T12:00"),
        ("in 2 hours", "2025-01-15T14:00"),
        ("in 13 hours", "2025-01-16T01:00"),
    ] {
        assert_eq!(due(&format!("I have to pay the rent {words}.")).as_deref(), Some(expected), "{words}");
        assert_eq!(drafts(&format!("I have to pay the rent {words}."))[0].title, "Pay the rent", "{words}");
    }
    assert_eq!(due("I have to buy 3 apples"), None);
    assert_eq!(due("I have to meet 10 people on February 30"), None);
}

#[test]
fn repetition_is_told_in_words_that_schedules_take() {
    let recurrence = |words: &str| drafts(&format!("Remind me to pay rent {words}"))[0].recurrence.clone();
    assert_eq!(recurrence("every month").as_deref(), Some("every month"));
    assert_eq!(recurrence("every 2 weeks").as_deref(), Some("every 2 weeks"));
    assert_eq!(recurrence("every other week").as_deref(), Some("every 2 weeks"));
    assert_eq!(recurrence("every monday").as_deref(), Some("every monday"));
    assert_eq!(recurrence("weekly").as_deref(), Some("every week"));
    assert_eq!(recurrence("once"), None);
}

#[test]
fn steps_that_are_written_are_taken_and_others_come_from_the_kind_of_work() {
    let split = |title: &str, description: &str| {
        let task = Task { description: description.to_owned(), estimate_minutes: Some(100), ..open(title) };
        Classic::break_down(&task, &sample::moment()).unwrap()
    };
    let (steps, origin) = split("Move", "- [x] find a flat\n- [ ] pack boxes\n2) call the movers\nsome words");
    assert_eq!(steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>(), ["pack boxes", "call the movers"]);
    assert_eq!((steps[0].estimate_minutes, origin.degraded), (50, false));
    let (steps, origin) = split("Write the report", "");
    assert_eq!((steps[1].title.as_str(), origin.source.as_str(), origin.degraded), ("Write an outline", "rules", true));
    assert_eq!(steps.iter().map(|step| step.estimate_minutes).sum::<u32>(), 100);
    assert_eq!(split("Frobnicate", "").0.len(), 4);
    assert_eq!(split("Peel; chop; cook", "").0.len(), 3);
}

#[test]
fn estimates_rest_on_what_similar_tasks_took() {
    for (days, minutes) in [(3, 40), (10, 60), (17, 80)] {
        tasks::double::add(Task { actual_minutes: Some(minutes), ..done("Write weekly report", days) });
    }
    let (effort, origin) = Classic::estimate(&open("Write the weekly report"), &sample::moment()).unwrap();
    assert_eq!((effort.minutes, effort.low, effort.high, effort.basis.as_str()), (60, 40, 80, "3 similar tasks"));
    assert_eq!(origin.source, "rules");
    let (effort, origin) = Classic::estimate(&open("Paint the fence"), &sample::moment()).unwrap();
    assert_eq!((effort.minutes, effort.basis.as_str(), origin.degraded), (30, "its difficulty alone", true));
}

#[test]
fn an_estimate_of_ones_own_is_corrected_by_how_far_they_usually_are_off() {
    for (days, title) in [(1, "Sow"), (2, "Weed"), (3, "Mow")] {
        tasks::double::add(Task { estimate_minutes: Some(20), actual_minutes: Some(30), ..done(title, days) });
    }
    let task = Task { estimate_minutes: Some(60), ..open("Paint the fence") };
    let (effort, _) = Classic::estimate(&task, &sample::moment()).unwrap();
    assert_eq!((effort.minutes, effort.basis.as_str()), (90, "your estimate; yours usually take 1.5 times as long"));
}

#[test]
fn what_presses_comes_first_and_every_task_appears_once() {
    let tasks = [
        Task { estimate_minutes: Some(5), ..open("quick") },
        Task { due: Some(NOW - 2 * DAY), ..open("late") },
        Task { priority: "urgent".to_owned(), ..open("urgent") },
        Task { status: "blocked".to_owned(), due: Some(NOW - DAY), ..open("blocked") },
        open("plain"),
    ];
    let (ranked, origin) = Classic::prioritize(&tasks, &sample::moment()).unwrap();
    assert_eq!(ranked.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["late", "urgent", "blocked", "quick", "plain"]);
    assert_eq!((ranked[0].reason.as_str(), origin.source.as_str()), ("overdue by 2 days", "rules"));
}

#[test]
fn a_model_orders_but_can_neither_invent_nor_drop() {
    llm::double::say(r#"{"order":[{"number":3,"reason":"first this"},{"number":3,"reason":"again"},{"number":9,"reason":"?"}]}"#);
    let tasks = [open("a"), open("b"), open("c")];
    let (ranked, origin) = Classic::prioritize(&tasks, &sample::moment()).unwrap();
    assert_eq!(ranked.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["c", "a", "b"]);
    assert_eq!((ranked[0].reason.as_str(), origin.source.as_str()), ("first this", "model"));
    assert!(ranked.is_sorted_by(|one, other| one.score >= other.score));
}

#[test]
fn a_model_s_tasks_need_evidence_that_was_really_said() {
    llm::double::say(
        r#"{"tasks":[{"title":"Ring Ada","evidence":"call ada","due":"2025-01-16T09:00","priority":"urgent","difficulty":9},
           {"title":"Rob a bank","evidence":"rob the bank"}]}"#,
    );
    let (all, origin) = Classic::extract(&[Message::user("Tomorrow at nine: call Ada!")], &sample::moment()).unwrap();
    assert_eq!((all.len(), all[0].title.as_str(), all[0].difficulty, origin.source.as_str()), (1, "Ring Ada", 5, "model"));
    assert_eq!(all[0].due_local.as_deref(), Some("2025-01-16T09:00"));
}

#[test]
fn a_model_that_answers_nonsense_leaves_the_rules_standing() {
    for nonsense in ["hello", "{}", r#"{"steps":[{"title":""}]}"#, r#"{"steps":7}"#] {
        llm::double::say(nonsense);
        let (steps, origin) = Classic::break_down(&open("Write the report"), &sample::moment()).unwrap();
        assert_eq!((steps.len(), origin.source.as_str(), origin.degraded), (5, "rules", true), "{nonsense}");
    }
    llm::double::say(r#"{"minutes":45,"low":60,"high":20}"#);
    let (effort, origin) = Classic::estimate(&open("Paint the fence"), &sample::moment()).unwrap();
    assert_eq!((effort.minutes, effort.low, effort.high, origin.source.as_str()), (45, 45, 45, "model"));
}

#[test]
fn an_operator_who_wants_no_model_gets_none() {
    config::double::set("model", Value::Flag(false));
    llm::double::say("never heard");
    let (_, origin) = Classic::break_down(&open("Write the report"), &sample::moment()).unwrap();
    assert_eq!((origin.source.as_str(), origin.degraded, llm::double::asked().len()), ("rules", false, 0));
}
