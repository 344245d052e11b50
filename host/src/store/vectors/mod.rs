//! `vector_shelves`, `vectors`, `vector_texts`: vectors as rows.
//!
//! ```text
//! mod.rs      shelves and vectors
//! texts.rs    what plugins' text items were made of
//! moving.rs   what is not of a space yet
//! ```
//! A change begins with [`touch`], which moves the shelf's generation and, on PostgreSQL, keeps other writers of the shelf
//! waiting until the transaction ends: generations become visible in their order. Rows carry the generation that wrote them,
//! the shelf the last one that removed something, so that an index in memory asks for what is newer than what it knows.

mod moving;
mod texts;

use std::collections::HashMap;

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::model::vector::{Metadata, Shelf, Space, VectorItem};

pub use moving::{Outside, outside, parents_outside, shelves_outside, still_outside};
pub use texts::{TextItem, put_texts, remove_texts, still_texts, texts_outside};

/// Rows of one INSERT: nine values each, and SQLite takes 32 766.
const ROWS: usize = 200;
/// Ids of one `IN (…)`.
const IDS: usize = 500;

/// A shelf within a transaction that changes it.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    /// The shelf's.
    pub id: Uuid,
    /// Of this change.
    pub generation: i64,
}

/// What an index compares itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShelfState {
    /// Another id: another shelf of the same name.
    pub id: Uuid,
    /// The newest change.
    pub generation: i64,
    /// The newest change that removed something.
    pub removed: i64,
}

/// A row.
#[derive(Clone, Debug)]
pub struct StoredVector {
    /// The item's id.
    pub item: String,
    /// What it is a part of.
    pub parent: Option<Uuid>,
    /// The space's model.
    pub model: String,
    /// The space's dimension.
    pub dimension: i64,
    /// Little-endian floats.
    pub vector: Vec<u8>,
    /// Pairs.
    pub metadata: Metadata,
    /// Which change wrote it.
    pub generation: i64,
}

/// A row's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VectorKey {
    /// The item's id.
    pub item: String,
    /// The space's model.
    pub model: String,
    /// The space's dimension.
    pub dimension: i64,
}

rows! {
    ShelfState { id, generation, removed }
    StoredVector { item, parent, model, dimension, vector, metadata: json, generation }
    VectorKey { item, model, dimension }
}

/// Floats as they are stored.
pub fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Stored floats.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

/// Begins a change of a shelf, which is made if it is not there; `id` is for that case.
pub async fn touch(tx: &mut Tx, shelf: &Shelf, id: Uuid) -> Result<Touched> {
    let row: (Uuid, i64) = tx
        .query(
            "INSERT INTO vector_shelves (id, plugin, user_id, collection, generation, removed) VALUES ($1, $2, $3, $4, 1, 0) \
             ON CONFLICT (plugin, user_id, collection) DO UPDATE SET generation = vector_shelves.generation + 1 RETURNING id, generation",
        )
        .bind(id)
        .bind(shelf.plugin.as_str())
        .bind(shelf.user)
        .bind(shelf.collection.as_str())
        .one()
        .await?;
    Ok(Touched { id: row.0, generation: row.1 })
}

/// What is there now; `None`: nothing ever was.
pub async fn state<'a>(db: impl Reader<'a>, shelf: &Shelf) -> Result<Option<ShelfState>> {
    db.reading("SELECT id, generation, removed FROM vector_shelves WHERE plugin = $1 AND user_id = $2 AND collection = $3".into())
        .bind(shelf.plugin.as_str())
        .bind(shelf.user)
        .bind(shelf.collection.as_str())
        .optional()
        .await
}

/// Writes items of one space; one of the same id is replaced, also where it stood in another space. Of two of one id the
/// last is written: PostgreSQL refuses to change a row twice in one statement.
pub async fn put(tx: &mut Tx, shelf: Touched, space: &Space, items: &[VectorItem]) -> Result<()> {
    for part in last_of_each(items, |item| &item.id).chunks(ROWS) {
        let mut moved = tx
            .query("DELETE FROM vectors WHERE shelf = $1 AND NOT (model = $2 AND dimension = $3)")
            .bind(shelf.id)
            .bind(space.model.as_str())
            .bind(i64::from(space.dimension));
        moved.and_in("item", part.iter().map(|item| item.id.as_str()));
        let moved = moved.execute().await?;
        mark_removed(tx, shelf, moved).await?;
        let mut query = tx.query("INSERT INTO vectors (shelf, model, dimension, item, parent, hash, vector, metadata, generation) VALUES ");
        for (at, item) in part.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" }).value(shelf.id).push(", ").value(space.model.as_str());
            query.push(", ").value(i64::from(space.dimension)).push(", ").value(item.id.as_str()).push(", ").value(item.parent);
            query.push(", ").value(item.hash.as_deref()).push(", ").value(bytes(&item.vector));
            query.push(", ").value(Json(&item.metadata)).push(", ").value(shelf.generation).push(")");
        }
        query.push(
            " ON CONFLICT (shelf, item, model, dimension) DO UPDATE SET parent = excluded.parent, hash = excluded.hash, \
             vector = excluded.vector, metadata = excluded.metadata, generation = excluded.generation",
        );
        query.execute().await?;
    }
    Ok(())
}

