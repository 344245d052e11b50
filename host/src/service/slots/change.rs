//! The changes: bind, roll back, configure, narrow, block. Each checks and compiles first, commits once, moves memory last.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{ConfigView, SlotView, Slots};
use crate::error::{Code, Fault, FieldError, Outcome};
use crate::model::plugin::{BlockedDigest, Revision, RevisionState};
use crate::model::slot::{Binding, Mode, Slot};
use crate::plugin::loader::{Loaded, refuse};
use crate::service::audit::Actor;
use crate::service::plugins::GrantView;
use crate::store::{self, Tx, slots::SlotChange};

/// What a slot is to become, checked and compiled.
struct Plan {
    slot: Slot,
    revision: Option<Revision>,
    loaded: Option<Loaded>,
    config: Value,
    secrets: Vec<String>,
    action: &'static str,
}

impl Slots {
    /// Binds a revision. New calls take it as soon as this returns; calls in flight end on the old one.
    ///
    /// # Errors
    /// 404 slot; 422 unknown or unfitting revision, settings that it does not take, or a component that is refused; 412 when
    /// `expected` is not the generation; 409 while it is held, or when it cannot read the data that is stored.
    pub async fn bind(
        &self,
        actor: &Actor,
        slot: &str,
        plugin: &str,
        version: &str,
        expected: Option<i64>,
        force: bool,
    ) -> Outcome<SlotView> {
        let slot = self.row(slot).await?;
        let revision = self.wanted(&slot, plugin, version).await?;
        check_generation(&slot, expected)?;
        self.may_serve(&slot, &revision).await?;
        let (config, secrets) = self.settings_for(&slot, &revision).await?;
        let action = if force { "bind --force" } else { "bind" };
        let plan = self.plan(slot, revision, config, secrets, action).await?;
        self.commit(actor, plan).await
    }

    /// Back to the revision that was live before the present one, with the settings it had.
    ///
    /// # Errors
    /// 409 when there is none that may serve.
    pub async fn rollback(&self, actor: &Actor, slot: &str, expected: Option<i64>) -> Outcome<SlotView> {
        let slot = self.row(slot).await?;
        check_generation(&slot, expected)?;
        let plan = self.previous(slot, "rollback").await?.ok_or_else(|| {
            Fault::conflict("there is no earlier revision to go back to")
                .hint("`mnemosyne slot history` shows what was bound; `mnemosyne slot bind` binds any revision")
        })?;
        self.commit(actor, plan).await
    }

    /// Sets values and names of secrets; the bound revision's manifest decides what is right.
    ///
    /// # Errors
    /// 409 when nothing is bound; 422 with a pointer for each wrong value; 412.
    pub async fn set_config(
        &self,
        actor: &Actor,
        slot: &str,
        values: Value,
        secrets: Vec<String>,
        expected: Option<i64>,
    ) -> Outcome<ConfigView> {
        let row = self.row(slot).await?;
        let Some(revision) = self.live_of(&row).await? else {
            return Err(
                Fault::conflict("nothing is bound to this slot").hint("settings belong to what is bound: `mnemosyne slot bind` first")
            );
        };
        let known: Vec<String> = store::keys::secret_names(&self.db).await?.into_iter().map(|(name, _)| name).collect();
        let unknown: Vec<FieldError> = secrets
            .iter()
            .enumerate()
            // one that was removed since must not make every other change impossible
            .filter(|(_, name)| !known.contains(name) && !row.secrets.contains(name))
            .map(|(at, name)| {
                FieldError::new(
                    format!("/secrets/{at}"),
                    format!("there is no secret `{name}`; set it with `mnemosyne secret set {name} --stdin`"),
                )
            })
            .collect();
        if !unknown.is_empty() {
            return Err(Fault::invalid(unknown));
        }
        check_generation(&row, expected)?;
        let plan = self.plan(row, revision, values, secrets, "config").await?;
        self.commit(actor, plan).await?;
        self.config(slot).await
    }

    /// Narrows what a plugin may do and links what is bound anew.
    ///
    /// # Errors
    /// 404; 422 for a policy that cannot be read; 412; 422 `PLG_007` when a bound revision imports what it may no longer have.
    pub async fn narrow(&self, actor: &Actor, plugin: &str, policy: Value, expected: Option<i64>) -> Outcome<GrantView> {
        let _changing = self.changing.lock().await;
        let before = self.plugins.grant(plugin).await?;
        self.loader.check_policy(&policy)?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(Fault::new(Code::VersionMismatch));
        }
        let mut moved = Vec::new();
        for slot in store::slots::list(&self.db).await? {
            if let Some(revision) = self.live_of(&slot).await?.filter(|revision| revision.plugin == plugin) {
                let loaded = self.loader.load(self.bytes(&revision).await?, &policy, &slot.config, &slot.secrets).await?;
                moved.push((slot, loaded));
            }
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        store::plugins::set_grant(&mut tx, plugin, &policy, Some(before.version), &actor.name, now).await?;
        store::audit::append(&mut tx, &actor.event(now, "plugin.grant", plugin, json!({"from": before.policy, "to": policy}))).await?;
        let mut routed = Vec::new();
        for (slot, loaded) in moved {
            let change = SlotChange {
                slot: &slot.slot,
                kind: &slot.kind,
                expected: slot.generation,
                bindings: &slot.bindings,
                config: &slot.config,
                secrets: &slot.secrets,
                action: "grant",
                actor: &actor.name,
                now,
            };
            let (generation, routing) = store::slots::change(&mut tx, &change).await?;
            routed.push((slot.slot, generation, routing, loaded));
        }
        tx.commit().await?;
        for (slot, generation, routing, loaded) in routed {
            self.loader.bind(&slot, generation, loaded);
            self.generation.fetch_max(routing, Ordering::Relaxed);
        }
        self.plugins.grant(plugin).await
    }

