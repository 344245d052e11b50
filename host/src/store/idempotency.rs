//! `idempotency_keys`: the first answer to a request, for its repetitions.

use sqlx::types::Json;

use super::db::{Db, Writes};
use super::error::Result;
use super::row::rows;
use crate::clock::Millis;

/// The answer to replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: i64,
    /// Headers to repeat.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a key says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Run it; then [`finish`] or [`abandon`].
    Fresh,
    /// It ran: this was the answer.
    Replay(Answer),
    /// It is running.
    Running,
    /// The key belongs to another request.
    Different,
}

/// A request with a key.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<'a> {
    /// Whose keys.
    pub principal: &'a str,
    /// The key.
    pub key: &'a str,
    /// SHA-256 over method, path and body.
    pub request_hash: &'a [u8],
}

struct Row {
    request_hash: Vec<u8>,
    state: String,
    status: Option<i64>,
    headers: Option<Vec<(String, String)>>,
    body: Option<Vec<u8>>,
}
rows! { Row { request_hash, state, status, headers: maybe_json, body } }

/// Takes the key, or tells why not. A running request whose `lease` has passed died with its host: the key is free again.
pub async fn begin(db: &Db, request: Keyed<'_>, now: Millis, lease: Millis, ttl: Millis) -> Result<Begin> {
    let taken = db
        .write(
            "INSERT INTO idempotency_keys (principal, key, request_hash, state, lease_until, created_at, expires_at) \
             VALUES ($1, $2, $3, 'running', $5, $4, $6) ON CONFLICT (principal, key) DO UPDATE SET request_hash = excluded.request_hash, \
             state = 'running', lease_until = excluded.lease_until, created_at = excluded.created_at, expires_at = excluded.expires_at, \
             status = NULL, headers = NULL, body = NULL WHERE idempotency_keys.expires_at <= $4 \
             OR (idempotency_keys.state = 'running' AND idempotency_keys.lease_until <= $4)",
        )
        .bind(request.principal)
        .bind(request.key)
        .bind(request.request_hash)
        .bind(now)
        .bind(now.saturating_add(lease))
        .bind(now.saturating_add(ttl))
        .execute()
        .await?;
    if taken == 1 {
        return Ok(Begin::Fresh);
    }
    let row: Option<Row> = db
        .read("SELECT request_hash, state, status, headers, body FROM idempotency_keys WHERE principal = $1 AND key = $2")
        .bind(request.principal)
        .bind(request.key)
        .optional()
        .await?;
    Ok(match row {
        Some(row) if row.request_hash != request.request_hash => Begin::Different,
        Some(Row { state, status: Some(status), headers, body, .. }) if state == "finished" => {
            Begin::Replay(Answer { status, headers: headers.unwrap_or_default(), body: body.unwrap_or_default() })
        }
        // abandoned in this very moment, or running: in both cases the client comes again
        _ => Begin::Running,
    })
}

/// Keeps the answer.
pub async fn finish<'a>(db: impl Writes<'a>, request: Keyed<'_>, answer: &Answer) -> Result<()> {
    db.writing(
        "UPDATE idempotency_keys SET state = 'finished', status = $4, headers = $5, body = $6 \
         WHERE principal = $1 AND key = $2 AND request_hash = $3 AND state = 'running'"
            .into(),
    )
    .bind(request.principal)
    .bind(request.key)
    .bind(request.request_hash)
    .bind(answer.status)
    .bind(Json(&answer.headers))
    .bind(answer.body.as_slice())
    .execute()
    .await
    .map(drop)
}

/// Frees the key: the request had no answer worth keeping (5xx, 429, a stream).
pub async fn abandon<'a>(db: impl Writes<'a>, request: Keyed<'_>) -> Result<()> {
    db.writing("DELETE FROM idempotency_keys WHERE principal = $1 AND key = $2 AND request_hash = $3 AND state = 'running'".into())
        .bind(request.principal)
        .bind(request.key)
        .bind(request.request_hash)
        .execute()
        .await
        .map(drop)
}

/// Removes expired keys.
pub async fn purge<'a>(db: impl Writes<'a>, now: Millis) -> Result<u64> {
    db.writing("DELETE FROM idempotency_keys WHERE expires_at <= $1".into()).bind(now).execute().await
}

/// Removes a principal's kept answers that speak of one of these: what was erased is not replayed.
pub async fn forget(tx: &mut super::tx::Tx, principal: &str, ids: &[uuid::Uuid]) -> Result<u64> {
    let mut removed = 0;
    for part in ids.chunks(100) {
        let dialect = tx.dialect();
        let mut query = tx.query("DELETE FROM idempotency_keys WHERE principal = $1 AND body IS NOT NULL AND (").bind(principal);
        for (at, id) in part.iter().enumerate() {
            query.push(if at == 0 { "" } else { " OR " });
            let needle = id.to_string().into_bytes();
            match dialect {
                super::db::Dialect::Sqlite => query.push("INSTR(body, ").value(needle).push(") > 0"),
                super::db::Dialect::Postgres => query.push("POSITION(").value(needle).push(" IN body) > 0"),
            };
        }
        query.push(")");
        removed += query.execute().await?;
    }
    Ok(removed)
}
