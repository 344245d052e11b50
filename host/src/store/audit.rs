//! `audit`, `audit_tail`: a chain of hashes. Each row's hash covers the row and the hash before it, so that a row that was
//! changed, removed or put in between shows.
//!
//! Appending belongs to the transaction of the change it tells of. The tail row is locked first: on PostgreSQL by an upsert
//! that changes nothing, on SQLite by the transaction itself. Numbers have no gaps.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::db::Reader;
use super::error::Result;
use super::row::rows;
use super::tx::Tx;
use crate::model::audit::{AuditEvent, AuditRow};

rows! { AuditRow { seq, at, actor, action, target, detail, request_id, hash } }

/// Appends; tells the row's number.
pub async fn append(tx: &mut Tx, event: &AuditEvent) -> Result<i64> {
    let (seq, previous): (i64, Vec<u8>) = tx
        .query(
            "INSERT INTO audit_tail (id, seq, hash) VALUES (1, 0, $1) ON CONFLICT (id) DO UPDATE SET seq = audit_tail.seq RETURNING seq, hash",
        )
        .bind([0_u8; 32].as_slice())
        .one()
        .await?;
    let mut row = AuditRow {
        seq: seq + 1,
        at: event.at,
        actor: event.actor.clone(),
        action: event.action.clone(),
        target: event.target.clone(),
        detail: event.detail.to_string(),
        request_id: event.request_id.clone(),
        hash: Vec::new(),
    };
    row.hash = hash(&previous, &row);
    tx.query("INSERT INTO audit (seq, at, actor, action, target, detail, request_id, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(row.seq)
        .bind(row.at)
        .bind(&row.actor)
        .bind(&row.action)
        .bind(&row.target)
        .bind(&row.detail)
        .bind(row.request_id.as_deref())
        .bind(row.hash.as_slice())
        .execute()
        .await?;
    tx.query("UPDATE audit_tail SET seq = $1, hash = $2 WHERE id = 1").bind(row.seq).bind(row.hash.as_slice()).execute().await?;
    Ok(row.seq)
}

/// SHA-256 over the previous hash and the row as canonical JSON: an array of its columns in order.
fn hash(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    let columns = Value::from(vec![
        row.seq.into(),
        row.at.into(),
        row.actor.as_str().into(),
        row.action.as_str().into(),
        row.target.as_str().into(),
        row.detail.as_str().into(),
        row.request_id.as_deref().map_or(Value::Null, Value::from),
    ]);
    Sha256::new().chain_update(previous).chain_update(columns.to_string()).finalize().to_vec()
}

/// Rows, newest first; `before`: only smaller numbers; `target`: only about this.
pub async fn list<'a>(db: impl Reader<'a>, target: Option<&str>, before: Option<i64>, limit: i64) -> Result<Vec<AuditRow>> {
    db.reading(
        "SELECT seq, at, actor, action, target, detail, request_id, hash FROM audit WHERE ($1 IS NULL OR target = $1) \
         AND ($2 IS NULL OR seq < $2) ORDER BY seq DESC LIMIT $3"
            .into(),
    )
    .bind(target)
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// How many rows there are.
pub async fn count<'a>(db: impl Reader<'a>) -> Result<i64> {
    let row: (i64,) = db.reading("SELECT COUNT(*) FROM audit".into()).one().await?;
    Ok(row.0)
}

/// What [`verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// All rows are as they were written.
    Intact {
        /// How many.
        rows: i64,
    },
    /// From here on it cannot be trusted.
    Broken {
        /// The first number that is missing or does not hash.
        at: i64,
    },
}

/// Walks the whole chain.
pub async fn verify(db: &super::Db) -> Result<Chain> {
    let mut previous = vec![0; 32];
    let mut seq = 0;
    loop {
        let rows: Vec<AuditRow> = db
            .read("SELECT seq, at, actor, action, target, detail, request_id, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT 1000")
            .bind(seq)
            .all()
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != seq + 1 || row.hash != hash(&previous, &row) {
                return Ok(Chain::Broken { at: seq + 1 });
            }
            (previous, seq) = (row.hash, row.seq);
        }
    }
    let tail: Option<(i64, Vec<u8>)> = db.read("SELECT seq, hash FROM audit_tail WHERE id = 1").optional().await?;
    // rows cut off at the end show here
    if tail.is_some_and(|tail| tail != (seq, previous)) { Ok(Chain::Broken { at: seq + 1 }) } else { Ok(Chain::Intact { rows: seq }) }
}
