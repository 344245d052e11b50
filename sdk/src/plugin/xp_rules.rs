//! Kind `xp-rules`: how experience points, levels and quest types are decided. Reference: `wit/deps/xp-rules.wit`.

use std::marker::PhantomData;

use crate::bindings::xp_rules::exports::mnemosyne::xp_rules::rules as wit;
pub use crate::bindings::xp_rules::exports::mnemosyne::xp_rules::rules::{
    Achievement, Bonus, Card, Completion, Facts, History, Level, Proposal, Tally,
};
use crate::{Error, Task};

/// A rule set. Pure: the same in, the same out, forever; so no global state, no order of a hash map, and no
/// transcendental float function (`powf`, `exp`, `ln` differ between machines; `sqrt` and arithmetic do not).
pub trait XpRules {
    /// The rule set, for people, in a language near `locale` (BCP 47).
    fn describe(locale: &str) -> Card;

    /// Judges one completion. An error leaves it pending; the task is completed all the same.
    fn award(completion: &Completion) -> Result<Proposal, Error>;

    /// The level of somebody with so many points. The usual ladder: from level L to the next takes 100·L^1.5, rounded to 10.
    fn level_at(total_points: u64) -> Result<Level, Error> {
        Ok(level_on_ladder(total_points, usual_cost))
    }

    /// The quest type of a new task that names none. The usual order: see [`usual_quest_type`].
    fn classify(task: &Task, facts: &Facts) -> Result<String, Error> {
        Ok(usual_quest_type(task, facts).to_owned())
    }
}

/// Exports a type that implements [`XpRules`] as the plugin of this crate. On other targets than `wasm32`: nothing.
///
/// ```
/// use mnemosyne_sdk::plugin::xp_rules::{Card, Completion, Proposal, XpRules};
///
/// struct Flat;
/// impl XpRules for Flat {
///     fn describe(_locale: &str) -> Card {
///         Card::new("Flat", "Ten points for whatever you finish")
///     }
///     fn award(_completion: &Completion) -> Result<Proposal, mnemosyne_sdk::Error> {
///         Ok(Proposal::base(10))
///     }
/// }
/// mnemosyne_sdk::export_xp_rules!(Flat);
/// ```
#[macro_export]
macro_rules! export_xp_rules {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneExport = $crate::plugin::xp_rules::Export<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::xp_rules::export!(MnemosyneExport with_types_in $crate::bindings::xp_rules);
    };
}

#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: XpRules> wit::Guest for Export<T> {
    fn describe(locale: String) -> Card {
        T::describe(&locale)
    }

    fn award(completion: Completion) -> Result<Proposal, Error> {
        T::award(&completion)
    }

    fn level_at(total_points: u64) -> Result<Level, Error> {
        T::level_at(total_points)
    }

    fn classify(task: Task, facts: Facts) -> Result<String, Error> {
        T::classify(&task, &facts)
    }
}

/// The last level of a ladder, so that a climb always ends.
pub const LAST_LEVEL: u32 = 10_000;

/// Climbs from level 1, which begins at 0, by what each level costs, to the one that `total_points` reaches.
///
/// ```
/// use mnemosyne_sdk::plugin::xp_rules::level_on_ladder;
/// let level = level_on_ladder(25, |level| u64::from(level) * 10);
/// assert_eq!((level.number, level.floor, level.next), (2, 10, 30));
/// ```
pub fn level_on_ladder(total_points: u64, cost: impl Fn(u32) -> u64) -> Level {
    let (mut number, mut floor) = (1, 0_u64);
    while number < LAST_LEVEL {
        let next = floor.saturating_add(cost(number).max(1));
        if total_points < next {
            return Level { number, title: String::new(), floor, next };
        }
        (number, floor) = (number + 1, next);
    }
    Level { number, title: String::new(), floor, next: u64::MAX }
}

