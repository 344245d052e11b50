//! From a component's bytes to what serves a slot, for the services that manage plugins: check, narrow, compile, link, try
//! out, route. The runtime's types stay in this room: services hold a [`Component`] or an opaque [`Loaded`].

use std::collections::BTreeSet;
use std::sync::Arc;

use mnemosyne_runtime::capability::config::ConfigValues;
use mnemosyne_runtime::capability::grant::{Grant, Policy};
use mnemosyne_runtime::check::{CheckReport, check};
use mnemosyne_runtime::difference::{Difference, difference};
use mnemosyne_runtime::limits;
use mnemosyne_runtime::manifest::{Kind, Manifest};
use mnemosyne_runtime::{Caller, Refused, Registry, Revision, Runtime};
use serde_json::{Map, Value, json};

use crate::error::{Code, Fault, FieldError, Outcome};

/// A component that passed every check, in plain values.
pub struct Component {
    /// Plugin's name.
    pub name: String,
    /// SemVer.
    pub version: String,
    /// `xp-rules` …
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// SHA-256, hex.
    pub digest: String,
    /// The manifest as JSON.
    pub manifest: Value,
    /// Interfaces it imports.
    pub imports: Vec<String>,
    /// What it asks for, as JSON.
    pub needs: Value,
    /// Hash of the canonical needs.
    pub needs_hash: String,
    /// Asks for no more than `log` and `config`.
    pub harmless: bool,
    /// What it asks for in words, one power a line.
    pub powers: Vec<String>,
    read: Manifest,
}

impl Component {
    /// What changed against another revision's needs; against nothing when there is none.
    pub fn difference(&self, old: Option<&Self>) -> NeedsDifference {
        let difference = difference(self.read.kind, old.map(|old| &old.read.needs), &self.read.needs);
        NeedsDifference { widens: difference.widens, difference }
    }

    /// The effective grant under a policy, and the policy's entries that the plugin never asks for.
    ///
    /// # Errors
    /// 422 for a policy that cannot be read.
    pub fn narrowed(&self, policy: &Value) -> Outcome<(EffectiveGrant, Vec<String>)> {
        let policy = read_policy(policy)?;
        Ok((EffectiveGrant(Grant::new(&self.read, &policy)), policy.idle(&self.read.needs)))
    }
}

/// A difference between the needs of two revisions, and whether it asks for more.
pub struct NeedsDifference {
    /// Something was added or raised.
    pub widens: bool,
    difference: Difference,
}

impl NeedsDifference {
    /// `{lines[], widens, acknowledgement?, hash}`.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.difference).unwrap_or_default()
    }
}

/// An effective grant, for showing.
#[derive(serde::Serialize)]
#[serde(transparent)]
pub struct EffectiveGrant(Grant);

impl EffectiveGrant {
    /// It stands in every call record.
    pub fn hash(&self) -> &str {
        self.0.hash()
    }
}

/// A revision, compiled and linked to its grant and settings: ready to serve.
pub struct Loaded(Arc<Revision>);

impl Loaded {
    /// For the doors of this room.
    pub(in crate::plugin) fn revision(&self) -> &Arc<Revision> {
        &self.0
    }
}

/// The room's door to the runtime.
pub struct Loader {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
}

