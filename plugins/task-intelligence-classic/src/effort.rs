//! How long a task takes, from what similar ones took this person.

use mnemosyne_sdk::plugin::task_intelligence::Effort;
use mnemosyne_sdk::{Moment, Task, words};

use crate::suggest::completed;

const YEAR_MS: i64 = 365 * 86_400_000;
/// Alike enough to count.
const SIMILAR: f32 = 0.3;
/// So many say something.
const ENOUGH: usize = 3;
/// Work that was begun and finished later than this was not worked on all the time.
const LONGEST: i64 = 8 * 60;

/// The effort, and whether it rests on the person's own history.
pub(crate) fn by_rules(task: &Task, moment: &Moment) -> (Effort, bool) {
    let done = completed(moment.at - YEAR_MS);
    let own = words::telling(&task.title);
    let alike = |other: &&Task| {
        other.id != task.id
            && ((task.series.is_some() && other.series == task.series) || words::shared(&own, &words::telling(&other.title)) >= SIMILAR)
    };
    let similar: Vec<&Task> = done.iter().filter(alike).collect();
    let mut took: Vec<u32> = similar.iter().filter_map(|other| minutes(other)).collect();
    if took.len() >= ENOUGH {
        took.sort_unstable();
        let difficulty = similar.iter().map(|other| u32::from(other.difficulty)).sum::<u32>() / u32::try_from(similar.len()).unwrap_or(1);
        let effort = Effort {
            minutes: took[took.len() / 2],
            low: took[took.len() / 10],
            high: took[(took.len() * 9 / 10).min(took.len() - 1)],
            difficulty: u8::try_from(difficulty.clamp(1, 5)).unwrap_or(3),
            basis: format!("{} similar tasks", took.len()),
        };
        return (effort, true);
    }
    by_habit_of_guessing(task, &done)
}

/// Their own estimate, corrected by how far their estimates usually are off.
fn by_habit_of_guessing(task: &Task, done: &[Task]) -> (Effort, bool) {
    let ratio = |other: &Task| {
        let (estimate, took) = (other.estimate_minutes.filter(|minutes| *minutes > 0)?, minutes(other)?);
        Some(f64::from(took) / f64::from(estimate))
    };
    let mut ratios: Vec<f64> = done.iter().filter_map(ratio).collect();
    let (Some(guess), true) = (task.estimate_minutes, ratios.len() >= ENOUGH) else { return (Effort::usual(task), false) };
    ratios.sort_by(f64::total_cmp);
    let at = |tenth: usize| scaled(guess, ratios[(ratios.len() * tenth / 10).min(ratios.len() - 1)]);
    let usual = ratios[ratios.len() / 2];
    let effort = Effort {
        low: at(1),
        high: at(9),
        minutes: at(5),
        difficulty: task.difficulty.clamp(1, 5),
        basis: format!("your estimate; yours usually take {usual:.1} times as long"),
    };
    (effort, true)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; a cast saturates")]
fn scaled(minutes: u32, ratio: f64) -> u32 {
    (f64::from(minutes) * ratio).round().max(1.0) as u32
}

/// As told, else from start to end where that was one sitting.
fn minutes(task: &Task) -> Option<u32> {
    if task.actual_minutes.is_some() {
        return task.actual_minutes;
    }
    let sitting = (task.completed? - task.started?) / 60_000;
    u32::try_from(sitting).ok().filter(|_| (1..=LONGEST).contains(&sitting))
}
