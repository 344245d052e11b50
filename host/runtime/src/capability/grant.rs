//! Grants: what a plugin asks for ∩ what the operator leaves of it. The third factor, the scope of one call, is the
//! caller in the store; no grant names a user.
//!
//! A [`Policy`] only ever takes away. The [`Grant`] that remains answers every question a linker or a capability's
//! `core.rs` asks, and its hash stands in every call record, so that a call can be read later with the powers it had.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::limits::{LimitRequest, Limits};
use crate::manifest::{Kind, Manifest};
use crate::needs::{HttpSecret, Needs, Scope, canonical_json, hash};

/// Interfaces that hold only types or handles, and the harmless ones: linked for every plugin.
const ALWAYS: &[&str] = &[
    "mnemosyne:log/log",
    "mnemosyne:config/config",
    "mnemosyne:types/errors",
    "mnemosyne:types/values",
    "mnemosyne:auth/secrets",
    "mnemosyne:persona/reply",
];

/// What an operator takes away from a plugin's needs. The default takes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Powers that are refused, by the names of [`Needs::powers`] or by a whole room: `storage`, `storage.memories`,
    /// `llm`, `http`, `http api.example.org`, `auth.credentials.verify-api-key`, `wasi`.
    pub deny: BTreeSet<String>,
    /// Most bytes of key-value storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_max_bytes: Option<u64>,
    /// Most tokens of one model call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm_max_tokens_per_call: Option<u64>,
    /// Limits lowered further, by `[limits]` key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: LimitRequest,
}

impl Policy {
    /// Whether `power`, or the room it is in, is refused. A room ends at a dot (`storage`, `auth.credentials`) or at the
    /// space before an object (`http`, `http secret CRM_TOKEN`); within an object's name, as a host name, dots are no rooms.
    fn denies(&self, power: &str) -> bool {
        self.deny.iter().any(|denied| {
            let rest = power.strip_prefix(denied.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || (rest.starts_with('.') && !denied.contains(' ')))
        })
    }

    /// Names in this policy that the plugin never asked for, each as one sentence. A policy about nothing is most
    /// often a typing error, so the operator hears of it.
    pub fn idle(&self, needs: &Needs) -> Vec<String> {
        let powers = needs.powers();
        self.deny
            .iter()
            .filter(|denied| {
                let alone = Self { deny: BTreeSet::from([(*denied).clone()]), ..Self::default() };
                !powers.keys().any(|power| alone.denies(power))
            })
            .map(|denied| format!("the plugin does not ask for `{denied}`"))
            .collect()
    }
}

/// How an interface is to be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Link it.
    Granted,
    /// Asked as optional and not granted: link a stub that answers `denied`.
    Stub,
    /// Do not link it: a component that imports it is refused at load.
    Absent,
}

/// The effective grant of one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    kind: Kind,
    powers: Needs,
    limits: Limits,
    #[serde(skip)]
    stubs: BTreeSet<&'static str>,
    #[serde(skip)]
    hash: String,
}

impl Grant {
    /// The manifest's needs and limits, narrowed by the operator's policy.
    pub fn new(manifest: &Manifest, policy: &Policy) -> Self {
        Self::from_parts(manifest.kind, &manifest.needs, &manifest.limits, policy)
    }

    /// As [`Self::new`], from a manifest's parts.
    pub fn from_parts(kind: Kind, needs: &Needs, limits: &Limits, policy: &Policy) -> Self {
        let powers = narrow(needs, policy);
        let mut limits = limits.clone();
        for row in crate::limits::ROWS {
            // A limit above the kind's table is a power too: denied, the table's own figure remains.
            let denied = needs.limits.contains_key(row.key) && policy.denies(row.key);
            let table = denied.then(|| Limits::of(kind).get(row));
            let wanted = policy.limits.get(row.key).copied();
            if let Some(lowest) = [table, wanted].into_iter().flatten().min()
                && lowest < limits.get(row)
            {
                limits = limits.with(&LimitRequest::from([(row.key.to_owned(), lowest)]));
            }
        }
        let mut grant = Self { kind, powers, limits, stubs: stubs(needs), hash: String::new() };
        grant.hash = hash(&grant.to_value());
        grant
    }

    /// A grant of nothing but `log` and `config`, with the kind's limits.
    pub fn harmless(kind: Kind) -> Self {
        Self::from_parts(kind, &Needs::default(), &Limits::of(kind), &Policy::default())
    }

    /// Whether `interface` (`mnemosyne:storage/kv`, with or without `@version`) is to be linked, stubbed or left out.
    pub fn access(&self, interface: &str) -> Access {
        let name = interface.split('@').next().unwrap_or(interface);
        if self.allows_interface(name) {
            Access::Granted
        } else if self.stubs.contains(name) {
            Access::Stub
        } else {
            Access::Absent
        }
    }

