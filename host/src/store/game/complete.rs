//! Completing a task and taking it back, each in one transaction.

use uuid::Uuid;

use super::{move_day, post, unlock};
use crate::clock::Millis;
use crate::model::game::{Award, Bonus, Completion, CompletionState, LedgerEntry};
use crate::model::task::{Task, TaskLog};
use crate::store::db::Db;
use crate::store::error::{Error, Result};
use crate::store::tasks;
use crate::store::tx::Tx;

/// Everything that completing writes.
#[derive(Clone, Copy, Debug)]
pub struct Completing<'a> {
    /// The task's version that the rules were shown.
    pub version: i64,
    /// The completion; its state follows from `award`.
    pub completion: &'a Completion,
    /// What the rules gave; `None` = pending, a job scores it later.
    pub award: Option<&'a Award>,
    /// Minutes it took, if told.
    pub actual_minutes: Option<i64>,
    /// The line in the task's history.
    pub log: &'a TaskLog,
}

/// What completing left.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The task as it is now.
    pub task: Task,
    /// Achievements that are new.
    pub unlocked: Vec<String>,
    /// The user's points after it.
    pub total: i64,
}

/// Completes in a transaction of its own.
pub async fn complete(db: &Db, completing: Completing<'_>) -> Result<Completed> {
    let mut tx = db.begin().await?;
    let completed = complete_in(&mut tx, completing).await?;
    tx.commit().await?;
    Ok(completed)
}

/// Completes the task if it is still at the version that the rules were shown, open, and (where it asks for that) without
/// open children. [`Error::Stale`] otherwise, with nothing written: read again and say why.
pub async fn complete_in(tx: &mut Tx, completing: Completing<'_>) -> Result<Completed> {
    let Completing { completion, award, .. } = completing;
    let points = award.map(|award| award.points);
    let task: Option<Task> = tx
        .query(concat!(
            "UPDATE tasks SET status = 'completed', completed_at = $4, updated_at = $4, progress = 100, completion_id = $5, \
             actual_duration_minutes = COALESCE($6, actual_duration_minutes), experience_points = COALESCE($7, experience_points), \
             version = version + 1 WHERE id = $1 AND user_id = $2 AND version = $3 AND deleted_at IS NULL \
             AND status IN ('pending', 'in_progress', 'blocked') AND NOT (requires_all_complete AND EXISTS (SELECT 1 FROM tasks c \
             WHERE c.parent_id = $1 AND c.deleted_at IS NULL AND c.status <> 'completed')) RETURNING ",
            tasks::columns!()
        ))
        .bind(completion.task_id)
        .bind(completion.user_id)
        .bind(completing.version)
        .bind(completion.completed_at)
        .bind(completion.id)
        .bind(completing.actual_minutes)
        .bind(points)
        .optional()
        .await?;
    let task = task.ok_or(Error::Stale)?;
    insert(tx, completion, award).await?;
    if let Some(award) = award {
        post(tx, &entry(completion, award, completion.created_at)).await?;
    }
    move_day(&mut *tx, completion.user_id, &completion.day, points.unwrap_or(0), 1).await?;
    tasks::log(&mut *tx, completing.log).await?;
    let unlocked = match award {
        Some(award) => unlock(tx, completion, award, completion.created_at).await?,
        None => Vec::new(),
    };
    Ok(Completed { task, unlocked, total: total_of_days(tx, completion.user_id).await? })
}

/// The ledger row of an award.
pub(super) fn entry(completion: &Completion, award: &Award, now: Millis) -> LedgerEntry {
    LedgerEntry {
        id: award.entry_id,
        user_id: completion.user_id,
        completion_id: completion.id,
        task_id: completion.task_id,
        kind: "award".into(),
        points: award.points,
        breakdown: award.breakdown.clone(),
        day: completion.day.clone(),
        rules: Some(award.rules.clone()),
        created_at: now,
    }
}

