//! What is bound where, and the hot swap.
//!
//! The database is the truth: a change is one transaction (slot by compare-and-set on its generation, history, revision
//! states, audit, the routing generation), and only then the in-memory routing moves. Everything that can fail — check,
//! grant, compile, link, settings — happens before the transaction, so a component that fails leaves the running one
//! untouched. Other hosts follow by [`Slots::follow`] within a second.
//!
//! `names.rs` which slots exist · `change.rs` bind, roll back, configure, narrow, block · `routing.rs` database → memory.

mod change;
mod names;
mod routing;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::clock::{Clock, Millis};
use crate::error::{Fault, Outcome};
use crate::model::plugin::Revision;
use crate::model::slot::{Binding, Mode, Slot};
use crate::plugin::loader::Loader;
use crate::store::{self, Db};

use super::plugins::Plugins;
pub use names::kind_of;

/// A revision bound to a slot, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256, hex.
    pub digest: String,
    /// `live`.
    pub mode: String,
    /// For a canary.
    pub percent: Option<i64>,
}

/// A slot as operators see it.
#[derive(Clone, Debug)]
pub struct SlotView {
    /// Its name.
    pub slot: String,
    /// Its kind.
    pub kind: String,
    /// What is bound.
    pub bindings: Vec<Bound>,
    /// 0: never bound.
    pub generation: i64,
    /// `serving`, `unbound`, `suspended`, `failed`.
    pub health: &'static str,
    /// Why it does not serve.
    pub problem: Option<String>,
}

/// One change of a slot.
pub struct HistoryView {
    /// The generation it made.
    pub generation: i64,
    /// What was done.
    pub action: String,
    /// Live after it.
    pub live: Option<Bound>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub created_at: Millis,
}

/// A slot's settings.
pub struct ConfigView {
    /// Of the slot.
    pub generation: i64,
    /// Set values.
    pub values: Value,
    /// Names of secrets.
    pub secrets: Vec<String>,
    /// What the bound revision declares.
    pub schema: Value,
}

/// The service.
pub struct Slots {
    db: Db,
    clock: Arc<dyn Clock>,
    loader: Arc<Loader>,
    plugins: Arc<Plugins>,
    /// The routing generation that memory shows.
    generation: AtomicI64,
    /// One change of memory at a time; never held while a guest serves a request.
    changing: Mutex<()>,
}

impl Slots {
    /// Over this database; nothing is loaded yet.
    pub fn new(db: Db, clock: Arc<dyn Clock>, loader: Arc<Loader>, plugins: Arc<Plugins>) -> Self {
        Self { db, clock, loader, plugins, generation: AtomicI64::new(0), changing: Mutex::new(()) }
    }

    /// The routing generation that this host serves.
    pub fn generation(&self) -> u64 {
        u64::try_from(self.generation.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// One line a slot for the first screen.
    pub fn summary(&self) -> Vec<String> {
        self.loader.served().into_iter().map(|(slot, revision)| format!("{slot} → {revision}")).collect()
    }

    async fn named(&self, bindings: &[Binding]) -> Outcome<Vec<(Bound, Revision)>> {
        let mut named = Vec::with_capacity(bindings.len());
        for binding in bindings {
            // Bindings are few and revisions are never gone while bound; history may name removed ones.
            if let Some(revision) = store::plugins::revision(&self.db, binding.revision_id).await? {
                let bound = Bound {
                    plugin: revision.plugin.clone(),
                    version: revision.version.clone(),
                    digest: revision.digest.clone(),
                    mode: binding.mode.text().into(),
                    percent: binding.percent,
                };
                named.push((bound, revision));
            }
        }
        Ok(named)
    }

    async fn view(&self, slot: Slot) -> Outcome<SlotView> {
        let bindings = self.named(&slot.bindings).await?.into_iter().map(|(bound, _)| bound).collect::<Vec<_>>();
        let (health, problem) = if bindings.is_empty() { ("unbound", None) } else { self.loader.health(&slot.slot) };
        Ok(SlotView { slot: slot.slot, kind: slot.kind, bindings, generation: slot.generation, health, problem })
    }

    /// The row of a slot; one that was never bound is empty.
    async fn row(&self, slot: &str) -> Outcome<Slot> {
        let kind = kind_of(slot).ok_or_else(|| names::unknown(slot))?;
        let found = store::slots::find(&self.db, slot).await?;
        Ok(found.unwrap_or_else(|| Slot {
            slot: slot.to_owned(),
            kind: kind.into(),
            generation: 0,
            bindings: Vec::new(),
            config: json!({}),
            secrets: Vec::new(),
            updated_at: 0,
        }))
    }

    /// Every slot that was ever bound, and the single slots of known kinds.
    ///
    /// # Errors
    /// The database is away.
    pub async fn list(&self) -> Outcome<Vec<SlotView>> {
        let mut rows = store::slots::list(&self.db).await?;
        for single in names::SINGLE {
            if !rows.iter().any(|row| row.slot == *single) {
                rows.push(self.row(single).await?);
            }
        }
        rows.sort_by(|a, b| a.slot.cmp(&b.slot));
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(self.view(row).await?);
        }
        Ok(views)
    }

    /// One slot.
    ///
    /// # Errors
    /// 404 for a slot of no known kind.
    pub async fn get(&self, slot: &str) -> Outcome<SlotView> {
        self.view(self.row(slot).await?).await
    }

    /// The last hundred changes, newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn history(&self, slot: &str) -> Outcome<Vec<HistoryView>> {
        let mut views = Vec::new();
        let mut names: Vec<(Uuid, Bound)> = Vec::new();
        for row in store::slots::history(&self.db, slot, None, 100).await? {
            let live = row.bindings.iter().find(|bound| bound.mode == Mode::Live);
            let mut bound = None;
            if let Some(binding) = live {
                bound = names.iter().find(|(id, _)| *id == binding.revision_id).map(|(_, bound)| bound.clone());
                if bound.is_none() {
                    bound = self.named(std::slice::from_ref(binding)).await?.pop().map(|(bound, _)| bound);
                    names.extend(bound.clone().map(|bound| (binding.revision_id, bound)));
                }
            }
            views.push(HistoryView {
                generation: row.generation,
                action: row.action,
                live: bound,
                actor: row.actor,
                created_at: row.created_at,
            });
        }
        Ok(views)
    }

    /// A slot's settings.
    ///
    /// # Errors
    /// 404 for a slot of no known kind.
    pub async fn config(&self, slot: &str) -> Outcome<ConfigView> {
        let row = self.row(slot).await?;
        let schema = match self.live_of(&row).await? {
            Some(revision) => revision.manifest["config"].clone(),
            None => json!({}),
        };
        Ok(ConfigView { generation: row.generation, values: row.config, secrets: row.secrets, schema })
    }

    async fn live_of(&self, slot: &Slot) -> Outcome<Option<Revision>> {
        let live: Vec<Binding> = slot.bindings.iter().filter(|bound| bound.mode == Mode::Live).cloned().collect();
        Ok(self.named(&live).await?.pop().map(|(_, revision)| revision))
    }

    async fn bytes(&self, revision: &Revision) -> Outcome<Arc<[u8]>> {
        let bytes = store::plugins::bytes(&self.db, &revision.digest).await?;
        Ok(bytes.ok_or_else(|| Fault::internal("a revision without its bytes"))?.into())
    }
}
