//! Memories as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Time;
use crate::model::Object;
use crate::model::memory::{Memory, SourceType};
use crate::service::memories::{Details, Found, Hit, Mode};

/// Something that a person wants to keep.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Memory)]
pub struct MemoryBody {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Its title; empty when it has none.
    pub title: String,
    /// What is kept.
    pub content: String,
    /// Where it comes from.
    pub source_type: SourceType,
    /// What it comes from there.
    #[schema(required)]
    pub source_id: Option<String>,
    /// 0…1.
    pub importance: f64,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The client's own object.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub metadata: Object,
    /// The model of its vectors; null while it has none.
    #[schema(required)]
    pub embedding_model: Option<String>,
    /// Floats of each of them; null while it has none.
    #[schema(required)]
    pub embedding_dimension: Option<u32>,
    /// Whether it is found by meaning already.
    pub has_embedding: bool,
    /// Neither deleted nor superseded.
    pub is_active: bool,
    /// How often it was read by its id, or cited in an answer.
    pub access_count: i64,
    /// When it was last.
    #[schema(required)]
    pub last_accessed_at: Option<Time>,
    /// The memory that took its place.
    #[schema(required)]
    pub superseded_by: Option<Uuid>,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed.
    pub updated_at: Time,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// When it was deleted: only in lists with `include_deleted` or `include_inactive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
}

impl From<Memory> for MemoryBody {
    fn from(memory: Memory) -> Self {
        let (embedding_model, embedding_dimension) = memory.embedding.map(|space| (space.model, space.dimension)).unzip();
        Self {
            id: memory.id,
            user_id: memory.user_id,
            title: memory.title,
            content: memory.content,
            source_type: memory.source_type,
            source_id: memory.source_id,
            importance: memory.importance,
            tags: memory.tags,
            metadata: memory.metadata,
            has_embedding: embedding_model.is_some(),
            embedding_model,
            embedding_dimension,
            is_active: memory.is_active,
            access_count: memory.access_count,
            last_accessed_at: memory.last_accessed_at.map(Time),
            superseded_by: memory.superseded_by,
            created_at: Time(memory.created_at),
            updated_at: Time(memory.updated_at),
            version: memory.version,
            deleted_at: memory.deleted_at.map(Time),
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoriesFound {
    /// The query; null when a memory was.
    #[schema(required)]
    pub query: Option<String>,
    /// How it was looked for.
    pub mode: Mode,
    /// Best first.
    pub results: Vec<MemoryResult>,
    /// How many these are.
    pub total: usize,
    /// Nothing was looked for by meaning, because no vector of the query could be made: the words decided.
    pub degraded: bool,
}

impl MemoriesFound {
    pub(super) fn of(found: Found, query: Option<String>, mode: Mode) -> Self {
        let results: Vec<MemoryResult> = found.hits.into_iter().map(Into::into).collect();
        Self { query, mode, total: results.len(), results, degraded: found.degraded }
    }
}

/// A memory that suits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoryResult {
    /// The memory.
    #[serde(flatten)]
    pub memory: MemoryBody,
    /// 0…1. By words: the part of the highest possible score. By meaning: the cosine. Hybrid: 1 is first by both.
    pub score: f64,
    /// How the score came about; only with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_details: Option<ScoreDetails>,
}

/// A score in its parts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScoreDetails {
    /// What the words gave; null when it has none of them, or nobody asked.
    #[schema(required)]
    pub keyword: Option<KeywordDetails>,
    /// What the meaning gave; null when it is not among the nearest, or nobody asked.
    #[schema(required)]
    pub semantic: Option<SemanticDetails>,
    /// Sum of 1 / (60 + rank) over both; null unless both were asked.
    #[schema(required)]
    pub reciprocal_rank: Option<f64>,
    /// Decides between equal scores, then the newer one comes first.
    pub importance: f64,
}

/// What the words gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeywordDetails {
    /// Its place, from 1.
    pub rank: usize,
    /// BM25 with k1 = 1.2 and b = 0.75 over the caller's own memories.
    pub bm25: f64,
    /// Each word that it has.
    pub words: Vec<WordDetails>,
}

/// What one word gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WordDetails {
    /// The word.
    pub word: String,
    /// How often the memory has it.
    pub count: u16,
    /// How many of the caller's memories have it.
    pub memories: i64,
    /// Its part of the score.
    pub score: f64,
}

/// What the meaning gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SemanticDetails {
    /// Its place, from 1.
    pub rank: usize,
    /// Cosine of its nearest chunk, −1…1.
    pub cosine: f64,
    /// That chunk.
    pub chunk_id: Uuid,
}

impl From<Hit> for MemoryResult {
    fn from(hit: Hit) -> Self {
        let importance = hit.memory.importance;
        let score_details = hit.details.map(|details| ScoreDetails::of(details, importance));
        Self { memory: hit.memory.into(), score: hit.score, score_details }
    }
}

impl ScoreDetails {
    fn of(details: Details, importance: f64) -> Self {
        let keyword = details.keyword.map(|part| KeywordDetails {
            rank: part.rank,
            bm25: part.bm25,
            words: part
                .words
                .into_iter()
                .map(|word| WordDetails { word: word.word, count: word.count, memories: word.documents, score: word.score })
                .collect(),
        });
        let semantic = details.semantic.map(|part| SemanticDetails { rank: part.rank, cosine: part.cosine, chunk_id: part.chunk });
        Self { keyword, semantic, reciprocal_rank: details.fused, importance }
    }
}
