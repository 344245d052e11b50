//! A user's tasks in figures, in two statements.

use uuid::Uuid;

use crate::clock::Millis;
use crate::model::task::TaskStats;
use crate::store::db::Db;
use crate::store::error::Result;
use crate::store::row::{parse, rows};

struct Group {
    status: String,
    quest_type: String,
    tasks: i64,
    overdue: i64,
    difficulty: i64,
    with_due: i64,
    on_time: i64,
}

rows! { Group { status, quest_type, tasks, overdue, difficulty, with_due, on_time } }

/// Everything `GET /tasks/stats` shows but the streak, which needs the user's days ([`crate::store::game::days`]).
pub async fn stats(db: &Db, user: Uuid, now: Millis) -> Result<TaskStats> {
    let groups: Vec<Group> = db
        .read(
            "SELECT status, quest_type, COUNT(*) AS tasks, \
             COUNT(*) FILTER (WHERE due_date < $2 AND status IN ('pending', 'in_progress', 'blocked')) AS overdue, \
             CAST(SUM(difficulty) AS BIGINT) AS difficulty, \
             COUNT(*) FILTER (WHERE status = 'completed' AND due_date IS NOT NULL) AS with_due, \
             COUNT(*) FILTER (WHERE status = 'completed' AND completed_at <= due_date) AS on_time \
             FROM tasks WHERE user_id = $1 AND deleted_at IS NULL GROUP BY status, quest_type",
        )
        .bind(user)
        .bind(now)
        .all()
        .await?;
    let mut stats = TaskStats { total_experience: crate::store::game::total(db, user).await?, ..TaskStats::default() };
    let mut difficulty = 0;
    for group in groups {
        stats.total += group.tasks;
        *stats.by_status.entry(parse(&group.status)?).or_default() += group.tasks;
        *stats.by_quest_type.entry(parse(&group.quest_type)?).or_default() += group.tasks;
        stats.overdue += group.overdue;
        stats.completed_with_due += group.with_due;
        stats.completed_on_time += group.on_time;
        difficulty += group.difficulty;
    }
    if stats.total > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a mean of at most a few million small numbers")]
        let mean = difficulty as f64 / stats.total as f64;
        stats.average_difficulty = mean;
    }
    Ok(stats)
}

/// What the user estimated and what it took, newest first: the basis of estimates.
pub async fn estimates(db: &Db, user: Uuid, limit: i64) -> Result<Vec<(i64, i64)>> {
    db.read(
        "SELECT estimated_duration_minutes, actual_duration_minutes FROM tasks WHERE user_id = $1 AND deleted_at IS NULL \
         AND status = 'completed' AND estimated_duration_minutes > 0 AND actual_duration_minutes > 0 ORDER BY created_at DESC LIMIT $2",
    )
    .bind(user)
    .bind(limit)
    .all()
    .await
}
