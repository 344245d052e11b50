//! Completions, the ledger of experience points, achievements.

use uuid::Uuid;

use super::text_enum;
use crate::clock::Millis;

text_enum! {
    /// How far a completion has come.
    CompletionState {
        /// Its points are not known yet; a job scores it.
        Pending = "pending",
        /// Its points stand in the ledger.
        Scored = "scored",
        /// Taken back by reopening.
        Reverted = "reverted",
    }
}

/// A task was completed.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Which task.
    pub task_id: Uuid,
    /// Which occurrence of it.
    pub occurrence: String,
    /// The person's day it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// When.
    pub completed_at: Millis,
    /// In time? `None` without a due date.
    pub on_time: Option<bool>,
    /// Everything `award` saw, canonical JSON.
    pub facts: String,
    /// How far it has come.
    pub state: CompletionState,
    /// Who scored it.
    pub rules: Option<Rules>,
    /// How often scoring was tried.
    pub attempts: i64,
    /// When it was made.
    pub created_at: Millis,
}

/// The revision that gave points.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rules {
    /// Plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
}

/// One reason for points.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bonus {
    /// `base`, `on_time`, `clamped` …
    pub reason: String,
    /// May be negative.
    pub points: i64,
}

/// What a revision gives for a completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Award {
    /// Id of the ledger row.
    pub entry_id: Uuid,
    /// Sum, already clamped.
    pub points: i64,
    /// Why.
    pub breakdown: Vec<Bonus>,
    /// By which revision.
    pub rules: Rules,
    /// Achievements it asks to unlock; those already held are skipped.
    pub achievements: Vec<String>,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// For which completion.
    pub completion_id: Uuid,
    /// Of which task.
    pub task_id: Uuid,
    /// `award`, `reversal`, `recompute:<n>`.
    pub kind: String,
    /// May be negative.
    pub points: i64,
    /// Why.
    pub breakdown: Vec<Bonus>,
    /// The day it counts for.
    pub day: String,
    /// By which revision.
    pub rules: Option<Rules>,
    /// When it was written.
    pub created_at: Millis,
}

/// Something reached, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achievement {
    /// The rules' name of it.
    pub achievement: String,
    /// By which completion.
    pub completion_id: Uuid,
    /// Which plugin gave it.
    pub plugin: String,
    /// When.
    pub unlocked_at: Millis,
}

/// One of a user's days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Points of that day.
    pub points: i64,
    /// Completions that stand.
    pub completions: i64,
}

/// Where the windows of [`Tallies`] begin, as days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Today.
    pub day: String,
    /// First day of this week.
    pub week: String,
    /// First day of this month.
    pub month: String,
    /// First day of this year.
    pub year: String,
}

/// Points and completions of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Points.
    pub points: i64,
    /// Completions that stand.
    pub completions: i64,
}

/// What a user did so far, by window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Today.
    pub day: Tally,
    /// This week.
    pub week: Tally,
    /// This month.
    pub month: Tally,
    /// This year.
    pub year: Tally,
    /// Ever.
    pub all: Tally,
}