/// Of rows of one id the last, in their order.
fn last_of_each<T>(rows: &[T], id: impl Fn(&T) -> &str) -> Vec<&T> {
    let last: HashMap<&str, usize> = rows.iter().enumerate().map(|(at, row)| (id(row), at)).collect();
    rows.iter().enumerate().filter(|(at, row)| last.get(id(row)) == Some(at)).map(|(_, row)| row).collect()
}

async fn mark_removed(tx: &mut Tx, shelf: Touched, rows: u64) -> Result<()> {
    if rows > 0 {
        tx.query("UPDATE vector_shelves SET removed = $2 WHERE id = $1").bind(shelf.id).bind(shelf.generation).execute().await?;
    }
    Ok(())
}

/// Removes items by id, in every space; tells how many rows there were.
pub async fn remove_items(tx: &mut Tx, shelf: Touched, items: &[&str]) -> Result<u64> {
    let mut rows = 0;
    for part in items.chunks(IDS) {
        let mut query = tx.query("DELETE FROM vectors WHERE shelf = $1").bind(shelf.id);
        query.and_in("item", part.iter().copied());
        rows += query.execute().await?;
    }
    mark_removed(tx, shelf, rows).await?;
    Ok(rows)
}

/// Removes what is a part of these, in every space.
pub async fn remove_parents(tx: &mut Tx, shelf: Touched, parents: &[Uuid]) -> Result<u64> {
    let mut rows = 0;
    for part in parents.chunks(IDS) {
        let mut query = tx.query("DELETE FROM vectors WHERE shelf = $1").bind(shelf.id);
        query.and_in("parent", part.iter().copied());
        rows += query.execute().await?;
    }
    mark_removed(tx, shelf, rows).await?;
    Ok(rows)
}

/// Removes every vector of a shelf that is not of this space.
pub async fn remove_other_spaces(tx: &mut Tx, shelf: Touched, space: &Space) -> Result<u64> {
    let rows = tx
        .query("DELETE FROM vectors WHERE shelf = $1 AND NOT (model = $2 AND dimension = $3)")
        .bind(shelf.id)
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension))
        .execute()
        .await?;
    mark_removed(tx, shelf, rows).await?;
    Ok(rows)
}

/// Removes every shelf of a user, plugins' included.
pub async fn forget_user<'a>(db: impl Writes<'a>, user: Uuid) -> Result<u64> {
    db.writing("DELETE FROM vector_shelves WHERE user_id = $1".into()).bind(user).execute().await
}

/// Rows written after `since`, oldest first, at most `limit` beyond the key `after` (generation, item, model, dimension).
pub async fn changed<'a>(
    db: impl Reader<'a>,
    shelf: Uuid,
    since: i64,
    after: Option<&StoredVector>,
    limit: i64,
) -> Result<Vec<StoredVector>> {
    let mut query = db
        .reading(
            "SELECT item, parent, model, dimension, vector, metadata, generation FROM vectors WHERE shelf = $1 AND generation > $2".into(),
        )
        .bind(shelf)
        .bind(since);
    if let Some(last) = after {
        query.push(" AND (generation, item, model, dimension) > (").value(last.generation).push(", ").value(last.item.as_str());
        query.push(", ").value(last.model.as_str()).push(", ").value(last.dimension).push(")");
    }
    query.push(" ORDER BY generation, item, model, dimension LIMIT ").value(limit);
    query.all().await
}

/// Keys of all rows.
pub async fn keys<'a>(db: impl Reader<'a>, shelf: Uuid) -> Result<Vec<VectorKey>> {
    db.reading("SELECT item, model, dimension FROM vectors WHERE shelf = $1".into()).bind(shelf).all().await
}

/// Vectors of these items in one space: `(item, bytes)`, in no order. What is gone is left out.
pub async fn vectors_of<'a>(db: impl Reader<'a>, shelf: Uuid, space: &Space, items: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading("SELECT item, vector FROM vectors WHERE shelf = $1 AND model = $2 AND dimension = $3".into())
        .bind(shelf)
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension));
    query.and_in("item", items.iter().copied());
    query.all().await
}

/// How many vectors of each space a shelf has.
pub async fn counts<'a>(db: impl Reader<'a>, shelf: Uuid) -> Result<Vec<(Space, u64)>> {
    let rows: Vec<(String, i64, i64)> = db
        .reading("SELECT model, dimension, COUNT(*) FROM vectors WHERE shelf = $1 GROUP BY model, dimension".into())
        .bind(shelf)
        .all()
        .await?;
    let space = |model, dimension| Space { model, dimension: u32::try_from(dimension).unwrap_or_default() };
    Ok(rows.into_iter().map(|(model, dimension, count)| (space(model, dimension), u64::try_from(count).unwrap_or_default())).collect())
}

