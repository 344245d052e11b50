//! How somebody wishes to be spoken to, and by whom.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Millis;

/// How a person sees the world, in their own words; each text at most 200 characters, empty = not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Worldview {
    /// A tradition, `stoic` or one that nobody here has a word for.
    pub primary_tradition: String,
    /// At most 2.
    pub secondary_traditions: Vec<String>,
    /// `direct`, `poetic` …
    pub communication_style: String,
    /// What matters most first, at most 16.
    pub values_hierarchy: Vec<String>,
    /// `virtue`, `care` …
    pub ethical_framework: String,
    /// `ja` …
    pub cultural_context: String,
}

/// What somebody has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonaSettings {
    /// Whom they chose; `None` = whoever suits each message.
    pub active_persona: Option<String>,
    /// `None` = they have not told.
    pub worldview: Option<Worldview>,
    /// How often the worldview has changed.
    pub version: i64,
}

/// Somebody chose another persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeSwitch {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The new one; `None` = whoever suits each message.
    pub mode: Option<String>,
    /// The one before.
    pub previous_mode: Option<String>,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// When.
    pub created_at: Millis,
}
