//! `leases`, `replicas`, `jobs`: hosts that share a database and do not get in each other's way.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use crate::clock::Millis;

/// Takes or keeps a named lease until `now + length`; tells whether `holder` has it.
pub async fn lease<'a>(db: impl Writes<'a>, name: &str, holder: &str, now: Millis, length: Millis) -> Result<bool> {
    db.writing(
        "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $4) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
         expires_at = excluded.expires_at WHERE leases.holder = excluded.holder OR leases.expires_at <= $3"
            .into(),
    )
    .bind(name)
    .bind(holder)
    .bind(now)
    .bind(now.saturating_add(length))
    .execute()
    .await
    .map(|taken| taken == 1)
}

/// Gives a lease back.
pub async fn release<'a>(db: impl Writes<'a>, name: &str, holder: &str) -> Result<()> {
    db.writing("DELETE FROM leases WHERE name = $1 AND holder = $2".into()).bind(name).bind(holder).execute().await.map(drop)
}

/// Names of the leases that begin with `prefix` and are not over.
pub async fn leased<'a>(db: impl Reader<'a>, prefix: &str, now: Millis) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = db
        .reading("SELECT name FROM leases WHERE expires_at > $2 AND SUBSTR(name, 1, CAST($3 AS INTEGER)) = $1 ORDER BY name".into())
        .bind(prefix)
        .bind(now)
        .bind(i64::try_from(prefix.len()).unwrap_or(i64::MAX))
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Reports which routing generation a host serves.
pub async fn report<'a>(db: impl Writes<'a>, replica: Uuid, generation: i64, now: Millis) -> Result<()> {
    db.writing(
        "INSERT INTO replicas (id, generation, started_at, seen_at) VALUES ($1, $2, $3, $3) \
         ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, seen_at = excluded.seen_at"
            .into(),
    )
    .bind(replica)
    .bind(generation)
    .bind(now)
    .execute()
    .await
    .map(drop)
}

/// Hosts seen since `since`, with the generation each serves.
pub async fn replicas<'a>(db: impl Reader<'a>, since: Millis) -> Result<Vec<(Uuid, i64)>> {
    db.reading("SELECT id, generation FROM replicas WHERE seen_at >= $1 ORDER BY id".into()).bind(since).all().await
}

/// Forgets a host that ended, and those not seen since `before`.
pub async fn forget<'a>(db: impl Writes<'a>, replica: Option<Uuid>, before: Millis) -> Result<()> {
    db.writing("DELETE FROM replicas WHERE id = $1 OR seen_at < $2".into()).bind(replica).bind(before).execute().await.map(drop)
}

/// Work that outlives a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// UUIDv7.
    pub id: Uuid,
    /// What to do.
    pub kind: String,
    /// With what.
    pub payload: Value,
    /// `waiting`, `running`, `done`, `failed`.
    pub state: String,
    /// From when.
    pub run_at: Millis,
    /// How often it was begun.
    pub attempts: i64,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it ended.
    pub finished_at: Option<Millis>,
}

macro_rules! columns {
    () => {
        "id, kind, payload, state, run_at, attempts, result, error, created_at, finished_at"
    };
}
rows! { Job { id, kind, payload: json, state, run_at, attempts, result: maybe_json, error, created_at, finished_at } }

