//! Every vector moved to the space of new ones, while everything else goes on.
//!
//! A memory moves whole, in one transaction: its chunks are embedded first, then written in place of the old vectors if these
//! still stand, which they do not when the text has changed or the memory is gone. Until then its old space is asked. What is
//! left to do is what the rows say, so a move goes on after any interruption, on any host; the job's row is held by one host
//! at a time and counts what was done.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Embeddings, items};
use crate::backend::embedding::Error as EmbedError;
use crate::backend::embedding::desk::Embedded;
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::vector::{Chunk, Shelf, VectorItem};
use crate::service::jobs::{Progress, REEMBED};
use crate::store::vectors::{self, TextItem};
use crate::store::{self, Tx, jobs};
use crate::vector::Remove;

/// How long the job is held without a sign of life, in milliseconds: another host takes it then.
const LEASE: Millis = 15_000;
/// Memories that are looked at together.
const MEMORIES: i64 = 64;
/// Texts that are embedded and written together, unless one memory has more.
const TEXTS: usize = 48;
/// The longest pause between two tries while the embedder is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A move on this host.
struct Moving<'a> {
    embeddings: &'a Embeddings,
    job: Uuid,
    holder: &'a str,
    progress: Progress,
}

/// Why a move ends before its end.
enum End {
    /// Another host has it.
    Taken,
    /// It cannot go on, in words.
    Failed(String),
    /// The database failed: it is tried again.
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Embeddings {
    /// Takes the move to this host's space that was asked for, if there is one and no other host has it, and works on it to
    /// its end or until `stop`. Tells whether there was one. `holder`: this host's name among replicas.
    pub async fn move_vectors(&self, holder: &str, stop: &CancellationToken) -> Outcome<bool> {
        let Some(job) = jobs::unfinished(&self.db, REEMBED, &self.space().to_string()).await? else { return Ok(false) };
        let Some(job) = jobs::claim_one(&self.db, job.id, holder, self.clock.now(), LEASE).await? else { return Ok(false) };
        let progress = serde_json::from_value(job.payload).map_err(Fault::internal)?;
        let mut moving = Moving { embeddings: self, job: job.id, holder, progress };
        let end = tokio::select! {
            end = moving.run() => end,
            () = stop.cancelled() => {
                jobs::let_go(&self.db, job.id, holder).await?;
                return Ok(true);
            }
        };
        let outcome = match end {
            Ok(()) => Ok(json!(moving.progress)),
            Err(End::Failed(why)) => Err(why),
            Err(End::Taken) => return Ok(true),
            Err(End::Fault(fault)) => {
                jobs::let_go(&self.db, job.id, holder).await?;
                return Err(fault);
            }
        };
        jobs::finish(&self.db, job.id, holder, outcome.as_ref().map_err(String::as_str), self.clock.now()).await?;
        Ok(true)
    }
}

impl Moving<'_> {
    /// Goes over all shelves until there is nothing left that can be moved: what is written meanwhile by a host that still
    /// runs with the old embedder moves too.
    async fn run(&mut self) -> Result<(), End> {
        loop {
            let before = self.progress.moved;
            self.progress.skipped = 0;
            let mut after = Uuid::nil();
            loop {
                let shelves = vectors::shelves_outside(&self.embeddings.db, self.embeddings.space(), after, 100).await?;
                let Some((last, _)) = shelves.last() else { break };
                after = *last;
                for (id, of) in &shelves {
                    if of.plugin.is_empty() { self.memories(*id, of).await? } else { self.texts(*id, of).await? }
                }
            }
            if self.progress.moved == before {
                return self.tell().await;
            }
        }
    }

