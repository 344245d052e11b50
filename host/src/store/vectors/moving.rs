//! What is not of a space yet, so that it can be moved there while everything else goes on.
//!
//! Nothing is kept of what was moved: what is left is what the rows themselves say, so a move goes on after any interruption.

use uuid::Uuid;

use super::{IDS, Touched};
use crate::model::vector::{Shelf, Space};
use crate::store::db::Reader;
use crate::store::error::Result;
use crate::store::tx::Tx;

/// How much is not of a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Memories with vectors of another space.
    pub memories: u64,
    /// Plugins' texts without a vector of this space.
    pub texts: u64,
}

impl Outside {
    /// Both.
    pub const fn total(self) -> u64 {
        self.memories + self.texts
    }
}

/// How much is not of this space. It looks at every vector's key: for the beginning of a move, not for each step.
pub async fn outside<'a>(db: impl Reader<'a>, space: &Space) -> Result<Outside> {
    let (memories, texts): (i64, i64) = db
        .reading(
            "SELECT (SELECT COUNT(*) FROM (SELECT DISTINCT v.shelf, v.parent FROM vectors v JOIN vector_shelves s ON s.id = v.shelf \
             WHERE s.plugin = '' AND v.parent IS NOT NULL AND NOT (v.model = $1 AND v.dimension = $2)) m), \
             (SELECT COUNT(*) FROM vector_texts t WHERE NOT EXISTS (SELECT 1 FROM vectors v \
             WHERE v.shelf = t.shelf AND v.item = t.item AND v.model = $1 AND v.dimension = $2))"
                .into(),
        )
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension))
        .one()
        .await?;
    let count = |rows| u64::try_from(rows).unwrap_or_default();
    Ok(Outside { memories: count(memories), texts: count(texts) })
}

/// Shelves of memories and of plugins' texts that hold vectors of another space than this, by id beyond `after`, at most
/// `limit`. Collections of vectors that a plugin made itself are its own business.
pub async fn shelves_outside<'a>(db: impl Reader<'a>, space: &Space, after: Uuid, limit: i64) -> Result<Vec<(Uuid, Shelf)>> {
    let rows: Vec<(Uuid, String, Uuid, String)> = db
        .reading(
            "SELECT s.id, s.plugin, s.user_id, s.collection FROM vector_shelves s WHERE s.id > $3 \
             AND (s.plugin = '' OR EXISTS (SELECT 1 FROM vector_texts t WHERE t.shelf = s.id)) AND EXISTS (SELECT 1 FROM vectors v \
             WHERE v.shelf = s.id AND NOT (v.model = $1 AND v.dimension = $2)) ORDER BY s.id LIMIT $4"
                .into(),
        )
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension))
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, plugin, user, collection)| (id, Shelf { plugin, user, collection })).collect())
}

/// Parents on a shelf with vectors of another space, beyond `after`, at most `limit`.
pub async fn parents_outside<'a>(db: impl Reader<'a>, shelf: Uuid, space: &Space, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = db
        .reading(
            "SELECT DISTINCT parent FROM vectors WHERE shelf = $1 AND parent IS NOT NULL AND parent > $4 \
             AND NOT (model = $2 AND dimension = $3) ORDER BY parent LIMIT $5"
                .into(),
        )
        .bind(shelf)
        .bind(space.model.as_str())
        .bind(i64::from(space.dimension))
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Items of these parents that are still of another space.
pub async fn still_outside(tx: &mut Tx, shelf: Touched, space: &Space, parents: &[Uuid]) -> Result<Vec<String>> {
    let mut items = Vec::new();
    for part in parents.chunks(IDS) {
        let mut query = tx
            .query("SELECT item FROM vectors WHERE shelf = $1 AND NOT (model = $2 AND dimension = $3)")
            .bind(shelf.id)
            .bind(space.model.as_str())
            .bind(i64::from(space.dimension));
        query.and_in("parent", part.iter().copied());
        let rows: Vec<(String,)> = query.all().await?;
        items.extend(rows.into_iter().map(|row| row.0));
    }
    Ok(items)
}
