//! The embedded store: exact search in the host's memory over rows of the platform's database.
//!
//! Life of an index: the first search of a shelf reads its rows and keeps them in eight bits → each later search compares
//! the shelf's generation (one read by key) and takes in only what is newer, written by whichever host → when all indexes
//! together pass the budget, those not used for longest leave, and are read again when needed. A shelf that alone passes it
//! has no index: its rows are read and scored page by page.
//!
//! A search: filters → integer pass over every row that is left → the best are scored by their floats, read from the
//! database, until no other row can be among them: what is answered has exact scores, and what was removed meanwhile is not
//! answered. Exact scan instead of a graph: below 50 000 rows a user it is faster than its upkeep, and filters cost nothing.
//! No lock is held while rows are scored or read: a search keeps the blocks it began with.

use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use uuid::Uuid;

use super::index::{Follower, PAGE, View};
use super::kernel::{self, Query};
use super::shortlist::{Best, Shortlist};
use super::slab::{ROW_BYTES, Slab};
use super::{Hit, Remove, Result, Search, Usage, VectorStore, fits};
use crate::clock::IdSource;
use crate::model::vector::{Shelf, Space, VectorItem};
use crate::store::vectors::{self, ShelfState, StoredVector};
use crate::store::{Db, Tx};

/// Blocks that are scored before others have their turn on the thread: about a millisecond at 1024 dimensions.
const BLOCKS: usize = 64;
/// Bytes of an id, as far as room is made before they are known.
const ID_BYTES: usize = 36;

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
    /// Who reads the database; others who need the same wait for it instead of reading too.
    follower: tokio::sync::Mutex<Follower>,
    view: ArcSwap<View>,
    bytes: AtomicUsize,
    used: AtomicU64,
}

/// How a shelf can be searched.
enum Seen {
    Empty,
    Indexed(Arc<View>),
    /// Too large for the memory.
    OnDisk(Uuid),
}

impl EmbeddedVectors {
    /// Over this database, with indexes of at most `budget` bytes together.
    pub fn new(db: Db, ids: Arc<dyn IdSource>, budget: usize) -> Self {
        Self { db, ids, budget, shelves: Mutex::default(), uses: AtomicU64::new(1) }
    }

    /// The shelf as it was in the database when this was called, or newer.
    async fn see(&self, of: &Shelf) -> Result<Seen> {
        let Some(state) = vectors::state(&self.db, of).await? else {
            self.lock().remove(of);
            return Ok(Seen::Empty);
        };
        let entry = self.entry(of);
        let view = entry.view.load_full();
        if view.is_current(state) {
            return Ok(Seen::Indexed(view));
        }
        let mut follower = entry.follower.lock().await;
        let view = entry.view.load_full();
        if view.is_current(state) {
            return Ok(Seen::Indexed(view));
        }
        let fits = !follower.is_cold(state) || self.reserve(of, &entry, state).await?;
        if fits && follower.follow(&self.db, state, |bytes| self.grown(of, &entry, bytes)).await? {
            entry.view.store(Arc::new(follower.view()));
            return Ok(Seen::Indexed(entry.view.load_full()));
        }
        self.lock().remove(of);
        Ok(Seen::OnDisk(state.id))
    }

    /// Makes room for a shelf before it is read; `false`: there cannot be enough.
    async fn reserve(&self, of: &Shelf, entry: &Entry, state: ShelfState) -> Result<bool> {
        let rows = vectors::counts(&self.db, state.id).await?.into_iter();
        let bytes = rows.map(|(space, count)| {
            usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(space.dimension as usize + ROW_BYTES + ID_BYTES)
        });
        Ok(self.grown(of, entry, bytes.fold(0, usize::saturating_add)))
    }

