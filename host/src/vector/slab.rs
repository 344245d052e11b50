//! One space of one shelf in memory: int8 rows side by side, so that a scan reads memory in order.
//!
//! Rows stand in blocks of [`BLOCK`] that are shared: a search holds the blocks it began with, and whoever changes a row
//! meanwhile changes a copy of its block. So nobody waits for a search, and no search copies anything.

use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::Search;
use super::kernel::{self, Query};
use crate::model::vector::Metadata;

/// Rows of a block: what one change copies at most, 128 KiB at 1024 dimensions.
const BLOCK: usize = 128;
/// Bytes of a row beside its integers, its id and its pairs: factor, parent, pointers, its place in the map.
pub(super) const ROW_BYTES: usize = 112;

/// Rows as a search reads them; cheap to clone. The floats are left in the database and read for the shortlist only: a
/// quarter of the memory.
#[derive(Clone, Debug)]
pub(super) struct Slab {
    dimension: usize,
    blocks: Vec<Arc<Block>>,
    len: usize,
}

#[derive(Clone, Debug, Default)]
struct Block {
    rows: Vec<i8>,
    factors: Vec<f32>,
    ids: Vec<Arc<str>>,
    parents: Vec<Option<Uuid>>,
    pairs: Vec<Option<Arc<Metadata>>>,
}

/// A row that a scan found: ordered by score, then by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) score: f32,
    pub(super) row: usize,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Found {}

/// A row on its way in.
struct Row {
    integers: Vec<i8>,
    factor: f32,
    id: Arc<str>,
    parent: Option<Uuid>,
    pairs: Option<Arc<Metadata>>,
}

impl Slab {
    fn new(dimension: usize) -> Self {
        Self { dimension, blocks: Vec::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn id(&self, row: usize) -> &Arc<str> {
        &self.blocks[row / BLOCK].ids[row % BLOCK]
    }

    pub(super) fn parent(&self, row: usize) -> Option<Uuid> {
        self.blocks[row / BLOCK].parents[row % BLOCK]
    }

    pub(super) fn pairs(&self, row: usize) -> Metadata {
        self.blocks[row / BLOCK].pairs[row % BLOCK].as_deref().cloned().unwrap_or_default()
    }

    /// Scores every row of these blocks that the filters let through.
    pub(super) fn scan(&self, blocks: Range<usize>, query: &Query, search: &Search<'_>, found: &mut BinaryHeap<Found>) {
        let filtered = search.within.is_some() || search.without.is_some() || !search.where_equal.is_empty();
        let mut scored = Vec::with_capacity(blocks.len() * BLOCK);
        for at in blocks {
            let block = &self.blocks[at];
            for (place, (row, factor)) in block.rows.chunks_exact(self.dimension).zip(&block.factors).enumerate() {
                if !filtered || block.passes(place, search) {
                    scored.push(Found { score: query.near(row, *factor), row: at * BLOCK + place });
                }
            }
        }
        // as a whole: one by one each would find its place among all before it
        found.append(&mut BinaryHeap::from(scored));
    }

    fn block(&mut self, at: usize) -> &mut Block {
        Arc::make_mut(&mut self.blocks[at])
    }

    fn push(&mut self, row: Row) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::default());
        }
        let block = self.block(self.len / BLOCK);
        block.rows.extend_from_slice(&row.integers);
        block.factors.push(row.factor);
        block.ids.push(row.id);
        block.parents.push(row.parent);
        block.pairs.push(row.pairs);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<Row> {
        let last = self.len.checked_sub(1)?;
        let dimension = self.dimension;
        let block = self.block(last / BLOCK);
        let integers = block.rows.split_off(block.rows.len() - dimension);
        let row =
            Row { integers, factor: block.factors.pop()?, id: block.ids.pop()?, parent: block.parents.pop()?, pairs: block.pairs.pop()? };
        if last.is_multiple_of(BLOCK) {
            self.blocks.pop();
        }
        self.len = last;
        Some(row)
    }

    fn set(&mut self, at: usize, row: Row) {
        let dimension = self.dimension;
        let (block, at) = (self.block(at / BLOCK), at % BLOCK);
        block.rows[at * dimension..(at + 1) * dimension].copy_from_slice(&row.integers);
        block.factors[at] = row.factor;
        block.ids[at] = row.id;
        block.parents[at] = row.parent;
        block.pairs[at] = row.pairs;
    }
}