    /// Whether any function of the interface is granted.
    pub fn allows_interface(&self, interface: &str) -> bool {
        let name = interface.split('@').next().unwrap_or(interface);
        ALWAYS.contains(&name) || granted_interfaces(&self.powers).contains(name)
    }

    /// Whether one function of an interface is granted: grants are per function where a need names functions.
    pub fn allows_function(&self, interface: &str, function: &str) -> bool {
        let name = interface.split('@').next().unwrap_or(interface);
        match name {
            "mnemosyne:auth/credentials" => self.powers.auth.as_ref().is_some_and(|auth| auth.credentials.contains(function)),
            _ => self.allows_interface(name),
        }
    }

    /// Bytes of key-value storage in a scope; `None`: not granted.
    pub fn kv(&self, scope: Scope) -> Option<u64> {
        let kv = self.powers.storage.as_ref()?.kv.as_ref()?;
        kv.scope.covers(scope).then_some(kv.max_bytes.min(self.limits.kv_bytes))
    }

    /// Items in the plugin's vector collections in a scope; `None`: not granted.
    pub fn vector(&self, scope: Scope) -> Option<u64> {
        let vector = self.powers.vector.as_ref()?;
        vector.scope.covers(scope).then_some(vector.max_items)
    }

    /// Tokens of one call of a model class; `None`: not granted.
    pub fn llm(&self, class: &str) -> Option<u64> {
        let llm = self.powers.llm.as_ref()?;
        llm.classes.contains(class).then_some(llm.max_tokens_per_call)
    }

    /// The origin behind an endpoint's name and the secret to inject; `None`: not granted.
    pub fn endpoint(&self, name: &str) -> Option<(&str, Option<&HttpSecret>)> {
        let http = self.powers.http.as_ref()?;
        http.endpoints.get(name).map(|origin| (origin.as_str(), http.secrets.get(name)))
    }

    /// Whether an operation of the host may be performed.
    pub fn action(&self, operation: &str) -> bool {
        self.powers.actions.as_ref().is_some_and(|actions| actions.operations.contains(operation))
    }

    /// Whether an empty WASI context may be linked.
    pub fn wasi(&self) -> bool {
        self.powers.wasi
    }

    /// What is granted, in the shape of needs.
    pub fn powers(&self) -> &Needs {
        &self.powers
    }

    /// Limits of a call.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// SHA-256 of [`Self::canonical`], as 64 hex digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Canonical JSON: sorted keys, no whitespace.
    pub fn canonical(&self) -> String {
        canonical_json(&self.to_value())
    }

    fn to_value(&self) -> serde_json::Value {
        json!({ "kind": self.kind, "powers": self.powers, "limits": self.limits })
    }
}

/// Whether needs ask for an interface.
type Asks = fn(&Needs) -> bool;

/// Every interface that a need can link, with the question whether it does.
const GRANTABLE: &[(&str, Asks)] = &[
    ("mnemosyne:storage/kv", |needs| needs.storage.as_ref().is_some_and(|storage| storage.kv.is_some())),
    ("mnemosyne:storage/memories", |needs| needs.storage.as_ref().is_some_and(|storage| storage.memories)),
    ("mnemosyne:storage/tasks", |needs| needs.storage.as_ref().is_some_and(|storage| storage.tasks)),
    ("mnemosyne:vector/index", |needs| needs.vector.is_some()),
    ("mnemosyne:llm/chat", |needs| needs.llm.as_ref().is_some_and(|llm| !llm.classes.is_empty())),
    ("mnemosyne:llm/embeddings", |needs| needs.llm.as_ref().is_some_and(|llm| llm.embeddings)),
    ("mnemosyne:http/http", |needs| needs.http.as_ref().is_some_and(|http| !http.endpoints.is_empty())),
    ("mnemosyne:actions/actions", |needs| needs.actions.as_ref().is_some_and(|actions| !actions.operations.is_empty())),
    ("mnemosyne:auth/identity", |needs| needs.auth.as_ref().is_some_and(|auth| auth.identity)),
    ("mnemosyne:auth/credentials", |needs| needs.auth.as_ref().is_some_and(|auth| !auth.credentials.is_empty())),
    ("mnemosyne:auth/oidc", |needs| needs.auth.as_ref().is_some_and(|auth| auth.oidc)),
    ("mnemosyne:auth/did", |needs| needs.auth.as_ref().is_some_and(|auth| auth.did)),
    ("mnemosyne:auth/signature", |needs| needs.auth.as_ref().is_some_and(|auth| auth.signature)),
];

/// The interfaces that needs link, without those that are always linked.
pub fn granted_interfaces(needs: &Needs) -> BTreeSet<&'static str> {
    GRANTABLE.iter().filter(|(_, asked)| asked(needs)).map(|(name, _)| *name).collect()
}

/// Every interface that a need can link.
pub fn grantable() -> impl Iterator<Item = &'static str> {
    GRANTABLE.iter().map(|(name, _)| *name)
}

