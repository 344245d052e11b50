//! `GET /api/v1/memories/{id}/related`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::body::MemoriesFound;
use super::search::ten;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, Path, Query};
use crate::service::memories::Mode;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RelatedQuery {
    /// Results at most.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 100, default = 10, required = false)]
    limit: u32,
}

/// Memories that belong to one
///
/// Nearest by meaning first, then those that come from the same source (with score 0).
#[utoipa::path(
    get, path = "/api/v1/memories/{id}/related", tag = "memories", operation_id = "memories_related",
    params(RelatedQuery),
    responses((status = 200, body = MemoriesFound)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn related(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    query: Result<Query<RelatedQuery>, Fault>,
) -> Outcome<Json<MemoriesFound>> {
    let Query(query) = match query {
        Ok(query) => query,
        Err(fault) => {
            app.memories.get(&caller, id).await?;
            return Err(fault);
        }
    };
    let found = app.memories.related(&caller, id, query.limit as usize).await?;
    Ok(Json(MemoriesFound::of(found, None, Mode::Semantic)))
}
