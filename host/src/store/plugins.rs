//! `plugins`, `blobs`, `revisions`, `plugin_grants`, `blocked_digests`.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::plugin::{BlockedDigest, Plugin, PluginGrant, Revision, RevisionState};

macro_rules! columns {
    () => {
        "id, plugin, version, digest, kind, size, manifest, imports, needs, needs_hash, verdicts, state, approved_hash, approved_by, \
         approved_at, bundled, created_at, created_by"
    };
}

rows! {
    Plugin { name, kind, summary, created_at }
    Revision {
        id, plugin, version, digest, kind, size, manifest: json, imports: json, needs: json, needs_hash, verdicts: json, state: text,
        approved_hash, approved_by, approved_at, bundled, created_at, created_by
    }
    PluginGrant { plugin, policy: json, version, updated_at, updated_by }
    BlockedDigest { digest, plugin, reason, blocked_at, blocked_by }
}

/// Adds a revision with its bytes, and the plugin if it is new.
///
/// Conflicts: `plugins_kind` when the plugin's other revisions are of another kind; `revisions_plugin_version_key` when that
/// version exists (never for versions that end in `-dev`); `revisions_plugin_version_digest_key` when these very bytes do.
/// A repeated upload may meet either of the last two: compare digests.
pub async fn insert(tx: &mut Tx, revision: &Revision, summary: &str, bytes: &[u8]) -> Result<()> {
    let plugin: Option<(String,)> = tx
        .query(
            "INSERT INTO plugins (name, kind, summary, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET summary = excluded.summary WHERE plugins.kind = excluded.kind RETURNING name",
        )
        .bind(&revision.plugin)
        .bind(&revision.kind)
        .bind(summary)
        .bind(revision.created_at)
        .optional()
        .await?;
    if plugin.is_none() {
        return Err(Error::Conflict { constraint: "plugins_kind".into() });
    }
    tx.query("INSERT INTO blobs (digest, size, bytes, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING")
        .bind(&revision.digest)
        .bind(revision.size)
        .bind(bytes)
        .bind(revision.created_at)
        .execute()
        .await?;
    tx.query(concat!(
        "INSERT INTO revisions (",
        columns!(),
        ", development) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
    ))
    .bind(revision.id)
    .bind(&revision.plugin)
    .bind(&revision.version)
    .bind(&revision.digest)
    .bind(&revision.kind)
    .bind(revision.size)
    .bind(Json(&revision.manifest))
    .bind(Json(&revision.imports))
    .bind(Json(&revision.needs))
    .bind(&revision.needs_hash)
    .bind(Json(&revision.verdicts))
    .bind(revision.state.text())
    .bind(revision.approved_hash.as_deref())
    .bind(revision.approved_by.as_deref())
    .bind(revision.approved_at)
    .bind(revision.bundled)
    .bind(revision.created_at)
    .bind(&revision.created_by)
    .bind(revision.version.ends_with("-dev"))
    .execute()
    .await
    .map(drop)
}

/// All plugins by name.
pub async fn list<'a>(db: impl Reader<'a>) -> Result<Vec<Plugin>> {
    db.reading("SELECT name, kind, summary, created_at FROM plugins ORDER BY name".into()).all().await
}

/// All revisions, or one plugin's; newest first within a plugin.
pub async fn revisions<'a>(db: impl Reader<'a>, plugin: Option<&str>) -> Result<Vec<Revision>> {
    db.reading(
        concat!("SELECT ", columns!(), " FROM revisions WHERE ($1 IS NULL OR plugin = $1) ORDER BY plugin, created_at DESC, id DESC")
            .into(),
    )
    .bind(plugin)
    .all()
    .await
}

/// A revision by id.
pub async fn revision<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<Revision>> {
    db.reading(concat!("SELECT ", columns!(), " FROM revisions WHERE id = $1").into()).bind(id).optional().await
}

/// A revision by plugin and version; of a `-dev` version the newest.
pub async fn find<'a>(db: impl Reader<'a>, plugin: &str, version: &str) -> Result<Option<Revision>> {
    db.reading(
        concat!("SELECT ", columns!(), " FROM revisions WHERE plugin = $1 AND version = $2 ORDER BY created_at DESC, id DESC LIMIT 1")
            .into(),
    )
    .bind(plugin)
    .bind(version)
    .optional()
    .await
}

/// A component's bytes.
pub async fn bytes<'a>(db: impl Reader<'a>, digest: &str) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = db.reading("SELECT bytes FROM blobs WHERE digest = $1".into()).bind(digest).optional().await?;
    Ok(row.map(|row| row.0))
}

