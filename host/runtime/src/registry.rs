//! The registry in memory: the current [`Routing`], read without a lock and replaced as a whole. The database is the
//! truth; this is what one process serves of it.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::error::Refused;
use crate::record::RevisionId;
use crate::revision::Revision;
use crate::swap::{Binding, Routing, SwapError};

/// Slots and what serves them.
#[derive(Debug, Default)]
pub struct Registry {
    routing: ArcSwap<Routing>,
    /// Swaps one after another. Readers never wait for it.
    swapping: Mutex<()>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The picture as it is now. A request calls this once and keeps what it got.
    pub fn load(&self) -> Arc<Routing> {
        self.routing.load_full()
    }

    /// Lets `revision` serve `slot` from the next [`Self::load`] on. The revision it replaces stays compiled.
    ///
    /// # Errors
    /// [`SwapError::Stale`] when `generation` is not newer than what the slot has: a late wake-up changes nothing.
    pub fn bind(&self, slot: &str, revision: Arc<Revision>, generation: u64) -> Result<Arc<Binding>, SwapError> {
        self.swap(slot, |routing| routing.bound(slot, revision, generation))
    }

    /// Lets the previous revision serve again: no compilation, one pointer.
    ///
    /// # Errors
    /// [`SwapError::Stale`], [`SwapError::NothingBefore`].
    pub fn rollback(&self, slot: &str, generation: u64) -> Result<Arc<Binding>, SwapError> {
        self.swap(slot, |routing| routing.rolled_back(slot, generation))
    }

    /// Notes that a binding could not be loaded. What serves the slot goes on.
    ///
    /// # Errors
    /// [`SwapError::Stale`].
    pub fn fail(&self, slot: &str, generation: u64, refused: Refused) -> Result<(), SwapError> {
        let _one = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        self.routing.store(Arc::new(self.routing.load().failed(slot, generation, refused)?));
        Ok(())
    }

    /// Takes a slot away. Calls in flight end on what they began with.
    pub fn unbind(&self, slot: &str) {
        let _one = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        self.routing.store(Arc::new(self.routing.load().without(slot)));
    }

    /// Revisions of a slot that are compiled: what serves, then what served before.
    pub fn compiled_revisions(&self, slot: &str) -> Vec<Arc<RevisionId>> {
        self.routing.load().compiled_revisions(slot)
    }

    fn swap(&self, slot: &str, change: impl FnOnce(&Routing) -> Result<Routing, SwapError>) -> Result<Arc<Binding>, SwapError> {
        let _one = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(change(&self.routing.load())?);
        let live = next.live(slot).cloned().ok_or(SwapError::NothingBefore)?;
        self.routing.store(next);
        Ok(live)
    }
}

#[cfg(test)]
mod tests;
