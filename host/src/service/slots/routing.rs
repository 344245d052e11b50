//! Database → memory: at start, after a change of our own, and when another host has changed something.

use std::sync::atomic::Ordering;

use super::Slots;
use crate::error::Outcome;
use crate::model::slot::Slot;
use crate::store;

impl Slots {
    /// Loads every bound revision, in parallel, with a line of progress each. One that fails is an entry with its reason:
    /// the host always starts.
    ///
    /// # Errors
    /// The database is away.
    pub async fn load(&self) -> Outcome<()> {
        let _changing = self.changing.lock().await;
        let generation = store::settings::generation(&self.db).await?;
        let slots = store::slots::list(&self.db).await?;
        let mut pending: Vec<_> = slots.into_iter().filter(|slot| self.loader.generation(&slot.slot) != Some(slot.generation)).collect();
        // Compilation is what takes time at a first start; each runs in a child process of its own.
        let total = pending.len();
        let mut done = 0;
        while !pending.is_empty() {
            let batch: Vec<Slot> = pending.drain(..pending.len().min(4)).collect();
            let loaded = futures::future::join_all(batch.into_iter().map(|slot| self.route(slot))).await;
            for result in loaded {
                let slot = result?;
                done += 1;
                tracing::debug!(slot, done, total, "slot loaded");
            }
        }
        self.generation.store(generation, Ordering::Relaxed);
        Ok(())
    }

    /// Follows what other hosts and the command line change: cheap enough to ask every second.
    ///
    /// # Errors
    /// The database is away; the routing in memory stays as it is.
    pub async fn follow(&self) -> Outcome<()> {
        let generation = store::settings::generation(&self.db).await?;
        if generation == self.generation.load(Ordering::Relaxed) {
            return Ok(());
        }
        tracing::info!(generation, "the routing has moved; loading what changed");
        self.load().await
    }

    /// Puts one slot's row into memory.
    async fn route(&self, slot: Slot) -> Outcome<String> {
        let Some(revision) = self.live_of(&slot).await? else {
            self.loader.unbind(&slot.slot, slot.generation);
            return Ok(slot.slot);
        };
        let label = format!("{}@{}", revision.plugin, revision.version);
        let (policy, _) = self.plugins.policy(&revision.plugin).await?;
        let bytes = self.bytes(&revision).await?;
        match self.loader.load(bytes, &policy, &slot.config, &slot.secrets).await {
            Ok(loaded) => self.loader.bind(&slot.slot, slot.generation, loaded),
            Err(fault) => {
                tracing::error!(slot = slot.slot, revision = label, ?fault, "a bound plugin does not load; its slot does not serve");
                self.loader.failed(&slot.slot, slot.generation, &label, &format!("{fault:?}"));
            }
        }
        Ok(slot.slot)
    }
}
