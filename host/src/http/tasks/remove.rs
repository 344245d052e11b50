//! `DELETE /api/v1/tasks/{id}`

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, IfMatch, NoContent, Path, Query};

/// How to delete.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// Leave no trace of it; without it a tombstone stays for clients that sync.
    #[serde(default)]
    #[param(required = false, default = false)]
    hard_delete: bool,
}

/// Delete a task
///
/// Its parts go with it. Points that it gave stay: they belong to the completion.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "tasks_delete",
    params(IfMatch, RemoveQuery),
    responses((status = 204)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    query: Result<Query<RemoveQuery>, Fault>,
) -> Outcome<NoContent> {
    let Query(query) = match query {
        Ok(query) => query,
        Err(fault) => {
            app.tasks.get(&caller, id).await?;
            return Err(fault);
        }
    };
    app.tasks.delete(&caller, id, if_match.version(), query.hard_delete).await?;
    Ok(NoContent)
}
