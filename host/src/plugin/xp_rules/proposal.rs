//! From a guest's proposal to points that can stand: caps, clean text, the clamp, achievements that the rules announced.
//!
//! The guest is hostile. Anything over a cap of the contract is bad output as a whole; what is merely too generous is cut,
//! and the cut stands in the breakdown as `clamped`, so that a user and an operator can see it.

use std::collections::BTreeSet;

use crate::model::game::Bonus;

/// Bonuses in one proposal (`wit/deps/xp-rules.wit`).
pub const MOST_BONUSES: usize = 32;
/// Achievements in one proposal.
pub const MOST_ACHIEVEMENTS: usize = 32;
/// Bytes of a code or an id.
pub const CODE_BYTES: usize = 64;
/// Characters of a reason.
pub const REASON_CHARS: usize = 200;
/// Points of a base or a bonus, in either direction.
pub const MOST_POINTS: u32 = 100_000;
/// Under this reason stands what the host cut (negative) or lifted to zero (positive).
pub const CLAMPED: &str = "clamped";
/// Under this reason stands the proposal's base.
pub const BASE: &str = "base";

/// What rules propose, as they said it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Points for the task itself.
    pub base: i32,
    /// Points for more.
    pub bonuses: Vec<ProposedBonus>,
    /// Ids from the rules' own card.
    pub achievements: Vec<String>,
}

/// One proposed reason for points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedBonus {
    /// Stable word.
    pub code: String,
    /// For people's eyes.
    pub reason: String,
    /// May be negative.
    pub points: i32,
}

/// How much may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// One completion, 0….
    pub per_task: i64,
    /// What is left of the person's day; `None` without a bound.
    pub left_today: Option<i64>,
}

impl Bounds {
    /// From the settings and what the day has given so far. `per_day` 0 = off.
    pub fn new(per_task: i64, per_day: i64, today: i64) -> Self {
        Self { per_task: per_task.max(0), left_today: (per_day > 0).then(|| (per_day - today).max(0)) }
    }

    fn most(self) -> i64 {
        self.left_today.map_or(self.per_task, |left| left.min(self.per_task))
    }
}

/// Points that can stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Exactly the sum of the breakdown; 0…per_task.
    pub total: i64,
    /// Why, `base` first, `clamped` last.
    pub breakdown: Vec<Bonus>,
    /// Each once, all of them announced.
    pub achievements: Vec<String>,
}

/// Which rule of the contract a proposal breaks. For the operator's log, never for a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

impl Proposal {
    /// Checks, cleans and clamps. `announced` are the ids on the rules' own card.
    ///
    /// # Errors
    /// [`Broken`] when it is over a cap or a code is not a word.
    pub fn settle(self, bounds: Bounds, announced: &BTreeSet<String>) -> Result<Points, Broken> {
        if self.bonuses.len() > MOST_BONUSES {
            return Err(Broken(format!("{} bonuses; the cap is {MOST_BONUSES}", self.bonuses.len())));
        }
        if self.achievements.len() > MOST_ACHIEVEMENTS {
            return Err(Broken(format!("{} achievements; the cap is {MOST_ACHIEVEMENTS}", self.achievements.len())));
        }
        let mut numbers = self.bonuses.iter().map(|bonus| bonus.points).chain([self.base]);
        if let Some(points) = numbers.find(|points| points.unsigned_abs() > MOST_POINTS) {
            return Err(Broken(format!("{points} points at once; the cap is {MOST_POINTS}")));
        }
        let mut breakdown = Vec::with_capacity(self.bonuses.len() + 2);
        breakdown.push(Bonus { reason: BASE.to_owned(), points: i64::from(self.base) });
        for bonus in self.bonuses {
            if !is_word(&bonus.code) || bonus.code == CLAMPED || bonus.code == BASE {
                return Err(Broken("a bonus has a code that is no word of its own".to_owned()));
            }
            if bonus.reason.chars().count() > REASON_CHARS {
                return Err(Broken(format!("a reason has more than {REASON_CHARS} characters")));
            }
            breakdown.push(Bonus { reason: bonus.code, points: i64::from(bonus.points) });
        }
        let mut achievements = Vec::new();
        for id in self.achievements {
            if !announced.contains(&id) {
                tracing::warn!(achievement = %clean(&id, CODE_BYTES), "rules gave an achievement that is not on their card; it is left out");
            } else if !achievements.contains(&id) {
                achievements.push(id);
            }
        }
        let mut points = Points { total: 0, breakdown, achievements };
        points.clamp(bounds);
        Ok(points)
    }
}

