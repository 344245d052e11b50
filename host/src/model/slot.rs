//! Slots and what is bound to them.

use serde_json::Value;
use uuid::Uuid;

use super::text_enum;
use crate::clock::Millis;

text_enum! {
    /// How a bound revision serves.
    Mode {
        /// Answers.
        Live = "live",
        /// Answers a part.
        Canary = "canary",
        /// Runs unseen.
        Shadow = "shadow",
    }
}

/// A revision bound to a slot.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Binding {
    /// How it serves.
    pub mode: Mode,
    /// Which revision.
    pub revision_id: Uuid,
    /// Share of the users, for a canary.
    pub percent: Option<i64>,
}

/// A slot with everything that decides what serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// `xp-rules`, `persona/mentor` …
    pub slot: String,
    /// The kind.
    pub kind: String,
    /// Grows by one with every change; 0 = never bound.
    pub generation: i64,
    /// At most one a mode.
    pub bindings: Vec<Binding>,
    /// Values for the plugin.
    pub config: Value,
    /// Names of the secrets it may use.
    pub secrets: Vec<String>,
    /// When it was changed.
    pub updated_at: Millis,
}

/// What a slot was after a change.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotHistory {
    /// Which slot.
    pub slot: String,
    /// The generation the change made.
    pub generation: i64,
    /// `bind`, `rollback`, `unbind`, `config`, `upgrade`, `block`.
    pub action: String,
    /// Bindings after it.
    pub bindings: Vec<Binding>,
    /// Config after it.
    pub config: Value,
    /// Secrets after it.
    pub secrets: Vec<String>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub created_at: Millis,
}
