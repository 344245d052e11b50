//! The figures of the rules, exactly.

use mnemosyne_sdk::sample;

use super::*;

fn points(task: Task) -> i64 {
    Classic::award(&Completion { task, ..sample::completion() }).unwrap().total()
}

fn achievements(change: impl FnOnce(&mut Completion)) -> Vec<String> {
    let mut completion = sample::completion();
    change(&mut completion);
    Classic::award(&completion).unwrap().achievements
}

#[test]
fn a_plain_task_gives_ten_points_a_difficulty() {
    for difficulty in 1..=5 {
        assert_eq!(points(Task { difficulty, ..sample::task() }), 10 * i64::from(difficulty));
    }
}

#[test]
fn five_more_up_to_the_very_millisecond_it_is_due() {
    assert_eq!(points(Task { due: Some(sample::NOW), ..sample::task() }), 15);
    assert_eq!(points(Task { due: Some(sample::NOW - 1), ..sample::task() }), 10);
}

#[test]
fn two_more_for_each_assignee_of_a_shared_task() {
    assert_eq!(points(Task { shared: true, assignees: 3, ..sample::task() }), 16);
    assert_eq!(points(Task { shared: false, assignees: 3, ..sample::task() }), 10);
}

#[test]
fn value_impact_is_truncated_one_by_one() {
    let with = |impacts: &[f64]| {
        let value_impact = impacts.iter().map(|impact| ("craft".to_owned(), *impact)).collect();
        points(Task { value_impact, ..sample::task() })
    };
    assert_eq!(with(&[0.7]), 17);
    assert_eq!(with(&[0.05, 0.05]), 10);
    assert_eq!(with(&[-0.79]), 3);
    assert_eq!(with(&[-100.0]), -990);
}

#[test]
fn achievements_are_earned_once_and_at_their_edge() {
    assert!(achievements(|_| ()).is_empty());
    assert_eq!(achievements(|c| c.facts.achievements.clear()), ["first-quest", "ten-quests"]);
    assert_eq!(achievements(|c| c.facts.tallies[0].completions = 99), ["hundred-quests"]);
    assert!(achievements(|c| c.facts.tallies[0].completions = 98).is_empty());
    assert_eq!(achievements(|c| c.facts.streak_days = 7), ["streak-7"]);
    assert_eq!(achievements(|c| c.facts.streak_days = 100), ["streak-7", "streak-30", "streak-100"]);
    assert_eq!(achievements(|c| c.task.quest_type = Some("raid".to_owned())), ["first-raid"]);
    assert_eq!(achievements(|c| c.facts.moment.minute_of_day = 419), ["early-bird"]);
    assert!(achievements(|c| c.facts.moment.minute_of_day = 420).is_empty());
    assert_eq!(achievements(|c| c.facts.moment.minute_of_day = 1320), ["night-owl"]);
    assert!(achievements(|c| c.facts.moment.minute_of_day = 1319).is_empty());
}

#[test]
fn levels_cost_100_times_level_to_the_one_and_a_half() {
    let at = |points| Classic::level_at(points).map(|level| (level.number, level.floor, level.next)).unwrap();
    assert_eq!(at(0), (1, 0, 100));
    assert_eq!(at(99), (1, 0, 100));
    assert_eq!(at(100), (2, 100, 380));
    assert_eq!(at(380), (3, 380, 900));
    assert_eq!(at(u64::MAX).2, u64::MAX);
}

#[test]
fn quest_types_follow_the_first_match() {
    let kind = |task: Task| Classic::classify(&task, &sample::facts()).unwrap();
    let (plain, parent) = (sample::task, Some("p".to_owned()));
    assert_eq!(kind(Task { recurring: true, shared: true, assignees: 9, ..plain() }), "daily");
    assert_eq!(kind(Task { shared: true, assignees: 6, difficulty: 5, ..plain() }), "raid");
    assert_eq!(kind(Task { shared: true, assignees: 2, ..plain() }), "party");
    assert_eq!(kind(Task { parent: parent.clone(), difficulty: 3, ..plain() }), "epic");
    assert_eq!(kind(Task { parent, difficulty: 2, ..plain() }), "solo");
    assert_eq!(kind(Task { difficulty: 4, ..plain() }), "challenge");
    let mut first = sample::facts();
    first.extra = vec![("tasks-created".to_owned(), "0".to_owned())];
    assert_eq!(Classic::classify(&plain(), &first).unwrap(), "tutorial");
}
