//! `POST /api/v1/tasks/prioritize`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use super::help::HelpBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller};
use crate::service::tasks::intelligence::Placed;

/// Which tasks.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrioritizeTasks {
    /// The caller's tasks to order; the 200 open ones that are due soonest when left out.
    #[schema(min_items = 1, max_items = 200)]
    task_ids: Option<Vec<Uuid>>,
}

/// A task in its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankedTask {
    /// The task.
    task: TaskBody,
    /// 0…1, highest first.
    score: f64,
    /// Why, for the person.
    reason: String,
}

impl From<Placed> for RankedTask {
    fn from(placed: Placed) -> Self {
        Self { task: placed.task.into(), score: placed.score, reason: placed.reason }
    }
}

/// Tasks in the order in which to do them.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrioritizedTasks {
    /// Most urgent first, each once.
    tasks: Vec<RankedTask>,
    #[serde(flatten)]
    help: HelpBody,
}

/// Put tasks in order
///
/// Nothing is stored. An id that is none of the caller's tasks is 404 and named.
#[utoipa::path(
    post, path = "/api/v1/tasks/prioritize", tag = "tasks", operation_id = "tasks_prioritize",
    request_body = PrioritizeTasks,
    responses((status = 200, body = PrioritizedTasks)),
    extensions(("x-permission" = json!("task:read")), ("x-deadline-seconds" = json!(60))),
)]
pub async fn prioritize(State(app): State<App>, caller: Caller, Body(body): Body<PrioritizeTasks>) -> Outcome<Json<PrioritizedTasks>> {
    let (placed, help) = HelpBody::split(app.tasks.prioritize(&caller, body.task_ids).await?);
    Ok(Json(PrioritizedTasks { tasks: placed.into_iter().map(Into::into).collect(), help }))
}
