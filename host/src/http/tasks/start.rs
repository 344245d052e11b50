//! `POST /api/v1/tasks/{id}/start` (and PATCH, the predecessor's verb)

use axum::extract::State;
use uuid::Uuid;

use super::body::TaskBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, IfMatch, Path, Versioned};

/// Begin a task
///
/// From pending or blocked; 409 from anywhere else.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/start", tag = "tasks", operation_id = "tasks_start",
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn start(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>, if_match: IfMatch) -> Outcome<Versioned<TaskBody>> {
    let task = app.tasks.start(&caller, id, if_match.version()).await?;
    Ok(Versioned(task.version, task.into()))
}

/// Begin a task
///
/// The predecessor's verb for `POST …/start`.
#[deprecated]
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}/start", tag = "tasks", operation_id = "tasks_start_patch",
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn start_patch(state: State<App>, caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Outcome<Versioned<TaskBody>> {
    start(state, caller, id, if_match).await
}
