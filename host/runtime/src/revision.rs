//! A revision: one component with one grant and one configuration, compiled, linked and ready to be called.
//!
//! It is made once ([`crate::Runtime::prepare`]), shared by every call and dropped with the last one, so a swap needs no
//! waiting: calls in flight hold the revision they began with.

use std::sync::Arc;

use mnemosyne_bindings::{auth_provider, persona, task_intelligence, xp_rules};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::breaker::Breaker;
use crate::call::CallState;
use crate::capability::config::ConfigValues;
use crate::capability::grant::Grant;
use crate::error::Refused;
use crate::limits::Limits;
use crate::manifest::{Kind, Manifest};
use crate::needs::Scope;
use crate::record::RevisionId;
use crate::runtime::Compiled;

/// A linked component and where its kind's functions are, in the order of the kind's own list.
///
/// The generated bindings look up and type-check every export of an interface for each instance, a third of a short call.
/// They still check all of them once, when the revision is made; a call then resolves only the function it calls.
pub(crate) struct Exports {
    pub(crate) linked: InstancePre<CallState>,
    functions: Vec<ComponentExportIndex>,
    self_test: Vec<ComponentExportIndex>,
    views: Vec<ComponentExportIndex>,
}

impl Exports {
    /// Where the function at this place of the kind's list is.
    pub(crate) fn function(&self, place: usize) -> wasmtime::Result<&ComponentExportIndex> {
        self.functions.get(place).ok_or_else(|| wasmtime::Error::msg("the revision is of another kind"))
    }

    /// Where the self-test is, if there is one.
    pub(crate) fn self_test(&self) -> wasmtime::Result<&ComponentExportIndex> {
        self.self_test.first().ok_or_else(|| wasmtime::Error::msg("the component has no self-test"))
    }

    /// Where the function at this place of `lifecycle/views` is, if it is there.
    pub(crate) fn views(&self, place: usize) -> wasmtime::Result<&ComponentExportIndex> {
        self.views.get(place).ok_or_else(|| wasmtime::Error::msg("the component has no views"))
    }
}

/// The grant as the doors ask it: plain values, so that a call computes nothing.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each function that is granted apart")]
pub(crate) struct Powers {
    /// Bytes of the plugin's own drawer.
    pub(crate) kv_plugin: Option<u64>,
    /// Bytes of each caller's drawer.
    pub(crate) kv_user: Option<u64>,
    /// Items of the plugin's own collections.
    pub(crate) vector_plugin: Option<u64>,
    /// Items of each caller's collections.
    pub(crate) vector_user: Option<u64>,
    pub(crate) memories: bool,
    pub(crate) tasks: bool,
    pub(crate) embeddings: bool,
    pub(crate) identity: bool,
    pub(crate) verify_password: bool,
    pub(crate) verify_api_key: bool,
    pub(crate) verify_code: bool,
}

impl Powers {
    fn of(grant: &Grant) -> Self {
        let credentials = |function| grant.allows_function("mnemosyne:auth/credentials", function);
        Self {
            kv_plugin: grant.kv(Scope::Plugin),
            kv_user: grant.kv(Scope::User),
            vector_plugin: grant.vector(Scope::Plugin),
            vector_user: grant.vector(Scope::User),
            memories: grant.allows_interface("mnemosyne:storage/memories"),
            tasks: grant.allows_interface("mnemosyne:storage/tasks"),
            embeddings: grant.allows_interface("mnemosyne:llm/embeddings"),
            identity: grant.allows_interface("mnemosyne:auth/identity"),
            verify_password: credentials("verify-password"),
            verify_api_key: credentials("verify-api-key"),
            verify_code: credentials("verify-code"),
        }
    }
}

/// Optional exports that a component has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionalExports {
    /// `lifecycle/self-test`.
    pub self_test: bool,
    /// `lifecycle/views`.
    pub views: bool,
}

/// What is shared by revisions that differ only in configuration.
struct Linked {
    id: Arc<RevisionId>,
    manifest: Manifest,
    grant: Grant,
    powers: Powers,
    exports: Exports,
    optional: OptionalExports,
    breaker: Breaker,
    /// Only held: the next revision of the same component finds its code as long as this one lives.
    _compiled: Arc<Compiled>,
}

