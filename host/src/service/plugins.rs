//! What is known here: components by plugin and version, what they ask for, who accepted it.
//!
//! Adding checks, compiles and stages; it binds nothing. A revision that asks for more than the harmless (`log`, `config`)
//! is *held* until an operator accepts it: the first one as a whole, a later one by its difference to the live revision,
//! named by a hash. Needs no wider than the live one's are approved with it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::audit::Actor;
use crate::clock::{Clock, IdSource};
use crate::error::{Fault, Outcome};
use crate::model::plugin::{Revision, RevisionState};
use crate::model::slot::{Mode, Slot};
use crate::plugin::loader::{Component, Loader, refuse};
use crate::store::{self, Db};

pub mod views;

/// A plugin with its revisions, newest first.
pub struct PluginView {
    /// Unique.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// In short.
    pub revisions: Vec<RevisionLine>,
}

/// A revision in a list.
pub struct RevisionLine {
    /// SemVer.
    pub version: String,
    /// SHA-256, hex.
    pub digest: String,
    /// As [`RevisionView::state`].
    pub state: String,
    /// Slots.
    pub bound_to: Vec<String>,
}

/// A revision, whole.
pub struct RevisionView {
    /// The row.
    pub revision: Revision,
    /// The row's state, or `held` or `blocked`.
    pub state: String,
    /// Slots.
    pub bound_to: Vec<String>,
    /// What it may do, in words.
    pub powers: Vec<String>,
    /// What must be accepted while it is held.
    pub difference: Option<Value>,
}

/// What a plugin asked for and what remains of it.
pub struct GrantView {
    /// Plugin's name.
    pub plugin: String,
    /// The operator's policy.
    pub policy: Value,
    /// 0: never narrowed.
    pub version: i64,
    /// Policy entries that no revision asks for.
    pub notes: Vec<String>,
    /// Effective grants.
    pub effective: Vec<Value>,
}

/// The service.
pub struct Plugins {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    loader: Arc<Loader>,
}

/// What decides a revision's shown state besides its row.
struct Surroundings {
    slots: Vec<Slot>,
    blocked: Vec<String>,
}

impl Surroundings {
    fn bound_to(&self, revision: &Revision) -> Vec<String> {
        self.slots
            .iter()
            .filter(|slot| slot.bindings.iter().any(|bound| bound.revision_id == revision.id))
            .map(|slot| slot.slot.clone())
            .collect()
    }

    fn state(&self, revision: &Revision) -> String {
        if self.blocked.contains(&revision.digest) {
            "blocked".into()
        } else if revision.approved_hash.as_deref() != Some(&revision.needs_hash) {
            "held".into()
        } else {
            revision.state.text().into()
        }
    }
}

