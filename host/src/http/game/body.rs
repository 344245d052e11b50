//! The game as it looks on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Time;
use crate::model::game::{Bonus, LedgerEntry, Rules};
use crate::plugin::xp_rules::{AchievementCard, Level};
use crate::service::game::{Held, Unlocked};

/// One reason for points.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Points {
    /// `base`, a word of the rules such as `on-time`, or `clamped`: what the host cut.
    pub reason: String,
    /// May be negative.
    pub points: i64,
}

impl From<Bonus> for Points {
    fn from(bonus: Bonus) -> Self {
        Self { reason: bonus.reason, points: bonus.points }
    }
}

/// A revision of a rule set.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Rules)]
pub struct RulesBody {
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
}

impl From<Rules> for RulesBody {
    fn from(rules: Rules) -> Self {
        Self { plugin: rules.plugin, version: rules.version, digest: rules.digest }
    }
}

/// Where a person stands on the ladder.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LevelProgress {
    /// 1…; `null` while the rules do not answer.
    #[schema(required)]
    pub current_level: Option<u32>,
    /// The level's name.
    #[schema(required)]
    pub title: Option<String>,
    /// The total of all points.
    pub current_xp: i64,
    /// The total at which the next level begins; `null` on the last one.
    #[schema(required)]
    pub next_level_xp: Option<i64>,
}

impl LevelProgress {
    /// Of a total and its level.
    pub fn new(total: i64, level: Option<Level>) -> Self {
        let next = level.as_ref().and_then(Level::next_total);
        let (number, title) = level.map(|level| (level.number, level.title)).unzip();
        Self { current_level: number, title, current_xp: total, next_level_xp: next }
    }
}

/// Something just unlocked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnlockedAchievement {
    /// The rules' id of it.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What one has to do.
    pub summary: String,
    /// An emoji or a name; may be empty.
    pub icon: String,
    /// When.
    pub unlocked_at: Time,
}

impl From<Unlocked> for UnlockedAchievement {
    fn from(unlocked: Unlocked) -> Self {
        let AchievementCard { id, title, summary, icon } = unlocked.card;
        Self { id, title, summary, icon, unlocked_at: Time(unlocked.at) }
    }
}

/// Something one can earn, and whether it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Achievement)]
pub struct AchievementBody {
    /// The rules' id of it.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What one has to do.
    pub summary: String,
    /// An emoji or a name; may be empty.
    pub icon: String,
    /// Whether the caller has it.
    pub unlocked: bool,
    /// Since when.
    #[schema(required)]
    pub unlocked_at: Option<Time>,
    /// Which plugin gave it.
    #[schema(required)]
    pub plugin: Option<String>,
}

impl From<Held> for AchievementBody {
    fn from(held: Held) -> Self {
        let AchievementCard { id, title, summary, icon } = held.card;
        let (since, plugin) = held.since.unzip();
        Self { id, title, summary, icon, unlocked: since.is_some(), unlocked_at: since.map(Time), plugin }
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub struct LedgerBody {
    /// Its id.
    pub id: Uuid,
    /// For which completion.
    pub completion_id: Uuid,
    /// Of which task.
    pub task_id: Uuid,
    /// `award`, `reversal` (the exact negation of an award) or `recompute:<n>`.
    pub kind: String,
    /// May be negative.
    pub points: i64,
    /// Why.
    pub breakdown: Vec<Points>,
    /// The person's day it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// By which revision.
    #[schema(required)]
    pub rules: Option<RulesBody>,
    /// When it was written.
    pub created_at: Time,
}

impl From<LedgerEntry> for LedgerBody {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            id: entry.id,
            completion_id: entry.completion_id,
            task_id: entry.task_id,
            kind: entry.kind,
            points: entry.points,
            breakdown: entry.breakdown.into_iter().map(Into::into).collect(),
            day: entry.day,
            rules: entry.rules.map(Into::into),
            created_at: Time(entry.created_at),
        }
    }
}
