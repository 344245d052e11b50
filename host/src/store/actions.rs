//! `actions`: what plugins did for people.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::Result;
use super::row::rows;
use crate::model::action::Action;

rows! { Action { id, user_id, plugin, slot, call_id, request_id, operation, subject, outcome, created_at } }

/// Adds one.
pub async fn insert<'a>(db: impl Writes<'a>, action: &Action) -> Result<()> {
    db.writing(
        "INSERT INTO actions (id, user_id, plugin, slot, call_id, request_id, operation, subject, outcome, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            .into(),
    )
    .bind(action.id)
    .bind(action.user_id)
    .bind(&action.plugin)
    .bind(&action.slot)
    .bind(action.call_id)
    .bind(&action.request_id)
    .bind(&action.operation)
    .bind(action.subject)
    .bind(&action.outcome)
    .bind(action.created_at)
    .execute()
    .await
    .map(drop)
}

/// The user's, newest first.
pub async fn list<'a>(db: impl Reader<'a>, user: Uuid, limit: i64) -> Result<Vec<Action>> {
    db.reading(
        "SELECT id, user_id, plugin, slot, call_id, request_id, operation, subject, outcome, created_at FROM actions \
         WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
            .into(),
    )
    .bind(user)
    .bind(limit)
    .all()
    .await
}
