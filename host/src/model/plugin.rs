//! Plugins, their revisions, and their own data.

use serde_json::Value;
use uuid::Uuid;

use super::text_enum;
use crate::clock::Millis;

text_enum! {
    /// How far a revision has come.
    RevisionState {
        /// Its bytes are here.
        Staged = "staged",
        /// Validated, compiled, described, smoke-tested.
        Checked = "checked",
        /// Tried on recorded calls.
        Rehearsed = "rehearsed",
        /// Runs beside the live one, unseen.
        Shadow = "shadow",
        /// Serves a part.
        Canary = "canary",
        /// Serves.
        Live = "live",
        /// Served once.
        Retired = "retired",
    }
}

/// A plugin by name; its revisions are the versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Unique.
    pub name: String,
    /// `xp-rules`, `auth-provider` …
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// When it was first added.
    pub created_at: Millis,
}

/// One version of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// UUIDv7.
    pub id: Uuid,
    /// Plugin's name.
    pub plugin: String,
    /// SemVer.
    pub version: String,
    /// SHA-256 of the component's bytes, hex.
    pub digest: String,
    /// `xp-rules` …
    pub kind: String,
    /// Bytes.
    pub size: i64,
    /// As packed into the component.
    pub manifest: Value,
    /// Imports of the component.
    pub imports: Vec<String>,
    /// What it asks for.
    pub needs: Value,
    /// Hash of the canonical needs.
    pub needs_hash: String,
    /// One entry a stage.
    pub verdicts: Vec<Value>,
    /// How far it has come.
    pub state: RevisionState,
    /// Needs hash that was accepted; `None` = held.
    pub approved_hash: Option<String>,
    /// By whom.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Millis>,
    /// Came with the host.
    pub bundled: bool,
    /// When it was added.
    pub created_at: Millis,
    /// By whom.
    pub created_by: String,
}

/// What an operator lets a plugin do.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginGrant {
    /// Plugin's name.
    pub plugin: String,
    /// Narrows what it asked for.
    pub policy: Value,
    /// Grows with every change.
    pub version: i64,
    /// When.
    pub updated_at: Millis,
    /// By whom.
    pub updated_by: String,
}

/// Bytes that are refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedDigest {
    /// SHA-256, hex.
    pub digest: String,
    /// Plugin's name.
    pub plugin: String,
    /// Why.
    pub reason: String,
    /// When.
    pub blocked_at: Millis,
    /// By whom.
    pub blocked_by: String,
}

/// One entry of a plugin's own data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvEntry {
    /// At most as the capability allows.
    pub key: Vec<u8>,
    /// Opaque.
    pub value: Vec<u8>,
    /// From 1, grows with every write.
    pub version: i64,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
}
