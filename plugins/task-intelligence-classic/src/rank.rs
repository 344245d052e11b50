//! What comes first: what presses, then what is quick or worth much to the person.

use mnemosyne_sdk::plugin::task_intelligence::{Ranked, urgency};
use mnemosyne_sdk::{Moment, Task};

/// Minutes that fit into a gap.
const QUICK: u32 = 15;

/// Each task once, highest first; of equals the older one.
pub(crate) fn by_rules(tasks: &[Task], moment: &Moment) -> Vec<Ranked> {
    let mut ranked: Vec<(i64, Ranked)> = tasks.iter().map(|task| (task.created, ranked(task, moment))).collect();
    ranked.sort_by(|one, other| other.1.score.total_cmp(&one.1.score).then(one.0.cmp(&other.0)));
    ranked.into_iter().map(|(_, ranked)| ranked).collect()
}

fn ranked(task: &Task, moment: &Moment) -> Ranked {
    let (mut score, mut reason) = urgency(task, moment);
    let mut also = |more: f32, why: &str| {
        score += more;
        reason = if reason == "nothing presses" { why.to_owned() } else { format!("{reason}, {why}") };
    };
    if task.estimate_minutes.is_some_and(|minutes| minutes <= QUICK) && task.status != "blocked" {
        also(0.04, "quickly done");
    }
    if task.value_impact.iter().map(|(_, impact)| impact).sum::<f64>() >= 1.0 {
        also(0.06, "for what you value");
    }
    Ranked { id: task.id.clone(), score: score.clamp(0.0, 1.0), reason }
}
