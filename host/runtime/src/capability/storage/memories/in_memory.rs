//! Memories of tests and tools: a search counts the query's words.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::backend::{MemoriesBackend, MemoryFilter, MemoryHit, MemoryList, MemoryPage};
use crate::capability::BackendError;
use crate::wit::types::values::Memory;

/// Memories by user, in the order they were added.
#[derive(Debug, Default)]
pub struct InMemoryMemories(Mutex<BTreeMap<Uuid, Vec<Memory>>>);

impl InMemoryMemories {
    /// Adds one.
    pub fn add(&self, user: Uuid, memory: Memory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default().push(memory);
    }

    fn of(&self, user: Uuid, filter: &MemoryFilter) -> Vec<Memory> {
        let memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |memory: &&Memory| {
            filter.tags.iter().all(|tag| memory.tags.contains(tag))
                && (filter.source_types.is_empty() || filter.source_types.contains(&memory.source_type))
                && filter.since.is_none_or(|since| memory.created >= since)
                && filter.until.is_none_or(|until| memory.created < until)
                && filter.min_importance.is_none_or(|least| memory.importance >= least)
        };
        memories.get(&user).into_iter().flatten().filter(fits).cloned().collect()
    }
}

#[async_trait]
impl MemoriesBackend for InMemoryMemories {
    async fn search(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: u32) -> Result<Vec<MemoryHit>, BackendError> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let score = |memory: &Memory| {
            let text = format!("{} {}", memory.title, memory.content).to_lowercase();
            let found = u16::try_from(words.iter().filter(|word| text.contains(*word)).count()).unwrap_or(u16::MAX);
            f32::from(found) / f32::from(u16::try_from(words.len().max(1)).unwrap_or(u16::MAX))
        };
        let hits = self.of(user, filter).into_iter().map(|memory| MemoryHit { score: score(&memory), memory });
        let mut hits: Vec<MemoryHit> = hits.filter(|hit| hit.score > 0.0).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit as usize);
        Ok(hits)
    }

    async fn list(&self, user: Uuid, list: MemoryList<'_>) -> Result<MemoryPage, BackendError> {
        let begin: usize = match list.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| BackendError::invalid("memories-cursor", "no such cursor"))?,
        };
        let mut all = self.of(user, list.filter);
        all.sort_by_key(|memory| std::cmp::Reverse(memory.created));
        let end = begin + list.limit as usize;
        let next = (end < all.len()).then(|| end.to_string());
        Ok(MemoryPage { items: all.into_iter().skip(begin).take(list.limit as usize).collect(), next })
    }

    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<Memory>, BackendError> {
        let id = id.to_string();
        Ok(self.of(user, &MemoryFilter::default()).into_iter().find(|memory| memory.id == id))
    }
}
