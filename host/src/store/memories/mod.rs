//! `memories`, `memory_chunks`, `memory_libraries`, `memory_words`.
//!
//! ```text
//! mod.rs      one memory: made, read, changed, hidden, erased
//! list.rs     one implementation of the filters: lists, counts, walks, ids
//! words.rs    which words stand where: how often each, and who has any of them
//! library.rs  a person's statistics; whoever writes waits for that row
//! chunks.rs   pieces of content that have vectors
//! stats.rs    figures and tags
//! ```
//! Where ids are given, `(user_id = $1) IS TRUE` keeps the index of a person's memories out of it: without statistics SQLite
//! would rather read all of them than look up a few.
//!
//! A change begins with [`open`], which keeps other writers of the same person waiting until the transaction ends: what is
//! read after it stands until the commit, so nothing is lost between two writers and no statistic drifts.

mod chunks;
mod library;
mod list;
mod stats;
mod words;

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::memory::{Memory, StoredChunk};

pub use chunks::{chunks, chunks_of, drop_chunks, put_chunks};
pub use library::{Library, account, library, open};
pub use list::{among, count, ids, list, walk};
pub use stats::{Bag, bags, count_active, stats, tags};
pub use words::{Candidate, Which, candidates, frequencies, index, unindex};

macro_rules! columns {
    () => {
        "memories.id, user_id, is_active, source_type, source_id, importance, memories.created_at, memories.updated_at, deleted_at, superseded_by, \
         access_count, last_accessed_at, version, tags, metadata, title, content"
    };
}
pub(super) use columns;

rows! {
    Memory {
        id, user_id, title, content, source_type: text, source_id, importance, tags: json, metadata: json, is_active, access_count,
        last_accessed_at, superseded_by, created_at, updated_at, deleted_at, version, embedding: later
    }
}

/// What depends on a memory's text alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// SHA-256 of the normalised content.
    pub hash: Vec<u8>,
    /// Pieces that have vectors.
    pub chunks: Vec<StoredChunk>,
    /// Words in title and content.
    pub length: i64,
    /// How often which word.
    pub bag: Vec<u8>,
    /// Keys of the words, each once, with spaces between them.
    pub words: String,
}

/// Title and content as looking for a text sees them.
fn search_text(memory: &Memory) -> String {
    let mut text = memory.title.to_lowercase();
    text.push('\n');
    text.push_str(&memory.content.to_lowercase());
    text
}

/// Adds a memory with its chunks and words; `None`: an active one with this content is there, and nothing was written.
pub async fn insert(tx: &mut Tx, memory: &Memory, text: &Indexed) -> Result<Option<i64>> {
    let made: Option<(i64,)> = tx
        .query(
            "INSERT INTO memories (id, user_id, is_active, source_type, source_id, importance, created_at, updated_at, deleted_at, superseded_by, \
             access_count, last_accessed_at, version, content_hash, chunks, length, bag, tags, metadata, title, content, search_text) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) \
             ON CONFLICT (user_id, content_hash) WHERE is_active DO NOTHING RETURNING number",
        )
        .bind(memory.id)
        .bind(memory.user_id)
        .bind(memory.is_active)
        .bind(memory.source_type.text())
        .bind(memory.source_id.as_deref())
        .bind(memory.importance)
        .bind(memory.created_at)
        .bind(memory.updated_at)
        .bind(memory.deleted_at)
        .bind(memory.superseded_by)
        .bind(memory.access_count)
        .bind(memory.last_accessed_at)
        .bind(memory.version)
        .bind(text.hash.as_slice())
        .bind(i64::try_from(text.chunks.len()).unwrap_or(i64::MAX))
        .bind(text.length)
        .bind(text.bag.as_slice())
        .bind(Json(&memory.tags))
        .bind(Json(&memory.metadata))
        .bind(&memory.title)
        .bind(&memory.content)
        .bind(search_text(memory))
        .optional()
        .await?;
    let Some((number,)) = made else { return Ok(None) };
    put_chunks(tx, &text.chunks).await?;
    if memory.is_active {
        index(tx, number, &text.words).await?;
    }
    Ok(Some(number))
}

/// The user's memory, unless it is deleted.
pub async fn find<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Memory>> {
    db.reading(concat!("SELECT ", columns!(), " FROM memories WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL").into())
        .bind(id)
        .bind(user)
        .optional()
        .await
}

/// The user's memory, deleted or not.
pub async fn find_any<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Memory>> {
    db.reading(concat!("SELECT ", columns!(), " FROM memories WHERE id = $1 AND user_id = $2").into()).bind(id).bind(user).optional().await
}

/// The user's active memory with this content.
pub async fn by_hash<'a>(db: impl Reader<'a>, user: Uuid, hash: &[u8]) -> Result<Option<Memory>> {
    db.reading(concat!("SELECT ", columns!(), " FROM memories WHERE user_id = $1 AND content_hash = $2 AND is_active").into())
        .bind(user)
        .bind(hash)
        .optional()
        .await
}

/// The user's active memories of these ids, in no order.
pub async fn owned<'a>(db: impl Reader<'a>, user: Uuid, ids: &[Uuid]) -> Result<Vec<Memory>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        db.reading(concat!("SELECT ", columns!(), " FROM memories WHERE (user_id = $1) IS TRUE AND is_active").into()).bind(user);
    query.and_in("id", ids.iter().copied());
    query.all().await
}

