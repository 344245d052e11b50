//! `signing_keys`, `secrets`: encrypted before they come here.

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use crate::clock::Millis;
use crate::model::session::SigningKey;

rows! { SigningKey { kid, public_key, private_key, created_at, active_from, retired_at } }

/// Adds a signing key. Conflict: `signing_keys_pkey`.
pub async fn insert<'a>(db: impl Writes<'a>, key: &SigningKey) -> Result<()> {
    db.writing(
        "INSERT INTO signing_keys (kid, public_key, private_key, created_at, active_from, retired_at) VALUES ($1, $2, $3, $4, $5, $6)"
            .into(),
    )
    .bind(&key.kid)
    .bind(key.public_key.as_slice())
    .bind(key.private_key.as_slice())
    .bind(key.created_at)
    .bind(key.active_from)
    .bind(key.retired_at)
    .execute()
    .await
    .map(drop)
}

/// All signing keys, newest first.
pub async fn list<'a>(db: impl Reader<'a>) -> Result<Vec<SigningKey>> {
    db.reading(
        "SELECT kid, public_key, private_key, created_at, active_from, retired_at FROM signing_keys ORDER BY active_from DESC, kid".into(),
    )
    .all()
    .await
}

/// Stops signing with a key.
pub async fn retire<'a>(db: impl Writes<'a>, kid: &str, now: Millis) -> Result<()> {
    db.writing("UPDATE signing_keys SET retired_at = $2 WHERE kid = $1 AND retired_at IS NULL".into())
        .bind(kid)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Removes keys that retired before `before`: no token they signed is still good.
pub async fn purge<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM signing_keys WHERE retired_at < $1".into()).bind(before).execute().await
}

/// Sets a secret (already encrypted).
pub async fn put_secret<'a>(db: impl Writes<'a>, name: &str, value: &[u8], now: Millis) -> Result<()> {
    db.writing(
        "INSERT INTO secrets (name, value, created_at, updated_at, version) VALUES ($1, $2, $3, $3, 1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, version = secrets.version + 1"
            .into(),
    )
    .bind(name)
    .bind(value)
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// The encrypted value of a secret.
pub async fn secret<'a>(db: impl Reader<'a>, name: &str) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = db.reading("SELECT value FROM secrets WHERE name = $1".into()).bind(name).optional().await?;
    Ok(row.map(|row| row.0))
}

/// Names of all secrets, with the time of the last change.
pub async fn secret_names<'a>(db: impl Reader<'a>) -> Result<Vec<(String, Millis)>> {
    db.reading("SELECT name, updated_at FROM secrets ORDER BY name".into()).all().await
}

/// Removes a secret.
pub async fn delete_secret<'a>(db: impl Writes<'a>, name: &str) -> Result<()> {
    match db.writing("DELETE FROM secrets WHERE name = $1".into()).bind(name).execute().await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}
