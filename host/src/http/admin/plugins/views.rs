//! How plugins and revisions look on the wire.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::Time;
use crate::service::plugins::{PluginView, RevisionView};

/// A plugin with its revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PluginBody {
    /// Unique name.
    pub name: String,
    /// `xp-rules`, `auth-provider`.
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// Newest first.
    pub versions: Vec<VersionBody>,
}

/// One revision in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct VersionBody {
    /// SemVer.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// `staged`, `checked`, `live`, `retired`, `held`, `blocked` or `failed`.
    pub state: String,
    /// Slots it is bound to.
    pub bound_to: Vec<String>,
}

/// One revision, whole.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RevisionBody {
    /// Plugin's name.
    pub name: String,
    /// `xp-rules`, `auth-provider`.
    pub kind: String,
    /// SemVer.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Bytes.
    pub size: i64,
    /// `staged`, `checked`, `live`, `retired`, `held`, `blocked` or `failed`.
    pub state: String,
    /// Came with the host.
    pub bundled: bool,
    /// Slots it is bound to.
    pub bound_to: Vec<String>,
    /// Interfaces the binary imports.
    pub imports: Vec<String>,
    /// What the manifest asks for.
    pub needs: Value,
    /// Hash of the canonical needs.
    pub needs_hash: String,
    /// What it may do, one power a line in words.
    pub powers: Vec<String>,
    /// Limits of one call.
    pub limits: Value,
    /// Settings that the manifest declares.
    pub config: Value,
    /// Versions of its own data that it writes and reads.
    pub data: Value,
    /// What is new against the live revision; present while it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Value>,
    /// One entry a stage that was passed or failed.
    pub verdicts: Vec<Value>,
    /// When it was added.
    pub created_at: Time,
}

impl From<PluginView> for PluginBody {
    fn from(plugin: PluginView) -> Self {
        let versions = plugin
            .revisions
            .into_iter()
            .map(|revision| VersionBody {
                version: revision.version,
                digest: revision.digest,
                state: revision.state,
                bound_to: revision.bound_to,
            })
            .collect();
        Self { name: plugin.name, kind: plugin.kind, summary: plugin.summary, versions }
    }
}

impl From<RevisionView> for RevisionBody {
    fn from(view: RevisionView) -> Self {
        let RevisionView { revision, state, bound_to, powers, difference } = view;
        let mut manifest = revision.manifest;
        Self {
            name: revision.plugin,
            kind: revision.kind,
            version: revision.version,
            digest: revision.digest,
            size: revision.size,
            state,
            bundled: revision.bundled,
            bound_to,
            imports: revision.imports,
            needs: revision.needs,
            needs_hash: revision.needs_hash,
            powers,
            limits: manifest["limits"].take(),
            config: manifest["config"].take(),
            data: manifest["data"].take(),
            difference,
            verdicts: revision.verdicts,
            created_at: Time(revision.created_at),
        }
    }
}