    async fn memories(&mut self, id: Uuid, of: &Shelf) -> Result<(), End> {
        let (db, mut after) = (&self.embeddings.db, Uuid::nil());
        loop {
            let memories = vectors::parents_outside(db, id, self.embeddings.space(), after, MEMORIES).await?;
            let Some(last) = memories.last() else { return Ok(()) };
            after = *last;
            let chunks = store::memories::chunks_of(db, of.user, &memories).await?;
            for group in groups(&memories, chunks) {
                if self.group(of, &group).await? {
                    continue;
                }
                // one of them is refused: which?
                let mut refused = 0;
                for memory in group.chunks(1) {
                    refused += u64::from(!self.group(of, memory).await?);
                }
                self.skip(refused, group.len())?;
            }
        }
    }

    /// Moves these memories; `false`: the embedder refuses their texts.
    async fn group(&mut self, of: &Shelf, group: &[(Uuid, Vec<Chunk>)]) -> Result<bool, End> {
        let texts: Vec<String> = group.iter().flat_map(|(_, chunks)| chunks.iter().map(|chunk| chunk.text.clone())).collect();
        let Some(embedded) = self.embed(&texts).await? else { return Ok(false) };
        let (mut vectors_of, mut hashes_of) = (embedded.vectors.into_iter(), embedded.hashes.into_iter());
        let mut all = Vec::with_capacity(texts.len());
        for (memory, chunks) in group {
            let (made, hashes) = (vectors_of.by_ref().take(chunks.len()).collect(), hashes_of.by_ref().take(chunks.len()).collect());
            all.extend(items(*memory, chunks, made, hashes));
        }
        let memories: Vec<Uuid> = group.iter().map(|(memory, _)| *memory).collect();
        let mut tx = self.embeddings.db.begin().await?;
        let touched = vectors::touch(&mut tx, of, self.embeddings.ids.id()).await?;
        let still = vectors::still_outside(&mut tx, touched, &embedded.space, &memories).await?;
        let mut left: HashSet<&str> = still.iter().map(String::as_str).collect();
        all.retain(|item| left.remove(item.id.as_str()));
        self.embeddings.vectors.upsert(&mut tx, of, &embedded.space, &all).await?;
        if !left.is_empty() {
            self.drop_orphans(&mut tx, of, &memories, left).await?;
        }
        self.commit(tx, memories.len()).await?;
        Ok(true)
    }

    /// Old vectors of chunks that are no more go.
    async fn drop_orphans(&self, tx: &mut Tx, of: &Shelf, memories: &[Uuid], mut left: HashSet<&str>) -> Result<(), End> {
        for (_, chunk) in store::memories::chunks_of(&mut *tx, of.user, memories).await? {
            left.remove(chunk.id.to_string().as_str());
        }
        let orphans: Vec<&str> = left.into_iter().collect();
        self.embeddings.vectors.remove(tx, of, Remove::Items(&orphans)).await?;
        Ok(())
    }

    async fn texts(&mut self, id: Uuid, of: &Shelf) -> Result<(), End> {
        let mut after = String::new();
        loop {
            let limit = i64::try_from(TEXTS).unwrap_or(i64::MAX);
            let texts = vectors::texts_outside(&self.embeddings.db, id, self.embeddings.space(), &after, limit).await?;
            let Some(last) = texts.last() else { return Ok(()) };
            after.clone_from(&last.item);
            if self.some_texts(of, &texts).await? {
                continue;
            }
            let mut refused = 0;
            for text in texts.chunks(1) {
                refused += u64::from(!self.some_texts(of, text).await?);
            }
            self.skip(refused, texts.len())?;
        }
    }

