//! `POST /api/v1/tasks/{id}/reopen` (and PATCH, the predecessor's verb)

use axum::extract::State;
use uuid::Uuid;

use super::body::TaskBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, IfMatch, Path, Versioned};

/// Take up a task again
///
/// A completed task becomes pending and gives back exactly the points of that completion; failed and cancelled ones become
/// pending. 409 for a task that is open.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/reopen", tag = "tasks", operation_id = "tasks_reopen",
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn reopen(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>, if_match: IfMatch) -> Outcome<Versioned<TaskBody>> {
    let task = app.tasks.reopen(&caller, id, if_match.version()).await?;
    Ok(Versioned(task.version, task.into()))
}

/// Take up a task again
///
/// The predecessor's verb for `POST …/reopen`.
#[deprecated]
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}/reopen", tag = "tasks", operation_id = "tasks_reopen_patch",
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn reopen_patch(state: State<App>, caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Outcome<Versioned<TaskBody>> {
    reopen(state, caller, id, if_match).await
}
