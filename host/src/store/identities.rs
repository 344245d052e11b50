//! `identities`: people at outside providers.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use crate::clock::Millis;
use crate::model::user::Identity;

rows! { Identity { id, user_id, provider, subject, created_at, last_used_at } }

/// Links. Conflict: `identities_provider_subject_key`.
pub async fn insert<'a>(db: impl Writes<'a>, identity: &Identity) -> Result<()> {
    db.writing("INSERT INTO identities (id, user_id, provider, subject, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6)".into())
        .bind(identity.id)
        .bind(identity.user_id)
        .bind(&identity.provider)
        .bind(&identity.subject)
        .bind(identity.created_at)
        .bind(identity.last_used_at)
        .execute()
        .await
        .map(drop)
}

/// Whose it is, if it is linked.
pub async fn find<'a>(db: impl Reader<'a>, provider: &str, subject: &str) -> Result<Option<Identity>> {
    db.reading(
        "SELECT id, user_id, provider, subject, created_at, last_used_at FROM identities WHERE provider = $1 AND subject = $2".into(),
    )
    .bind(provider)
    .bind(subject)
    .optional()
    .await
}

/// All of a user.
pub async fn list<'a>(db: impl Reader<'a>, user: Uuid) -> Result<Vec<Identity>> {
    db.reading("SELECT id, user_id, provider, subject, created_at, last_used_at FROM identities WHERE user_id = $1 ORDER BY id".into())
        .bind(user)
        .all()
        .await
}

/// Notes its use.
pub async fn used<'a>(db: impl Writes<'a>, id: Uuid, now: Millis) -> Result<()> {
    db.writing("UPDATE identities SET last_used_at = $2 WHERE id = $1".into()).bind(id).bind(now).execute().await.map(drop)
}

/// Unlinks.
pub async fn delete<'a>(db: impl Writes<'a>, user: Uuid, id: Uuid) -> Result<()> {
    match db.writing("DELETE FROM identities WHERE id = $1 AND user_id = $2".into()).bind(id).bind(user).execute().await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}
