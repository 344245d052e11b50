//! `DELETE /api/v1/memories/{id}`

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
pub struct RemoveMemoryQuery {
    /// Leave no trace of it; without it, it can be restored.
    #[serde(default)]
    #[param(required = false, default = false)]
    hard_delete: bool,
}

/// Delete a memory
///
/// No search, list or plugin finds it from now on. With `hard_delete` text, chunks, words and vectors are gone for good.
#[utoipa::path(
    delete, path = "/api/v1/memories/{id}", tag = "memories", operation_id = "memories_delete",
    params(IfMatch, RemoveMemoryQuery),
    responses((status = 204)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    query: Result<Query<RemoveMemoryQuery>, Fault>,
) -> Outcome<NoContent> {
    let Query(query) = match query {
        Ok(query) => query,
        Err(fault) => {
            app.memories.get(&caller, id).await?;
            return Err(fault);
        }
    };
    app.memories.delete(&caller, id, if_match.version(), query.hard_delete).await?;
    Ok(NoContent)
}