impl Loader {
    /// Loads into this registry.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Self {
        Self { runtime, registry }
    }

    /// Reads bytes as a host would before it trusts any of them.
    ///
    /// # Errors
    /// 422 `PLG_007`, one sentence and fix a finding.
    pub fn check(&self, bytes: &[u8]) -> Outcome<Component> {
        let report = check(bytes);
        if !report.is_good() {
            let mut fault = Fault::new(Code::DoesNotFit);
            fault.fields = report
                .findings
                .into_iter()
                .map(|finding| {
                    FieldError::new(
                        "",
                        if finding.fix.is_empty() { finding.sentence } else { format!("{}: {}", finding.sentence, finding.fix) },
                    )
                })
                .collect();
            return Err(fault);
        }
        component(report)
    }

    /// Compiles, links and runs `describe` once: the verdict of stage `checked`.
    ///
    /// # Errors
    /// 422 `PLG_007` when it does not compile, link or describe itself.
    pub async fn try_out(&self, bytes: Arc<[u8]>, policy: &Value) -> Outcome<Value> {
        let size = bytes.len();
        let Loaded(revision) = self.load(bytes, policy, &json!({}), &[]).await?;
        let caller = Caller::nobody(format!("check/{}", revision.kind()), "check");
        if revision.optional_exports().self_test {
            let tested = self.runtime.self_test(&revision, caller.clone()).run().await;
            tested.map_err(|error| refuse(vec![format!("its self-test fails: {}", error.failure)]))?;
        }
        let described = match revision.kind() {
            Kind::XpRules => self.runtime.xp_rules(&revision, caller).describe("en".into()).await.map(|called| called.record),
            Kind::AuthProvider => self.runtime.auth_provider(&revision, caller).describe("en".into()).await.map(|called| called.record),
            Kind::Persona => self.runtime.persona(&revision, caller).describe("en".into()).await.map(|called| called.record),
            // This kind has no card: that it compiled, linked and has every export is its verdict.
            Kind::TaskIntelligence => return Ok(verdict(&format!("{size} bytes, compiled and linked"))),
        };
        let record = described.map_err(|error| refuse(vec![format!("it does not describe itself: {}", error.failure)]))?;
        let (took, memory) = (record.wall.as_micros(), record.peak_memory >> 10);
        Ok(verdict(&format!("{size} bytes, compiled and linked; describes itself in {took} µs with {memory} KiB of memory")))
    }

    /// Compiles (once a digest), links to the grant, and checks the settings against the manifest.
    ///
    /// # Errors
    /// 422 with a pointer for each wrong setting, 422 `PLG_007` for a component that is refused.
    pub async fn load(&self, bytes: Arc<[u8]>, policy: &Value, config: &Value, secrets: &[String]) -> Outcome<Loaded> {
        let manifest = Runtime::manifest(&bytes).map_err(from_refused)?;
        let empty = Map::new();
        let values = manifest.config.effective(config.as_object().unwrap_or(&empty)).map_err(|problems| {
            Fault::invalid(
                problems.into_iter().map(|problem| FieldError::new(format!("/values{}", problem.pointer), problem.message)).collect(),
            )
        })?;
        let grant = Grant::new(&manifest, &read_policy(policy)?);
        let settings = ConfigValues { values, secrets: secrets.iter().cloned().collect::<BTreeSet<_>>() };
        self.runtime.prepare(bytes, grant, Arc::new(settings)).await.map(Loaded).map_err(from_refused)
    }

    /// Whether a policy can be read.
    ///
    /// # Errors
    /// 422 that names what is wrong.
    pub fn check_policy(&self, policy: &Value) -> Outcome<()> {
        let policy = read_policy(policy)?;
        let unknown = policy.limits.keys().filter(|name| limits::row(name).is_none());
        let fields: Vec<FieldError> = unknown
            .map(|name| {
                let near = limits::ROWS.iter().map(|row| (strsim::jaro_winkler(row.key, name), row.key)).max_by(|a, b| a.0.total_cmp(&b.0));
                let near = near.filter(|(score, _)| *score > 0.75).map(|(_, key)| format!("; did you mean `{key}`?")).unwrap_or_default();
                FieldError::new(format!("/policy/limits/{name}"), format!("is no limit{near}"))
            })
            .collect();
        if fields.is_empty() { Ok(()) } else { Err(Fault::invalid(fields)) }
    }

    /// The generation of a slot in memory.
    pub fn generation(&self, slot: &str) -> Option<i64> {
        self.registry.load().slot(slot).and_then(|entry| i64::try_from(entry.generation()).ok())
    }

    /// Serves a slot from the next request on. A generation that is not newer changes nothing.
    pub fn bind(&self, slot: &str, generation: i64, loaded: Loaded) {
        if let Err(error) = self.registry.bind(slot, loaded.0, u64::try_from(generation).unwrap_or_default()) {
            tracing::debug!(slot, %error, "a late change of the routing is left out");
        }
    }

    /// Nothing serves a slot any more.
    pub fn unbind(&self, slot: &str, _generation: i64) {
        self.registry.unbind(slot);
    }

    /// Notes that what is bound does not load.
    pub fn failed(&self, slot: &str, generation: i64, revision: &str, reason: &str) {
        let refused = Refused::because("load", format!("{revision} does not load: {reason}"), "mnemosyne slot rollback");
        if let Err(error) = self.registry.fail(slot, u64::try_from(generation).unwrap_or_default(), refused) {
            tracing::debug!(slot, %error, "a late failure is left out");
        }
    }

    /// `serving` or `failed` with the reason.
    pub fn health(&self, slot: &str) -> (&'static str, Option<String>) {
        let routing = self.registry.load();
        match routing.slot(slot) {
            Some(entry) if entry.failure.is_some() => ("failed", entry.failure.as_ref().map(|failure| failure.refused.to_string())),
            Some(entry) if entry.live.is_some() => ("serving", None),
            _ => ("failed", Some("this host has not loaded it yet".into())),
        }
    }

    /// What serves, by slot.
    pub fn served(&self) -> Vec<(String, String)> {
        let routing = self.registry.load();
        let mut served: Vec<(String, String)> = routing
            .slots()
            .map(|(slot, entry)| {
                let revision = entry.live.as_ref().map_or_else(
                    || "failed to load".to_owned(),
                    |live| format!("{}@{}", live.revision.id().plugin, live.revision.id().version),
                );
                (slot.to_string(), revision)
            })
            .collect();
        served.sort();
        served
    }
}

