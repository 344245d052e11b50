//! What somebody does again and again without having planned it so.

use mnemosyne_sdk::date::Date;
use mnemosyne_sdk::plugin::task_intelligence::{Draft, Suggestion};
use mnemosyne_sdk::{Moment, Task, words};

/// One-off tasks of one title, done on at least two days at a distance: due again about now.
pub(super) fn due_again(done: &[Task], moment: &Moment) -> Vec<Suggestion> {
    let mut groups: Vec<(Vec<String>, &Task, Vec<Date>)> = Vec::new();
    for task in done.iter().filter(|task| task.series.is_none() && !task.recurring) {
        let (own, Some(at)) = (words::telling(&task.title), task.completed) else { continue };
        let day = Date::at(at, moment);
        match groups.iter_mut().find(|(words, ..)| !own.is_empty() && *words == own) {
            Some((_, _, days)) => days.push(day),
            None => groups.push((own, task, vec![day])),
        }
    }
    let today = Date::today(moment);
    let habit = |(_, task, mut days): (Vec<String>, &Task, Vec<Date>)| {
        days.sort_unstable();
        days.dedup();
        let mut gaps: Vec<i64> = days.windows(2).map(|pair| pair[1].days_since(pair[0])).collect();
        gaps.sort_unstable();
        let gap = *gaps.get(gaps.len() / 2)?;
        let last = *days.last()?;
        let next = last.plus(gap);
        // Not before it is due, and not when the habit has been given up.
        if next > today.plus(2) || today.days_since(last) > 3 * gap + 7 {
            return None;
        }
        let steady = gaps.iter().filter(|one| (**one - gap).abs() <= 1 + gap / 5).count() >= gaps.len().div_ceil(2);
        let confidence = match (days.len(), steady) {
            (4.., true) => 0.9,
            (3, true) => 0.8,
            (3.., false) => 0.6,
            _ => 0.5,
        };
        let due = next.max(today);
        let every = if gap == 1 {
            "every day".to_owned()
        } else if gap % 7 == 0 {
            weeks(gap / 7)
        } else {
            format!("every {gap} days")
        };
        let draft = Draft {
            due_local: Some(format!("{due}T23:59")),
            recurrence: (days.len() >= 3 && steady).then(|| every.clone()),
            difficulty: task.difficulty,
            tags: task.tags.clone(),
            ..Draft::new(&task.title, confidence)
        };
        Some(Suggestion {
            draft,
            reason: format!("You did this {} times, about {every}; last on {last}", days.len()),
            source: "habit".to_owned(),
        })
    };
    groups.into_iter().filter_map(habit).collect()
}

fn weeks(count: i64) -> String {
    if count == 1 { "every week".to_owned() } else { format!("every {count} weeks") }
}
