//! Momentum: what you neglect is worth more, what you do anyway is worth less, and a streak carries you.
//!
//! v = clamp(series completed − series missed − whole days overdue, −47.27, 21.27);
//! points = round(6 · 0.9747^v · m), m = 0.1, 1, 1.5, 2, 2.5 for difficulty 1…5; plus min(streak in days, 25).

use mnemosyne_sdk::Error;
use mnemosyne_sdk::plugin::xp_rules::{Card, Completion, Level, Proposal, XpRules, level_on_ladder, usual_cost};

/// See the crate.
pub struct Momentum;

mnemosyne_sdk::export_xp_rules!(Momentum);

const DAY_MS: i64 = 86_400_000;
const DECAY: f64 = 0.9747;
/// 0.9747^0.27: both bounds of v lie 0.27 beyond a whole number.
const DECAY_BEYOND: f64 = 0.993_104_982_604_049_9;
const LOWEST: i64 = -47;
const HIGHEST: i64 = 21;

impl XpRules for Momentum {
    fn describe(_locale: &str) -> Card {
        Card::new("Momentum", "More for what you neglect, less for what you do anyway, plus your streak in days up to 25")
    }

    fn award(completion: &Completion) -> Result<Proposal, Error> {
        let multiplier = match completion.task.difficulty {
            0 | 1 => 0.1,
            2 => 1.0,
            3 => 1.5,
            4 => 2.0,
            _ => 2.5,
        };
        let streak = completion.facts.streak_days.min(25);
        let proposal = Proposal::base(rounded(6.0 * decay(value(completion)) * multiplier));
        Ok(proposal.with("streak", "Days in a row", i32::try_from(streak).expect("at most 25")))
    }

    fn level_at(total_points: u64) -> Result<Level, Error> {
        let level = level_on_ladder(total_points, usual_cost);
        let title = match level.number {
            1..=4 => "Standing",
            5..=9 => "Rolling",
            10..=19 => "Swift",
            20..=49 => "Soaring",
            _ => "Unstoppable",
        };
        Ok(Level { title: title.to_owned(), ..level })
    }
}

/// How well this series is doing, before the clamp.
fn value(completion: &Completion) -> i64 {
    let (task, history) = (&completion.task, &completion.history);
    let at = task.completed.unwrap_or(completion.facts.moment.at);
    let overdue = task.due.map_or(0, |due| at.saturating_sub(due).max(0) / DAY_MS);
    i64::from(history.completed) - i64::from(history.missed) - overdue
}

/// 0.9747^clamp(v, −47.27, 21.27), by multiplication alone: `powf` may differ in its last bit from one machine to the next,
/// and rules give the same points everywhere, forever.
fn decay(v: i64) -> f64 {
    let whole = |steps: i64| (0..steps).fold(1.0, |power, _| power * DECAY);
    match v {
        ..LOWEST => 1.0 / (whole(-LOWEST) * DECAY_BEYOND),
        LOWEST..0 => 1.0 / whole(-v),
        0..=HIGHEST => whole(v),
        _ => whole(HIGHEST) * DECAY_BEYOND,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 6 · 3.4 · 2.5 = 51")]
fn rounded(points: f64) -> i32 {
    points.round() as i32
}

#[cfg(test)]
mod tests {
    use mnemosyne_sdk::sample;

    use super::*;

    fn base(change: impl FnOnce(&mut Completion)) -> i32 {
        let mut completion = sample::completion();
        completion.task.difficulty = 2;
        change(&mut completion);
        Momentum::award(&completion).unwrap().base
    }

    #[test]
    fn difficulty_multiplies_six() {
        assert_eq!([1, 2, 3, 4, 5].map(|difficulty| base(|c| c.task.difficulty = difficulty)), [1, 6, 9, 12, 15]);
    }

    #[test]
    fn habits_fade_and_neglect_grows_up_to_the_clamp() {
        assert_eq!(base(|c| c.history.completed = 10), 5); // 6 · 0.774
        assert_eq!(base(|c| c.history.completed = 21), 4); // 6 · 0.584
        assert_eq!(base(|c| c.history.completed = 5000), 3); // 6 · 0.580 = 3.48
        assert_eq!(base(|c| c.history.missed = 10), 8); // 6 · 1.292
        assert_eq!(base(|c| c.history.missed = 5000), 20); // 6 · 3.358 = 20.1
        assert_eq!(base(|c| c.task.due = Some(sample::NOW - 10 * sample::DAY - 1)), 8);
        assert_eq!(base(|c| c.task.due = Some(sample::NOW - sample::DAY + 1)), 6);
    }

    #[test]
    fn the_product_agrees_with_the_formula() {
        for v in -60..40_i64 {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let formula = DECAY.powf((v as f64).clamp(-47.27, 21.27));
            assert!((decay(v) / formula - 1.0).abs() < 1e-12, "{v}");
        }
    }

    #[test]
    fn every_level_has_a_title() {
        let title = |total| Momentum::level_at(total).unwrap().title;
        assert_eq!([0, 5_000, 500_000_000].map(title), ["Standing", "Rolling", "Unstoppable"]);
    }

    #[test]
    fn a_streak_adds_its_days_up_to_25() {
        let streak = |days| {
            let mut completion = sample::completion();
            completion.facts.streak_days = days;
            Momentum::award(&completion).unwrap().total() - 1
        };
        assert_eq!([0, 1, 25, 400].map(streak), [0, 1, 25, 25]);
    }
}
