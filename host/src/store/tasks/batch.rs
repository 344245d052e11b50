//! Several tasks in one statement.

use sqlx::types::Json;
use uuid::Uuid;

use super::{columns, search_text};
use crate::model::task::{Task, TaskLog};
use crate::store::db::{Reader, Writes};
use crate::store::error::Result;
use crate::store::query::{Bind, Query};

/// Adds a task.
pub async fn insert<'a>(db: impl Writes<'a>, task: &Task) -> Result<()> {
    insert_all(db, std::slice::from_ref(task)).await
}

/// Adds tasks; nothing for none.
pub async fn insert_all<'a>(db: impl Writes<'a>, tasks: &[Task]) -> Result<()> {
    if tasks.is_empty() {
        return Ok(());
    }
    let mut query = db.writing(concat!("INSERT INTO tasks (", columns!(), ", search_text) VALUES ").into());
    for (at, task) in tasks.iter().enumerate() {
        query.push(if at == 0 { "(" } else { ", (" });
        row(&mut query, task);
    }
    query.execute().await.map(drop)
}

/// The values of a task in the order of the columns, and the closing bracket.
fn row(query: &mut Query<'_>, task: &Task) {
    fn next<'q>(query: &mut Query<'_>, value: impl Bind<'q>) {
        query.value(value).push(", ");
    }
    next(query, task.id);
    next(query, task.user_id);
    next(query, task.parent_id);
    next(query, &task.title);
    next(query, &task.description);
    next(query, task.status.text());
    next(query, task.priority.text());
    next(query, task.quest_type.text());
    next(query, task.difficulty);
    next(query, task.experience_points);
    next(query, task.due_date);
    next(query, task.start_date);
    next(query, task.started_at);
    next(query, task.completed_at);
    next(query, task.created_at);
    next(query, task.updated_at);
    next(query, task.deleted_at);
    next(query, task.estimated_duration_minutes);
    next(query, task.actual_duration_minutes);
    next(query, task.progress);
    next(query, Json(&task.tags));
    next(query, Json(&task.assignees));
    next(query, task.is_shared);
    next(query, Json(&task.value_impact));
    next(query, task.requires_all_complete);
    next(query, task.recurrence.as_ref().map(Json));
    next(query, task.series_id);
    next(query, task.next_due);
    next(query, Json(&task.metadata));
    next(query, task.completion_id);
    next(query, task.version);
    query.value(search_text(task)).push(")");
}

/// Adds lines to the histories of tasks; nothing for none.
pub async fn log_all<'a>(db: impl Writes<'a>, logs: &[TaskLog]) -> Result<()> {
    if logs.is_empty() {
        return Ok(());
    }
    let mut query = db.writing("INSERT INTO task_logs (id, task_id, user_id, kind, message, metadata, created_at) VALUES ".into());
    for (at, log) in logs.iter().enumerate() {
        query.push(if at == 0 { "(" } else { ", (" }).value(log.id).push(", ").value(log.task_id).push(", ");
        query.value(log.user_id).push(", ").value(&log.kind).push(", ").value(&log.message).push(", ");
        query.value(Json(&log.metadata)).push(", ").value(log.created_at).push(")");
    }
    query.execute().await.map(drop)
}

/// Those of these tasks that are the user's and not deleted, in no order.
pub async fn many<'a>(db: impl Reader<'a>, user: Uuid, ids: &[Uuid]) -> Result<Vec<Task>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db.reading(concat!("SELECT ", columns!(), " FROM tasks WHERE user_id = $1 AND deleted_at IS NULL").into()).bind(user);
    query.and_in("id", ids.iter().copied());
    query.all().await
}

/// Open tasks with one of these titles, whatever their case: id and title in lower case.
pub async fn titled<'a>(db: impl Reader<'a>, user: Uuid, titles: &[String]) -> Result<Vec<(Uuid, String)>> {
    if titles.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading(
            "SELECT id, search_text FROM tasks WHERE user_id = $1 AND deleted_at IS NULL AND status IN ('pending', 'in_progress', 'blocked') AND ("
                .into(),
        )
        .bind(user);
    for (at, title) in titles.iter().enumerate() {
        // `search_text` is the title in lower case, then the description on a new line: `LOWER` of SQLite knows ASCII only.
        let lower = title.to_lowercase();
        let with_more = format!("{lower}\n");
        let length = i32::try_from(with_more.chars().count()).unwrap_or(i32::MAX);
        query.push(if at == 0 { "search_text = " } else { " OR search_text = " }).value(lower).push(" OR SUBSTR(search_text, 1, ");
        query.value(length).push(") = ").value(with_more);
    }
    query.push(") ORDER BY created_at, id LIMIT 200");
    let rows: Vec<(Uuid, String)> = query.all().await?;
    let title = |text: &str| text.split('\n').next().unwrap_or_default().to_owned();
    Ok(rows.into_iter().map(|(id, text)| (id, title(&text))).collect())
}
