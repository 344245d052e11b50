//! `POST /api/v1/memories/search`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::MemoriesFound;
use super::filter::plain;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Time};
use crate::model::Object;
use crate::model::memory::{MemoryFilter, SourceType};
use crate::service::memories::{Mode, Search};

/// What to look for, and among which; every condition that is given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchMemories {
    /// What to look for.
    #[schema(min_length = 1, max_length = 4_096)]
    query: String,
    /// Results at most.
    #[serde(default = "ten")]
    #[schema(required = false, minimum = 1, maximum = 100, default = 10)]
    limit: u32,
    /// `hybrid` when left out.
    mode: Option<Mode>,
    /// The least score, 0…1.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 1, default = 0)]
    threshold: f64,
    /// Tell each score in its parts.
    #[serde(default)]
    #[schema(required = false, default = false)]
    explain: bool,
    /// From one of these.
    #[serde(default)]
    #[schema(required = false)]
    source_types: Vec<SourceType>,
    /// All of these tags.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    tags: Vec<String>,
    /// At least one of these tags.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    tags_any: Vec<String>,
    /// Made at this time or later.
    created_after: Option<Time>,
    /// Made before this time.
    created_before: Option<Time>,
    /// At least so important, 0…1.
    #[schema(minimum = 0, maximum = 1)]
    min_importance: Option<f64>,
    /// These fields of the metadata have these values, each a text, a number, a boolean or null.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
}

pub(super) const fn ten() -> u32 {
    10
}

/// A query is more than mere space.
pub(super) fn said(query: &str) -> Outcome<()> {
    if query.trim().is_empty() { Err(Fault::field("/query", "must not be blank")) } else { Ok(()) }
}

/// Search memories
///
/// `keyword` ranks by BM25 over the caller's own memories, `semantic` by nearness, `hybrid` fuses both by reciprocal ranks;
/// between equals the more important, then the newer one comes first. While no vector of the query can be made, the words
/// decide and `degraded` says so.
#[utoipa::path(
    post, path = "/api/v1/memories/search", tag = "memories", operation_id = "memories_search",
    request_body = SearchMemories,
    responses((status = 200, body = MemoriesFound)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn search(State(app): State<App>, caller: Caller, Body(body): Body<SearchMemories>) -> Outcome<Json<MemoriesFound>> {
    said(&body.query)?;
    let mode = body.mode.unwrap_or(Mode::Hybrid);
    let filter = MemoryFilter {
        source_types: body.source_types,
        tags: body.tags,
        tags_any: body.tags_any,
        created_after: body.created_after.map(Time::millis),
        created_before: body.created_before.map(Time::millis),
        min_importance: body.min_importance,
        metadata: plain(body.metadata.unwrap_or_default(), "/metadata")?,
        ..MemoryFilter::default()
    };
    let query = body.query.clone();
    let search = Search { query: body.query, mode, filter, limit: body.limit as usize, threshold: body.threshold, explain: body.explain };
    let found = app.memories.search(&caller, search).await?;
    Ok(Json(MemoriesFound::of(found, Some(query), mode)))
}
