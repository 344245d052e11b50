//! `GET /api/v1/memories/statistics`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;
use crate::model::memory::{MemoryStats, SourceType};

/// Tags among the most used.
const MOST_USED: usize = 10;

/// A person's memories in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemoryStatistics {
    /// All that are not erased.
    total_memories: i64,
    /// Neither deleted nor superseded: what follows is about these.
    active_memories: i64,
    /// The others.
    inactive_memories: i64,
    /// Pieces that have a vector each.
    total_chunks: i64,
    /// 0…1; 0 without memories.
    average_importance: f64,
    /// Of each source.
    by_source_type: BTreeMap<&'static str, i64>,
    /// With each tag.
    by_tag: BTreeMap<String, i64>,
    /// The tags that most have, at most ten.
    most_used_tags: Vec<String>,
}

impl From<MemoryStats> for MemoryStatistics {
    fn from(stats: MemoryStats) -> Self {
        let mut used: Vec<(&String, &i64)> = stats.by_tag.iter().collect();
        used.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let most_used_tags = used.into_iter().take(MOST_USED).map(|(tag, _)| tag.clone()).collect();
        let sources = SourceType::ALL.iter().map(|source| (source.text(), stats.by_source_type.get(source).copied().unwrap_or(0)));
        Self {
            total_memories: stats.total,
            active_memories: stats.active,
            inactive_memories: stats.total - stats.active,
            total_chunks: stats.chunks,
            average_importance: stats.average_importance,
            by_source_type: sources.collect(),
            by_tag: stats.by_tag,
            most_used_tags,
        }
    }
}

/// Memories in figures
#[utoipa::path(
    get, path = "/api/v1/memories/statistics", tag = "memories", operation_id = "memories_statistics",
    responses((status = 200, body = MemoryStatistics)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn statistics(State(app): State<App>, caller: Caller) -> Outcome<Json<MemoryStatistics>> {
    Ok(Json(app.memories.stats(&caller).await?.into()))
}