    /// Refuses bytes for good and takes them out of every slot; tells which slots changed.
    ///
    /// # Errors
    /// 422 when no revision of this plugin has that digest.
    pub async fn block(&self, actor: &Actor, plugin: &str, digest: &str, reason: &str) -> Outcome<Vec<String>> {
        let revisions = store::plugins::revisions(&self.db, Some(plugin)).await?;
        if !revisions.iter().any(|revision| revision.digest == digest) {
            return Err(Fault::field("/digest", format!("no revision of `{plugin}` has this digest; `mnemosyne plugin list` shows them")));
        }
        let now = self.clock.now();
        let row = BlockedDigest {
            digest: digest.to_owned(),
            plugin: plugin.to_owned(),
            reason: reason.to_owned(),
            blocked_at: now,
            blocked_by: actor.name.clone(),
        };
        let mut tx = self.db.begin().await?;
        store::plugins::block(&mut tx, &row).await?;
        store::audit::append(&mut tx, &actor.event(now, "plugin.block", plugin, json!({"digest": digest, "reason": reason}))).await?;
        tx.commit().await?;
        let mut changed = Vec::new();
        for slot in store::slots::with_digest(&self.db, digest).await? {
            let name = slot.slot.clone();
            let plan = match self.previous(slot.clone(), "block").await? {
                Some(plan) => plan,
                None => Plan { config: json!({}), secrets: Vec::new(), slot, revision: None, loaded: None, action: "block" },
            };
            self.commit(actor, plan).await?;
            changed.push(name);
        }
        Ok(changed)
    }

    /// What an operator has to know once a block has emptied slots: that nobody is left who could log in.
    ///
    /// # Errors
    /// The database is away.
    pub async fn warnings(&self) -> Outcome<Vec<String>> {
        let slots = self.list().await?;
        if slots.iter().any(|slot| slot.kind == "auth-provider" && !slot.bindings.is_empty()) {
            return Ok(Vec::new());
        }
        let sentence = "no auth provider is bound any more: nobody can log in until one is (`mnemosyne slot bind auth-provider/<id> \
            <plugin>@<version>`); sessions and API keys live on";
        Ok(vec![sentence.to_owned()])
    }

    /// The revision a request names, if it fits the slot.
    async fn wanted(&self, slot: &Slot, plugin: &str, version: &str) -> Outcome<Revision> {
        let Some(revision) = store::plugins::find(&self.db, plugin, version).await? else {
            let known = store::plugins::revisions(&self.db, Some(plugin)).await?;
            return Err(if known.is_empty() {
                Fault::field(
                    "/plugin",
                    format!("`{plugin}` is not known here; `mnemosyne plugin list` shows what is, `mnemosyne plugin add` adds"),
                )
            } else {
                let versions: Vec<String> = known.into_iter().map(|revision| revision.version).collect();
                Fault::field("/version", format!("`{plugin}` has no version `{version}`; it has {}", versions.join(", ")))
            });
        };
        if revision.kind != slot.kind {
            return Err(Fault::field(
                "/plugin",
                format!("`{plugin}` is of kind `{}`, the slot `{}` takes `{}`", revision.kind, slot.slot, slot.kind),
            ));
        }
        Ok(revision)
    }

    /// Blocked, held, or blind to the data that is stored?
    async fn may_serve(&self, slot: &Slot, revision: &Revision) -> Outcome<()> {
        if let Some(blocked) = store::plugins::find_blocked(&self.db, &revision.digest).await? {
            return Err(refuse(vec![format!("the digest {} is blocked: {}", revision.digest, blocked.reason)]));
        }
        let label = format!("{}@{}", revision.plugin, revision.version);
        if revision.approved_hash.as_deref() != Some(&revision.needs_hash) {
            return Err(Fault::new(Code::Held)
                .detail(format!("{label} asks for more than was approved"))
                .hint(format!("read it with `mnemosyne plugin show {label}`, then `mnemosyne plugin approve {label} --accept <hash>`")));
        }
        if let Some(live) = self.live_of(slot).await?.filter(|live| live.plugin == revision.plugin) {
            let stored = &live.manifest["data"]["version"];
            if !revision.manifest["data"]["reads"].as_array().is_some_and(|reads| reads.contains(stored)) {
                return Err(Fault::conflict(format!(
                    "{label} does not read data of version {stored}, which {}@{} writes",
                    live.plugin, live.version
                ))
                .hint("add it to `[data] reads` in plugin.toml"));
            }
        }
        Ok(())
    }

