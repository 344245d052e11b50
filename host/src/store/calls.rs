//! `call_records`: what plugin calls cost, written in batches outside everyone's transaction.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Db, Reader, Writes};
use super::error::Result;
use super::row::rows;
use crate::clock::Millis;
use crate::model::call::{CallFilter, CallRecord};
use crate::model::page::{Cursor, Key, Page, Slice, Start};

/// Records kept of a slot.
pub const KEPT: i64 = 10_000;
/// How long a record is kept: 7 days.
pub const KEPT_FOR: Millis = 7 * 24 * 3_600_000;

macro_rules! columns {
    () => {
        "id, slot, plugin, plugin_version, digest, generation, export, outcome, code, detail, cpu_us, wall_us, memory_bytes, host_calls, \
         grant_hash, user_id, request_id, logs, recording, created_at"
    };
}

rows! {
    CallRecord {
        id, slot, plugin, plugin_version, digest, generation, export, outcome, code, detail, cpu_us, wall_us, memory_bytes, host_calls,
        grant_hash, user_id, request_id, logs: maybe_json, recording, created_at
    }
}

/// Rows a statement; few sizes, so that the statement cache holds them all.
const SIZES: [usize; 3] = [64, 8, 1];

/// Writes a batch in one transaction: each id once. An id that is known already gets the later outcome.
pub async fn insert(db: &Db, records: &[CallRecord]) -> Result<()> {
    let mut tx = db.begin().await?;
    let mut rest = records;
    for size in SIZES {
        while rest.len() >= size {
            let (chunk, others) = rest.split_at(size);
            rest = others;
            let mut query = tx.query(concat!("INSERT INTO call_records (", columns!(), ") VALUES "));
            for (index, record) in chunk.iter().enumerate() {
                query.push(if index == 0 { "(" } else { ", (" });
                query.value(record.id).push(", ").value(record.slot.as_str()).push(", ").value(record.plugin.as_str()).push(", ");
                query
                    .value(record.plugin_version.as_str())
                    .push(", ")
                    .value(record.digest.as_str())
                    .push(", ")
                    .value(record.generation)
                    .push(", ");
                query
                    .value(record.export.as_str())
                    .push(", ")
                    .value(record.outcome.as_str())
                    .push(", ")
                    .value(record.code.as_deref())
                    .push(", ");
                query.value(record.detail.as_deref()).push(", ").value(record.cpu_us).push(", ").value(record.wall_us).push(", ");
                query
                    .value(record.memory_bytes)
                    .push(", ")
                    .value(record.host_calls)
                    .push(", ")
                    .value(record.grant_hash.as_str())
                    .push(", ");
                query.value(record.user_id).push(", ").value(record.request_id.as_deref()).push(", ").value(record.logs.as_ref().map(Json));
                query.push(", ").value(record.recording.as_deref()).push(", ").value(record.created_at).push(")");
            }
            // The record that corrects one of an earlier batch: only the verdict differs.
            query.push(" ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, code = excluded.code, detail = excluded.detail");
            query.execute().await?;
        }
    }
    tx.commit().await
}

/// Records, newest first.
pub async fn list<'a>(db: impl Reader<'a>, filter: &CallFilter, page: &Page) -> Result<Slice<CallRecord>> {
    let mut query = db.reading(concat!("SELECT ", columns!(), ", CAST(NULL AS BIGINT) AS total FROM call_records WHERE TRUE").into());
    for (column, value) in [(" AND slot = ", &filter.slot), (" AND outcome = ", &filter.outcome), (" AND plugin = ", &filter.plugin)] {
        if let Some(value) = value {
            query.push(column).value(value.as_str());
        }
    }
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key, id }) => {
            let key = if let Key::Int(key) = key { *key } else { i64::MAX };
            query.push(" AND (created_at, id) < (").value(key).push(", ").value(*id).push(")");
        }
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let items: Vec<CallRecord> = query.all().await?;
    Ok(super::page::cut(items, None, page, |record| Cursor { key: Key::Int(record.created_at), id: record.id }))
}

/// How many records pass the filter.
pub async fn count<'a>(db: impl Reader<'a>, filter: &CallFilter) -> Result<i64> {
    let row: (i64,) = db
        .reading("SELECT COUNT(*) FROM call_records WHERE ($1 IS NULL OR slot = $1) AND ($2 IS NULL OR outcome = $2) AND ($3 IS NULL OR plugin = $3)".into())
        .bind(filter.slot.as_deref())
        .bind(filter.outcome.as_deref())
        .bind(filter.plugin.as_deref())
        .one()
        .await?;
    Ok(row.0)
}

/// One record.
pub async fn find<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<CallRecord>> {
    db.reading(concat!("SELECT ", columns!(), " FROM call_records WHERE id = $1").into()).bind(id).optional().await
}

/// Removes what is older than [`KEPT_FOR`].
pub async fn trim_old<'a>(db: impl Writes<'a>, now: Millis) -> Result<u64> {
    db.writing("DELETE FROM call_records WHERE created_at < $1".into()).bind(now - KEPT_FOR).execute().await
}

/// Removes what is beyond the newest [`KEPT`] of a slot.
pub async fn trim_slot<'a>(db: impl Writes<'a>, slot: &str, kept: i64) -> Result<u64> {
    db.writing(
        "DELETE FROM call_records WHERE slot = $1 AND (created_at, id) <= \
         (SELECT k.created_at, k.id FROM call_records k WHERE k.slot = $1 ORDER BY k.created_at DESC, k.id DESC LIMIT 1 OFFSET $2)"
            .into(),
    )
    .bind(slot)
    .bind(kept)
    .execute()
    .await
}
