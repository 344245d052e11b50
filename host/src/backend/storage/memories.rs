//! `storage/memories` for plugins: the caller's memories, read only. Who the caller is was decided by the runtime's door.
//!
//! Searching is what `POST /memories/search` does: the service comes in as a [`Searcher`].

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::storage::memories::{MemoriesBackend, MemoryFilter, MemoryHit, MemoryList, MemoryPage};
use mnemosyne_runtime::wit::types::values;
use uuid::Uuid;

use super::failed;
use crate::model::memory::{Memory, MemoryFilter as Stored, MemorySort, SourceType};
use crate::model::page::{Cursor, Key, Page};
use crate::store::{self, Db};

/// Who searches.
#[async_trait]
pub trait Searcher: Send + Sync {
    /// The user's memories that suit the query, best first, each with a score of 0…1.
    ///
    /// # Errors
    /// In the contract's words.
    async fn search(&self, user: Uuid, query: &str, filter: Stored, limit: usize) -> Result<Vec<(Memory, f64)>, BackendError>;
}

/// Memories in the platform's database.
pub struct PluginMemories {
    db: Db,
    // Weak: the service holds what holds the runtime, and the runtime holds this; together they would never go.
    searcher: Weak<dyn Searcher>,
}

impl PluginMemories {
    /// Over this database; whoever calls keeps the searcher alive.
    pub fn new(db: Db, searcher: &Arc<dyn Searcher>) -> Self {
        Self { db, searcher: Arc::downgrade(searcher) }
    }
}

/// `None`: the filter names only sources that nobody knows, so no memory passes.
fn stored(filter: &MemoryFilter) -> Option<Stored> {
    let MemoryFilter { tags, source_types, since, until, min_importance } = filter.clone();
    let known: Vec<SourceType> = source_types.iter().filter_map(|word| word.parse().ok()).collect();
    (!known.is_empty() || source_types.is_empty()).then(|| Stored {
        tags,
        source_types: known,
        created_after: since,
        created_before: until,
        min_importance: min_importance.map(f64::from),
        ..Stored::default()
    })
}

fn begin(cursor: Option<&str>) -> Result<Option<Cursor>, BackendError> {
    let Some(text) = cursor else { return Ok(None) };
    let read = || {
        let (key, id) = text.split_once('.')?;
        Some(Cursor { key: Key::Int(key.parse().ok()?), id: Uuid::try_parse(id).ok()? })
    };
    read().map(Some).ok_or_else(|| BackendError::invalid("memories-cursor", "the cursor is not one that this function gave"))
}

#[expect(clippy::cast_possible_truncation, reason = "0…1")]
fn narrow(value: f64) -> f32 {
    value.clamp(0.0, 1.0) as f32
}

fn memory(of: Memory) -> values::Memory {
    values::Memory {
        id: of.id.to_string(),
        title: of.title,
        content: of.content,
        tags: of.tags,
        importance: narrow(of.importance),
        source_type: of.source_type.text().to_owned(),
        source_id: of.source_id,
        created: of.created_at,
        updated: of.updated_at,
        metadata: serde_json::to_string(&of.metadata).unwrap_or_else(|_| "{}".to_owned()),
        extra: Vec::new(),
    }
}

#[async_trait]
impl MemoriesBackend for PluginMemories {
    async fn search(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: u32) -> Result<Vec<MemoryHit>, BackendError> {
        let Some(filter) = stored(filter) else { return Ok(Vec::new()) };
        let searcher = self.searcher.upgrade().ok_or(BackendError::Unavailable { retry_after_ms: None })?;
        let found = searcher.search(user, query, filter, limit as usize).await?;
        Ok(found.into_iter().map(|(found, score)| MemoryHit { memory: memory(found), score: narrow(score) }).collect())
    }

    async fn list(&self, user: Uuid, list: MemoryList<'_>) -> Result<MemoryPage, BackendError> {
        let begin = begin(list.cursor)?;
        let Some(filter) = stored(list.filter) else { return Ok(MemoryPage::default()) };
        let part = match begin {
            Some(cursor) => Page::after(cursor, i64::from(list.limit)),
            None => Page::skip(0, i64::from(list.limit)),
        };
        let found = store::memories::list(&self.db, user, &filter, MemorySort::Created(true), &part).await.map_err(failed)?;
        let (mut page, mut bytes, all) = (MemoryPage::default(), 0, found.items.len());
        for row in found.items {
            bytes += row.title.len() + row.content.len() + 512;
            if bytes > list.max_bytes && !page.items.is_empty() {
                break;
            }
            page.next = Some(format!("{}.{}", row.created_at, row.id.simple()));
            page.items.push(memory(row));
        }
        if page.items.len() == all && !found.has_more {
            page.next = None;
        }
        Ok(page)
    }

    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<values::Memory>, BackendError> {
        let found = store::memories::find(&self.db, user, id).await.map_err(failed)?;
        Ok(found.filter(|found| found.is_active).map(memory))
    }
}
