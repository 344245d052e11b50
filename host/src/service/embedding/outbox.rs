//! What could not be embedded at once: claimed by one host at a time, embedded, written if the text is still the same.

use std::time::Duration;

use super::{Embeddings, items};
use crate::backend::embedding::Error as EmbedError;
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::vector::Shelf;
use crate::store::embedding_outbox::{self as outbox, Waiting};
use crate::vector::Remove;

/// How long a claim lasts, in milliseconds: longer than embedding a batch may take.
const LEASE: Millis = 180_000;
/// Memories of one claim.
const BATCH: i64 = 16;
/// The longest pause between two tries, in milliseconds.
const LONGEST_PAUSE: Millis = 300_000;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Memories that were claimed.
    pub claimed: usize,
    /// Memories whose vectors were written.
    pub written: usize,
    /// Memories that are tried again later.
    pub postponed: usize,
}

impl Embeddings {
    /// Embeds what waits and is due, one claim. `holder`: this host's name among replicas.
    pub async fn drain(&self, holder: &str) -> Outcome<Drained> {
        let waiting = outbox::claim(&self.db, holder, self.clock.now(), LEASE, BATCH).await?;
        let mut drained = Drained { claimed: waiting.len(), ..Drained::default() };
        let mut away = None;
        for one in &waiting {
            // what is away for one is away for all: the others are put back without asking again
            let tried = match &away {
                Some(error) => Err(EmbedError::clone(error)),
                None => self.write(one).await?,
            };
            match tried {
                Ok(written) => drained.written += usize::from(written),
                Err(error) => {
                    let run_at = self.clock.now() + pause(one.attempts);
                    outbox::postpone(&self.db, one, run_at, &error.to_string()).await?;
                    drained.postponed += 1;
                    if matches!(error, EmbedError::Unavailable(_) | EmbedError::TimedOut) {
                        away = Some(error);
                    }
                }
            }
        }
        if drained.postponed > 0 {
            tracing::warn!(waiting = drained.postponed, error = ?away, "memories wait for their vectors; search by keywords finds them");
        }
        Ok(drained)
    }

    /// Embeds one memory and writes its vectors, unless its text has changed or it is gone.
    async fn write(&self, waiting: &Waiting) -> Outcome<Result<bool, EmbedError>> {
        let texts: Vec<String> = waiting.chunks.iter().map(|chunk| chunk.text.clone()).collect();
        let embedded = match self.desk.patient(&texts).await {
            Ok(embedded) => embedded,
            Err(error) => return Ok(Err(error)),
        };
        let mut tx = self.db.begin().await?;
        if !outbox::settle(&mut tx, waiting).await? {
            return Ok(Ok(false));
        }
        let of = Shelf::memories(waiting.user_id);
        self.vectors.remove(&mut tx, &of, Remove::Parents(&[waiting.memory_id])).await?;
        let items = items(waiting.memory_id, &waiting.chunks, embedded.vectors, embedded.hashes);
        self.vectors.upsert(&mut tx, &of, &embedded.space, &items).await?;
        tx.commit().await?;
        self.committed(true).await;
        Ok(Ok(true))
    }

    /// Waits until something is left in the outbox by this host, at most `limit`.
    pub async fn woken(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.waiting.notified()).await;
    }

    /// How many memories wait for their vectors, and since when the oldest does.
    pub async fn backlog(&self) -> Outcome<(i64, Option<Millis>)> {
        Ok(outbox::waiting(&self.db).await?)
    }
}

/// 1 s after the first try, twice that after each further one.
fn pause(attempts: i64) -> Millis {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    (1_000_i64 << doublings).min(LONGEST_PAUSE)
}