/// Whose these ids are; those of nobody are left out.
pub async fn owners<'a>(db: impl Reader<'a>, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db.reading("SELECT id, user_id FROM memories WHERE 1 = 1".into());
    query.and_in("id", ids.iter().copied());
    query.all().await
}

/// Writes everything of `memory` that may change, `text` too where its title or content did; its stored version is one
/// higher then. Whether its words are found follows from `is_active`.
///
/// [`Error::Stale`] when the stored version is another one.
pub async fn update(tx: &mut Tx, memory: &Memory, text: Option<&Indexed>) -> Result<()> {
    let mut query = tx
        .query(
            "UPDATE memories SET is_active = $4, source_type = $5, source_id = $6, importance = $7, updated_at = $8, deleted_at = $9, \
             superseded_by = $10, tags = $11, metadata = $12, title = $13, version = version + 1",
        )
        .bind(memory.id)
        .bind(memory.user_id)
        .bind(memory.version)
        .bind(memory.is_active)
        .bind(memory.source_type.text())
        .bind(memory.source_id.as_deref())
        .bind(memory.importance)
        .bind(memory.updated_at)
        .bind(memory.deleted_at)
        .bind(memory.superseded_by)
        .bind(Json(&memory.tags))
        .bind(Json(&memory.metadata))
        .bind(&memory.title);
    if let Some(text) = text {
        query.push(", content = ").value(&memory.content).push(", search_text = ").value(search_text(memory));
        query.push(", content_hash = ").value(text.hash.as_slice()).push(", length = ").value(text.length);
        query.push(", bag = ").value(text.bag.as_slice());
        query.push(", chunks = ").value(i64::try_from(text.chunks.len()).unwrap_or(i64::MAX));
    }
    query.push(" WHERE id = $1 AND user_id = $2 AND version = $3 RETURNING number");
    let changed: Option<(i64,)> = query.optional().await?;
    let (number,) = changed.ok_or(Error::Stale)?;
    match text {
        _ if !memory.is_active => unindex(tx, number).await,
        Some(text) => {
            unindex(tx, number).await?;
            index(tx, number, &text.words).await
        }
        None => Ok(()),
    }
}

/// Hides memories that are not deleted yet; tells how many. At most 500 ids.
pub async fn hide(tx: &mut Tx, user: Uuid, ids: &[Uuid], now: Millis) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut query = tx
        .query(
            "UPDATE memories SET is_active = FALSE, deleted_at = $2, updated_at = $2, version = version + 1 \
             WHERE (user_id = $1) IS TRUE AND deleted_at IS NULL",
        )
        .bind(user)
        .bind(now);
    query.and_in("id", ids.iter().copied());
    query.push(" RETURNING number");
    let numbers: Vec<(i64,)> = query.all().await?;
    let hidden = numbers.len() as u64;
    words::unindex_all(tx, &numbers.into_iter().map(|number| number.0).collect::<Vec<_>>()).await?;
    Ok(hidden)
}

/// Removes memories, their chunks and words; what they had superseded is so by nobody now.
pub async fn erase(tx: &mut Tx, user: Uuid, ids: &[Uuid]) -> Result<u64> {
    let mut erased = 0;
    for part in ids.chunks(500) {
        let mut query = tx.query("UPDATE memories SET superseded_by = NULL WHERE (user_id = $1) IS TRUE").bind(user);
        query.and_in("superseded_by", part.iter().copied());
        query.execute().await?;
        let mut query = tx.query("DELETE FROM memories WHERE (user_id = $1) IS TRUE").bind(user);
        query.and_in("id", part.iter().copied());
        erased += query.execute().await?;
    }
    Ok(erased)
}

/// Words and lengths that memories take part in statistics with: `(documents, words)` of the active ones among these.
pub async fn weight<'a>(db: impl Reader<'a>, user: Uuid, ids: &[Uuid]) -> Result<(i64, i64)> {
    if ids.is_empty() {
        return Ok((0, 0));
    }
    let mut query = db
        .reading(
            "SELECT COUNT(*), CAST(COALESCE(SUM(length), 0) AS BIGINT) FROM memories WHERE (user_id = $1) IS TRUE AND is_active".into(),
        )
        .bind(user);
    query.and_in("id", ids.iter().copied());
    query.one().await
}

/// Counts accesses: `(memory, how often, the last time)`. No version moves.
pub async fn accessed<'a>(db: impl Writes<'a>, accesses: &[(Uuid, i64, Millis)]) -> Result<()> {
    let Some(last) = accesses.iter().map(|access| access.2).max() else { return Ok(()) };
    let mut query = db.writing("UPDATE memories SET access_count = access_count + CASE id".into());
    for (id, times, _) in accesses {
        query.push(" WHEN ").value(*id).push(" THEN ").value(*times);
    }
    query.push(" ELSE 0 END, last_accessed_at = CASE id");
    for (id, _, at) in accesses {
        query.push(" WHEN ").value(*id).push(" THEN ").value(*at);
    }
    query.push(" ELSE ").value(last).push(" END WHERE 1 = 1");
    query.and_in("id", accesses.iter().map(|access| access.0));
    query.execute().await.map(drop)
}