async fn insert(tx: &mut Tx, completion: &Completion, award: Option<&Award>) -> Result<()> {
    let state = if award.is_some() { CompletionState::Scored } else { CompletionState::Pending };
    let rules = award.map(|award| &award.rules);
    tx.query(
        "INSERT INTO completions (id, user_id, task_id, occurrence, day, completed_at, on_time, facts, state, plugin, plugin_version, digest, \
         attempts, created_at, scored_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(completion.id)
    .bind(completion.user_id)
    .bind(completion.task_id)
    .bind(&completion.occurrence)
    .bind(&completion.day)
    .bind(completion.completed_at)
    .bind(completion.on_time)
    .bind(&completion.facts)
    .bind(state.text())
    .bind(rules.map(|rules| rules.plugin.as_str()))
    .bind(rules.map(|rules| rules.version.as_str()))
    .bind(rules.map(|rules| rules.digest.as_str()))
    .bind(completion.attempts)
    .bind(completion.created_at)
    .bind(award.map(|_| completion.created_at))
    .execute()
    .await
    .map(drop)
}

/// The total by the folded days: as many rows as days, not as completions; equal to the ledger's sum.
pub(super) async fn total_of_days(tx: &mut Tx, user: Uuid) -> Result<i64> {
    let row: (i64,) =
        tx.query("SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM user_days WHERE user_id = $1").bind(user).one().await?;
    Ok(row.0)
}

/// Everything that reopening writes.
#[derive(Clone, Copy, Debug)]
pub struct Reopening<'a> {
    /// The completed task as it was read; its version decides.
    pub task: &'a Task,
    /// Id of the ledger row that negates.
    pub entry_id: Uuid,
    /// When.
    pub now: Millis,
    /// The line in the task's history.
    pub log: &'a TaskLog,
}

/// Reopens in a transaction of its own.
pub async fn reopen(db: &Db, reopening: Reopening<'_>) -> Result<Completed> {
    let mut tx = db.begin().await?;
    let reopened = reopen_in(&mut tx, reopening).await?;
    tx.commit().await?;
    Ok(reopened)
}

/// Makes a completed task pending again and takes its points back: the exact negation of all that its completion has in
/// the ledger, or, when it is not scored yet, nothing at all, ever. [`Error::Stale`] when the task is no longer as it was read.
pub async fn reopen_in(tx: &mut Tx, reopening: Reopening<'_>) -> Result<Completed> {
    let Reopening { task, now, .. } = reopening;
    let reopened: Option<Task> = tx
        .query(concat!(
            "UPDATE tasks SET status = 'pending', completed_at = NULL, updated_at = $4, progress = 0, completion_id = NULL, \
             version = version + 1 WHERE id = $1 AND user_id = $2 AND version = $3 AND deleted_at IS NULL AND status = 'completed' RETURNING ",
            tasks::columns!()
        ))
        .bind(task.id)
        .bind(task.user_id)
        .bind(task.version)
        .bind(now)
        .optional()
        .await?;
    let reopened = reopened.ok_or(Error::Stale)?;
    if let Some(completion) = task.completion_id {
        revert(tx, completion, &reopening).await?;
    }
    tasks::log(&mut *tx, reopening.log).await?;
    let total = total_of_days(tx, task.user_id).await?;
    Ok(Completed { task: reopened, unlocked: Vec::new(), total })
}

async fn revert(tx: &mut Tx, completion: Uuid, reopening: &Reopening<'_>) -> Result<()> {
    let Reopening { task, now, entry_id, .. } = *reopening;
    // also waits for a scoring that is under way: after it, its ledger row is seen below
    let day: Option<(String,)> = tx
        .query("UPDATE completions SET state = 'reverted', reverted_at = $2 WHERE id = $1 AND state <> 'reverted' RETURNING day")
        .bind(completion)
        .bind(now)
        .optional()
        .await?;
    let Some((day,)) = day else { return Ok(()) };
    let (points, rows): (i64, i64) = tx
        .query("SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT), COUNT(*) FROM xp_ledger WHERE completion_id = $1")
        .bind(completion)
        .one()
        .await?;
    if rows > 0 {
        let negation = LedgerEntry {
            id: entry_id,
            user_id: task.user_id,
            completion_id: completion,
            task_id: task.id,
            kind: "reversal".into(),
            points: -points,
            breakdown: vec![Bonus { reason: "reopened".into(), points: -points }],
            day: day.clone(),
            rules: None,
            created_at: now,
        };
        post(tx, &negation).await?;
    }
    move_day(&mut *tx, task.user_id, &day, -points, -1).await
}
