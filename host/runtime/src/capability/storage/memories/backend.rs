//! What the host fills in. Whose memories is told by the door; nothing here widens it.

use async_trait::async_trait;
use uuid::Uuid;

use crate::capability::BackendError;
use crate::wit::types::values::Memory;

/// Which memories; every condition must hold, an empty or absent one always does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryFilter {
    /// All of these; at most 50.
    pub tags: Vec<String>,
    /// Any of these; at most 16.
    pub source_types: Vec<String>,
    /// Created at or after, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Created before, in milliseconds since 1970.
    pub until: Option<i64>,
    /// 0…1.
    pub min_importance: Option<f32>,
}

/// One result of a search.
#[derive(Clone, Debug)]
pub struct MemoryHit {
    /// What was found.
    pub memory: Memory,
    /// 0…1, comparable within one search only.
    pub score: f32,
}

/// Which part of a listing.
#[derive(Clone, Copy, Debug)]
pub struct MemoryList<'a> {
    /// Which ones.
    pub filter: &'a MemoryFilter,
    /// What an earlier page gave; at most 256 bytes. A malformed one is `invalid`.
    pub cursor: Option<&'a str>,
    /// 1…100.
    pub limit: u32,
    /// Most bytes of a page; one memory is always given.
    pub max_bytes: usize,
}

/// A part of a listing.
#[derive(Clone, Debug, Default)]
pub struct MemoryPage {
    /// At most `limit`.
    pub items: Vec<Memory>,
    /// Cursor of the next part; `None`: that was all.
    pub next: Option<String>,
}

/// One person's memories; deleted ones do not exist.
#[async_trait]
pub trait MemoriesBackend: Send + Sync {
    /// Best first, by words and meaning; by words alone while there is no embedder.
    async fn search(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: u32) -> Result<Vec<MemoryHit>, BackendError>;
    /// Newest first.
    async fn list(&self, user: Uuid, list: MemoryList<'_>) -> Result<MemoryPage, BackendError>;
    /// `None`: this person has none of this id.
    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<Memory>, BackendError>;
}
