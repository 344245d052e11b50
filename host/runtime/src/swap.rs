//! Which revision serves which slot, as one immutable picture, and how one picture becomes the next.
//!
//! A request takes the picture once and keeps it, so everything it does runs on the revisions it began with. A swap makes
//! a new picture; the old one goes with its last request.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Refused;
use crate::record::RevisionId;
use crate::revision::Revision;

/// How a bound revision takes part. Only `Live` is served so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers.
    Live,
    /// Answers this share of users, in percent.
    Canary(u8),
    /// Answers nobody; runs beside the live one.
    Shadow,
}

/// One revision in one slot.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The slot, for example `xp-rules`.
    pub slot: Arc<str>,
    /// What is bound, with its configuration.
    pub revision: Arc<Revision>,
    /// Grows with each change of the slot; from the database.
    pub generation: u64,
    /// How it takes part.
    pub mode: Mode,
}

/// Why a slot has nothing to serve.
#[derive(Clone, Debug)]
pub struct LoadFailure {
    /// The generation that could not be loaded.
    pub generation: u64,
    /// Why.
    pub refused: Refused,
}

/// One slot.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// What serves; `None`: nothing has been loaded.
    pub live: Option<Arc<Binding>>,
    /// What served before, kept compiled for a rollback.
    pub previous: Option<Arc<Binding>>,
    /// The last binding that could not be loaded, if it is newer than what serves.
    pub failure: Option<LoadFailure>,
}

impl Slot {
    /// The newest generation this slot has heard of.
    pub fn generation(&self) -> u64 {
        let served = self.live.as_ref().map_or(0, |binding| binding.generation);
        self.failure.as_ref().map_or(served, |failure| failure.generation.max(served))
    }
}

/// Why a change of a slot was not made. The running revision is untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// A newer or the same generation is already there.
    #[error("generation {offered} is not newer than {served}")]
    Stale {
        /// What was offered.
        offered: u64,
        /// What is there.
        served: u64,
    },
    /// No earlier revision is kept.
    #[error("there is no earlier revision to go back to")]
    NothingBefore,
}

/// The picture: every slot.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    slots: HashMap<Arc<str>, Slot>,
}

impl Routing {
    /// What serves a slot.
    pub fn live(&self, slot: &str) -> Option<&Arc<Binding>> {
        self.slots.get(slot)?.live.as_ref()
    }

    /// A slot with its previous binding and its failure.
    pub fn slot(&self, slot: &str) -> Option<&Slot> {
        self.slots.get(slot)
    }

    /// Every slot by name, in no order.
    pub fn slots(&self) -> impl Iterator<Item = (&Arc<str>, &Slot)> {
        self.slots.iter()
    }

    /// Revisions of a slot that are compiled: what serves, then what served before.
    pub fn compiled_revisions(&self, slot: &str) -> Vec<Arc<RevisionId>> {
        let Some(slot) = self.slots.get(slot) else { return Vec::new() };
        [&slot.live, &slot.previous].into_iter().flatten().map(|binding| binding.revision.id().clone()).collect()
    }

    /// The picture with `revision` serving `slot`. What served before is kept, unless it is the same component with the
    /// same grant: then only the configuration moved, and the older one stays the way back.
    pub(crate) fn bound(&self, slot: &str, revision: Arc<Revision>, generation: u64) -> Result<Self, SwapError> {
        let mut next = self.newer(slot, generation)?;
        let (name, mut entry) = next.take(slot);
        if let Some(live) = entry.live.take()
            && live.revision.id() != revision.id()
        {
            entry.previous = Some(live);
        }
        entry.failure = None;
        entry.live = Some(Arc::new(Binding { slot: name.clone(), revision, generation, mode: Mode::Live }));
        next.slots.insert(name, entry);
        Ok(next)
    }

    /// The picture with the previous revision serving again; what served becomes the previous one.
    pub(crate) fn rolled_back(&self, slot: &str, generation: u64) -> Result<Self, SwapError> {
        let mut next = self.newer(slot, generation)?;
        let (name, mut entry) = next.take(slot);
        let back = entry.previous.take().ok_or(SwapError::NothingBefore)?;
        entry.previous = entry.live.take();
        entry.failure = None;
        entry.live = Some(Arc::new(Binding { generation, ..(*back).clone() }));
        next.slots.insert(name, entry);
        Ok(next)
    }

    /// The picture with a note that a binding could not be loaded. What serves goes on serving.
    pub(crate) fn failed(&self, slot: &str, generation: u64, refused: Refused) -> Result<Self, SwapError> {
        let mut next = self.newer(slot, generation)?;
        let (name, mut entry) = next.take(slot);
        entry.failure = Some(LoadFailure { generation, refused });
        next.slots.insert(name, entry);
        Ok(next)
    }

    /// The picture without the slot.
    pub(crate) fn without(&self, slot: &str) -> Self {
        let mut next = self.clone();
        next.slots.remove(slot);
        next
    }

    fn newer(&self, slot: &str, offered: u64) -> Result<Self, SwapError> {
        let served = self.slots.get(slot).map_or(0, Slot::generation);
        if offered > served { Ok(self.clone()) } else { Err(SwapError::Stale { offered, served }) }
    }

    fn take(&mut self, slot: &str) -> (Arc<str>, Slot) {
        self.slots.remove_entry(slot).unwrap_or_else(|| (slot.into(), Slot::default()))
    }
}