/// Asks for work; `dedup`: at most one unfinished of its kind, else conflict `jobs_kind_dedup_key`.
pub async fn enqueue<'a>(
    db: impl Writes<'a>,
    id: Uuid,
    kind: &str,
    dedup: Option<&str>,
    payload: &Value,
    run_at: Millis,
    now: Millis,
) -> Result<()> {
    db.writing("INSERT INTO jobs (id, kind, dedup, payload, state, run_at, created_at) VALUES ($1, $2, $3, $4, 'waiting', $5, $6)".into())
        .bind(id)
        .bind(kind)
        .bind(dedup)
        .bind(Json(payload))
        .bind(run_at)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Takes the next job that is due, or whose holder's lease has passed.
pub async fn claim<'a>(db: impl Writes<'a>, kinds: &[&str], holder: &str, now: Millis, lease: Millis) -> Result<Option<Job>> {
    let lock = db.speaks().pick(") RETURNING ", " FOR UPDATE SKIP LOCKED) RETURNING ");
    let mut query = db
        .writing(
            "UPDATE jobs SET state = 'running', claimed_by = $1, claimed_until = $3, attempts = attempts + 1 WHERE id = (SELECT id FROM jobs \
             WHERE finished_at IS NULL AND run_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)"
                .into(),
        )
        .bind(holder)
        .bind(now)
        .bind(now.saturating_add(lease));
    query.and_in("kind", kinds).push(" ORDER BY run_at, id LIMIT 1").push(lock).push(columns!());
    query.optional().await
}

/// The unfinished job of a kind with this `dedup`.
pub async fn unfinished<'a>(db: impl Reader<'a>, kind: &str, dedup: &str) -> Result<Option<Job>> {
    db.reading(concat!("SELECT ", columns!(), " FROM jobs WHERE kind = $1 AND dedup = $2 AND finished_at IS NULL").into())
        .bind(kind)
        .bind(dedup)
        .optional()
        .await
}

/// Takes this job, unless it has ended or another holder's lease stands.
pub async fn claim_one<'a>(db: impl Writes<'a>, id: Uuid, holder: &str, now: Millis, lease: Millis) -> Result<Option<Job>> {
    db.writing(
        concat!(
            "UPDATE jobs SET state = 'running', claimed_by = $2, claimed_until = $4, attempts = attempts + 1 WHERE id = $1 \
             AND finished_at IS NULL AND (claimed_until IS NULL OR claimed_until <= $3 OR claimed_by = $2) RETURNING ",
            columns!()
        )
        .into(),
    )
    .bind(id)
    .bind(holder)
    .bind(now)
    .bind(now.saturating_add(lease))
    .optional()
    .await
}

/// Holds a job until then, with a new payload; tells whether it is still the holder's.
pub async fn keep<'a>(db: impl Writes<'a>, id: Uuid, holder: &str, payload: &Value, until: Millis) -> Result<bool> {
    db.writing("UPDATE jobs SET payload = $3, claimed_until = $4 WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL".into())
        .bind(id)
        .bind(holder)
        .bind(Json(payload))
        .bind(until)
        .execute()
        .await
        .map(|rows| rows == 1)
}

/// Gives a job back, for whoever comes next.
pub async fn let_go<'a>(db: impl Writes<'a>, id: Uuid, holder: &str) -> Result<()> {
    db.writing("UPDATE jobs SET state = 'waiting', claimed_by = NULL, claimed_until = NULL WHERE id = $1 AND claimed_by = $2".into())
        .bind(id)
        .bind(holder)
        .execute()
        .await
        .map(drop)
}

/// Ends a job, well or not.
pub async fn finish<'a>(
    db: impl Writes<'a>,
    id: Uuid,
    holder: &str,
    outcome: std::result::Result<&Value, &str>,
    now: Millis,
) -> Result<()> {
    let changed = db
        .writing(
            "UPDATE jobs SET state = $3, result = $4, error = $5, finished_at = $6, claimed_by = NULL, claimed_until = NULL \
             WHERE id = $1 AND claimed_by = $2"
                .into(),
        )
        .bind(id)
        .bind(holder)
        .bind(if outcome.is_ok() { "done" } else { "failed" })
        .bind(outcome.ok().map(Json))
        .bind(outcome.err())
        .bind(now)
        .execute()
        .await?;
    if changed == 0 { Err(Error::Stale) } else { Ok(()) }
}

/// One job.
pub async fn find<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<Job>> {
    db.reading(concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1").into()).bind(id).optional().await
}