impl Plugins {
    /// Over this database, checked and compiled by this loader.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, loader: Arc<Loader>) -> Self {
        Self { db, clock, ids, loader }
    }

    /// Where the rows are.
    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    /// What compiles and links.
    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    async fn surroundings(&self) -> Outcome<Surroundings> {
        let slots = store::slots::list(&self.db).await?;
        let blocked = store::plugins::blocked(&self.db).await?.into_iter().map(|row| row.digest).collect();
        Ok(Surroundings { slots, blocked })
    }

    /// Checks, compiles and stages a component.
    ///
    /// # Errors
    /// 422 `PLG_007` with one sentence a finding; 409 when that version is here with other bytes or the name belongs to
    /// another kind.
    pub async fn add(&self, actor: &Actor, bytes: Vec<u8>) -> Outcome<RevisionView> {
        let (component, revision) = self.stage(actor, bytes, false).await?;
        tracing::info!(plugin = component.name, version = component.version, digest = revision.digest, "plugin added");
        self.view(revision).await
    }

    /// As [`Plugins::add`], for what came with the host: bundled digests are always trusted and approved.
    pub(super) async fn add_bundled(&self, bytes: &[u8]) -> Outcome<Revision> {
        Ok(self.stage(&Actor::host(), bytes.to_vec(), true).await?.1)
    }

    async fn stage(&self, actor: &Actor, bytes: Vec<u8>, bundled: bool) -> Outcome<(Component, Revision)> {
        let bytes: Arc<[u8]> = bytes.into();
        let component = self.loader.check(&bytes)?;
        if let Some(row) = store::plugins::find_blocked(&self.db, &component.digest).await? {
            return Err(refuse(vec![format!("the digest {} was blocked: {}", component.digest, row.reason)]));
        }
        if let Some(known) = self.known(&component).await? {
            return Ok((component, known));
        }
        let policy = self.policy(&component.name).await?.0;
        let verdict = self.loader.try_out(Arc::clone(&bytes), &policy).await?;
        let approved = if bundled || component.harmless { true } else { self.not_wider(&component).await? };
        let now = self.clock.now();
        let revision = Revision {
            id: self.ids.id(),
            plugin: component.name.clone(),
            version: component.version.clone(),
            digest: component.digest.clone(),
            kind: component.kind.clone(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            manifest: component.manifest.clone(),
            imports: component.imports.clone(),
            needs: component.needs.clone(),
            needs_hash: component.needs_hash.clone(),
            verdicts: vec![verdict],
            state: RevisionState::Checked,
            approved_hash: approved.then(|| component.needs_hash.clone()),
            approved_by: approved.then(|| actor.name.clone()),
            approved_at: approved.then_some(now),
            bundled,
            created_at: now,
            created_by: actor.name.clone(),
        };
        let mut tx = self.db.begin().await?;
        let inserted = store::plugins::insert(&mut tx, &revision, &component.summary, &bytes).await;
        match inserted {
            Err(store::Error::Conflict { constraint }) => {
                drop(tx);
                if let Some(known) = self.known(&component).await? {
                    return Ok((component, known));
                }
                return Err(conflict(&component, &constraint));
            }
            other => other?,
        }
        let detail = json!({"digest": revision.digest, "kind": revision.kind, "needs": revision.needs, "held": !approved});
        store::audit::append(&mut tx, &actor.event(now, "plugin.add", format!("{}@{}", revision.plugin, revision.version), detail)).await?;
        tx.commit().await?;
        Ok((component, revision))
    }

    /// The same bytes under the same name and version: adding again changes nothing.
    async fn known(&self, component: &Component) -> Outcome<Option<Revision>> {
        let known = store::plugins::find(&self.db, &component.name, &component.version).await?;
        match known {
            Some(known) if known.digest == component.digest => Ok(Some(known)),
            Some(_) if !component.version.ends_with("-dev") => Err(conflict(component, "revisions_plugin_version_key")),
            _ => Ok(None),
        }
    }

    /// The operator's policy for a plugin, and its version.
    pub(super) async fn policy(&self, plugin: &str) -> Outcome<(Value, i64)> {
        Ok(store::plugins::grant(&self.db, plugin).await?.map_or_else(|| (json!({}), 0), |grant| (grant.policy, grant.version)))
    }

    /// The live revision of the same plugin, by whose needs a new one is measured.
    async fn live(&self, plugin: &str) -> Outcome<Option<Component>> {
        let revisions = store::plugins::revisions(&self.db, Some(plugin)).await?;
        for slot in store::slots::list(&self.db).await? {
            for bound in slot.bindings.iter().filter(|bound| bound.mode == Mode::Live) {
                if let Some(revision) = revisions.iter().find(|revision| revision.id == bound.revision_id) {
                    return Ok(Some(self.component(&revision.digest).await?));
                }
            }
        }
        Ok(None)
    }

    async fn component(&self, digest: &str) -> Outcome<Component> {
        let bytes = store::plugins::bytes(&self.db, digest).await?.ok_or_else(|| Fault::internal("a revision without its bytes"))?;
        self.loader.check(&bytes)
    }

    async fn not_wider(&self, component: &Component) -> Outcome<bool> {
        let Some(live) = self.live(&component.name).await? else { return Ok(false) };
        Ok(!component.difference(Some(&live)).widens)
    }

    /// Every plugin by name.
    ///
    /// # Errors
    /// The database is away.
    pub async fn list(&self) -> Outcome<Vec<PluginView>> {
        let around = self.surroundings().await?;
        let mut views: Vec<PluginView> = store::plugins::list(&self.db)
            .await?
            .into_iter()
            .map(|plugin| PluginView { name: plugin.name, kind: plugin.kind, summary: plugin.summary, revisions: Vec::new() })
            .collect();
        for revision in store::plugins::revisions(&self.db, None).await? {
            let line = RevisionLine {
                state: around.state(&revision),
                bound_to: around.bound_to(&revision),
                version: revision.version,
                digest: revision.digest,
            };
            if let Some(view) = views.iter_mut().find(|view| view.name == revision.plugin) {
                view.revisions.push(line);
            }
        }
        Ok(views)
    }

    /// One plugin.
    ///
    /// # Errors
    /// 404.
    pub async fn get(&self, name: &str) -> Outcome<PluginView> {
        self.list().await?.into_iter().find(|plugin| plugin.name == name).ok_or_else(Fault::not_found)
    }

    /// One revision.
    ///
    /// # Errors
    /// 404.
    pub async fn revision(&self, name: &str, version: &str) -> Outcome<RevisionView> {
        let revision = store::plugins::find(&self.db, name, version).await?.ok_or_else(Fault::not_found)?;
        self.view(revision).await
    }

    async fn view(&self, revision: Revision) -> Outcome<RevisionView> {
        let around = self.surroundings().await?;
        let component = self.component(&revision.digest).await?;
        let (state, bound_to) = (around.state(&revision), around.bound_to(&revision));
        let difference = if state == "held" {
            let live = self.live(&revision.plugin).await?;
            Some(component.difference(live.as_ref()).to_json())
        } else {
            None
        };
        Ok(RevisionView { powers: component.powers.clone(), revision, state, bound_to, difference })
    }

    /// Accepts what a held revision asks for.
    ///
    /// # Errors
    /// 404; 409 when the accepted hash is not that of the difference as it is now; 422 when an acknowledgement is needed
    /// and no hash was given.
    pub async fn approve(&self, actor: &Actor, name: &str, version: &str, accepted: Option<&str>) -> Outcome<RevisionView> {
        let view = self.revision(name, version).await?;
        if view.state == "blocked" {
            return Err(Fault::conflict("the digest is blocked for good").hint("publish a new version"));
        }
        let Some(difference) = &view.difference else { return Ok(view) };
        let hash = difference["hash"].as_str().unwrap_or_default();
        match accepted {
            Some(accepted) if accepted != hash => {
                return Err(Fault::conflict("the difference is not the one you accept")
                    .detail(format!("it is now {hash}"))
                    .hint(format!("read it with `mnemosyne plugin show {name}@{version}` and accept that hash")));
            }
            None if difference.get("acknowledgement").is_some_and(|reason| !reason.is_null()) => {
                return Err(Fault::field(
                    "/accept_difference",
                    format!(
                        "is needed: {}; accept exactly this difference with its hash {hash}",
                        difference["acknowledgement"].as_str().unwrap_or_default()
                    ),
                ));
            }
            _ => {}
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        store::plugins::approve(&mut tx, view.revision.id, &view.revision.needs_hash, &actor.name, now).await?;
        store::audit::append(&mut tx, &actor.event(now, "plugin.approve", format!("{name}@{version}"), difference.clone())).await?;
        tx.commit().await?;
        self.revision(name, version).await
    }

    /// What a plugin may do.
    ///
    /// # Errors
    /// 404.
    pub async fn grant(&self, name: &str) -> Outcome<GrantView> {
        let revisions = store::plugins::revisions(&self.db, Some(name)).await?;
        if revisions.is_empty() {
            return Err(Fault::not_found());
        }
        let (policy, version) = self.policy(name).await?;
        let (mut effective, mut idle): (Vec<Value>, Option<Vec<String>>) = (Vec::new(), None);
        for revision in &revisions {
            let component = self.component(&revision.digest).await?;
            let (grant, notes) = component.narrowed(&policy)?;
            effective.push(json!({"version": revision.version, "grant_hash": grant.hash(), "grant": serde_json::to_value(&grant).map_err(Fault::internal)?}));
            idle = Some(match idle {
                None => notes,
                Some(before) => before.into_iter().filter(|note| notes.contains(note)).collect(),
            });
        }
        Ok(GrantView { plugin: name.to_owned(), policy, version, notes: idle.unwrap_or_default(), effective })
    }

    /// Removes a revision that is not bound.
    ///
    /// # Errors
    /// 404; 409 while it is bound.
    pub async fn remove(&self, actor: &Actor, name: &str, version: &str) -> Outcome<()> {
        let view = self.revision(name, version).await?;
        let bound = |slots: &str| {
            Fault::conflict(format!("{name}@{version} is bound to {slots}"))
                .hint("bind another revision there first: `mnemosyne slot bind`")
        };
        if !view.bound_to.is_empty() {
            return Err(bound(&view.bound_to.join(", ")));
        }
        let mut tx = self.db.begin().await?;
        match store::plugins::delete(&mut tx, view.revision.id).await {
            Err(store::Error::Conflict { .. }) => return Err(bound("a slot")),
            other => other?,
        }
        store::audit::append(
            &mut tx,
            &actor.event(self.clock.now(), "plugin.remove", format!("{name}@{version}"), json!({"digest": view.revision.digest})),
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

fn conflict(component: &Component, constraint: &str) -> Fault {
    if constraint == "plugins_kind" {
        return Fault::conflict(format!("a plugin `{}` of another kind is here", component.name))
            .hint("choose another name in plugin.toml");
    }
    Fault::conflict(format!("{}@{} is here with another digest", component.name, component.version))
        .detail(format!("this one is {}", component.digest))
        .hint("raise the version in plugin.toml; only versions that end in `-dev` may come again with other bytes")
}
