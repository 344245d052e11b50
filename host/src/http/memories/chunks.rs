//! `GET /api/v1/memories/{id}/chunks`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Caller, ListQuery, Page, Path, Query};
use crate::model::page::Key;

/// A piece of a memory's content.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MemoryChunk)]
pub struct ChunkBody {
    /// Its id; another text is another chunk.
    id: Uuid,
    /// Of which memory.
    memory_id: Uuid,
    /// Its place, from 0.
    chunk_index: i64,
    /// Its text.
    content: String,
    /// About how many tokens that is, at most 400.
    token_count: i64,
    /// Whether it has a vector.
    has_embedding: bool,
}

/// List the chunks of a memory
///
/// Content is cut where paragraphs and sentences end, into pieces of at most 400 tokens that share about 60 with the one
/// before; each has its vector, and a memory is as near as its nearest chunk.
#[utoipa::path(
    get, path = "/api/v1/memories/{id}/chunks", tag = "memories", operation_id = "memories_chunks",
    params(ListQuery),
    responses((status = 200, body = Page<ChunkBody>)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn chunks(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    list: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<ChunkBody>>> {
    let (memory, chunks) = app.memories.chunks(&caller, id).await?;
    let Query(list) = list?;
    let body = |chunk: crate::model::memory::StoredChunk| ChunkBody {
        id: chunk.id,
        memory_id: chunk.memory_id,
        chunk_index: chunk.position,
        content: chunk.of(&memory.content).to_owned(),
        token_count: chunk.tokens,
        has_embedding: memory.embedding.is_some(),
    };
    let all = chunks.into_iter().map(body).collect();
    Ok(Json(Page::in_order(all, &list, |chunk: &ChunkBody| Key::Int(chunk.chunk_index))?))
}