/// The manifest lines that ask for an interface, with values that are good to begin with.
pub fn manifest_lines(interface: &str) -> &'static str {
    match interface.split('@').next().unwrap_or(interface) {
        "mnemosyne:storage/kv" => "[needs.storage]\nkv = { scope = \"user\", max-bytes = \"64KiB\" }",
        "mnemosyne:storage/memories" => "[needs.storage]\nmemories = \"read\"",
        "mnemosyne:storage/tasks" => "[needs.storage]\ntasks = \"read\"",
        "mnemosyne:vector/index" => "[needs.vector]\nscope = \"user\"",
        "mnemosyne:llm/chat" => "[needs.llm]\nclasses = [\"chat\"]\nmax-tokens-per-call = 2000",
        "mnemosyne:llm/embeddings" => "[needs.llm]\nembeddings = true",
        "mnemosyne:http/http" => "[needs.http]\nendpoints = { crm = \"https://api.example.org\" }",
        "mnemosyne:actions/actions" => "[needs.actions]\noperations = [\"tasks.create\"]",
        "mnemosyne:auth/identity" => "[needs.auth]\nidentity = true",
        "mnemosyne:auth/credentials" => "[needs.auth]\ncredentials = [\"verify-password\"]",
        "mnemosyne:auth/oidc" => "[needs.auth]\noidc = true",
        "mnemosyne:auth/did" => "[needs.auth]\ndid = true",
        "mnemosyne:auth/signature" => "[needs.auth]\nsignature = true",
        _ => "[needs]\nwasi = true",
    }
}

/// Whether an interface holds only types or handles, or is harmless, so that every plugin may import it.
pub fn always_linked(interface: &str) -> bool {
    ALWAYS.contains(&interface.split('@').next().unwrap_or(interface))
}

fn stubs(needs: &Needs) -> BTreeSet<&'static str> {
    let mut optional = needs.clone();
    optional.storage = optional.storage.filter(|need| need.optional);
    optional.vector = optional.vector.filter(|need| need.optional);
    optional.llm = optional.llm.filter(|need| need.optional);
    optional.http = optional.http.filter(|need| need.optional);
    optional.auth = optional.auth.filter(|need| need.optional);
    optional.actions = optional.actions.filter(|need| need.optional);
    granted_interfaces(&optional)
}

/// Needs without what the policy takes.
fn narrow(needs: &Needs, policy: &Policy) -> Needs {
    let mut left = needs.clone();
    if let Some(storage) = &mut left.storage {
        storage.memories &= !policy.denies("storage.memories");
        storage.tasks &= !policy.denies("storage.tasks");
        storage.kv = storage.kv.take().and_then(|mut kv| {
            kv.scope = remaining(kv.scope, |scope| policy.denies(&format!("storage.kv {scope}")))?;
            kv.max_bytes = kv.max_bytes.min(policy.kv_max_bytes.unwrap_or(u64::MAX));
            Some(kv)
        });
    }
    left.vector = left.vector.take().and_then(|mut vector| {
        vector.scope = remaining(vector.scope, |scope| policy.denies(&format!("vector {scope} items")))?;
        Some(vector)
    });
    if let Some(llm) = &mut left.llm {
        llm.classes.retain(|class| !policy.denies(&format!("llm.{class}")));
        llm.embeddings &= !policy.denies("llm.embeddings");
        llm.max_tokens_per_call = llm.max_tokens_per_call.min(policy.llm_max_tokens_per_call.unwrap_or(u64::MAX));
    }
    if let Some(http) = &mut left.http {
        http.endpoints.retain(|_, url| !policy.denies(&format!("http {}", url.strip_prefix("https://").unwrap_or(url))));
        let endpoints = &http.endpoints;
        http.secrets
            .retain(|endpoint, secret| endpoints.contains_key(endpoint) && !policy.denies(&format!("http secret {}", secret.secret)));
    }
    if let Some(auth) = &mut left.auth {
        auth.identity &= !policy.denies("auth.identity");
        auth.oidc &= !policy.denies("auth.oidc");
        auth.did &= !policy.denies("auth.did");
        auth.signature &= !policy.denies("auth.signature");
        auth.credentials.retain(|function| !policy.denies(&format!("auth.credentials.{function}")));
    }
    if let Some(actions) = &mut left.actions {
        actions.operations.retain(|operation| !policy.denies(&format!("actions.{operation}")));
    }
    left.wasi &= !policy.denies("wasi");
    left.limits.retain(|key, _| !policy.denies(key));
    left
}

/// What is left of a scope when `denied` takes some of it.
fn remaining(scope: Scope, denied: impl Fn(&str) -> bool) -> Option<Scope> {
    let user = scope.covers(Scope::User) && !denied("user");
    let plugin = scope.covers(Scope::Plugin) && !denied("plugin");
    match (user, plugin) {
        (true, true) => Some(Scope::Both),
        (true, false) => Some(Scope::User),
        (false, true) => Some(Scope::Plugin),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests;
