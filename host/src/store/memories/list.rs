//! One implementation of the filters: for lists, searches, exports and deleting many.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::columns;
use crate::model::Object;
use crate::model::memory::{Memory, MemoryFilter, MemorySort};
use crate::model::page::{Cursor, Key, Page, Slice, Start};
use crate::store::db::{Db, Dialect, Reader};
use crate::store::error::Result;
use crate::store::page::{arrange, cut, like, told};
use crate::store::query::Query;
use crate::store::row::rows;

/// `importance` as a whole number: what a cursor can carry.
const IMPORTANCE: &str = "CAST(ROUND(importance * 1000000000) AS BIGINT)";
/// As much of title and text as orders.
const TITLE: &str = "SUBSTR(search_text, 1, 120)";
/// Characters of that.
const TITLE_CHARS: usize = 120;

/// The user's memories that pass the filter. With [`Start::Skip`] the total is counted as well.
pub async fn list(db: &Db, user: Uuid, filter: &MemoryFilter, sort: MemorySort, page: &Page) -> Result<Slice<Memory>> {
    let dialect = db.dialect();
    let (key, descending) = order(sort);
    let mut query = db.read(concat!("SELECT ", columns!(), " FROM memories WHERE user_id = $1")).bind(user);
    filtered(&mut query, dialect, filter);
    arrange(&mut query, key, matches!(sort, MemorySort::Title(_)), descending, page)?;
    let items: Vec<Memory> = query.all().await?;
    let total = match page.start {
        Start::After(_) => None,
        Start::Skip(_) => match told(&items, page) {
            // a first page that is not full has told the total already
            Some(total) => Some(total),
            None => Some(count(db, user, filter).await?),
        },
    };
    Ok(cut(items, total, page, |memory| Cursor { key: key_of(memory, sort), id: memory.id }))
}

/// How many of the user's memories pass the filter.
pub async fn count<'a>(db: impl Reader<'a>, user: Uuid, filter: &MemoryFilter) -> Result<i64> {
    let dialect = db.speaks();
    let mut query = db.reading("SELECT COUNT(*) FROM memories WHERE user_id = $1".into()).bind(user);
    filtered(&mut query, dialect, filter);
    let row: (i64,) = query.one().await?;
    Ok(row.0)
}

/// Ids of the user's memories that pass the filter, at most `limit`, oldest first.
pub async fn ids<'a>(db: impl Reader<'a>, user: Uuid, filter: &MemoryFilter, limit: i64) -> Result<Vec<Uuid>> {
    let dialect = db.speaks();
    let mut query = db.reading("SELECT id FROM memories WHERE user_id = $1".into()).bind(user);
    filtered(&mut query, dialect, filter);
    query.push(" ORDER BY number LIMIT ").value(limit);
    let rows: Vec<(Uuid,)> = query.all().await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Those of `ids` that are the user's and pass the filter, in no order.
pub async fn among<'a>(db: impl Reader<'a>, user: Uuid, filter: &MemoryFilter, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = db.speaks();
    let mut query = db.reading("SELECT id FROM memories WHERE (user_id = $1) IS TRUE".into()).bind(user);
    filtered(&mut query, dialect, filter);
    query.and_in("id", ids.iter().copied());
    let rows: Vec<(Uuid,)> = query.all().await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// A memory with its number.
struct Numbered {
    number: i64,
    memory: Memory,
}

rows! { Numbered { number, memory: whole } }

/// The next of the user's memories that pass the filter after `number` (0 = from the beginning), oldest first, each with its
/// number: an export reads page after page, and no connection waits for a slow client.
pub async fn walk<'a>(db: impl Reader<'a>, user: Uuid, filter: &MemoryFilter, number: i64, limit: i64) -> Result<Vec<(i64, Memory)>> {
    let dialect = db.speaks();
    let sql = concat!("SELECT number, ", columns!(), " FROM memories WHERE user_id = $1 AND number > $2");
    let mut query = db.reading(sql.into()).bind(user).bind(number);
    filtered(&mut query, dialect, filter);
    query.push(" ORDER BY number LIMIT ").value(limit);
    let rows: Vec<Numbered> = query.all().await?;
    Ok(rows.into_iter().map(|row| (row.number, row.memory)).collect())
}

