//! How slots look on the wire.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::Time;
use crate::service::slots::{ConfigView, HistoryView, SlotView};

/// One revision bound to a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct BindingBody {
    /// Plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// `live`.
    pub mode: String,
    /// Share of the users, for a canary.
    pub percent: Option<i64>,
}

/// A slot.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SlotBody {
    /// `xp-rules`, `auth-provider/password`.
    pub slot: String,
    /// `xp-rules`, `auth-provider`.
    pub kind: String,
    /// Empty: nothing is bound.
    pub bindings: Vec<BindingBody>,
    /// Grows by one with every change; 0 = never bound. It is the ETag.
    pub generation: i64,
    /// `serving`, `unbound`, `suspended` (the breaker is open) or `failed` (the bound revision does not load here).
    pub health: String,
    /// Why it is not serving, for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl From<SlotView> for SlotBody {
    fn from(view: SlotView) -> Self {
        let bindings = view
            .bindings
            .into_iter()
            .map(|bound| BindingBody {
                plugin: bound.plugin,
                version: bound.version,
                digest: bound.digest,
                mode: bound.mode,
                percent: bound.percent,
            })
            .collect();
        Self { slot: view.slot, kind: view.kind, bindings, generation: view.generation, health: view.health.into(), problem: view.problem }
    }
}

/// One change of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct HistoryBody {
    /// The generation the change made.
    pub generation: i64,
    /// `bind`, `rollback`, `config`, `grant`, `upgrade`, `block`.
    pub action: String,
    /// Live after it; absent when nothing was.
    pub plugin: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// `user:<id>`, `key:<id>`, `cli`, `host`.
    pub actor: String,
    /// When.
    pub created_at: Time,
}

impl From<HistoryView> for HistoryBody {
    fn from(view: HistoryView) -> Self {
        let (plugin, version, digest) = match view.live {
            Some(bound) => (Some(bound.plugin), Some(bound.version), Some(bound.digest)),
            None => (None, None, None),
        };
        Self {
            generation: view.generation,
            action: view.action,
            plugin,
            version,
            digest,
            actor: view.actor,
            created_at: Time(view.created_at),
        }
    }
}

/// The settings of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ConfigBody {
    /// Values that differ from the manifest's defaults.
    #[schema(value_type = Object)]
    pub values: Value,
    /// Names of secrets that the plugin may know of.
    pub secrets: Vec<String>,
    /// What the bound revision's manifest declares: type, default, doc.
    #[schema(value_type = Object)]
    pub schema: Value,
}

impl From<ConfigView> for ConfigBody {
    fn from(view: ConfigView) -> Self {
        Self { values: view.values, secrets: view.secrets, schema: view.schema }
    }
}
