//! The plugins that came with this binary: added, trusted, and bound where nothing else is.
//!
//! A new bundled revision never replaces an operator's binding; a slot that still serves an older bundled revision of the
//! same plugin moves to the new one, audited as `upgrade`.

use async_trait::async_trait;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::error::Outcome;
use crate::model::slot::Mode;
use crate::plugin::loader::Loaded;
use crate::plugin::persona::Spare;
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

/// The last resort of a slot whose revisions fail: what came with this binary, under the operator's policy of today.
#[async_trait]
impl Spare for Plugins {
    async fn bundled(&self, slot: &str) -> Option<Loaded> {
        let (name, _, bytes) = BUNDLED.iter().find(|(_, of, _)| *of == Some(slot))?;
        let digest = hex::encode(Sha256::digest(bytes));
        let allowed = store::plugins::find_blocked(self.db(), &digest).await.is_ok_and(|row| row.is_none());
        let (policy, _) = self.policy(name).await.ok()?;
        if !allowed {
            return None;
        }
        let loaded = self.loader().load(bytes.to_vec().into(), &policy, &json!({}), &[]).await;
        loaded.inspect_err(|fault| tracing::error!(slot, plugin = name, ?fault, "the bundled revision does not load")).ok()
    }
}

impl Plugins {
    async fn is_bundled(&self, plugin: &str, version: &str) -> Outcome<bool> {
        Ok(store::plugins::find(self.db(), plugin, version).await?.is_some_and(|revision| revision.bundled))
    }
}
