//! `embedding_outbox`: memories whose vectors are still to be made.
//!
//! A row is written in the memory's own transaction and removed in the one that writes its vectors. `revision` changes with
//! every text, so that what was embedded from an older text is dropped. Replicas claim rows for a while; what a host that
//! died had claimed comes free when its time is over.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::Result;
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::vector::Chunk;

/// A memory that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose.
    pub user_id: Uuid,
    /// Which.
    pub memory_id: Uuid,
    /// Of its text.
    pub revision: Uuid,
    /// What is embedded.
    pub chunks: Vec<Chunk>,
    /// How often it was tried.
    pub attempts: i64,
}

rows! { Waiting { user_id, memory_id, revision, chunks: json, attempts } }

/// Asks for a memory's vectors. Call it in the transaction that writes its text; an earlier request for it is replaced.
/// `revision`: a new id.
pub async fn enqueue(tx: &mut Tx, user: Uuid, memory: Uuid, chunks: &[Chunk], revision: Uuid, now: Millis) -> Result<()> {
    tx.query(
        "INSERT INTO embedding_outbox (user_id, memory_id, revision, chunks, enqueued_at, run_at) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT (user_id, memory_id) DO UPDATE SET revision = excluded.revision, chunks = excluded.chunks, \
         enqueued_at = excluded.enqueued_at, run_at = excluded.run_at, attempts = 0, claimed_by = NULL, claimed_until = NULL, last_error = NULL",
    )
    .bind(user)
    .bind(memory)
    .bind(revision)
    .bind(Json(chunks))
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Takes back requests, as when memories are deleted. Call it in the transaction that hides or removes them.
pub async fn withdraw(tx: &mut Tx, user: Uuid, memories: &[Uuid]) -> Result<u64> {
    let mut rows = 0;
    for part in memories.chunks(500) {
        let mut query = tx.query("DELETE FROM embedding_outbox WHERE user_id = $1").bind(user);
        query.and_in("memory_id", part.iter().copied());
        rows += query.execute().await?;
    }
    Ok(rows)
}

/// Takes at most `limit` that are due, until `now + lease`.
pub async fn claim<'a>(db: impl Writes<'a>, holder: &str, now: Millis, lease: Millis, limit: i64) -> Result<Vec<Waiting>> {
    let lock = db.speaks().pick("", " FOR UPDATE SKIP LOCKED");
    let mut query = db
        .writing(
            "UPDATE embedding_outbox SET claimed_by = $1, claimed_until = $3, attempts = attempts + 1 WHERE (user_id, memory_id) IN \
             (SELECT user_id, memory_id FROM embedding_outbox WHERE run_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2) \
             ORDER BY run_at LIMIT $4"
                .into(),
        )
        .bind(holder)
        .bind(now)
        .bind(now.saturating_add(lease))
        .bind(limit);
    query.push(lock).push(") RETURNING user_id, memory_id, revision, chunks, attempts");
    query.all().await
}

/// Ends a request if it is still of this revision; tells whether it was. Write the vectors in the same transaction, or not at all.
pub async fn settle(tx: &mut Tx, waiting: &Waiting) -> Result<bool> {
    tx.query("DELETE FROM embedding_outbox WHERE user_id = $1 AND memory_id = $2 AND revision = $3")
        .bind(waiting.user_id)
        .bind(waiting.memory_id)
        .bind(waiting.revision)
        .execute()
        .await
        .map(|rows| rows == 1)
}

/// Puts a request back, to be tried at `run_at`.
pub async fn postpone<'a>(db: impl Writes<'a>, waiting: &Waiting, run_at: Millis, error: &str) -> Result<()> {
    db.writing(
        "UPDATE embedding_outbox SET run_at = $4, last_error = $5, claimed_by = NULL, claimed_until = NULL \
         WHERE user_id = $1 AND memory_id = $2 AND revision = $3"
            .into(),
    )
    .bind(waiting.user_id)
    .bind(waiting.memory_id)
    .bind(waiting.revision)
    .bind(run_at)
    .bind(error)
    .execute()
    .await
    .map(drop)
}

/// How many wait, and since when the oldest does.
pub async fn waiting<'a>(db: impl Reader<'a>) -> Result<(i64, Option<Millis>)> {
    db.reading("SELECT COUNT(*), MIN(enqueued_at) FROM embedding_outbox".into()).one().await
}

/// Which of these memories wait.
pub async fn among<'a>(db: impl Reader<'a>, user: Uuid, memories: &[Uuid]) -> Result<Vec<Uuid>> {
    if memories.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db.reading("SELECT memory_id FROM embedding_outbox WHERE user_id = $1".into()).bind(user);
    query.and_in("memory_id", memories.iter().copied());
    let rows: Vec<(Uuid,)> = query.all().await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