/// Moves a revision on, with all its verdicts so far.
pub async fn set_state<'a>(db: impl Writes<'a>, id: Uuid, state: RevisionState, verdicts: &[Value]) -> Result<()> {
    let changed = db
        .writing("UPDATE revisions SET state = $2, verdicts = $3 WHERE id = $1".into())
        .bind(id)
        .bind(state.text())
        .bind(Json(verdicts))
        .execute()
        .await?;
    if changed == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Accepts what a revision asks for, if it still asks for exactly that; [`Error::Stale`] otherwise.
pub async fn approve<'a>(db: impl Writes<'a>, id: Uuid, needs_hash: &str, by: &str, now: Millis) -> Result<()> {
    let changed = db
        .writing("UPDATE revisions SET approved_hash = $2, approved_by = $3, approved_at = $4 WHERE id = $1 AND needs_hash = $2".into())
        .bind(id)
        .bind(needs_hash)
        .bind(by)
        .bind(now)
        .execute()
        .await?;
    if changed == 0 { Err(Error::Stale) } else { Ok(()) }
}

/// Removes a revision, and its bytes and its plugin when nothing else needs them. Conflict `foreign_key`: it is bound.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<()> {
    let row: Option<(String, String)> =
        tx.query("DELETE FROM revisions WHERE id = $1 RETURNING plugin, digest").bind(id).optional().await?;
    let (plugin, digest) = row.ok_or(Error::NotFound)?;
    tx.query("DELETE FROM blobs WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM revisions r WHERE r.digest = $1)")
        .bind(digest)
        .execute()
        .await?;
    tx.query("DELETE FROM plugins WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM revisions r WHERE r.plugin = $1)")
        .bind(plugin)
        .execute()
        .await?;
    Ok(())
}

/// What an operator lets a plugin do, if that was ever narrowed.
pub async fn grant<'a>(db: impl Reader<'a>, plugin: &str) -> Result<Option<PluginGrant>> {
    db.reading("SELECT plugin, policy, version, updated_at, updated_by FROM plugin_grants WHERE plugin = $1".into())
        .bind(plugin)
        .optional()
        .await
}

/// All narrowed grants.
pub async fn grants<'a>(db: impl Reader<'a>) -> Result<Vec<PluginGrant>> {
    db.reading("SELECT plugin, policy, version, updated_at, updated_by FROM plugin_grants ORDER BY plugin".into()).all().await
}

/// Narrows (or widens again) what a plugin may do; tells the new version. `expected`: 0 = there was none.
pub async fn set_grant<'a>(db: impl Writes<'a>, plugin: &str, policy: &Value, expected: Option<i64>, by: &str, now: Millis) -> Result<i64> {
    let row: Option<(i64,)> = db
        .writing(
            "INSERT INTO plugin_grants (plugin, policy, version, updated_at, updated_by) VALUES ($1, $2, 1, $3, $4) \
             ON CONFLICT (plugin) DO UPDATE SET policy = excluded.policy, version = plugin_grants.version + 1, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by WHERE $5 IS NULL OR plugin_grants.version = $5 RETURNING version"
                .into(),
        )
        .bind(plugin)
        .bind(Json(policy))
        .bind(now)
        .bind(by)
        .bind(expected)
        .optional()
        .await?;
    row.map(|row| row.0).ok_or(Error::Stale)
}

/// Refuses these bytes for good. A second block keeps the first reason.
pub async fn block<'a>(db: impl Writes<'a>, blocked: &BlockedDigest) -> Result<()> {
    db.writing("INSERT INTO blocked_digests (digest, plugin, reason, blocked_at, blocked_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest) DO NOTHING".into())
        .bind(&blocked.digest)
        .bind(&blocked.plugin)
        .bind(&blocked.reason)
        .bind(blocked.blocked_at)
        .bind(&blocked.blocked_by)
        .execute()
        .await
        .map(drop)
}

/// All blocked digests.
pub async fn blocked<'a>(db: impl Reader<'a>) -> Result<Vec<BlockedDigest>> {
    db.reading("SELECT digest, plugin, reason, blocked_at, blocked_by FROM blocked_digests ORDER BY blocked_at, digest".into()).all().await
}

/// Whether and why these bytes are blocked.
pub async fn find_blocked<'a>(db: impl Reader<'a>, digest: &str) -> Result<Option<BlockedDigest>> {
    db.reading("SELECT digest, plugin, reason, blocked_at, blocked_by FROM blocked_digests WHERE digest = $1".into())
        .bind(digest)
        .optional()
        .await
}