    /// The same plugin keeps the slot's settings; another one gets those it last had here, else its defaults.
    async fn settings_for(&self, slot: &Slot, revision: &Revision) -> Outcome<(Value, Vec<String>)> {
        if self.live_of(slot).await?.is_some_and(|live| live.plugin == revision.plugin) {
            return Ok((slot.config.clone(), slot.secrets.clone()));
        }
        let siblings: Vec<_> =
            store::plugins::revisions(&self.db, Some(&revision.plugin)).await?.into_iter().map(|sibling| sibling.id).collect();
        let history = store::slots::history(&self.db, &slot.slot, None, 100).await?;
        let last = history
            .into_iter()
            .find(|row| row.bindings.iter().any(|bound| bound.mode == Mode::Live && siblings.contains(&bound.revision_id)));
        Ok(last.map_or_else(|| (json!({}), Vec::new()), |row| (row.config, row.secrets)))
    }

    /// Compiles and links what is to serve, with its grant and settings. Nothing has changed when this fails.
    async fn plan(&self, slot: Slot, revision: Revision, config: Value, secrets: Vec<String>, action: &'static str) -> Outcome<Plan> {
        let (policy, _) = self.plugins.policy(&revision.plugin).await?;
        let loaded = self.loader.load(self.bytes(&revision).await?, &policy, &config, &secrets).await?;
        Ok(Plan { slot, revision: Some(revision), loaded: Some(loaded), config, secrets, action })
    }

    /// The last state of a slot with another live revision that may still serve.
    async fn previous(&self, slot: Slot, action: &'static str) -> Outcome<Option<Plan>> {
        let now = slot.bindings.iter().find(|bound| bound.mode == Mode::Live).map(|bound| bound.revision_id);
        for row in store::slots::history(&self.db, &slot.slot, None, 100).await? {
            let Some(live) = row.bindings.iter().find(|bound| bound.mode == Mode::Live && Some(bound.revision_id) != now) else { continue };
            let Some(revision) = store::plugins::revision(&self.db, live.revision_id).await? else { continue };
            if self.may_serve(&slot, &revision).await.is_err() {
                continue;
            }
            return self.plan(slot, revision, row.config, row.secrets, action).await.map(Some);
        }
        Ok(None)
    }

    /// One transaction, then memory.
    async fn commit(&self, actor: &Actor, plan: Plan) -> Outcome<SlotView> {
        let _changing = self.changing.lock().await;
        let Plan { slot, revision, loaded, config, secrets, action } = plan;
        let before = self.live_of(&slot).await?;
        let bindings: Vec<Binding> =
            revision.iter().map(|revision| Binding { mode: Mode::Live, revision_id: revision.id, percent: None }).collect();
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let change = SlotChange {
            slot: &slot.slot,
            kind: &slot.kind,
            expected: slot.generation,
            bindings: &bindings,
            config: &config,
            secrets: &secrets,
            action,
            actor: &actor.name,
            now,
        };
        let (generation, routing) = store::slots::change(&mut tx, &change).await?;
        retire(&mut tx, before.as_ref(), revision.as_ref()).await?;
        let label = |revision: Option<&Revision>| revision.map(|revision| format!("{}@{}", revision.plugin, revision.version));
        let detail = json!({"from": label(before.as_ref()), "to": label(revision.as_ref()), "generation": generation, "config": config, "secrets": secrets});
        store::audit::append(
            &mut tx,
            &actor.event(now, &format!("slot.{}", action.split(' ').next().unwrap_or(action)), slot.slot.clone(), detail),
        )
        .await?;
        tx.commit().await?;
        match loaded {
            Some(loaded) => self.loader.bind(&slot.slot, generation, loaded),
            None => self.loader.unbind(&slot.slot, generation),
        }
        self.generation.fetch_max(routing, Ordering::Relaxed);
        tracing::info!(slot = slot.slot, revision = label(revision.as_ref()), generation, action, actor = actor.name, "slot changed");
        self.get(&slot.slot).await
    }
}

/// The new one is live; the old one is retired unless another slot still serves it.
async fn retire(tx: &mut Tx, before: Option<&Revision>, after: Option<&Revision>) -> Outcome<()> {
    if let Some(after) = after {
        store::plugins::set_state(&mut *tx, after.id, RevisionState::Live, &after.verdicts).await?;
    }
    if let Some(before) = before.filter(|before| after.is_none_or(|after| after.id != before.id)) {
        let still = store::slots::with_digest(&mut *tx, &before.digest).await?;
        if !still.iter().any(|slot| slot.bindings.iter().any(|bound| bound.revision_id == before.id)) {
            store::plugins::set_state(&mut *tx, before.id, RevisionState::Retired, &before.verdicts).await?;
        }
    }
    Ok(())
}

fn check_generation(slot: &Slot, expected: Option<i64>) -> Outcome<()> {
    if expected.is_some_and(|expected| expected != slot.generation) {
        return Err(Fault::new(Code::VersionMismatch).detail(format!("the slot is at generation {}", slot.generation)));
    }
    Ok(())
}
