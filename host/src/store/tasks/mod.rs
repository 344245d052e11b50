//! `tasks`, `task_logs`: reading and changing one task; lists, trees and figures in the files beside this one.
//!
//! Every change is a compare-and-set on the version that its maker saw, so nothing is lost between two writers and a
//! completion counts the task that the rules were shown.

mod batch;
mod list;
mod stats;
mod tree;

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use crate::clock::Millis;
use crate::model::task::{Task, TaskLog};

pub use batch::{insert, insert_all, log_all, many, titled};
pub use list::{count, list};
pub use stats::{estimates, stats};
pub use tree::{ancestors, children, delete, descendants, erase, height, lock_tree, open_children, subtree};

macro_rules! columns {
    () => {
        "id, user_id, parent_id, title, description, status, priority, quest_type, difficulty, experience_points, due_date, start_date, \
         started_at, completed_at, created_at, updated_at, deleted_at, estimated_duration_minutes, actual_duration_minutes, progress, tags, \
         assignees, is_shared, value_impact, requires_all_complete, recurrence, series_id, next_due, metadata, completion_id, version"
    };
}
pub(super) use columns;

rows! {
    Task {
        id, user_id, parent_id, title, description, status: text, priority: text, quest_type: text, difficulty, experience_points, due_date,
        start_date, started_at, completed_at, created_at, updated_at, deleted_at, estimated_duration_minutes, actual_duration_minutes,
        progress, tags: json, assignees: json, is_shared, value_impact: json, requires_all_complete, recurrence: maybe_json, series_id,
        next_due, metadata: json, completion_id, version
    }
    TaskLog { id, task_id, user_id, kind, message, metadata: json, created_at }
}

/// Title and description as searching sees them.
fn search_text(task: &Task) -> String {
    let mut text = task.title.to_lowercase();
    if !task.description.is_empty() {
        text.push('\n');
        text.push_str(&task.description.to_lowercase());
    }
    text
}

/// The user's task, unless it is deleted.
pub async fn find<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Task>> {
    db.reading(concat!("SELECT ", columns!(), " FROM tasks WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL").into())
        .bind(id)
        .bind(user)
        .optional()
        .await
}

/// As [`find`]; absence is [`Error::NotFound`].
pub async fn get<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Task> {
    find(db, user, id).await?.ok_or(Error::NotFound)
}

/// Writes every field of `task` that may change (all but id, owner, creation, completion and deletion) if the stored
/// version is still `task.version`; the stored version is one higher then, and so is the returned task's.
///
/// [`Error::Stale`] when someone else was first or the task is gone: read again.
pub async fn update<'a>(db: impl Writes<'a>, task: Task) -> Result<Task> {
    let changed = db
        .writing(
            "UPDATE tasks SET parent_id = $3, title = $4, description = $5, status = $6, priority = $7, quest_type = $8, difficulty = $9, \
             experience_points = $10, due_date = $11, start_date = $12, started_at = $13, updated_at = $14, \
             estimated_duration_minutes = $15, actual_duration_minutes = $16, progress = $17, tags = $18, assignees = $19, is_shared = $20, \
             value_impact = $21, requires_all_complete = $22, recurrence = $23, series_id = $24, next_due = $25, metadata = $26, \
             search_text = $27, version = version + 1 WHERE id = $1 AND user_id = $2 AND version = $28 AND deleted_at IS NULL"
                .into(),
        )
        .bind(task.id)
        .bind(task.user_id)
        .bind(task.parent_id)
        .bind(&task.title)
        .bind(&task.description)
        .bind(task.status.text())
        .bind(task.priority.text())
        .bind(task.quest_type.text())
        .bind(task.difficulty)
        .bind(task.experience_points)
        .bind(task.due_date)
        .bind(task.start_date)
        .bind(task.started_at)
        .bind(task.updated_at)
        .bind(task.estimated_duration_minutes)
        .bind(task.actual_duration_minutes)
        .bind(task.progress)
        .bind(Json(&task.tags))
        .bind(Json(&task.assignees))
        .bind(task.is_shared)
        .bind(Json(&task.value_impact))
        .bind(task.requires_all_complete)
        .bind(task.recurrence.as_ref().map(Json))
        .bind(task.series_id)
        .bind(task.next_due)
        .bind(Json(&task.metadata))
        .bind(search_text(&task))
        .bind(task.version)
        .execute()
        .await?;
    if changed == 0 { Err(Error::Stale) } else { Ok(Task { version: task.version + 1, ..task }) }
}

/// Adds a line to a task's history.
pub async fn log<'a>(db: impl Writes<'a>, log: &TaskLog) -> Result<()> {
    db.writing(
        "INSERT INTO task_logs (id, task_id, user_id, kind, message, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)".into(),
    )
    .bind(log.id)
    .bind(log.task_id)
    .bind(log.user_id)
    .bind(&log.kind)
    .bind(&log.message)
    .bind(Json(&log.metadata))
    .bind(log.created_at)
    .execute()
    .await
    .map(drop)
}

/// A task's history, newest first, with the number of all lines.
pub async fn logs<'a>(
    db: impl Reader<'a>,
    user: Uuid,
    task: Uuid,
    page: &crate::model::page::Page,
) -> Result<crate::model::page::Slice<TaskLog>> {
    use crate::model::page::{Cursor, Key, Start};
    let mut query = db
        .reading(
            "SELECT id, task_id, user_id, kind, message, metadata, created_at, CASE WHEN $3 THEN (SELECT COUNT(*) FROM task_logs c \
             WHERE c.task_id = $1 AND c.user_id = $2) END AS total FROM task_logs WHERE task_id = $1 AND user_id = $2"
                .into(),
        )
        .bind(task)
        .bind(user)
        .bind(matches!(page.start, Start::Skip(_)));
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key: Key::Int(key), id }) => {
            query.push(" AND (created_at, id) < (").value(*key).push(", ").value(*id).push(")");
        }
        Start::After(_) => return Err(Error::NotFound),
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<super::page::Counted<TaskLog>> = query.all().await?;
    Ok(super::page::slice(rows, page, |log| Cursor { key: Key::Int(log.created_at), id: log.id }))
}

/// Removes tombstones older than `before`; clients that sync less often start anew. Tells how many.
pub async fn purge<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM tasks WHERE deleted_at < $1".into()).bind(before).execute().await
}