impl Points {
    /// Brings the sum into the bounds; what that takes stands as `clamped`. At most 33 numbers of 32 bits: the sum cannot overflow.
    fn clamp(&mut self, bounds: Bounds) {
        let wanted: i64 = self.breakdown.iter().map(|bonus| bonus.points).sum();
        self.total = wanted.clamp(0, bounds.most());
        if self.total != wanted {
            self.breakdown.push(Bonus { reason: CLAMPED.to_owned(), points: self.total - wanted });
        }
    }
}

/// `[a-z0-9-]`, 1…64; `_` is let through, because it does no harm.
pub fn is_word(text: &str) -> bool {
    (1..=CODE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

/// A guest's text as it may be shown: no control, format or direction characters, no line breaks, at most `most` characters.
pub fn clean(text: &str, most: usize) -> String {
    let hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|character| !hidden(*character)).take(most).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Bounds = Bounds { per_task: 1000, left_today: None };

    fn proposal(base: i32, bonuses: &[i32]) -> Proposal {
        let bonus = |points: &i32| ProposedBonus { code: "on-time".into(), reason: "In time".into(), points: *points };
        Proposal { base, bonuses: bonuses.iter().map(bonus).collect(), achievements: Vec::new() }
    }
    fn settle(proposal: Proposal, bounds: Bounds) -> Points {
        proposal.settle(bounds, &BTreeSet::from(["first".to_owned()])).unwrap()
    }

    #[test]
    fn a_fair_proposal_stands_as_it_is() {
        let points = settle(proposal(30, &[5, -2]), OPEN);
        assert_eq!(points.total, 33);
        assert_eq!(points.breakdown.iter().map(|bonus| bonus.points).collect::<Vec<_>>(), [30, 5, -2]);
    }

    #[test]
    fn what_is_cut_stands_as_clamped() {
        let points = settle(proposal(900, &[200]), OPEN);
        assert_eq!(points.total, 1000);
        assert_eq!(points.breakdown.last().unwrap(), &Bonus { reason: "clamped".into(), points: -100 });
        assert_eq!(settle(proposal(50, &[]), Bounds::new(1000, 100, 80)).total, 20);
        assert_eq!(settle(proposal(50, &[]), Bounds::new(1000, 100, 500)).total, 0);
        assert_eq!(settle(proposal(50, &[]), Bounds::new(1000, 0, 500)).total, 50);
    }

    #[test]
    fn a_negative_sum_is_lifted_to_nothing() {
        let points = settle(proposal(-50, &[]), OPEN);
        assert_eq!((points.total, points.breakdown.last().unwrap().points), (0, 50));
    }

    #[test]
    fn for_any_numbers_the_total_is_in_bounds_and_is_the_sum_of_the_breakdown() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let extremes = [-100_000, -1, 0, 1, 100_000];
        for round in 0..5_000_u64 {
            let mut number = || if round % 3 == 0 { extremes[(next() % 5) as usize] } else { (next() % 200_001) as i32 - 100_000 };
            let count = (number().unsigned_abs() % 33) as usize;
            let bonuses: Vec<i32> = (0..count).map(|_| number()).collect();
            let bounds = Bounds::new(i64::from(number()), i64::from(number()), i64::from(number()));
            let points = settle(proposal(number(), &bonuses), bounds);
            assert!((0..=bounds.most()).contains(&points.total));
            assert_eq!(points.total, points.breakdown.iter().map(|bonus| bonus.points).sum::<i64>());
        }
    }

    #[test]
    fn caps_and_codes_are_held() {
        let announced = BTreeSet::new();
        assert!(proposal(1, &[1; 33]).settle(OPEN, &announced).is_err());
        assert!(proposal(100_001, &[]).settle(OPEN, &announced).is_err());
        assert!(proposal(0, &[i32::MIN]).settle(OPEN, &announced).is_err());
        for code in ["", "On Time", "a\u{202e}b", "clamped", "base", &"x".repeat(65)] {
            let bad = Proposal {
                bonuses: vec![ProposedBonus { code: code.to_owned(), reason: String::new(), points: 1 }],
                ..Proposal::default()
            };
            assert!(bad.settle(OPEN, &announced).is_err(), "{code:?}");
        }
        let long =
            Proposal { bonuses: vec![ProposedBonus { code: "a".into(), reason: "x".repeat(201), points: 1 }], ..Proposal::default() };
        assert!(long.settle(OPEN, &announced).is_err());
    }

    #[test]
    fn only_announced_achievements_and_each_once() {
        let many = Proposal { achievements: vec!["first".into(), "forged".into(), "first".into()], ..Proposal::default() };
        assert_eq!(settle(many, OPEN).achievements, ["first"]);
    }

    #[test]
    fn a_guests_text_is_scrubbed() {
        assert_eq!(clean(" a\u{202e}b\u{200b}\n\u{1b}[31mc\u{0} ", 50), "ab[31mc");
        assert_eq!(clean("äöü", 2), "äö");
    }
}
