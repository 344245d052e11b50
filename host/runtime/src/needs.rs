//! What a plugin asks for: `[needs.*]` of its manifest, plus every limit it wants above its kind's table.
//!
//! Asking is not getting: `capability::grant` narrows needs by the operator's policy, `difference` tells two revisions'
//! needs apart in words. `log` and `config` are harmless and every plugin has them without asking.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::limits::{LimitRequest, Limits, Unit, row};
use crate::manifest::Kind;

/// Everything asked for. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Needs {
    /// Key-value storage, the caller's memories and tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageNeed>,
    /// Vector collections of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<VectorNeed>,
    /// Language models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmNeed>,
    /// Named origins outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpNeed>,
    /// The caller's identity; for auth providers the checks of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthNeed>,
    /// The host's own operations, with the caller's permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<ActionsNeed>,
    /// An empty WASI context, for toolchains that cannot do without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wasi: bool,
    /// Limits above the kind's table, by `[limits]` key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: LimitRequest,
}

/// Whose keys: the calling user's, the plugin's own, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One space a user.
    User,
    /// One space for the plugin.
    Plugin,
    /// Both spaces.
    Both,
}

impl Scope {
    /// As a manifest spells it.
    pub const NAMES: [(&'static str, Self); 3] = [("user", Self::User), ("plugin", Self::Plugin), ("both", Self::Both)];

    /// Whether this covers `wanted`.
    pub fn covers(self, wanted: Self) -> bool {
        self == wanted || self == Self::Both
    }

    fn each(self) -> &'static [&'static str] {
        match self {
            Self::User => &["user"],
            Self::Plugin => &["plugin"],
            Self::Both => &["plugin", "user"],
        }
    }
}

/// `[needs.storage]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageNeed {
    /// Read the caller's memories.
    pub memories: bool,
    /// Read the caller's tasks.
    pub tasks: bool,
    /// Keep values.
    pub kv: Option<KvNeed>,
    /// Links a stub that answers `denied` where it is not granted.
    pub optional: bool,
}

/// `[needs.storage] kv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvNeed {
    /// Whose.
    pub scope: Scope,
    /// Bytes a user, or of the plugin.
    pub max_bytes: u64,
}

/// `[needs.vector]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorNeed {
    /// Whose.
    pub scope: Scope,
    /// Items a user, or of the plugin.
    pub max_items: u64,
    /// As in storage.
    #[serde(default)]
    pub optional: bool,
}

/// `[needs.llm]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmNeed {
    /// Classes of chat models; empty = no chat.
    pub classes: BTreeSet<String>,
    /// Embeddings.
    pub embeddings: bool,
    /// Tokens of one model call, in and out.
    pub max_tokens_per_call: u64,
    /// As in storage.
    pub optional: bool,
}

/// `[needs.http]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpNeed {
    /// Origins by the name that the guest uses: `crm` → `https://api.example.org`.
    pub endpoints: BTreeMap<String, String>,
    /// Secrets that the host injects, by endpoint name.
    pub secrets: BTreeMap<String, HttpSecret>,
    /// As in storage.
    pub optional: bool,
}

/// One header that the host fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSecret {
    /// Header name, lower case.
    pub header: String,
    /// Name of the secret in the host.
    pub secret: String,
}

/// `[needs.auth]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a power of its own, as the manifest spells it")]
pub struct AuthNeed {
    /// Who is calling.
    pub identity: bool,
    /// Functions of `auth/credentials`: verify-password, verify-api-key, verify-code.
    pub credentials: BTreeSet<String>,
    /// The OIDC exchange.
    pub oidc: bool,
    /// DID documents.
    pub did: bool,
    /// Signatures.
    pub signature: bool,
    /// As in storage.
    pub optional: bool,
}

/// `[needs.actions]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionsNeed {
    /// Operations by name, for example `tasks.create`.
    pub operations: BTreeSet<String>,
    /// As in storage.
    pub optional: bool,
}

/// How much of one power is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// There is no more or less of it.
    Whole,
    /// So much.
    Of(u64, Unit),
}