fn verdict(text: &str) -> Value {
    json!({ "stage": "checked", "passed": true, "text": text })
}

fn component(report: CheckReport) -> Outcome<Component> {
    let manifest = report.manifest.ok_or_else(|| Fault::internal("a good component without a manifest"))?;
    let json = |value: Result<Value, serde_json::Error>| value.map_err(Fault::internal);
    Ok(Component {
        name: manifest.name.clone(),
        version: manifest.version.to_string(),
        kind: manifest.kind.to_string(),
        summary: manifest.summary.clone(),
        digest: report.digest,
        manifest: json(serde_json::to_value(&manifest))?,
        imports: report.imports,
        needs: json(serde_json::to_value(&manifest.needs))?,
        needs_hash: manifest.needs.hash(),
        harmless: manifest.needs.harmless(),
        powers: difference(manifest.kind, None, &manifest.needs)
            .lines
            .into_iter()
            .map(|line| line.trim_start_matches("+ ").to_owned())
            .collect(),
        read: manifest,
    })
}

fn read_policy(policy: &Value) -> Outcome<Policy> {
    serde_json::from_value(policy.clone())
        .map_err(|error| Fault::field("/policy", format!("is not a policy: {error}; a good one is {{\"deny\":[\"http\"]}}")))
}

/// 422 `PLG_007`, one entry a finding.
pub fn refuse(sentences: Vec<String>) -> Fault {
    let mut fault = Fault::new(Code::DoesNotFit);
    fault.fields = sentences.into_iter().map(|sentence| FieldError::new("", sentence)).collect();
    fault
}

fn from_refused(refused: Refused) -> Fault {
    refuse(
        refused
            .reasons
            .into_iter()
            .map(|reason| if reason.fix.is_empty() { reason.sentence } else { format!("{}: {}", reason.sentence, reason.fix) })
            .collect(),
    )
}
