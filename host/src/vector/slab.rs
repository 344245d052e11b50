//! One space of one shelf in memory: int8 rows side by side, so that a scan reads memory in order.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::Search;
use super::kernel::{self, Quantized};
use crate::model::vector::Metadata;

/// The floats are left in the database and read for the shortlist only: a quarter of the memory.
#[derive(Debug, Default)]
pub(super) struct Slab {
    dimension: usize,
    rows: Vec<i8>,
    factors: Vec<f32>,
    ids: Vec<Arc<str>>,
    parents: Vec<Option<Uuid>>,
    metadata: Vec<Option<Box<Metadata>>>,
    places: HashMap<Arc<str>, usize>,
    /// Bytes of ids and pairs.
    texts: usize,
}

/// A row that a scan found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) row: usize,
    pub(super) score: f32,
}

/// Bytes of a row beside its integers, its id and its pairs: factor, parent, three pointers, its place in the map.
const ROW_BYTES: usize = 96;

impl Slab {
    pub(super) fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.factors.len()
    }

    /// Bytes it takes, nearly.
    pub(super) fn bytes(&self) -> usize {
        self.rows.capacity() + self.len() * ROW_BYTES + self.texts
    }

    /// Gives back most of what growing took in advance.
    pub(super) fn trim(&mut self) {
        if self.rows.capacity() > self.rows.len() + self.rows.len() / 4 {
            self.rows.shrink_to(self.rows.len() + self.rows.len() / 16);
        }
    }

    /// Adds a row or replaces the one of the same id.
    pub(super) fn put(&mut self, id: &str, parent: Option<Uuid>, vector: &[f32], metadata: Metadata) {
        if self.places.contains_key(id) {
            self.remove(id);
        }
        let Quantized { values, factor } = kernel::quantize(vector);
        let id: Arc<str> = id.into();
        self.texts += text_bytes(&id, &metadata);
        self.places.insert(Arc::clone(&id), self.len());
        self.rows.extend_from_slice(&values);
        self.factors.push(factor);
        self.ids.push(id);
        self.parents.push(parent);
        self.metadata.push((!metadata.is_empty()).then(|| Box::new(metadata)));
    }

    /// Removes a row; the last one takes its place.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(at) = self.places.remove(id) else { return };
        let last = self.len() - 1;
        let gone = self.ids.swap_remove(at);
        self.factors.swap_remove(at);
        self.parents.swap_remove(at);
        let metadata = self.metadata.swap_remove(at);
        self.texts -= text_bytes(&gone, metadata.as_deref().map_or(&[][..], |pairs| pairs));
        if at != last {
            self.rows.copy_within(last * self.dimension.., at * self.dimension);
            self.places.insert(Arc::clone(&self.ids[at]), at);
        }
        self.rows.truncate(last * self.dimension);
    }

    /// Removes rows that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let gone: Vec<Arc<str>> = self.ids.iter().filter(|id| !keep(id)).cloned().collect();
        for id in gone {
            self.remove(&id);
        }
    }

    pub(super) fn id(&self, row: usize) -> &str {
        &self.ids[row]
    }

    pub(super) fn parent(&self, row: usize) -> Option<Uuid> {
        self.parents[row]
    }

    pub(super) fn pairs(&self, row: usize) -> Metadata {
        self.metadata[row].as_deref().cloned().unwrap_or_default()
    }

    /// Scores every row that the filters let through.
    #[expect(clippy::cast_precision_loss, reason = "the first pass is rounded anyway")]
    pub(super) fn scan(&self, search: &Search<'_>) -> Vec<Found> {
        let query = kernel::quantize(search.query);
        let mut found = Vec::with_capacity(self.len());
        for (row, values) in self.rows.chunks_exact(self.dimension).enumerate() {
            if !self.passes(row, search) {
                continue;
            }
            let score = kernel::dot(&query.values, values) as f32 * query.factor * self.factors[row];
            found.push(Found { row, score });
        }
        found
    }

    fn passes(&self, row: usize, search: &Search<'_>) -> bool {
        let parent = self.parents[row];
        if search.within.is_some_and(|within| parent.is_none_or(|parent| !within.contains(&parent))) {
            return false;
        }
        if search.without.is_some() && search.without == parent {
            return false;
        }
        search.where_equal.iter().all(|wanted| self.metadata[row].as_deref().is_some_and(|pairs| pairs.contains(wanted)))
    }
}

fn text_bytes(id: &str, pairs: &[(String, String)]) -> usize {
    id.len() + pairs.iter().map(|(key, value)| 48 + key.len() + value.len()).sum::<usize>()
}