/// 100·L^1.5, rounded to 10: what it takes from level L to the next.
///
/// ```
/// use mnemosyne_sdk::plugin::xp_rules::usual_cost;
/// assert_eq!([1, 2, 3, 4].map(usual_cost), [100, 280, 520, 800]);
/// ```
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and far below 2^53")]
pub fn usual_cost(level: u32) -> u64 {
    let level = f64::from(level);
    // L·√L, not powf: a square root is exact on every machine.
    (10.0 * level * level.sqrt()).round() as u64 * 10
}

/// First match: recurring → daily; shared and more than 5 assignees → raid; shared and more than 1 → party; has a parent and
/// difficulty ≥ 3 → epic; difficulty ≥ 4 → challenge; the user's first task → tutorial; else solo.
///
/// ```
/// use mnemosyne_sdk::{plugin::xp_rules::usual_quest_type, sample};
/// let mut task = sample::task();
/// task.difficulty = 4;
/// assert_eq!(usual_quest_type(&task, &sample::facts()), "challenge");
/// ```
pub fn usual_quest_type(task: &Task, facts: &Facts) -> &'static str {
    match task {
        Task { recurring: true, .. } => "daily",
        Task { shared: true, assignees: 6.., .. } => "raid",
        Task { shared: true, assignees: 2.., .. } => "party",
        Task { parent: Some(_), difficulty: 3.., .. } => "epic",
        Task { difficulty: 4.., .. } => "challenge",
        _ if facts.tasks_created() == Some(0) => "tutorial",
        _ => "solo",
    }
}

impl Card {
    /// A card without achievements.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::plugin::xp_rules::Card::new("Flat", "Ten each").achievements.is_empty());
    /// ```
    pub fn new(title: &str, summary: &str) -> Self {
        Self { title: title.to_owned(), summary: summary.to_owned(), achievements: Vec::new(), extra: Vec::new() }
    }
}

impl Proposal {
    /// A proposal of so many points and nothing else.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::xp_rules::Proposal::base(10).total(), 10);
    /// ```
    pub fn base(points: i32) -> Self {
        Self { base: points, bonuses: Vec::new(), achievements: Vec::new(), extra: Vec::new() }
    }

    /// Adds a bonus (or, below zero, takes one away); zero adds nothing. `code` is stable, `reason` is for the user.
    ///
    /// ```
    /// let proposal = mnemosyne_sdk::plugin::xp_rules::Proposal::base(10).with("on-time", "done in time", 5);
    /// assert_eq!(proposal.total(), 15);
    /// ```
    #[must_use]
    pub fn with(mut self, code: &str, reason: &str, points: i32) -> Self {
        if points != 0 {
            self.bonuses.push(Bonus { code: code.to_owned(), reason: reason.to_owned(), points });
        }
        self
    }

    /// Base and bonuses together, before the host clamps them.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::xp_rules::Proposal::base(3).with("late", "too late", -1).total(), 2);
    /// ```
    pub fn total(&self) -> i64 {
        i64::from(self.base) + self.bonuses.iter().map(|bonus| i64::from(bonus.points)).sum::<i64>()
    }
}

impl Facts {
    /// Completions before this one in a window (`day`, `week`, `month`, `year`, `all`).
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::sample::facts().completions("day"), 0);
    /// ```
    pub fn completions(&self, window: &str) -> u32 {
        self.tallies.iter().find(|tally| tally.window == window).map_or(0, |tally| tally.completions)
    }

    /// How many tasks the user had made before this one; `None` when the host does not say.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::sample::facts().tasks_created(), Some(25));
    /// ```
    pub fn tasks_created(&self) -> Option<u64> {
        self.extra.iter().find(|(key, _)| key == "tasks-created").and_then(|(_, value)| value.parse().ok())
    }

    /// Whether the user has an achievement already.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::sample::facts().has("first-quest"));
    /// ```
    pub fn has(&self, achievement: &str) -> bool {
        self.achievements.iter().any(|id| id == achievement)
    }
}
