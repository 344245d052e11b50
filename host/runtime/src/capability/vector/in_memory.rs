//! Collections of tests and tools; texts are embedded by [`crate::capability::llm::in_memory::letters`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::backend::{Collection, Metadata, VectorBackend, VectorItem, VectorMatch, VectorQuery, VectorText};
use crate::capability::BackendError;
use crate::capability::llm::in_memory::{letters, space};
use crate::wit::types::values::VectorSpace;

#[derive(Debug)]
struct Items {
    model: String,
    dimensions: u32,
    text: bool,
    by_id: BTreeMap<String, (Vec<f32>, Metadata)>,
}

type Key = (String, Option<Uuid>);

/// Collections by (plugin, user), then by name.
#[derive(Debug, Default)]
pub struct InMemoryVectors(Mutex<BTreeMap<Key, BTreeMap<String, Items>>>);

impl InMemoryVectors {
    fn put(&self, of: Collection<'_>, space: &VectorSpace, text: bool, items: Vec<VectorItem>) -> Result<u32, BackendError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drawer = all.entry((of.plugin.to_owned(), of.user)).or_default();
        let held: usize = drawer.values().map(|items| items.by_id.len()).sum();
        let known = drawer.get(of.name);
        if known.is_some_and(|known| known.model != space.model || known.dimensions != space.dimensions || known.text != text) {
            return Err(BackendError::invalid("vector-space", "the collection has another space"));
        }
        let mut new: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        new.retain(|id| known.is_none_or(|known| !known.by_id.contains_key(*id)));
        new.sort_unstable();
        new.dedup();
        let new = new.len();
        if (held + new) as u64 > of.max_items {
            return Err(BackendError::Quota);
        }
        let empty = || Items { model: space.model.clone(), dimensions: space.dimensions, text, by_id: BTreeMap::new() };
        let collection = drawer.entry(of.name.to_owned()).or_insert_with(empty);
        for item in items {
            collection.by_id.insert(item.id, (item.vector, item.metadata));
        }
        Ok(u32::try_from(new).unwrap_or(u32::MAX))
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let both = norm(a) * norm(b);
    if both > 0.0 { dot / both } else { 0.0 }
}

#[async_trait]
impl VectorBackend for InMemoryVectors {
    async fn upsert(&self, of: Collection<'_>, space: &VectorSpace, items: Vec<VectorItem>) -> Result<u32, BackendError> {
        self.put(of, space, false, items)
    }

    async fn upsert_text(&self, of: Collection<'_>, items: Vec<VectorText>) -> Result<u32, BackendError> {
        let items = items.into_iter().map(|item| VectorItem { vector: letters(&item.text), id: item.id, metadata: item.metadata });
        self.put(of, &space(), true, items.collect())
    }

    async fn search(
        &self,
        of: Collection<'_>,
        query: VectorQuery<'_>,
        limit: u32,
        equal: &[(String, String)],
    ) -> Result<Vec<VectorMatch>, BackendError> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(items) = all.get(&(of.plugin.to_owned(), of.user)).and_then(|drawer| drawer.get(of.name)) else {
            return Ok(Vec::new());
        };
        let query = match query {
            VectorQuery::Vector { space, .. } if space.model != items.model || space.dimensions != items.dimensions => {
                return Err(BackendError::invalid("vector-space", "the collection has another space"));
            }
            VectorQuery::Vector { vector, .. } => vector.to_vec(),
            VectorQuery::Text(text) => letters(text),
        };
        let fits = |(_, (_, metadata)): &(&String, &(Vec<f32>, Metadata))| equal.iter().all(|pair| metadata.contains(pair));
        let found = items.by_id.iter().filter(fits);
        let mut found: Vec<VectorMatch> = found
            .map(|(id, (vector, metadata))| VectorMatch { id: id.clone(), score: cosine(&query, vector), metadata: metadata.clone() })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn remove(&self, of: Collection<'_>, ids: &[String]) -> Result<u32, BackendError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let items = all.get_mut(&(of.plugin.to_owned(), of.user)).and_then(|drawer| drawer.get_mut(of.name));
        let removed = items.map_or(0, |items| ids.iter().filter(|id| items.by_id.remove(*id).is_some()).count());
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }
}
