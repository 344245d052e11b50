//! The embedded store: exact search in the host's memory over rows of the platform's database.
//!
//! Life of an index: the first search of a shelf reads its rows and keeps them in eight bits → each later search compares
//! the shelf's generation (one read by key) and takes in only what is newer, written by whichever host → when all indexes
//! together pass the budget, those not used for longest leave, and are read again when needed.
//!
//! A search: filters → integer pass over every row that is left → the best [`SHORTLIST`] (more for a larger limit) are
//! scored by their floats, read from the database: what is answered has exact scores, and what was removed meanwhile is not
//! answered. Exact scan instead of a graph: below 50 000 rows a user it is faster than its upkeep, and filters cost nothing.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use uuid::Uuid;

use super::slab::{Found, Slab};
use super::{Hit, Remove, Result, Search, Usage, VectorStore, fits, kernel};
use crate::clock::IdSource;
use crate::model::vector::{Shelf, Space, VectorItem};
use crate::store::vectors::{self, ShelfState, StoredVector};
use crate::store::{Db, Tx};

/// Rows that are scored by their floats, at least.
pub const SHORTLIST: usize = 40;
/// Rows of one page while an index is read.
const PAGE: i64 = 500;

/// See the module.
pub struct EmbeddedVectors {
    db: Db,
    ids: Arc<dyn IdSource>,
    budget: usize,
    shelves: Mutex<HashMap<Shelf, Arc<Entry>>>,
    /// Counts uses: the age of an index.
    uses: AtomicU64,
}

#[derive(Default)]
struct Entry {
    index: Arc<RwLock<Index>>,
    bytes: AtomicUsize,
    used: AtomicU64,
}

/// What is known of a shelf.
#[derive(Default)]
struct Index {
    id: Uuid,
    generation: i64,
    slabs: HashMap<Space, Slab>,
}

impl EmbeddedVectors {
    /// Over this database, with indexes of at most `budget` bytes together.
    pub fn new(db: Db, ids: Arc<dyn IdSource>, budget: usize) -> Self {
        Self { db, ids, budget, shelves: Mutex::default(), uses: AtomicU64::new(1) }
    }

    /// The shelf's index, as new as the database was when this was called; `None`: the shelf is empty.
    async fn index(&self, of: &Shelf) -> Result<Option<OwnedRwLockReadGuard<Index>>> {
        let Some(state) = vectors::state(&self.db, of).await? else {
            self.lock().remove(of);
            return Ok(None);
        };
        let entry = self.entry(of);
        let known = Arc::clone(&entry.index).read_owned().await;
        if known.is_current(state) {
            return Ok(Some(known));
        }
        drop(known);
        let mut index = Arc::clone(&entry.index).write_owned().await;
        if !index.is_current(state) {
            index.follow(&self.db, state).await?;
            entry.bytes.store(index.bytes(), Ordering::Relaxed);
            self.make_room(of);
        }
        Ok(Some(index.downgrade()))
    }

    fn entry(&self, of: &Shelf) -> Arc<Entry> {
        let mut shelves = self.lock();
        let entry = match shelves.get(of) {
            Some(entry) => entry,
            None => shelves.entry(of.clone()).or_default(),
        };
        entry.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Arc::clone(entry)
    }