const fn order(sort: MemorySort) -> (&'static str, bool) {
    match sort {
        MemorySort::Created(descending) => ("created_at", descending),
        MemorySort::Updated(descending) => ("updated_at", descending),
        MemorySort::Importance(descending) => (IMPORTANCE, descending),
        MemorySort::Accessed(descending) => ("access_count", descending),
        MemorySort::Title(descending) => (TITLE, descending),
    }
}

fn key_of(memory: &Memory, sort: MemorySort) -> Key {
    Key::Int(match sort {
        MemorySort::Created(_) => memory.created_at,
        MemorySort::Updated(_) => memory.updated_at,
        MemorySort::Accessed(_) => memory.access_count,
        #[expect(clippy::cast_possible_truncation, reason = "0…1, so at most 10^9")]
        MemorySort::Importance(_) => (memory.importance * 1e9).round() as i64,
        MemorySort::Title(_) => return Key::Text(super::search_text(memory).chars().take(TITLE_CHARS).collect()),
    })
}

/// Adds ` AND …` for every part of the filter.
pub(super) fn filtered(query: &mut Query<'_>, dialect: Dialect, filter: &MemoryFilter) {
    if !filter.include_inactive {
        query.push(" AND is_active");
    }
    query.and_in("source_type", filter.source_types.iter().map(|source| source.text()));
    if let Some(source) = &filter.source_id {
        query.push(" AND source_id = ").value(source.as_str());
    }
    for tag in &filter.tags {
        query.push(" AND ");
        tagged(query, dialect, tag);
    }
    for (at, tag) in filter.tags_any.iter().enumerate() {
        query.push(if at == 0 { " AND (" } else { " OR " });
        tagged(query, dialect, tag);
    }
    if !filter.tags_any.is_empty() {
        query.push(")");
    }
    for (column, bound) in [
        (" AND created_at >= ", filter.created_after),
        (" AND created_at < ", filter.created_before),
        (" AND updated_at > ", filter.updated_after),
    ] {
        if let Some(bound) = bound {
            query.push(column).value(bound);
        }
    }
    if let Some(least) = filter.min_importance {
        query.push(" AND importance >= ").value(least);
    }
    for (name, value) in &filter.metadata {
        has(query, dialect, name, value);
    }
    if let Some(search) = filter.search.as_deref().filter(|text| !text.trim().is_empty()) {
        query.push(" AND search_text LIKE ").value(like(search)).push(" ESCAPE '!'");
    }
}

fn tagged(query: &mut Query<'_>, dialect: Dialect, tag: &str) {
    match dialect {
        Dialect::Sqlite => query.push("EXISTS (SELECT 1 FROM json_each(memories.tags) WHERE value = ").value(tag).push(")"),
        Dialect::Postgres => query.push("tags @> ").value(Json([tag])),
    };
}

/// A field of the metadata with exactly this plain value.
fn has(query: &mut Query<'_>, dialect: Dialect, name: &str, value: &Value) {
    if dialect == Dialect::Postgres {
        query.push(" AND metadata @> ").value(Json(Object::from_iter([(name.to_owned(), value.clone())])));
        return;
    }
    query.push(" AND EXISTS (SELECT 1 FROM json_each(memories.metadata) WHERE key = ").value(name);
    match value {
        Value::String(text) => query.push(" AND type = 'text' AND value = ").value(text.as_str()),
        Value::Number(number) => {
            query.push(" AND type IN ('integer', 'real') AND value = ");
            match number.as_i64() {
                Some(whole) => query.value(whole),
                None => query.value(number.as_f64().unwrap_or_default()),
            }
        }
        Value::Bool(true) => query.push(" AND type = 'true'"),
        Value::Bool(false) => query.push(" AND type = 'false'"),
        // what is no plain value was refused before
        _ => query.push(" AND type = 'null'"),
    };
    query.push(")");
}
