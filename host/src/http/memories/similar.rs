//! `POST /api/v1/memories/search/similar`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::MemoriesFound;
use super::search::{said, ten};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller};
use crate::service::memories::{Like, Mode};

/// Like what: a text, or one of the caller's memories.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimilarMemories {
    /// A text.
    #[schema(min_length = 1, max_length = 4_096)]
    query: Option<String>,
    /// A memory, which is not among the results.
    memory_id: Option<Uuid>,
    /// Results at most.
    #[serde(default = "ten")]
    #[schema(required = false, minimum = 1, maximum = 100, default = 10)]
    limit: u32,
    /// The least score, 0…1.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 1, default = 0)]
    threshold: f64,
}

/// Find similar memories
///
/// By meaning; `degraded` says that the words had to decide.
#[utoipa::path(
    post, path = "/api/v1/memories/search/similar", tag = "memories", operation_id = "memories_similar",
    request_body = SimilarMemories,
    responses((status = 200, body = MemoriesFound)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn similar(State(app): State<App>, caller: Caller, Body(body): Body<SimilarMemories>) -> Outcome<Json<MemoriesFound>> {
    let like = match (&body.query, body.memory_id) {
        (Some(query), None) => {
            said(query)?;
            Like::Text(query.clone())
        }
        (None, Some(id)) => Like::Memory(id),
        (None, None) => return Err(Fault::field("/query", "is required, or `memory_id` instead")),
        (Some(_), Some(_)) => return Err(Fault::field("/memory_id", "does not go with `query`: give one of them")),
    };
    let found = app.memories.similar(&caller, like, body.limit as usize, body.threshold).await?;
    Ok(Json(MemoriesFound::of(found, body.query, Mode::Semantic)))
}
