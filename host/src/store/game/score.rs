//! Scoring completions that were left pending, by a job that may run on several hosts.

use uuid::Uuid;

use super::complete::{entry, total_of_days};
use super::{columns, move_day, post, unlock};
use crate::clock::Millis;
use crate::model::game::{Award, Completion};
use crate::store::db::{Db, Dialect, Writes};
use crate::store::error::Result;

/// What scoring left.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Achievements that are new.
    pub unlocked: Vec<String>,
    /// The user's points after it.
    pub total: i64,
}

/// Takes up to `limit` pending completions for `holder` until `now + lease`, oldest first. No two hosts get the same one
/// while the lease lasts; a host that died loses it. Each claim counts as an attempt.
pub async fn claim_pending<'a>(db: impl Writes<'a>, holder: &str, limit: i64, now: Millis, lease: Millis) -> Result<Vec<Completion>> {
    let lock = match db.speaks() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
    };
    let mut query = db
        .writing(
            "UPDATE completions SET claimed_by = $1, claimed_until = $3, attempts = attempts + 1 WHERE id IN (SELECT id FROM completions \
             WHERE state = 'pending' AND (claimed_until IS NULL OR claimed_until <= $2) ORDER BY created_at LIMIT $4"
                .into(),
        )
        .bind(holder)
        .bind(now)
        .bind(now.saturating_add(lease))
        .bind(limit);
    query.push(lock).push(concat!(") RETURNING ", columns!()));
    query.all().await
}

/// Gives a claimed completion back; it is due again at `retry_at`.
pub async fn release<'a>(db: impl Writes<'a>, completion: Uuid, retry_at: Millis) -> Result<()> {
    db.writing("UPDATE completions SET claimed_by = NULL, claimed_until = $2 WHERE id = $1 AND state = 'pending'".into())
        .bind(completion)
        .bind(retry_at)
        .execute()
        .await
        .map(drop)
}

/// Gives a pending completion its points, once. `None` when it is not pending any more: scored by another, or reopened.
pub async fn score(db: &Db, completion: &Completion, award: &Award, now: Millis) -> Result<Option<Scored>> {
    let mut tx = db.begin().await?;
    let mine = tx
        .query(
            "UPDATE completions SET state = 'scored', scored_at = $2, plugin = $3, plugin_version = $4, digest = $5, claimed_by = NULL, \
             claimed_until = NULL WHERE id = $1 AND state = 'pending'",
        )
        .bind(completion.id)
        .bind(now)
        .bind(&award.rules.plugin)
        .bind(&award.rules.version)
        .bind(&award.rules.digest)
        .execute()
        .await?;
    if mine == 0 {
        return Ok(None);
    }
    post(&mut tx, &entry(completion, award, now)).await?;
    move_day(&mut tx, completion.user_id, &completion.day, award.points, 0).await?;
    tx.query("UPDATE tasks SET experience_points = $3, updated_at = $4, version = version + 1 WHERE id = $1 AND completion_id = $2")
        .bind(completion.task_id)
        .bind(completion.id)
        .bind(award.points)
        .bind(now)
        .execute()
        .await?;
    let unlocked = unlock(&mut tx, completion, award, now).await?;
    let total = total_of_days(&mut tx, completion.user_id).await?;
    tx.commit().await?;
    Ok(Some(Scored { unlocked, total }))
}
