//! What plugins did for people.

use uuid::Uuid;

use crate::clock::Millis;

/// One action, done or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// UUIDv7.
    pub id: Uuid,
    /// For whom, with whose permissions.
    pub user_id: Uuid,
    /// Which plugin asked.
    pub plugin: String,
    /// Through which slot.
    pub slot: String,
    /// In which call.
    pub call_id: Uuid,
    /// In which request.
    pub request_id: String,
    /// `tasks.create` …
    pub operation: String,
    /// The task or memory that it was about.
    pub subject: Option<Uuid>,
    /// `ok`, or the contract's word for the refusal: `not-found` …
    pub outcome: String,
    /// When.
    pub created_at: Millis,
}
