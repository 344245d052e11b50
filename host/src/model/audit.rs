//! The audit log: who changed what may happen.

use crate::clock::Millis;

/// What is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// When.
    pub at: Millis,
    /// `user:<id>`, `key:<id>`, `cli`, `host`.
    pub actor: String,
    /// `slot.bind`, `user.role` …
    pub action: String,
    /// What was changed.
    pub target: String,
    /// Before and after; never a secret.
    pub detail: serde_json::Value,
    /// In which request.
    pub request_id: Option<String>,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub target: String,
    /// JSON text exactly as hashed.
    pub detail: String,
    /// In which request.
    pub request_id: Option<String>,
    /// SHA-256 over the previous hash and this row.
    pub hash: Vec<u8>,
}