/// Every row of one parent, in all spaces.
pub async fn of_parent<'a>(db: impl Reader<'a>, shelf: &Shelf, parent: Uuid) -> Result<Vec<StoredVector>> {
    db.reading(
        "SELECT v.item, v.parent, v.model, v.dimension, v.vector, v.metadata, v.generation FROM vectors v JOIN vector_shelves s \
         ON s.id = v.shelf WHERE s.plugin = $1 AND s.user_id = $2 AND s.collection = $3 AND v.parent = $4 ORDER BY v.item"
            .into(),
    )
    .bind(shelf.plugin.as_str())
    .bind(shelf.user)
    .bind(shelf.collection.as_str())
    .bind(parent)
    .all()
    .await
}

/// In which spaces parents have vectors: `(parent, model, dimension)`.
pub async fn spaces_of<'a>(db: impl Reader<'a>, shelf: &Shelf, parents: &[Uuid]) -> Result<Vec<(Uuid, String, i64)>> {
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading(
            "SELECT DISTINCT v.parent, v.model, v.dimension FROM vectors v JOIN vector_shelves s ON s.id = v.shelf \
             WHERE s.plugin = $1 AND s.user_id = $2 AND s.collection = $3"
                .into(),
        )
        .bind(shelf.plugin.as_str())
        .bind(shelf.user)
        .bind(shelf.collection.as_str());
    query.and_in("v.parent", parents.iter().copied());
    query.all().await
}

/// Vectors made before of texts with these hashes: `(hash, bytes)`.
pub async fn by_hash<'a>(db: impl Reader<'a>, space: &Space, hashes: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = db
        .reading("SELECT DISTINCT hash, vector FROM vectors WHERE model = $1 AND dimension = $2".into())
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension));
    query.and_in("hash", hashes.iter().map(Vec::as_slice));
    query.all().await
}

/// What a shelf holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// Whether it has texts.
    pub texts: bool,
    /// The space of one of its vectors, if it has any.
    pub space: Option<Space>,
}

/// What a shelf holds now.
pub async fn sort(tx: &mut Tx, shelf: Touched) -> Result<Sort> {
    let text: Option<(i64,)> =
        tx.query("SELECT CAST(1 AS BIGINT) FROM vector_texts WHERE shelf = $1 LIMIT 1").bind(shelf.id).optional().await?;
    let space: Option<(String, i64)> =
        tx.query("SELECT model, dimension FROM vectors WHERE shelf = $1 LIMIT 1").bind(shelf.id).optional().await?;
    let space = space.map(|(model, dimension)| Space { model, dimension: u32::try_from(dimension).unwrap_or_default() });
    Ok(Sort { texts: text.is_some(), space })
}

/// How many items a shelf holds, and how many all shelves of its plugin and user hold together.
pub async fn count(tx: &mut Tx, shelf: Touched, of: &Shelf) -> Result<(u64, u64)> {
    let (here, together): (i64, i64) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN shelf = $1 THEN items ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(items), 0) AS BIGINT) \
             FROM (SELECT shelf, COUNT(DISTINCT item) AS items FROM vectors WHERE shelf IN \
             (SELECT id FROM vector_shelves WHERE plugin = $2 AND user_id = $3) GROUP BY shelf) AS held",
        )
        .bind(shelf.id)
        .bind(of.plugin.as_str())
        .bind(of.user)
        .one()
        .await?;
    Ok((u64::try_from(here).unwrap_or_default(), u64::try_from(together).unwrap_or_default()))
}

/// How many of these items, each named once, a shelf holds.
pub async fn known(tx: &mut Tx, shelf: Touched, items: &[&str]) -> Result<u32> {
    let mut known = 0;
    for part in items.chunks(IDS) {
        let mut query = tx.query("SELECT COUNT(DISTINCT item) FROM vectors WHERE shelf = $1").bind(shelf.id);
        query.and_in("item", part.iter().copied());
        let (items,): (i64,) = query.one().await?;
        known += u32::try_from(items).unwrap_or_default();
    }
    Ok(known)
}

/// [`Error::Corrupt`] when a stored vector is not as long as its space says.
pub fn checked(row: &StoredVector) -> Result<Space> {
    let dimension = u32::try_from(row.dimension).unwrap_or_default();
    if dimension == 0 || row.vector.len() != dimension as usize * 4 {
        return Err(Error::Corrupt(format!("vector `{}` has {} bytes for {} floats", row.item, row.vector.len(), row.dimension)));
    }
    Ok(Space { model: row.model.clone(), dimension })
}