    /// Lets the least recently used indexes go until the rest fits the budget; the newest may exceed it while it is used.
    fn make_room(&self, newest: &Shelf) {
        let mut shelves = self.lock();
        let mut total: usize = shelves.values().map(|entry| entry.bytes.load(Ordering::Relaxed)).sum();
        if total <= self.budget {
            return;
        }
        let mut ages: Vec<(u64, usize, Shelf)> = shelves
            .iter()
            .map(|(of, entry)| (entry.used.load(Ordering::Relaxed), entry.bytes.load(Ordering::Relaxed), of.clone()))
            .collect();
        ages.sort_unstable();
        // itself last: what alone is larger than the budget serves this search and leaves too
        ages.sort_by_key(|(_, _, of)| of == newest);
        for (_, bytes, of) in ages {
            if total <= self.budget {
                break;
            }
            shelves.remove(&of);
            total -= bytes;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Shelf, Arc<Entry>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Scores the shortlist by its floats and takes the best.
    async fn rescore(&self, index: &Index, slab: &Slab, found: &[Found], search: &Search<'_>) -> Result<Vec<Hit>> {
        let rows: HashMap<&str, usize> = found.iter().map(|found| (slab.id(found.row), found.row)).collect();
        let ids: Vec<&str> = rows.keys().copied().collect();
        let stored = vectors::vectors_of(&self.db, index.id, search.space, &ids).await?;
        let hits = stored.into_iter().filter_map(|(item, bytes)| {
            let row = *rows.get(item.as_str())?;
            let score = kernel::cosine(search.query, &vectors::floats(&bytes));
            Some(Hit { parent: slab.parent(row), score, metadata: slab.pairs(row), item })
        });
        Ok(hits.collect())
    }
}

impl Index {
    /// Whether it knows everything the shelf had at that moment.
    fn is_current(&self, state: ShelfState) -> bool {
        self.id == state.id && self.generation >= state.generation
    }

    fn bytes(&self) -> usize {
        self.slabs.values().map(Slab::bytes).sum()
    }

    /// Takes in what is newer than what it knows. When reading fails half-way it knows no more than before: rows that were
    /// taken in are taken in again.
    async fn follow(&mut self, db: &Db, state: ShelfState) -> Result<()> {
        if self.id != state.id {
            *self = Self { id: state.id, ..Self::default() };
        }
        let known = self.generation;
        let mut last: Option<StoredVector> = None;
        loop {
            let mut page = vectors::changed(db, state.id, known, last.as_ref(), PAGE).await?;
            let more = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
            for row in &mut page {
                let space = vectors::checked(row)?;
                let slab = self.slabs.entry(space).or_insert_with_key(|space| Slab::new(space.dimension as usize));
                slab.put(&row.item, row.parent, &vectors::floats(&row.vector), std::mem::take(&mut row.metadata));
            }
            last = page.pop();
            if !more {
                break;
            }
        }
        if state.removed > known && known > 0 {
            let keys: HashSet<(String, String, i64)> =
                vectors::keys(db, state.id).await?.into_iter().map(|key| (key.item, key.model, key.dimension)).collect();
            for (space, slab) in &mut self.slabs {
                slab.retain(|id| keys.contains(&(id.to_owned(), space.model.clone(), i64::from(space.dimension))));
            }
            self.slabs.retain(|_, slab| slab.len() > 0);
        }
        self.slabs.values_mut().for_each(Slab::trim);
        self.generation = state.generation;
        Ok(())
    }
}

#[async_trait]
impl VectorStore for EmbeddedVectors {
    async fn upsert(&self, tx: &mut Tx, of: &Shelf, space: &Space, items: &[VectorItem]) -> Result<()> {
        for item in items {
            fits(space, &item.vector)?;
        }
        if items.is_empty() {
            return Ok(());
        }
        let touched = vectors::touch(tx, of, self.ids.id()).await?;
        Ok(vectors::put(tx, touched, space, items).await?)
    }

    async fn remove(&self, tx: &mut Tx, of: &Shelf, what: Remove<'_>) -> Result<u64> {
        if vectors::state(&mut *tx, of).await?.is_none() {
            return Ok(0);
        }
        let touched = vectors::touch(tx, of, self.ids.id()).await?;
        let removed = match what {
            Remove::Items(items) => vectors::remove_items(tx, touched, items).await?,
            Remove::Parents(parents) => vectors::remove_parents(tx, touched, parents).await?,
            Remove::OtherSpaces(space) => vectors::remove_other_spaces(tx, touched, space).await?,
        };
        Ok(removed)
    }

    async fn forget_user(&self, tx: &mut Tx, user: Uuid) -> Result<()> {
        vectors::forget_user(tx, user).await?;
        Ok(())
    }

    async fn search(&self, of: &Shelf, search: Search<'_>) -> Result<Vec<Hit>> {
        fits(search.space, search.query)?;
        let Some(index) = self.index(of).await? else { return Ok(Vec::new()) };
        let Some(slab) = index.slabs.get(search.space) else { return Ok(Vec::new()) };
        let mut found = slab.scan(&search);
        let mut shortlist = SHORTLIST.max(search.limit + search.limit / 4);
        loop {
            let best = nearest(&mut found, shortlist);
            let mut hits = self.rescore(&index, slab, best, &search).await?;
            hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.item.cmp(&b.item)));
            if search.by_parent {
                let mut seen = HashSet::new();
                hits.retain(|hit| seen.insert(hit.parent));
            }
            // many items of few parents, or rows removed meanwhile: look further
            if hits.len() < search.limit && shortlist < found.len() {
                shortlist *= 4;
                continue;
            }
            hits.truncate(search.limit);
            return Ok(hits);
        }
    }

    async fn spaces(&self, of: &Shelf) -> Result<Vec<(Space, u64)>> {
        let Some(index) = self.index(of).await? else { return Ok(Vec::new()) };
        let mut spaces: Vec<(Space, u64)> = index.slabs.iter().map(|(space, slab)| (space.clone(), slab.len() as u64)).collect();
        spaces.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(spaces)
    }

    async fn of_parent(&self, of: &Shelf, parent: Uuid) -> Result<Vec<(Space, Vec<f32>)>> {
        let rows = vectors::of_parent(&self.db, of, parent).await?;
        rows.iter().map(|row| Ok((vectors::checked(row)?, vectors::floats(&row.vector)))).collect()
    }

    fn usage(&self) -> Usage {
        let shelves = self.lock();
        Usage { shelves: shelves.len(), bytes: shelves.values().map(|entry| entry.bytes.load(Ordering::Relaxed)).sum() }
    }
}

/// The best `count`, best first.
fn nearest(found: &mut [Found], count: usize) -> &[Found] {
    let by_score = |a: &Found, b: &Found| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row));
    if count < found.len() {
        found.select_nth_unstable_by(count, by_score);
    }
    let count = count.min(found.len());
    let best = &mut found[..count];
    best.sort_unstable_by(by_score);
    best
}
