//! `slots`, `bindings`, `binding_history`: what serves. Every change is a compare-and-set on the slot's generation, leaves
//! a row of history, and moves the routing generation that hosts follow, all in one transaction.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::db::Reader;
use super::error::{Error, Result};
use super::row::{parse, rows};
use super::settings;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::slot::{Binding, Slot, SlotHistory};

struct Row {
    slot: String,
    kind: String,
    generation: i64,
    config: Value,
    secrets: Vec<String>,
    updated_at: Millis,
    mode: Option<String>,
    revision_id: Option<Uuid>,
    percent: Option<i64>,
}

rows! {
    Row { slot, kind, generation, config: json, secrets: json, updated_at, mode, revision_id, percent }
    SlotHistory { slot, generation, action, bindings: json, config: json, secrets: json, actor, created_at }
}

/// What a slot becomes.
#[derive(Clone, Debug)]
pub struct SlotChange<'a> {
    /// Which slot.
    pub slot: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The generation its maker saw; 0 = never bound.
    pub expected: i64,
    /// All bindings after the change, at most one a mode.
    pub bindings: &'a [Binding],
    /// Config after the change.
    pub config: &'a Value,
    /// Secrets it may use after the change.
    pub secrets: &'a [String],
    /// `bind`, `rollback`, `unbind`, `config`, `upgrade`, `block`.
    pub action: &'a str,
    /// Who.
    pub actor: &'a str,
    /// When.
    pub now: Millis,
}

/// Changes a slot; tells its new generation and the new routing generation. [`Error::Stale`] when it is no longer at
/// `expected`; roll the transaction back then. Conflict `foreign_key`: a revision that is not there.
pub async fn change(tx: &mut Tx, change: &SlotChange<'_>) -> Result<(i64, i64)> {
    let row: Option<(i64,)> = tx
        .query(
            "INSERT INTO slots (slot, kind, generation, config, secrets, updated_at) VALUES ($1, $2, 1, $3, $4, $5) \
             ON CONFLICT (slot) DO UPDATE SET generation = slots.generation + 1, config = excluded.config, secrets = excluded.secrets, \
             updated_at = excluded.updated_at WHERE slots.generation = $6 RETURNING generation",
        )
        .bind(change.slot)
        .bind(change.kind)
        .bind(Json(change.config))
        .bind(Json(change.secrets))
        .bind(change.now)
        .bind(change.expected)
        .optional()
        .await?;
    // an insert where something was expected is just as stale as no row at all
    let generation = row.map(|row| row.0).filter(|generation| *generation == change.expected + 1).ok_or(Error::Stale)?;
    tx.query("DELETE FROM bindings WHERE slot = $1").bind(change.slot).execute().await?;
    for binding in change.bindings {
        tx.query("INSERT INTO bindings (slot, mode, revision_id, percent, bound_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(change.slot)
            .bind(binding.mode.text())
            .bind(binding.revision_id)
            .bind(binding.percent)
            .bind(change.now)
            .execute()
            .await?;
    }
    tx.query(
        "INSERT INTO binding_history (slot, generation, action, bindings, config, secrets, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(change.slot)
    .bind(generation)
    .bind(change.action)
    .bind(Json(change.bindings))
    .bind(Json(change.config))
    .bind(Json(change.secrets))
    .bind(change.actor)
    .bind(change.now)
    .execute()
    .await?;
    Ok((generation, settings::move_generation(&mut *tx).await?))
}

macro_rules! select {
    () => {
        "SELECT s.slot, s.kind, s.generation, s.config, s.secrets, s.updated_at, b.mode, b.revision_id, b.percent \
         FROM slots s LEFT JOIN bindings b ON b.slot = s.slot "
    };
}

/// Every slot that was ever bound, with its bindings: the whole routing in one statement.
pub async fn list<'a>(db: impl Reader<'a>) -> Result<Vec<Slot>> {
    let rows: Vec<Row> = db.reading(concat!(select!(), "ORDER BY s.slot, b.mode").into()).all().await?;
    gather(rows)
}

/// One slot, if it was ever bound.
pub async fn find<'a>(db: impl Reader<'a>, slot: &str) -> Result<Option<Slot>> {
    let rows: Vec<Row> = db.reading(concat!(select!(), "WHERE s.slot = $1 ORDER BY b.mode").into()).bind(slot).all().await?;
    Ok(gather(rows)?.pop())
}

/// Slots with one of these bytes bound.
pub async fn with_digest<'a>(db: impl Reader<'a>, digest: &str) -> Result<Vec<Slot>> {
    let rows: Vec<Row> = db
        .reading(
            concat!(
                select!(),
                "WHERE s.slot IN (SELECT d.slot FROM bindings d JOIN revisions r ON r.id = d.revision_id WHERE r.digest = $1) ORDER BY s.slot, b.mode"
            )
            .into(),
        )
        .bind(digest)
        .all()
        .await?;
    gather(rows)
}

fn gather(rows: Vec<Row>) -> Result<Vec<Slot>> {
    let mut slots: Vec<Slot> = Vec::new();
    for row in rows {
        let binding = match (row.mode, row.revision_id) {
            (Some(mode), Some(revision_id)) => Some(Binding { mode: parse(&mode)?, revision_id, percent: row.percent }),
            _ => None,
        };
        match slots.last_mut() {
            Some(slot) if slot.slot == row.slot => slot.bindings.extend(binding),
            _ => slots.push(Slot {
                slot: row.slot,
                kind: row.kind,
                generation: row.generation,
                bindings: binding.into_iter().collect(),
                config: row.config,
                secrets: row.secrets,
                updated_at: row.updated_at,
            }),
        }
    }
    Ok(slots)
}

/// A slot's history, newest first; `before`: only older generations.
pub async fn history<'a>(db: impl Reader<'a>, slot: &str, before: Option<i64>, limit: i64) -> Result<Vec<SlotHistory>> {
    db.reading(
        "SELECT slot, generation, action, bindings, config, secrets, actor, created_at FROM binding_history \
         WHERE slot = $1 AND ($2 IS NULL OR generation < $2) ORDER BY generation DESC LIMIT $3"
            .into(),
    )
    .bind(slot)
    .bind(before)
    .bind(limit)
    .all()
    .await
}
