//! What a host knows of a shelf: the writer's side, which follows the database, and the side that searches read.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Result;
use super::slab::{Slab, Writer};
use crate::model::vector::Space;
use crate::store::Db;
use crate::store::vectors::{self, ShelfState, StoredVector};

/// Rows of one page while an index is read.
pub(super) const PAGE: i64 = 500;
/// Rows that the database no longer has and that may stay, beside an eighth of the slab: searches pass over them, and taking
/// them out means reading every key of the shelf.
const STALE: usize = 64;

/// What searches read. It never changes: a newer one takes its place.
#[derive(Default)]
pub(super) struct View {
    id: Uuid,
    generation: i64,
    slabs: HashMap<Space, (Slab, usize)>,
}

impl View {
    /// Whether it knows everything the shelf had at that moment.
    pub(super) fn is_current(&self, state: ShelfState) -> bool {
        self.id == state.id && self.generation >= state.generation
    }

    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn slab(&self, space: &Space) -> Option<&Slab> {
        self.slabs.get(space).map(|(slab, _)| slab)
    }

    /// Vectors of each space.
    pub(super) fn counts(&self) -> Vec<(Space, u64)> {
        self.slabs.iter().map(|(space, (slab, stale))| (space.clone(), slab.len().saturating_sub(*stale) as u64)).collect()
    }
}

/// The one writer of a shelf's index.
#[derive(Default)]
pub(super) struct Follower {
    id: Uuid,
    generation: i64,
    /// Rows are being taken in: whoever finds this begins anew.
    midway: bool,
    writers: HashMap<Space, Writer>,
}

impl Follower {
    /// Whether it has to read the shelf from its beginning.
    pub(super) fn is_cold(&self, state: ShelfState) -> bool {
        self.midway || self.id != state.id
    }

    pub(super) fn bytes(&self) -> usize {
        self.writers.values().map(Writer::bytes).sum()
    }

    /// As searches read it.
    pub(super) fn view(&self) -> View {
        let slabs = self.writers.iter().map(|(space, writer)| (space.clone(), (writer.slab().clone(), writer.stale)));
        View { id: self.id, generation: self.generation, slabs: slabs.collect() }
    }

    /// Takes in what is newer than what it knows. `grown` hears of the bytes after each page and tells whether to go on;
    /// `false` is answered when it said no. When reading fails or is given up half-way it begins anew the next time: what
    /// was removed meanwhile could not be told from what was only taken in.
    pub(super) async fn follow(&mut self, db: &Db, state: ShelfState, mut grown: impl FnMut(usize) -> bool) -> Result<bool> {
        if self.is_cold(state) {
            *self = Self { id: state.id, ..Self::default() };
        }
        let known = self.generation;
        self.midway = true;
        let mut last: Option<StoredVector> = None;
        loop {
            let mut page = vectors::changed(db, state.id, known, last.as_ref(), PAGE).await?;
            let more = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
            for row in &mut page {
                let space = vectors::checked(row)?;
                let writer = self.writers.entry(space).or_insert_with_key(|space| Writer::new(space.dimension as usize));
                writer.put(&row.item, row.parent, &vectors::floats(&row.vector), std::mem::take(&mut row.metadata));
            }
            if !grown(self.bytes()) {
                return Ok(false);
            }
            last = page.pop();
            if !more {
                break;
            }
        }
        // while rows are stale one that comes back makes one less of them: counted anew
        if known > 0 && (state.removed > known || self.writers.values().any(|writer| writer.stale > 0)) {
            self.sweep(db, state.id).await?;
        }
        self.generation = state.generation;
        self.midway = false;
        Ok(true)
    }

    /// Finds out what was removed: by count, which is cheap, and by key where it is worth it.
    async fn sweep(&mut self, db: &Db, of: Uuid) -> Result<()> {
        let counts: HashMap<Space, usize> =
            vectors::counts(db, of).await?.into_iter().map(|(space, count)| (space, usize::try_from(count).unwrap_or_default())).collect();
        self.writers.retain(|space, _| counts.contains_key(space));
        let mut many = false;
        for (space, writer) in &mut self.writers {
            // more than it has was written after the state was read: the next look takes it in
            writer.stale = writer.slab().len().saturating_sub(counts.get(space).copied().unwrap_or_default());
            many |= writer.stale > STALE + writer.slab().len() / 8;
        }
        if !many {
            return Ok(());
        }
        let keys: HashSet<(String, String, i64)> =
            vectors::keys(db, of).await?.into_iter().map(|key| (key.item, key.model, key.dimension)).collect();
        for (space, writer) in &mut self.writers {
            writer.retain(|id| keys.contains(&(id.to_owned(), space.model.clone(), i64::from(space.dimension))));
            writer.stale = 0;
        }
        self.writers.retain(|_, writer| writer.slab().len() > 0);
        Ok(())
    }
}
