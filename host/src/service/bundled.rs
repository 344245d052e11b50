//! The plugins that came with this binary: added, trusted, and bound where nothing else is.
//!
//! A new bundled revision never replaces an operator's binding; a slot that still serves an older bundled revision of the
//! same plugin moves to the new one, audited as `upgrade`.

use crate::error::Outcome;
use crate::model::slot::Mode;
use crate::store;

use super::audit::Actor;
use super::plugins::Plugins;
use super::slots::Slots;

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// Adds what is new and binds it to unbound slots.
///
/// # Errors
/// The database is away. A bundled plugin that does not load is logged and left out: the host always starts.
pub async fn install(plugins: &Plugins, slots: &Slots) -> Outcome<()> {
    let host = Actor::host();
    for (name, slot, bytes) in BUNDLED {
        let revision = match plugins.add_bundled(bytes).await {
            Ok(revision) => revision,
            Err(fault) => {
                tracing::error!(plugin = name, ?fault, "a bundled plugin is left out");
                continue;
            }
        };
        let Some(slot) = slot else { continue };
        let bound = slots.get(slot).await?;
        let live = bound.bindings.iter().find(|binding| binding.mode == Mode::Live.text());
        let wanted = match live {
            None => bound.generation == 0,
            Some(live) => live.plugin == *name && live.digest != revision.digest && plugins.is_bundled(&live.plugin, &live.version).await?,
        };
        if wanted && let Err(fault) = slots.bind(&host, slot, name, &revision.version, Some(bound.generation), false).await {
            tracing::error!(plugin = name, slot, ?fault, "a bundled plugin was not bound");
        }
    }
    Ok(())
}

impl Plugins {
    async fn is_bundled(&self, plugin: &str, version: &str) -> Outcome<bool> {
        Ok(store::plugins::find(self.db(), plugin, version).await?.is_some_and(|revision| revision.bundled))
    }
}
