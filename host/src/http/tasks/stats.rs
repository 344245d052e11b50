//! `GET /api/v1/tasks/stats`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;
use crate::model::task::{QuestType, Status};
use crate::service::tasks::Standing;

/// A person's tasks in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskStatistics {
    /// All that are not deleted.
    total_tasks: i64,
    /// Completed.
    completed_tasks: i64,
    /// Begun.
    in_progress_tasks: i64,
    /// Not begun.
    pending_tasks: i64,
    /// Open and past due.
    overdue_tasks: i64,
    /// Sum of the ledger.
    total_experience: i64,
    /// Days in a row with a completion.
    current_streak: u32,
    /// 1…5; 0 without tasks.
    average_difficulty: f64,
    /// Completed of all, 0…1.
    completion_rate: f64,
    /// Of each sort.
    tasks_by_quest_type: BTreeMap<&'static str, i64>,
    /// Completed in time of those completed that had a due date, 0…1; 0 when there are none.
    on_time_rate: f64,
}

impl From<Standing> for TaskStatistics {
    fn from(standing: Standing) -> Self {
        let stats = standing.stats;
        let by = |status| stats.by_status.get(&status).copied().unwrap_or(0);
        let sorts = QuestType::ALL.iter().map(|sort| (sort.text(), stats.by_quest_type.get(sort).copied().unwrap_or(0)));
        Self {
            total_tasks: stats.total,
            completed_tasks: by(Status::Completed),
            in_progress_tasks: by(Status::InProgress),
            pending_tasks: by(Status::Pending),
            overdue_tasks: stats.overdue,
            total_experience: stats.total_experience,
            current_streak: standing.streak.current,
            average_difficulty: stats.average_difficulty,
            completion_rate: rate(by(Status::Completed), stats.total),
            on_time_rate: rate(stats.completed_on_time, stats.completed_with_due),
            tasks_by_quest_type: sorts.collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one person's tasks are far below 2^52")]
fn rate(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Tasks in figures
#[utoipa::path(
    get, path = "/api/v1/tasks/stats", tag = "tasks", operation_id = "tasks_stats",
    responses((status = 200, body = TaskStatistics)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn stats(State(app): State<App>, caller: Caller) -> Outcome<Json<TaskStatistics>> {
    Ok(Json(app.tasks.stats(&caller).await?.into()))
}
