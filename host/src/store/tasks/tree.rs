//! Tasks within tasks: at most 8 levels, never in a circle.

use uuid::Uuid;

use super::columns;
use crate::clock::Millis;
use crate::model::task::Task;
use crate::store::db::{Dialect, Reader, Writes};
use crate::store::error::{Error, Result};
use crate::store::tx::Tx;

/// The walk down from `$1` of user `$2`, the root first. The bound on the depth also ends a circle, should one ever exist.
macro_rules! down {
    () => {
        "WITH RECURSIVE tree (node, depth) AS (SELECT id, 0 FROM tasks WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL \
         UNION ALL SELECT t.id, tree.depth + 1 FROM tasks t JOIN tree ON t.parent_id = tree.node WHERE tree.depth < 16 AND t.deleted_at IS NULL) "
    };
}

/// The task and everything below it, level by level.
pub async fn subtree<'a>(db: impl Reader<'a>, user: Uuid, root: Uuid) -> Result<Vec<Task>> {
    db.reading(
        concat!(down!(), "SELECT ", columns!(), " FROM tasks JOIN tree ON tree.node = tasks.id ORDER BY depth, created_at, id").into(),
    )
    .bind(root)
    .bind(user)
    .all()
    .await
}

/// Everything below these tasks, oldest first, without the tasks themselves: one statement for a whole page of trees.
pub async fn descendants<'a>(db: impl Reader<'a>, user: Uuid, roots: &[Uuid]) -> Result<Vec<Task>> {
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading("WITH RECURSIVE tree (node, depth) AS (SELECT id, 0 FROM tasks WHERE user_id = $1 AND deleted_at IS NULL".into())
        .bind(user);
    query.and_in("parent_id", roots.iter().copied()).push(concat!(
        " UNION ALL SELECT t.id, tree.depth + 1 FROM tasks t JOIN tree ON t.parent_id = tree.node WHERE tree.depth < 16 AND t.deleted_at IS NULL) SELECT ",
        columns!(),
        " FROM tasks WHERE id IN (SELECT node FROM tree) ORDER BY created_at, id"
    ));
    query.all().await
}

/// One move within a user's tree at a time, until the transaction ends. SQLite has one writer anyway.
pub async fn lock_tree(tx: &mut Tx, user: Uuid) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        let _: (i64,) = tx
            .query("SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) AS locked")
            .bind(format!("task tree:{user}"))
            .one()
            .await?;
    }
    Ok(())
}

/// Levels below the task; 0 = it has no children.
pub async fn height<'a>(db: impl Reader<'a>, user: Uuid, root: Uuid) -> Result<i64> {
    let row: (i64,) =
        db.reading(concat!(down!(), "SELECT CAST(COALESCE(MAX(depth), 0) AS BIGINT) FROM tree").into()).bind(root).bind(user).one().await?;
    Ok(row.0)
}

/// Ids from the task up to its root, the task itself first; empty when it is not there.
pub async fn ancestors<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = db
        .reading(
            "WITH RECURSIVE up (node, parent, depth) AS (SELECT id, parent_id, 0 FROM tasks WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL \
             UNION ALL SELECT t.id, t.parent_id, up.depth + 1 FROM tasks t JOIN up ON t.id = up.parent WHERE up.depth < 16) \
             SELECT node FROM up ORDER BY depth"
                .into(),
        )
        .bind(id)
        .bind(user)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Direct children, oldest first.
pub async fn children<'a>(db: impl Reader<'a>, user: Uuid, parent: Uuid) -> Result<Vec<Task>> {
    db.reading(
        concat!("SELECT ", columns!(), " FROM tasks WHERE parent_id = $1 AND user_id = $2 AND deleted_at IS NULL ORDER BY created_at, id")
            .into(),
    )
    .bind(parent)
    .bind(user)
    .all()
    .await
}

/// Direct children that are not completed.
pub async fn open_children<'a>(db: impl Reader<'a>, parent: Uuid) -> Result<i64> {
    let row: (i64,) = db
        .reading("SELECT COUNT(*) FROM tasks WHERE parent_id = $1 AND deleted_at IS NULL AND status <> 'completed'".into())
        .bind(parent)
        .one()
        .await?;
    Ok(row.0)
}

/// Hides the task and everything below it; tells their ids. `version`: only if it is still this one.
pub async fn delete<'a>(db: impl Writes<'a>, user: Uuid, id: Uuid, version: Option<i64>, now: Millis) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = db
        .writing(
            concat!(
                down!(),
                "UPDATE tasks SET deleted_at = $3, updated_at = $3, version = version + 1 WHERE id IN (SELECT node FROM tree) \
                 AND ($4 IS NULL OR EXISTS (SELECT 1 FROM tasks r WHERE r.id = $1 AND r.version = $4)) RETURNING id"
            )
            .into(),
        )
        .bind(id)
        .bind(user)
        .bind(now)
        .bind(version)
        .all()
        .await?;
    ended(rows, version)
}

/// Removes the task and everything below it, logs included, deleted or not. Completions and points stay.
pub async fn erase<'a>(db: impl Writes<'a>, user: Uuid, id: Uuid, version: Option<i64>) -> Result<()> {
    let rows: Vec<(Uuid,)> = db
        .writing("DELETE FROM tasks WHERE id = $1 AND user_id = $2 AND ($3 IS NULL OR version = $3) RETURNING id".into())
        .bind(id)
        .bind(user)
        .bind(version)
        .all()
        .await?;
    ended(rows, version).map(drop)
}

/// Nothing changed: gone, or (with a version) changed meanwhile; the caller, who read it, knows which.
fn ended(rows: Vec<(Uuid,)>, version: Option<i64>) -> Result<Vec<Uuid>> {
    match (rows.is_empty(), version) {
        (true, Some(_)) => Err(Error::Stale),
        (true, None) => Err(Error::NotFound),
        (false, _) => Ok(rows.into_iter().map(|row| row.0).collect()),
    }
}