impl Block {
    fn passes(&self, at: usize, search: &Search<'_>) -> bool {
        search.lets_through(self.parents[at], self.pairs[at].as_deref().map_or(&[], Vec::as_slice))
    }
}

/// A slab and where its rows are: what only its one writer needs.
#[derive(Debug)]
pub(super) struct Writer {
    slab: Slab,
    places: HashMap<Arc<str>, usize>,
    /// Bytes of ids and pairs.
    texts: usize,
    /// Rows that the database no longer has, as far as was counted; no search answers them.
    pub(super) stale: usize,
}

impl Writer {
    pub(super) fn new(dimension: usize) -> Self {
        Self { slab: Slab::new(dimension), places: HashMap::new(), texts: 0, stale: 0 }
    }

    /// As it is now, to search in.
    pub(super) fn slab(&self) -> &Slab {
        &self.slab
    }

    /// Bytes it takes, nearly.
    pub(super) fn bytes(&self) -> usize {
        self.slab.len() * (self.slab.dimension + ROW_BYTES) + self.texts
    }

    /// Adds a row or replaces the one of the same id.
    pub(super) fn put(&mut self, id: &str, parent: Option<Uuid>, vector: &[f32], metadata: Metadata) {
        let mut integers = Vec::with_capacity(vector.len());
        let factor = kernel::quantize(vector, &mut integers);
        self.texts += text_bytes(id, &metadata);
        let pairs = (!metadata.is_empty()).then(|| Arc::new(metadata));
        if let Some((known, at)) = self.places.get_key_value(id) {
            let (id, at) = (Arc::clone(known), *at);
            self.texts -= text_bytes(&id, &self.slab.pairs(at));
            return self.slab.set(at, Row { integers, factor, id, parent, pairs });
        }
        let id: Arc<str> = id.into();
        self.places.insert(Arc::clone(&id), self.slab.len());
        self.slab.push(Row { integers, factor, id, parent, pairs });
    }

    /// Removes a row; the last one takes its place.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(at) = self.places.remove(id) else { return };
        self.texts -= text_bytes(id, &self.slab.pairs(at));
        let Some(last) = self.slab.pop() else { return };
        if at < self.slab.len() {
            self.places.insert(Arc::clone(&last.id), at);
            self.slab.set(at, last);
        }
    }

    /// Removes rows that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let gone: Vec<Arc<str>> = self.places.keys().filter(|id| !keep(id)).cloned().collect();
        for id in gone {
            self.remove(&id);
        }
    }
}

fn text_bytes(id: &str, pairs: &[(String, String)]) -> usize {
    id.len() + pairs.iter().map(|(key, value)| 48 + key.len() + value.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::vector::Space;

    fn all(slab: &Slab) -> Vec<(String, f32)> {
        let space = Space { model: "m".into(), dimension: 2 };
        let search = Search::items(&space, &[1.0, 0.0], 10);
        let mut found = BinaryHeap::new();
        slab.scan(0..slab.blocks(), &Query::of(search.query), &search, &mut found);
        std::iter::from_fn(|| found.pop()).map(|found| (slab.id(found.row).to_string(), found.score)).collect()
    }

    #[test]
    fn a_row_replaced_or_removed_leaves_the_others_where_they_are_found() {
        let mut writer = Writer::new(2);
        for at in 0..300_u16 {
            writer.put(&at.to_string(), None, &[1.0, f32::from(at)], vec![("k".into(), "v".into())]);
        }
        let before = writer.slab().clone();
        for at in (0..300).step_by(3) {
            writer.remove(&at.to_string());
        }
        writer.put("1", None, &[-1.0, 0.0], Vec::new());
        writer.retain(|id| id != "2");
        let after = all(writer.slab());
        assert_eq!((after.len(), after[0].0.as_str(), after[198].0.as_str()), (199, "4", "1"));
        assert!(after.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        assert_eq!(all(&before).len(), 300, "who searches keeps the rows it began with");
        assert_eq!(all(&before)[0].0, "0");
        writer.retain(|_| false);
        assert_eq!((writer.slab().len(), writer.slab().blocks(), writer.bytes()), (0, 0, 0));
    }
}
