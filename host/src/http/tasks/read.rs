//! `GET /api/v1/tasks/{id}`

use axum::extract::State;
use uuid::Uuid;

use super::body::TaskBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Path, Versioned};

/// Read a task
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "tasks_read",
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn read(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<Versioned<TaskBody>> {
    let task = app.tasks.get(&caller, id).await?;
    Ok(Versioned(task.version, task.into()))
}
