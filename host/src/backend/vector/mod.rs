//! `vector/index` for plugins, over their collections. Scope, sizes and grant were decided by the runtime's door.

use std::sync::Arc;

use async_trait::async_trait;
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::vector::{Collection, VectorBackend, VectorItem, VectorMatch, VectorQuery, VectorText};
use mnemosyne_runtime::wit::types::values::VectorSpace;

use crate::backend::embedding::{capability::away, collections};
use crate::model::vector::{self as model, Shelf, Space};
use crate::store::vectors::TextItem;
use crate::vector::{self, Hit};

/// Collections of plugins.
pub struct PluginVectors(Arc<collections::Collections>);

impl PluginVectors {
    /// Over these.
    pub fn new(collections: Arc<collections::Collections>) -> Self {
        Self(collections)
    }
}

fn shelf(of: Collection<'_>) -> Shelf {
    Shelf::plugin(of.plugin, of.user, of.name)
}

fn space(of: &VectorSpace) -> Space {
    Space { model: of.model.clone(), dimension: of.dimensions }
}

fn failed(error: &collections::Error) -> BackendError {
    match error {
        collections::Error::Full => BackendError::Quota,
        collections::Error::OtherSpace(_) => BackendError::invalid("vector-space", "the collection has another space"),
        collections::Error::Embedding(error) => away(error),
        collections::Error::Vectors(vector::Error::Zero) => {
            BackendError::invalid("vector-floats", "a vector whose floats are all zero has no direction")
        }
        collections::Error::Vectors(vector::Error::Dimension { .. } | vector::Error::NotFinite) => {
            BackendError::invalid("vector-floats", "a vector has as many finite floats as its space has dimensions")
        }
        collections::Error::Vectors(error) => {
            tracing::warn!(%error, "the collections of plugins failed");
            BackendError::Unavailable { retry_after_ms: Some(1_000) }
        }
    }
}

fn found(hits: Vec<Hit>) -> Vec<VectorMatch> {
    hits.into_iter().map(|hit| VectorMatch { id: hit.item, score: hit.score, metadata: hit.metadata }).collect()
}

#[async_trait]
impl VectorBackend for PluginVectors {
    async fn upsert(&self, of: Collection<'_>, named: &VectorSpace, items: Vec<VectorItem>) -> Result<u32, BackendError> {
        let items = items.into_iter().map(|item| model::VectorItem {
            id: item.id,
            parent: None,
            hash: None,
            vector: item.vector,
            metadata: item.metadata,
        });
        let items: Vec<model::VectorItem> = items.collect();
        self.0.upsert(&shelf(of), &space(named), &items, of.max_items).await.map_err(|error| failed(&error))
    }

    async fn upsert_text(&self, of: Collection<'_>, items: Vec<VectorText>) -> Result<u32, BackendError> {
        let items: Vec<TextItem> =
            items.into_iter().map(|item| TextItem { item: item.id, text: item.text, metadata: item.metadata }).collect();
        self.0.upsert_text(&shelf(of), &items, of.max_items).await.map_err(|error| failed(&error))
    }

    async fn search(
        &self,
        of: Collection<'_>,
        query: VectorQuery<'_>,
        limit: u32,
        equal: &[(String, String)],
    ) -> Result<Vec<VectorMatch>, BackendError> {
        let (on, limit, pairs) = (shelf(of), limit as usize, equal.to_vec());
        let hits = match query {
            VectorQuery::Vector { space: named, vector } => self.0.search(&on, &space(named), vector, limit, &pairs).await,
            VectorQuery::Text(text) => self.0.search_text(&on, text, limit, &pairs).await,
        };
        hits.map(found).map_err(|error| failed(&error))
    }

    async fn remove(&self, of: Collection<'_>, ids: &[String]) -> Result<u32, BackendError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.0.remove(&shelf(of), &ids).await.map_err(|error| failed(&error))
    }
}