/// A component that can be called.
pub struct Revision {
    linked: Arc<Linked>,
    config: Arc<ConfigValues>,
}

impl std::fmt::Debug for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revision").field("id", &self.linked.id).finish_non_exhaustive()
    }
}

impl Revision {
    /// Resolves the exports of a linked component.
    pub(crate) fn new(
        linked: InstancePre<CallState>,
        compiled: Arc<Compiled>,
        manifest: Manifest,
        grant: Grant,
        digest: String,
        config: Arc<ConfigValues>,
        breaker: Breaker,
    ) -> Result<Self, Refused> {
        let optional = optional(linked.component());
        let exports = exports(manifest.kind, linked)?;
        let id = RevisionId {
            plugin: manifest.name.clone(),
            version: manifest.version.to_string(),
            digest,
            grant_hash: grant.hash().to_owned(),
        };
        let powers = Powers::of(&grant);
        Ok(Self {
            linked: Arc::new(Linked { id: Arc::new(id), manifest, grant, powers, exports, optional, breaker, _compiled: compiled }),
            config,
        })
    }

    /// The same component and grant with other settings. Cheap: nothing is compiled or linked.
    #[must_use]
    pub fn with_config(&self, config: Arc<ConfigValues>) -> Arc<Self> {
        Arc::new(Self { linked: self.linked.clone(), config })
    }

    /// Plugin, version, digest and grant.
    pub fn id(&self) -> &Arc<RevisionId> {
        &self.linked.id
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.linked.manifest.kind
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.linked.manifest
    }

    /// What it may do.
    pub fn grant(&self) -> &Grant {
        &self.linked.grant
    }

    /// What one of its calls may use.
    pub fn limits(&self) -> &Limits {
        self.linked.grant.limits()
    }

    /// Its settings.
    pub fn config(&self) -> &Arc<ConfigValues> {
        &self.config
    }

    /// Optional exports it has.
    pub fn optional_exports(&self) -> OptionalExports {
        self.linked.optional
    }

    pub(crate) fn powers(&self) -> &Powers {
        &self.linked.powers
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.linked.exports
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.linked.breaker
    }
}

fn exports(kind: Kind, linked: InstancePre<CallState>) -> Result<Exports, Refused> {
    let mismatch = |error: wasmtime::Error| {
        let sentence = format!("the component does not export what kind {kind} must: {}", crate::text::scrub(&format!("{error:#}"), 300));
        Refused::because("export-mismatch", sentence, "build the plugin against this host's `wit/` and run `plug check`")
    };
    let (interface, functions) = match kind {
        Kind::XpRules => xp_rules::ExportsPre::new(linked.clone()).map(|_| crate::xp_rules::FUNCTIONS).map_err(mismatch)?,
        Kind::AuthProvider => auth_provider::ExportsPre::new(linked.clone()).map(|_| crate::auth_provider::FUNCTIONS).map_err(mismatch)?,
        Kind::Persona => persona::ExportsPre::new(linked.clone()).map(|_| crate::persona::FUNCTIONS).map_err(mismatch)?,
        Kind::TaskIntelligence => {
            task_intelligence::ExportsPre::new(linked.clone()).map(|_| crate::task_intelligence::FUNCTIONS).map_err(mismatch)?
        }
    };
    let component = linked.component();
    let all = |(interface, functions): (&str, &[&str])| {
        let interface = component.get_export_index(None, interface)?;
        functions.iter().map(|name| component.get_export_index(Some(&interface), name)).collect::<Option<Vec<_>>>()
    };
    let functions = all((interface, functions)).ok_or_else(|| mismatch(wasmtime::Error::msg("an export is missing")))?;
    let optional = |functions| all(functions).unwrap_or_default();
    let (self_test, views) = (optional(crate::lifecycle::SELF_TEST), optional(crate::lifecycle::VIEWS));
    Ok(Exports { linked, functions, self_test, views })
}

fn optional(component: &Component) -> OptionalExports {
    let has = |name: &str| component.get_export_index(None, name).is_some();
    OptionalExports { self_test: has("mnemosyne:lifecycle/self-test@0.1.0"), views: has("mnemosyne:lifecycle/views@0.1.0") }
}
