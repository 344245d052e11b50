//! `plugin_kv`: plugins' own data, a namespace a plugin and user. The user is all zeros for data that is nobody's.

use uuid::Uuid;

use super::db::{Db, Dialect, Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::plugin::KvEntry;

rows! { KvEntry { key, value, version, expires_at } }

/// Whose data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space<'a> {
    /// Plugin's name.
    pub plugin: &'a str,
    /// The user, or [`Uuid::nil`].
    pub user: Uuid,
}

/// One write.
#[derive(Clone, Copy, Debug)]
pub struct Put<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// Only if the entry is at this version; 0 = only if there is none.
    pub expect: Option<i64>,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
    /// Bytes (keys and values) the namespace may hold.
    pub quota: i64,
    /// When.
    pub now: Millis,
}

/// The entry, unless it has expired.
pub async fn get<'a>(db: impl Reader<'a>, space: Space<'_>, key: &[u8], now: Millis) -> Result<Option<KvEntry>> {
    db.reading(
        "SELECT key, value, version, expires_at FROM plugin_kv WHERE plugin = $1 AND user_id = $2 AND key = $3 AND (expires_at IS NULL OR expires_at > $4)".into(),
    )
    .bind(space.plugin)
    .bind(space.user)
    .bind(key)
    .bind(now)
    .optional()
    .await
}

/// Writes an entry; tells its new version. [`Error::Stale`] when `expect` does not hold, [`Error::Full`] over the quota.
pub async fn put(db: &Db, space: Space<'_>, put: Put<'_>) -> Result<i64> {
    let mut tx = db.begin().await?;
    lock(&mut tx, space).await?;
    let version = put_in(&mut tx, space, put).await?;
    tx.commit().await?;
    Ok(version)
}

/// One writer a namespace at a time, or two together could pass the quota. SQLite has one writer anyway.
async fn lock(tx: &mut Tx, space: Space<'_>) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        let _: (i64,) = tx
            .query("SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) AS locked")
            .bind(format!("kv:{}:{}", space.plugin, space.user))
            .one()
            .await?;
    }
    Ok(())
}

async fn put_in(tx: &mut Tx, space: Space<'_>, put: Put<'_>) -> Result<i64> {
    let bytes = i64::try_from(put.key.len() + put.value.len()).unwrap_or(i64::MAX);
    // an expired entry is as good as none: its version starts again only where nobody asked for one
    let row: Option<(i64,)> = tx
        .query(
            "INSERT INTO plugin_kv (plugin, user_id, key, value, version, bytes, expires_at, updated_at) \
             SELECT $1, $2, $3, $4, 1, $5, $6, $7 WHERE (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM plugin_kv WHERE plugin = $1 \
             AND user_id = $2 AND key <> $3 AND (expires_at IS NULL OR expires_at > $7)) + $5 <= $8 AND ($9 IS NULL OR $9 = COALESCE((SELECT version \
             FROM plugin_kv WHERE plugin = $1 AND user_id = $2 AND key = $3 AND (expires_at IS NULL OR expires_at > $7)), 0)) \
             ON CONFLICT (plugin, user_id, key) DO UPDATE SET value = excluded.value, version = plugin_kv.version + 1, bytes = excluded.bytes, \
             expires_at = excluded.expires_at, updated_at = excluded.updated_at RETURNING version",
        )
        .bind(space.plugin)
        .bind(space.user)
        .bind(put.key)
        .bind(put.value)
        .bind(bytes)
        .bind(put.expires_at)
        .bind(put.now)
        .bind(put.quota)
        .bind(put.expect)
        .optional()
        .await?;
    if let Some((version,)) = row {
        return Ok(version);
    }
    let current = get(&mut *tx, space, put.key, put.now).await?.map_or(0, |entry| entry.version);
    if put.expect.is_some_and(|expected| expected != current) { Err(Error::Stale) } else { Err(Error::Full) }
}

/// Removes an entry; tells whether there was one. [`Error::Stale`] when there is one at another version.
pub async fn delete(db: &Db, space: Space<'_>, key: &[u8], expect: Option<i64>, now: Millis) -> Result<bool> {
    let removed: Option<(Option<Millis>,)> = db
        .write(
            "DELETE FROM plugin_kv WHERE plugin = $1 AND user_id = $2 AND key = $3 AND ($4 IS NULL OR version = $4) RETURNING expires_at",
        )
        .bind(space.plugin)
        .bind(space.user)
        .bind(key)
        .bind(expect)
        .optional()
        .await?;
    match removed {
        Some((expires,)) => Ok(expires.is_none_or(|expires| expires > now)),
        None if expect.is_some() && get(db, space, key, now).await?.is_some() => Err(Error::Stale),
        None => Ok(false),
    }
}

/// Entries whose key begins with `prefix`, by key. `after`: only keys beyond this one.
pub async fn list<'a>(
    db: impl Reader<'a>,
    space: Space<'_>,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: i64,
    descending: bool,
    now: Millis,
) -> Result<Vec<KvEntry>> {
    let mut query = db
        .reading(
            "SELECT key, value, version, expires_at FROM plugin_kv WHERE plugin = $1 AND user_id = $2 AND (expires_at IS NULL OR expires_at > $3) AND key >= $4".into(),
        )
        .bind(space.plugin)
        .bind(space.user)
        .bind(now)
        .bind(prefix);
    if let Some(end) = successor(prefix) {
        query.push(" AND key < ").value(end);
    }
    if let Some(after) = after {
        query.push(if descending { " AND key < " } else { " AND key > " }).value(after);
    }
    query.push(if descending { " ORDER BY key DESC LIMIT " } else { " ORDER BY key LIMIT " }).value(limit);
    query.all().await
}

/// The first key that no longer begins with `prefix`; none when every later key does.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// Adds to a number kept as decimal text; none counts as 0. [`Error::Corrupt`] when it is no number, or the sum leaves 64 bits.
pub async fn increment(db: &Db, space: Space<'_>, key: &[u8], by: i64, quota: i64, now: Millis) -> Result<i64> {
    let mut tx = db.begin().await?;
    lock(&mut tx, space).await?;
    let entry = get(&mut tx, space, key, now).await?;
    let current = match &entry {
        None => 0,
        Some(entry) => std::str::from_utf8(&entry.value)
            .ok()
            .and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(|| Error::Corrupt("the entry is no number".into()))?,
    };
    let sum = current.checked_add(by).ok_or_else(|| Error::Corrupt("the sum leaves 64 bits".into()))?;
    let value = sum.to_string();
    let expires_at = entry.and_then(|entry| entry.expires_at);
    put_in(&mut tx, space, Put { key, value: value.as_bytes(), expect: None, expires_at, quota, now }).await?;
    tx.commit().await?;
    Ok(sum)
}

/// Bytes a namespace holds.
pub async fn usage<'a>(db: impl Reader<'a>, space: Space<'_>, now: Millis) -> Result<i64> {
    let row: (i64,) = db
        .reading(
            "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM plugin_kv WHERE plugin = $1 AND user_id = $2 AND (expires_at IS NULL OR expires_at > $3)".into(),
        )
        .bind(space.plugin)
        .bind(space.user)
        .bind(now)
        .one()
        .await?;
    Ok(row.0)
}

/// Removes what has expired.
pub async fn purge<'a>(db: impl Writes<'a>, now: Millis) -> Result<u64> {
    db.writing("DELETE FROM plugin_kv WHERE expires_at <= $1".into()).bind(now).execute().await
}