impl Needs {
    /// Every power asked for, one entry each, by the name that differences and policies use: `storage.memories`,
    /// `http api.example.org`, `auth.credentials.verify-password`.
    pub fn powers(&self) -> BTreeMap<String, Amount> {
        let mut powers = BTreeMap::new();
        let mut whole = |name: String| {
            powers.insert(name, Amount::Whole);
        };
        if let Some(storage) = &self.storage {
            storage.memories.then(|| whole("storage.memories".to_owned()));
            storage.tasks.then(|| whole("storage.tasks".to_owned()));
        }
        if let Some(llm) = &self.llm {
            llm.classes.iter().for_each(|class| whole(format!("llm.{class}")));
            llm.embeddings.then(|| whole("llm.embeddings".to_owned()));
        }
        if let Some(http) = &self.http {
            http.endpoints.values().for_each(|url| whole(format!("http {}", bare(url))));
            for (endpoint, secret) in &http.secrets {
                let to = http.endpoints.get(endpoint).map_or(endpoint.as_str(), |url| bare(url));
                whole(format!("http secret {} to {to} as {}", secret.secret, secret.header));
            }
        }
        if let Some(auth) = &self.auth {
            for (asked, name) in [(auth.identity, "identity"), (auth.oidc, "oidc"), (auth.did, "did"), (auth.signature, "signature")] {
                asked.then(|| whole(format!("auth.{name}")));
            }
            auth.credentials.iter().for_each(|function| whole(format!("auth.credentials.{function}")));
        }
        if let Some(actions) = &self.actions {
            actions.operations.iter().for_each(|operation| whole(format!("actions.{operation}")));
        }
        self.wasi.then(|| whole("wasi".to_owned()));
        if let Some(kv) = self.storage.as_ref().and_then(|storage| storage.kv.as_ref()) {
            for scope in kv.scope.each() {
                powers.insert(format!("storage.kv {scope}"), Amount::Of(kv.max_bytes, Unit::Bytes));
            }
        }
        if let Some(vector) = &self.vector {
            for scope in vector.scope.each() {
                powers.insert(format!("vector {scope} items"), Amount::Of(vector.max_items, Unit::Count));
            }
        }
        if let Some(llm) = &self.llm {
            powers.insert("llm tokens a call".to_owned(), Amount::Of(llm.max_tokens_per_call, Unit::Count));
        }
        for (key, value) in &self.limits {
            let unit = row(key).map_or(Unit::Count, |row| row.unit);
            powers.insert(key.clone(), Amount::Of(*value, unit));
        }
        powers
    }

    /// Whether a first revision may run without an operator's approval: it asks for nothing beyond `log` and `config`
    /// and for no limit above its kind's table.
    pub fn harmless(&self) -> bool {
        self.powers().is_empty()
    }

    /// Why these needs together want an explicit acknowledgement, if they do: private content that can be read could be
    /// sent out. One sentence.
    pub fn acknowledgement(&self) -> Option<String> {
        let http = self.http.as_ref().filter(|http| !http.endpoints.is_empty())?;
        let storage = self.storage.as_ref();
        let reads: Vec<&str> = [
            (storage.is_some_and(|storage| storage.memories), "memories"),
            (storage.is_some_and(|storage| storage.tasks), "tasks"),
            (self.llm.is_some(), "model conversations"),
        ]
        .into_iter()
        .filter_map(|(reads, what)| reads.then_some(what))
        .collect();
        let origins: Vec<&str> = http.endpoints.values().map(|url| bare(url)).collect();
        (!reads.is_empty()).then(|| format!("it reads {} and could send them to {}", reads.join(" and "), origins.join(" and ")))
    }

    /// SHA-256 of the canonical JSON, as hex.
    pub fn hash(&self) -> String {
        hash(&serde_json::to_value(self).unwrap_or_default())
    }

    /// The limits of a call with these needs fully granted, from the kind's table.
    pub fn limits(&self, kind: Kind) -> Limits {
        Limits::of(kind).with(&self.limits)
    }
}

fn bare(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}

/// Canonical JSON: object keys sorted, no whitespace. The same value always gives the same bytes, whatever features of
/// `serde_json` the workspace has switched on.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<&String, &Value> = object.iter().collect();
            let members: Vec<String> =
                sorted.into_iter().map(|(key, value)| format!("{}:{}", Value::String(key.clone()), canonical_json(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical_json).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// SHA-256 of a value's canonical JSON, as 64 hex digits.
pub fn hash(value: &Value) -> String {
    hex::encode(Sha256::digest(canonical_json(value).as_bytes()))
}
