//! Memories by meaning: whose vectors are made when, kept where, found how.
//!
//! ```text
//! mod.rs      Embeddings: before and within a memory's transaction; forgetting
//! search.rs   nearest memories of a text or of a memory
//! outbox.rs   what could not be embedded at once
//! reembed.rs  everything moved to the space of new vectors
//! ```
//! Life of a memory's vectors: before the transaction, [`Embeddings::ahead`] asks the embedder, for 200 ms at most → within
//! it, [`Embeddings::attach`] writes the vectors, or leaves the chunks in the outbox → a job embeds what waits, again and
//! again with longer pauses, and writes the vectors only if the text is still the same → [`Embeddings::detach`], in the
//! transaction that hides or deletes the memory, removes both. The text itself never waits for any of this.

mod outbox;
mod reembed;
mod search;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::backend::embedding::Desk;
use crate::backend::embedding::desk::Embedded;
use crate::clock::{Clock, IdSource};
use crate::error::Outcome;
use crate::model::vector::{Chunk, Shelf, Space, VectorItem};
use crate::store::{Db, Tx, embedding_outbox, vectors};
use crate::vector::{Remove, VectorStore};

pub use outbox::Drained;
pub use search::{Near, Unavailable};

/// Vectors of memories.
pub struct Embeddings {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    vectors: Arc<dyn VectorStore>,
    desk: Arc<Desk>,
    /// Rings when something was left in the outbox.
    waiting: tokio::sync::Notify,
}

/// What came of asking before the transaction.
#[derive(Debug)]
pub struct Ahead(Option<Embedded>);

impl Ahead {
    /// Nobody asks: the vectors follow through the outbox.
    pub fn later() -> Self {
        Self(None)
    }

    /// Whether the vectors are there; else they follow through the outbox.
    pub fn is_ready(&self) -> bool {
        self.0.is_some()
    }
}