    /// Moves these texts; `false`: the embedder refuses them.
    async fn some_texts(&mut self, of: &Shelf, texts: &[TextItem]) -> Result<bool, End> {
        let words: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
        let Some(embedded) = self.embed(&words).await? else { return Ok(false) };
        let mut tx = self.embeddings.db.begin().await?;
        let touched = vectors::touch(&mut tx, of, self.embeddings.ids.id()).await?;
        let still: HashSet<String> = vectors::still_texts(&mut tx, touched, &embedded.space, texts).await?.into_iter().collect();
        let made = texts.iter().zip(embedded.vectors.into_iter().zip(embedded.hashes)).filter(|(text, _)| still.contains(&text.item));
        let items: Vec<VectorItem> = made
            .map(|(text, (vector, hash))| VectorItem { id: text.item.clone(), parent: None, hash, vector, metadata: text.metadata.clone() })
            .collect();
        self.embeddings.vectors.upsert(&mut tx, of, &embedded.space, &items).await?;
        self.commit(tx, texts.len()).await?;
        Ok(true)
    }

    /// Ends a transaction with what it moved counted on the job's row, unless another host has taken it.
    async fn commit(&mut self, mut tx: Tx, moved: usize) -> Result<(), End> {
        self.progress.moved += moved as u64;
        self.progress.total = self.progress.total.max(self.progress.moved);
        let until = self.embeddings.clock.now() + LEASE;
        if !jobs::keep(&mut tx, self.job, self.holder, &json!(self.progress), until).await? {
            return Err(End::Taken);
        }
        tx.commit().await?;
        self.embeddings.committed(true).await;
        Ok(())
    }

    /// Writes down how far it is and holds the job for a while longer.
    async fn tell(&self) -> Result<(), End> {
        let until = self.embeddings.clock.now() + LEASE;
        let kept = jobs::keep(&self.embeddings.db, self.job, self.holder, &json!(self.progress), until).await?;
        if kept { Ok(()) } else { Err(End::Taken) }
    }

    /// Refused texts are passed over, unless nothing else was ever taken: then it is not the texts.
    fn skip(&mut self, refused: u64, of: usize) -> Result<(), End> {
        self.progress.skipped += refused;
        if refused == of as u64 && self.progress.moved == 0 {
            return Err(End::Failed("the embedder refuses every text; are its key and its model right?".into()));
        }
        Ok(())
    }

    /// Vectors of texts, however long the embedder is away; `None`: it refuses them.
    async fn embed(&mut self, texts: &[String]) -> Result<Option<Embedded>, End> {
        let mut pause = Duration::from_secs(1);
        loop {
            let embeddings = self.embeddings;
            let embedded = self.holding(embeddings.desk.patient(texts)).await?;
            self.progress.waiting = None;
            match embedded {
                Ok(embedded) => return Ok(Some(embedded)),
                Err(EmbedError::Refused(why)) => {
                    tracing::warn!(why, texts = texts.len(), "texts keep their old vectors for now");
                    return Ok(None);
                }
                Err(error @ EmbedError::BadAnswer(_)) => return Err(End::Failed(error.to_string())),
                Err(error) => self.progress.waiting = Some(error.to_string()),
            }
            self.tell().await?;
            self.holding(tokio::time::sleep(pause)).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for something and holds the job meanwhile.
    async fn holding<T>(&self, work: impl Future<Output = T>) -> Result<T, End> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(Duration::from_millis(LEASE.unsigned_abs() / 3)) => self.tell().await?,
            }
        }
    }
}

/// Memories with their chunks, in portions; one without chunks comes too, since it has old vectors.
fn groups(memories: &[Uuid], chunks: Vec<(Uuid, Chunk)>) -> Vec<Vec<(Uuid, Vec<Chunk>)>> {
    let mut of: std::collections::HashMap<Uuid, Vec<Chunk>> = std::collections::HashMap::new();
    for (memory, chunk) in chunks {
        of.entry(memory).or_default().push(chunk);
    }
    let (mut groups, mut count) = (vec![Vec::new()], 0);
    for memory in memories {
        let chunks = of.remove(memory).unwrap_or_default();
        if count > 0 && count + chunks.len() > TEXTS {
            groups.push(Vec::new());
            count = 0;
        }
        count += chunks.len();
        if let Some(group) = groups.last_mut() {
            group.push((*memory, chunks));
        }
    }
    groups
}
