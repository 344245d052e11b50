//! Lists of tasks: one implementation of the filters for list, search and export.

use sqlx::types::Json;
use uuid::Uuid;

use super::columns;
use crate::model::page::{Cursor, Key, Page, Slice, Start};
use crate::model::task::{Priority, Task, TaskFilter, TaskSort};
use crate::store::db::{Dialect, Reader};
use crate::store::error::Result;
use crate::store::page::{arrange, cut, like, told};
use crate::store::query::Query;

/// `priority` as a number that orders.
const PRIORITY: &str = "CASE priority WHEN 'low' THEN 0 WHEN 'medium' THEN 1 WHEN 'high' THEN 2 ELSE 3 END";
/// `due_date`, none = the end of time.
const DUE: &str = "COALESCE(due_date, 9223372036854775807)";

/// When a task ended: completed, else changed last.
const ENDED: &str = "COALESCE(completed_at, updated_at)";

/// The user's tasks that pass the filter. With [`Start::Skip`] the total is counted as well (a second statement).
pub async fn list(db: &crate::store::Db, user: Uuid, filter: &TaskFilter, sort: TaskSort, page: &Page) -> Result<Slice<Task>> {
    let dialect = db.dialect();
    let (key, descending) = order(sort);
    let mut query = db.read(concat!("SELECT ", columns!(), " FROM tasks WHERE user_id = $1")).bind(user);
    filtered(&mut query, dialect, filter);
    arrange(&mut query, key, matches!(sort, TaskSort::Title(_)), descending, page)?;
    let items: Vec<Task> = query.all().await?;
    let total = match page.start {
        Start::After(_) => None,
        Start::Skip(_) => match told(&items, page) {
            // a first page that is not full has told the total already
            Some(total) => Some(total),
            None => Some(count(db, user, filter).await?),
        },
    };
    Ok(cut(items, total, page, |task| Cursor { key: key_of(task, sort), id: task.id }))
}

/// How many of the user's tasks pass the filter.
pub async fn count<'a>(db: impl Reader<'a>, user: Uuid, filter: &TaskFilter) -> Result<i64> {
    let dialect = db.speaks();
    let mut query = db.reading("SELECT COUNT(*) FROM tasks WHERE user_id = $1".into()).bind(user);
    filtered(&mut query, dialect, filter);
    let row: (i64,) = query.one().await?;
    Ok(row.0)
}

const fn order(sort: TaskSort) -> (&'static str, bool) {
    match sort {
        TaskSort::Created(descending) => ("created_at", descending),
        TaskSort::Updated(descending) => ("updated_at", descending),
        TaskSort::Due(descending) => (DUE, descending),
        TaskSort::Priority(descending) => (PRIORITY, descending),
        TaskSort::Difficulty(descending) => ("difficulty", descending),
        TaskSort::Title(descending) => ("search_text", descending),
        TaskSort::Ended(descending) => (ENDED, descending),
    }
}

fn key_of(task: &Task, sort: TaskSort) -> Key {
    Key::Int(match sort {
        TaskSort::Created(_) => task.created_at,
        TaskSort::Updated(_) => task.updated_at,
        TaskSort::Due(_) => task.due_date.unwrap_or(i64::MAX),
        TaskSort::Priority(_) => match task.priority {
            Priority::Low => 0,
            Priority::Medium => 1,
            Priority::High => 2,
            Priority::Urgent => 3,
        },
        TaskSort::Difficulty(_) => task.difficulty,
        TaskSort::Ended(_) => task.completed_at.unwrap_or(task.updated_at),
        TaskSort::Title(_) => return Key::Text(super::search_text(task)),
    })
}

/// Adds ` AND …` for every part of the filter.
fn filtered(query: &mut Query<'_>, dialect: Dialect, filter: &TaskFilter) {
    if !filter.include_deleted {
        query.push(" AND deleted_at IS NULL");
    }
    query.and_in("status", filter.statuses.iter().map(|status| status.text()));
    query.and_in("priority", filter.priorities.iter().map(|priority| priority.text()));
    query.and_in("quest_type", filter.quest_types.iter().map(|quest| quest.text()));
    if filter.open_only {
        query.push(" AND status IN ('pending', 'in_progress', 'blocked')");
    }
    for tag in &filter.tags {
        match dialect {
            Dialect::Sqlite => query.push(" AND EXISTS (SELECT 1 FROM json_each(tasks.tags) WHERE value = ").value(tag.as_str()).push(")"),
            Dialect::Postgres => query.push(" AND tags @> ").value(Json([tag.as_str()])),
        };
    }
    if let Some(parent) = filter.parent_id {
        query.push(" AND parent_id = ").value(parent);
    }
    if filter.roots_only {
        query.push(" AND parent_id IS NULL");
    }
    for (column, bound) in [
        (" AND due_date < ", filter.due_before),
        (" AND due_date >= ", filter.due_after),
        (" AND completed_at >= ", filter.completed_after),
        (" AND completed_at < ", filter.completed_before),
        (" AND updated_at > ", filter.updated_after),
    ] {
        if let Some(bound) = bound {
            query.push(column).value(bound);
        }
    }
    if let Some(search) = filter.search.as_deref().filter(|text| !text.trim().is_empty()) {
        query.push(" AND search_text LIKE ").value(like(search)).push(" ESCAPE '!'");
    }
}