impl Embeddings {
    /// Over these.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, vectors: Arc<dyn VectorStore>, desk: Arc<Desk>) -> Self {
        Self { db, clock, ids, vectors, desk, waiting: tokio::sync::Notify::new() }
    }

    /// The space that new vectors get.
    pub fn space(&self) -> &Space {
        self.desk.space()
    }

    /// Asks the embedder before the transaction begins: waits 200 ms at most, and not at all after two misses.
    pub async fn ahead(&self, chunks: &[Chunk]) -> Ahead {
        let texts: Vec<String> = chunks.iter().map(|chunk| chunk.text.clone()).collect();
        match self.desk.inline(&texts).await {
            Ok(embedded) => Ahead(Some(embedded)),
            Err(error) => {
                tracing::debug!(%error, chunks = chunks.len(), "vectors follow through the outbox");
                Ahead(None)
            }
        }
    }

    /// [`Embeddings::ahead`] of several memories by one question; what is many and would leave this process (an import) is not
    /// asked for ahead.
    pub async fn ahead_all(&self, memories: &[Vec<Chunk>], many: bool) -> Vec<Ahead> {
        let later = || memories.iter().map(|_| Ahead::later()).collect();
        if memories.is_empty() || (many && !self.desk.is_local()) {
            return later();
        }
        let texts: Vec<String> = memories.iter().flatten().map(|chunk| chunk.text.clone()).collect();
        let Ok(Embedded { space, vectors, hashes }) = self.desk.inline(&texts).await else { return later() };
        let (mut vectors, mut hashes) = (vectors.into_iter(), hashes.into_iter());
        memories
            .iter()
            .map(|chunks| {
                let (vectors, hashes) = (vectors.by_ref().take(chunks.len()).collect(), hashes.by_ref().take(chunks.len()).collect());
                Ahead(Some(Embedded { space: space.clone(), vectors, hashes }))
            })
            .collect()
    }

    /// [`Embeddings::attach`] for memories that are new in this transaction: nothing is there to be removed. Tells whether all
    /// vectors are written.
    pub async fn attach_new(&self, tx: &mut Tx, user: Uuid, memories: Vec<(Uuid, Vec<Chunk>, Ahead)>) -> Outcome<bool> {
        let (mut items_of, mut all) = (HashMap::<Space, Vec<VectorItem>>::new(), true);
        for (memory, chunks, ahead) in memories {
            if let Some(embedded) = ahead.0.filter(|embedded| embedded.vectors.len() == chunks.len()) {
                let new = items(memory, &chunks, embedded.vectors, embedded.hashes);
                items_of.entry(embedded.space).or_default().extend(new);
            } else {
                embedding_outbox::enqueue(tx, user, memory, &chunks, self.ids.id(), self.clock.now()).await?;
                all = false;
            }
        }
        for (space, items) in items_of {
            self.vectors.upsert(tx, &Shelf::memories(user), &space, &items).await?;
        }
        Ok(all)
    }

    /// Within the transaction that writes a memory's text: its vectors if [`Embeddings::ahead`] made them of these very
    /// chunks, else the request for them; what was there of an older text goes. Tells whether the vectors are written.
    pub async fn attach(&self, tx: &mut Tx, user: Uuid, memory: Uuid, chunks: &[Chunk], ahead: Ahead) -> Outcome<bool> {
        let of = Shelf::memories(user);
        embedding_outbox::withdraw(tx, user, &[memory]).await?;
        self.vectors.remove(tx, &of, Remove::Parents(&[memory])).await?;
        if let Some(embedded) = ahead.0.filter(|embedded| embedded.vectors.len() == chunks.len()) {
            let items = items(memory, chunks, embedded.vectors, embedded.hashes);
            self.vectors.upsert(tx, &of, &embedded.space, &items).await?;
            return Ok(true);
        }
        embedding_outbox::enqueue(tx, user, memory, chunks, self.ids.id(), self.clock.now()).await?;
        Ok(false)
    }

    /// Call it after the commit: delivers what another store waits for, and wakes the job if the outbox got something.
    pub async fn committed(&self, written: bool) {
        if !written {
            self.waiting.notify_one();
        }
        if let Err(error) = self.vectors.settle().await {
            tracing::warn!(%error, "vectors could not be delivered yet; it will be tried again");
        }
    }

    /// [`Embeddings::ahead`] and [`Embeddings::attach`] in a transaction of its own. Tells whether the vectors are written.
    pub async fn index(&self, user: Uuid, memory: Uuid, chunks: &[Chunk]) -> Outcome<bool> {
        let ahead = self.ahead(chunks).await;
        let mut tx = self.db.begin().await?;
        let written = self.attach(&mut tx, user, memory, chunks, ahead).await?;
        tx.commit().await?;
        self.committed(written).await;
        Ok(written)
    }

    /// Within the transaction that hides or deletes memories: no vector of theirs is found again, none comes later.
    pub async fn detach(&self, tx: &mut Tx, user: Uuid, memories: &[Uuid]) -> Outcome<()> {
        embedding_outbox::withdraw(tx, user, memories).await?;
        self.vectors.remove(tx, &Shelf::memories(user), Remove::Parents(memories)).await?;
        Ok(())
    }

    /// [`Embeddings::detach`] in a transaction of its own.
    pub async fn forget(&self, user: Uuid, memories: &[Uuid]) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        self.detach(&mut tx, user, memories).await?;
        tx.commit().await?;
        self.committed(true).await;
        Ok(())
    }

    /// Within the transaction that deletes a user: every vector of theirs, plugins' included.
    pub async fn forget_user(&self, tx: &mut Tx, user: Uuid) -> Outcome<()> {
        Ok(self.vectors.forget_user(tx, user).await?)
    }

    /// In which space each of these memories has vectors; one that is missing has none yet.
    pub async fn spaces(&self, user: Uuid, memories: &[Uuid]) -> Outcome<HashMap<Uuid, Space>> {
        let mut spaces = HashMap::new();
        for part in memories.chunks(500) {
            for (memory, model, dimension) in vectors::spaces_of(&self.db, &Shelf::memories(user), part).await? {
                let space = Space { model, dimension: u32::try_from(dimension).unwrap_or_default() };
                // while vectors move, a memory is of the newer space as soon as it has one there
                if &space == self.space() || !spaces.contains_key(&memory) {
                    spaces.insert(memory, space);
                }
            }
        }
        Ok(spaces)
    }
}

fn items(memory: Uuid, chunks: &[Chunk], vectors: Vec<Vec<f32>>, hashes: Vec<Option<Vec<u8>>>) -> Vec<VectorItem> {
    chunks
        .iter()
        .zip(vectors.into_iter().zip(hashes))
        .map(|(chunk, (vector, hash))| VectorItem { id: chunk.id.to_string(), parent: Some(memory), hash, vector, metadata: Vec::new() })
        .collect()
}
