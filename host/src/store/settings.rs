//! `settings`, `counters`: what the host remembers about itself.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::types::Json;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use crate::clock::Millis;

/// The setting, if it was ever made.
pub async fn find<'a, T: DeserializeOwned>(db: impl Reader<'a>, name: &str) -> Result<Option<T>> {
    let row: Option<(Json<serde_json::Value>,)> =
        db.reading("SELECT value FROM settings WHERE name = $1".into()).bind(name).optional().await?;
    row.map(|row| serde_json::from_value(row.0.0)).transpose().map_err(|error| Error::Corrupt(format!("setting `{name}`: {error}")))
}

/// Makes or replaces a setting.
pub async fn put<'a, T: Serialize + Sync>(db: impl Writes<'a>, name: &str, value: &T, now: Millis) -> Result<()> {
    db.writing(
        "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
            .into(),
    )
    .bind(name)
    .bind(Json(value))
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Makes a setting unless it is there; tells whether this call made it. Of several hosts that start at once, one does.
pub async fn put_once<'a, T: Serialize + Sync>(db: impl Writes<'a>, name: &str, value: &T, now: Millis) -> Result<bool> {
    db.writing("INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING".into())
        .bind(name)
        .bind(Json(value))
        .bind(now)
        .execute()
        .await
        .map(|made| made == 1)
}

/// The routing generation: moves with every change of what serves. Cheap; hosts poll it.
pub async fn generation<'a>(db: impl Reader<'a>) -> Result<i64> {
    let row: (i64,) = db.reading("SELECT value FROM counters WHERE name = 'routing'".into()).one().await?;
    Ok(row.0)
}

/// Moves the routing generation, in the transaction of the change.
pub async fn move_generation<'a>(db: impl Writes<'a>) -> Result<i64> {
    let row: (i64,) = db.writing("UPDATE counters SET value = value + 1 WHERE name = 'routing' RETURNING value".into()).one().await?;
    Ok(row.0)
}
