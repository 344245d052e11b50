//! `memory_libraries`: what a person's active memories add up to.

use uuid::Uuid;

use crate::store::db::Reader;
use crate::store::error::Result;
use crate::store::row::rows;
use crate::store::tx::Tx;

/// A person's memories as statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Library {
    /// Active memories.
    pub documents: i64,
    /// Words in them.
    pub words: i64,
    /// Moves with every change.
    pub generation: i64,
}

rows! { Library { documents, words, generation } }

/// Begins a change: other writers of this person wait until the transaction ends.
pub async fn open(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.query(
        "INSERT INTO memory_libraries (user_id, generation) VALUES ($1, 1) \
         ON CONFLICT (user_id) DO UPDATE SET generation = memory_libraries.generation + 1",
    )
    .bind(user)
    .execute()
    .await
    .map(drop)
}

/// Adds to the figures, in the transaction that [`open`] began.
pub async fn account(tx: &mut Tx, user: Uuid, documents: i64, words: i64) -> Result<()> {
    if documents == 0 && words == 0 {
        return Ok(());
    }
    tx.query("UPDATE memory_libraries SET documents = documents + $2, words = words + $3 WHERE user_id = $1")
        .bind(user)
        .bind(documents)
        .bind(words)
        .execute()
        .await
        .map(drop)
}

/// The figures.
pub async fn library<'a>(db: impl Reader<'a>, user: Uuid) -> Result<Library> {
    let row = db.reading("SELECT documents, words, generation FROM memory_libraries WHERE user_id = $1".into()).bind(user).optional();
    Ok(row.await?.unwrap_or_default())
}
