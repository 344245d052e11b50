//! What a plugin call cost and how it ended.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Millis;

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// UUIDv7.
    pub id: Uuid,
    /// The slot it came through.
    pub slot: String,
    /// Plugin's name.
    pub plugin: String,
    /// Its version.
    pub plugin_version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Generation of the slot.
    pub generation: i64,
    /// `award` …
    pub export: String,
    /// `ok`, or what went wrong.
    pub outcome: String,
    /// Error code, if it went wrong.
    pub code: Option<String>,
    /// Internal detail for the operator.
    pub detail: Option<String>,
    /// Guest CPU, microseconds.
    pub cpu_us: i64,
    /// Wall time, microseconds.
    pub wall_us: i64,
    /// Peak of linear memory, bytes.
    pub memory_bytes: i64,
    /// Number of host calls.
    pub host_calls: i64,
    /// Hash of the effective grant.
    pub grant_hash: String,
    /// For whom.
    pub user_id: Option<Uuid>,
    /// In which request.
    pub request_id: Option<String>,
    /// What the plugin logged.
    pub logs: Option<Value>,
    /// For rehearsal, encrypted.
    pub recording: Option<Vec<u8>>,
    /// When.
    pub created_at: Millis,
}

/// Which call records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Of this slot.
    pub slot: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// Of this plugin.
    pub plugin: Option<String>,
}
