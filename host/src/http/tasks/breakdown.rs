//! `POST /api/v1/tasks/{id}/breakdown`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use super::help::HelpBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Path, found_first};
use crate::service::tasks::intelligence::{Breakdown, Part};

/// Whether to do it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakDownTask {
    /// Make the steps subtasks, all of them or none.
    #[serde(default)]
    #[schema(required = false, default = false)]
    apply: bool,
}

/// A part of a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskStep)]
pub struct StepBody {
    /// What to do.
    title: String,
    /// More about it; may be empty.
    description: String,
    /// Minutes it may take; null = unknown.
    #[schema(required)]
    estimate_minutes: Option<i64>,
    /// 1…5.
    difficulty: i64,
}

impl From<Part> for StepBody {
    fn from(part: Part) -> Self {
        Self { title: part.title, description: part.description, estimate_minutes: part.estimate_minutes, difficulty: part.difficulty }
    }
}

/// How a task may be divided.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskBreakdown {
    /// In order, at most 20.
    steps: Vec<StepBody>,
    /// The subtasks made; empty without `apply`.
    created: Vec<TaskBody>,
    #[serde(flatten)]
    help: HelpBody,
}

/// Divide a task into steps
///
/// With `apply` the steps become subtasks, in one transaction, with the task's priority and tags; 409 when the task has parts
/// already, is over, or lies on the last level.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/breakdown", tag = "tasks", operation_id = "tasks_breakdown",
    request_body = BreakDownTask,
    responses((status = 200, body = TaskBreakdown)),
    extensions(("x-permission" = json!("task:write")), ("x-deadline-seconds" = json!(60))),
)]
pub async fn breakdown(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Result<Body<BreakDownTask>, Fault>,
) -> Outcome<Json<TaskBreakdown>> {
    let body = found_first(body, app.tasks.get(&caller, id)).await?;
    let Breakdown { parts, created } = app.tasks.break_down(&caller, id, body.apply).await?;
    let (parts, help) = HelpBody::split(parts);
    let steps = parts.into_iter().map(Into::into).collect();
    Ok(Json(TaskBreakdown { steps, created: created.into_iter().map(Into::into).collect(), help }))
}
