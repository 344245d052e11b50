//! The classic rules: 10·difficulty + 5 in time + 2·assignees when shared + Σ trunc(10·impact).
//!
//! All is in `award`; everything it may know is in the completion.

use mnemosyne_sdk::plugin::xp_rules::{Achievement, Card, Completion, Level, Proposal, XpRules, level_on_ladder, usual_cost};
use mnemosyne_sdk::{Error, Task};

/// See the crate.
pub struct Classic;

mnemosyne_sdk::export_xp_rules!(Classic);

/// Id, title, what one has to do, icon.
const ACHIEVEMENTS: [(&str, &str, &str, &str); 9] = [
    ("first-quest", "First quest", "Complete a quest", "🌱"),
    ("ten-quests", "Ten quests", "Complete ten quests", "🥉"),
    ("hundred-quests", "A hundred quests", "Complete a hundred quests", "🏆"),
    ("streak-7", "One week", "Complete something on 7 days in a row", "🔥"),
    ("streak-30", "One month", "Complete something on 30 days in a row", "🔥"),
    ("streak-100", "A hundred days", "Complete something on 100 days in a row", "🔥"),
    ("first-raid", "First raid", "Complete a raid", "🐉"),
    ("early-bird", "Early bird", "Complete a quest before 07:00", "🐦"),
    ("night-owl", "Night owl", "Complete a quest at 22:00 or later", "🦉"),
];

impl XpRules for Classic {
    fn describe(_locale: &str) -> Card {
        let achievements = ACHIEVEMENTS.iter().map(|&(id, title, summary, icon)| Achievement {
            id: id.to_owned(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            icon: icon.to_owned(),
            extra: Vec::new(),
        });
        Card {
            achievements: achievements.collect(),
            ..Card::new("Classic", "10 points a difficulty, 5 in time, 2 for each who helped, and what it gives to your values")
        }
    }

    fn award(completion: &Completion) -> Result<Proposal, Error> {
        let task = &completion.task;
        let at = task.completed.unwrap_or(completion.facts.moment.at);
        let in_time = if task.due.is_some_and(|due| at <= due) { 5 } else { 0 };
        let together = if task.shared { i32::try_from(task.assignees).unwrap_or(i32::MAX).saturating_mul(2) } else { 0 };
        let proposal = Proposal::base(10 * i32::from(task.difficulty))
            .with("on-time", "Done in time", in_time)
            .with("together", "Done together", together)
            .with("value-impact", "For what you value", value_impact(task));
        Ok(Proposal { achievements: earned(completion), ..proposal })
    }

    fn level_at(total_points: u64) -> Result<Level, Error> {
        let level = level_on_ladder(total_points, usual_cost);
        let title = match level.number {
            1..=4 => "Novice",
            5..=9 => "Apprentice",
            10..=19 => "Adept",
            20..=49 => "Master",
            _ => "Sage",
        };
        Ok(Level { title: title.to_owned(), ..level })
    }
}

/// Σ trunc(10·impact): truncated one by one, so two halves of a point are nothing; below zero it takes away.
#[expect(clippy::cast_possible_truncation, reason = "truncation is the rule; the host keeps each within −100…100")]
fn value_impact(task: &Task) -> i32 {
    task.value_impact.iter().map(|(_, impact)| (10.0 * impact) as i32).sum()
}

/// What this completion earns, in the order of the list; the user gets each once.
fn earned(completion: &Completion) -> Vec<String> {
    let facts = &completion.facts;
    let quests = facts.completions("all").saturating_add(1);
    let reached = |id: &str| match id {
        "first-quest" => true,
        "ten-quests" => quests >= 10,
        "hundred-quests" => quests >= 100,
        "streak-7" => facts.streak_days >= 7,
        "streak-30" => facts.streak_days >= 30,
        "streak-100" => facts.streak_days >= 100,
        "first-raid" => completion.task.quest_type.as_deref() == Some("raid"),
        "early-bird" => facts.moment.minute_of_day < 7 * 60,
        "night-owl" => facts.moment.minute_of_day >= 22 * 60,
        _ => false,
    };
    ACHIEVEMENTS.iter().map(|&(id, ..)| id).filter(|id| reached(id) && !facts.has(id)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