    /// Notes what a shelf takes and lets the least recently used others go until all fit; `false`: it does not fit alone.
    fn grown(&self, of: &Shelf, entry: &Entry, bytes: usize) -> bool {
        if bytes > self.budget {
            return false;
        }
        entry.bytes.store(bytes, Ordering::Relaxed);
        let mut shelves = self.lock();
        let mut total: usize = shelves.values().map(|entry| entry.bytes.load(Ordering::Relaxed)).sum();
        if total <= self.budget {
            return true;
        }
        let others = shelves.iter().filter(|(other, _)| *other != of);
        let mut ages: Vec<(u64, usize, Shelf)> =
            others.map(|(of, entry)| (entry.used.load(Ordering::Relaxed), entry.bytes.load(Ordering::Relaxed), of.clone())).collect();
        ages.sort_unstable();
        for (_, bytes, other) in ages {
            if total <= self.budget {
                break;
            }
            shelves.remove(&other);
            total -= bytes;
        }
        true
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

    fn lock(&self) -> MutexGuard<'_, HashMap<Shelf, Arc<Entry>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn in_memory(&self, view: &View, slab: &Slab, search: &Search<'_>) -> Result<Vec<Hit>> {
        let (query, mut ranked) = (Query::of(search.query), BinaryHeap::new());
        for from in (0..slab.blocks()).step_by(BLOCKS) {
            if from > 0 {
                tokio::task::yield_now().await;
            }
            slab.scan(from..slab.blocks().min(from + BLOCKS), &query, search, &mut ranked);
        }
        let (mut shortlist, mut best) = (Shortlist::new(slab, ranked, search), Best::new(search));
        loop {
            let rows = shortlist.next();
            if rows.is_empty() {
                break;
            }
            self.rescore(view.id(), slab, &rows, search, &mut best).await?;
            if best.worst().is_some_and(|worst| shortlist.is_enough(worst)) {
                break;
            }
        }
        Ok(best.into_hits())
    }

    /// Scores rows by their floats.
    async fn rescore(&self, of: Uuid, slab: &Slab, rows: &[usize], search: &Search<'_>, best: &mut Best) -> Result<()> {
        let places: HashMap<&str, usize> = rows.iter().map(|row| (&**slab.id(*row), *row)).collect();
        let ids: Vec<&str> = rows.iter().map(|row| &**slab.id(*row)).collect();
        for (item, bytes) in vectors::vectors_of(&self.db, of, search.space, &ids).await? {
            let Some(row) = places.get(item.as_str()) else { continue };
            let score = kernel::cosine(search.query, &vectors::floats(&bytes));
            best.offer(Hit { parent: slab.parent(*row), score, metadata: slab.pairs(*row), item });
        }
        Ok(())
    }

    /// The same without an index: every row from the database, a page in memory at a time.
    async fn on_disk(&self, of: Uuid, search: &Search<'_>) -> Result<Vec<Hit>> {
        let (mut best, mut last) = (Best::new(search), None::<StoredVector>);
        loop {
            let mut page = vectors::changed(&self.db, of, 0, last.as_ref(), PAGE).await?;
            let more = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
            last = if more { page.pop() } else { None };
            for row in page.into_iter().chain(last.clone()) {
                if vectors::checked(&row)? != *search.space || !search.lets_through(row.parent, &row.metadata) {
                    continue;
                }
                let score = kernel::cosine(search.query, &vectors::floats(&row.vector));
                best.offer(Hit { item: row.item, parent: row.parent, score, metadata: row.metadata });
            }
            if last.is_none() {
                return Ok(best.into_hits());
            }
        }
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
        if search.limit == 0 || search.within.is_some_and(std::collections::HashSet::is_empty) {
            return Ok(Vec::new());
        }
        match self.see(of).await? {
            Seen::Empty => Ok(Vec::new()),
            Seen::OnDisk(id) => self.on_disk(id, &search).await,
            Seen::Indexed(view) => match view.slab(search.space) {
                Some(slab) => self.in_memory(&view, slab, &search).await,
                None => Ok(Vec::new()),
            },
        }
    }

    async fn spaces(&self, of: &Shelf) -> Result<Vec<(Space, u64)>> {
        let mut spaces = match self.see(of).await? {
            Seen::Empty => Vec::new(),
            Seen::Indexed(view) => view.counts(),
            Seen::OnDisk(id) => vectors::counts(&self.db, id).await?,
        };
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
