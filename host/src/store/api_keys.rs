//! `api_keys`: the keys of programs, looked up by id.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use crate::clock::Millis;
use crate::model::user::ApiKey;

macro_rules! columns {
    () => {
        "id, user_id, name, secret_hash, scopes, created_at, expires_at, last_used_at, revoked_at"
    };
}

rows! { ApiKey { id, user_id, name, secret_hash, scopes: json, created_at, expires_at, last_used_at, revoked_at } }

/// Makes a key.
pub async fn insert<'a>(db: impl Writes<'a>, key: &ApiKey) -> Result<()> {
    db.writing(concat!("INSERT INTO api_keys (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)").into())
        .bind(key.id)
        .bind(key.user_id)
        .bind(&key.name)
        .bind(key.secret_hash.as_slice())
        .bind(Json(&key.scopes))
        .bind(key.created_at)
        .bind(key.expires_at)
        .bind(key.last_used_at)
        .bind(key.revoked_at)
        .execute()
        .await
        .map(drop)
}

/// The key, revoked and expired ones included.
pub async fn find<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<ApiKey>> {
    db.reading(concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1").into()).bind(id).optional().await
}

/// Live keys of a user; of nobody (`None`): the operator's own.
pub async fn list<'a>(db: impl Reader<'a>, user: Option<Uuid>) -> Result<Vec<ApiKey>> {
    let mut query = db.reading(concat!("SELECT ", columns!(), " FROM api_keys WHERE revoked_at IS NULL AND ").into());
    match user {
        Some(user) => query.push("user_id = ").value(user),
        None => query.push("user_id IS NULL"),
    };
    query.push(" ORDER BY id");
    query.all().await
}

/// Ends a key.
pub async fn revoke<'a>(db: impl Writes<'a>, user: Option<Uuid>, id: Uuid, now: Millis) -> Result<()> {
    let mut query = db.writing("UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL AND ".into()).bind(now).bind(id);
    match user {
        Some(user) => query.push("user_id = ").value(user),
        None => query.push("user_id IS NULL"),
    };
    match query.execute().await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// Notes its use, to the minute.
pub async fn used<'a>(db: impl Writes<'a>, id: Uuid, now: Millis) -> Result<()> {
    db.writing("UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND COALESCE(last_used_at, 0) < $2 - 60000".into())
        .bind(id)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Live keys of everybody, oldest first.
pub async fn all<'a>(db: impl Reader<'a>) -> Result<Vec<ApiKey>> {
    db.reading(concat!("SELECT ", columns!(), " FROM api_keys WHERE revoked_at IS NULL ORDER BY id").into()).all().await
}
