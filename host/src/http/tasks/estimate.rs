//! `POST /api/v1/tasks/{id}/estimate`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::help::HelpBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Path};

/// How much work a task may be. All null when there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskEstimate {
    /// The best guess, in minutes.
    #[schema(required)]
    minutes: Option<u32>,
    /// One in ten is done sooner.
    #[schema(required)]
    low: Option<u32>,
    /// One in ten takes longer.
    #[schema(required)]
    high: Option<u32>,
    /// 1…5.
    #[schema(required)]
    difficulty: Option<u8>,
    /// What it rests on, e.g. `12 similar tasks`.
    #[schema(required)]
    basis: Option<String>,
    #[serde(flatten)]
    help: HelpBody,
}

/// Estimate a task
///
/// Nothing is stored: put `minutes` into `estimated_duration_minutes` if you agree.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/estimate", tag = "tasks", operation_id = "tasks_estimate",
    responses((status = 200, body = TaskEstimate)),
    extensions(("x-permission" = json!("task:read")), ("x-deadline-seconds" = json!(60))),
)]
pub async fn estimate(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<Json<TaskEstimate>> {
    let (effort, help) = HelpBody::split(app.tasks.estimate(&caller, id).await?);
    let effort = effort.as_ref();
    Ok(Json(TaskEstimate {
        minutes: effort.map(|effort| effort.minutes),
        low: effort.map(|effort| effort.low),
        high: effort.map(|effort| effort.high),
        difficulty: effort.map(|effort| effort.difficulty),
        basis: effort.map(|effort| effort.basis.clone()),
        help,
    }))
}
