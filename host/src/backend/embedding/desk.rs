//! What everybody asks for vectors: one desk before the embedder.
//!
//! A text whose vector was made before costs no call (rows of `vectors` by space and SHA-256 of the text: the cache is the
//! data itself, so it is bounded by it and a deleted text leaves no trace). Writers wait at most [`INLINE`] and searchers at
//! most [`QUERY`]; after two misses each kind of caller is not kept waiting for 30 s.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::breaker::Breaker;
use super::{Embedder, Error, Result, built_in, own_direction};
use crate::clock::Clock;
use crate::model::vector::Space;
use crate::store::{Db, vectors};

/// How long a write waits for its vectors. What is promised is 200 ms of delay: the rest is for a host that has just begun, a timer
/// that goes off late, and the row in the outbox.
pub const INLINE: Duration = Duration::from_millis(170);
/// How long a search waits for its query's vector.
pub const QUERY: Duration = Duration::from_secs(2);
/// How long work in the background waits.
pub const PATIENT: Duration = Duration::from_mins(1);
/// Texts of one call of an embedder.
pub const BATCH: usize = 64;

/// Vectors of texts, with their hashes.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Where they live.
    pub space: Space,
    /// One a text, in order.
    pub vectors: Vec<Vec<f32>>,
    /// SHA-256 of each text, where a later call may save one by it.
    pub hashes: Vec<Option<Vec<u8>>>,
}

/// See the module.
pub struct Desk {
    embedder: Arc<dyn Embedder>,
    db: Db,
    clock: Arc<dyn Clock>,
    writes: Breaker,
    queries: Breaker,
    recent: moka::sync::Cache<(Space, [u8; 32]), Arc<Vec<f32>>>,
    skipped: AtomicU64,
}

/// Vectors of recent queries: 4 MB at 1024 floats.
const RECENT: u64 = 1_000;

impl Desk {
    /// Before this embedder.
    pub fn new(embedder: Arc<dyn Embedder>, db: Db, clock: Arc<dyn Clock>) -> Self {
        let recent = moka::sync::Cache::builder().max_capacity(RECENT).time_to_live(Duration::from_mins(10)).build();
        Self { embedder, db, clock, writes: Breaker::default(), queries: Breaker::default(), recent, skipped: AtomicU64::new(0) }
    }

    /// The space that new vectors get.
    pub fn space(&self) -> &Space {
        self.embedder.space()
    }

    /// Whether vectors come from this process, at once.
    pub fn is_local(&self) -> bool {
        self.embedder.local()
    }

    /// How many writes were not kept waiting because the breaker was open.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// For a write that somebody waits for: at once or not at all.
    pub async fn inline(&self, texts: &[String]) -> Result<Embedded> {
        if self.embedder.local() {
            return self.make(texts).await;
        }
        if !self.writes.lets_through(self.clock.now()) {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return Err(Error::Unavailable("it is not asked for a while after two misses".into()));
        }
        self.counted(&self.writes, within(INLINE, self.make(texts)).await)
    }

    /// For work in the background. A success tells writers and searchers that it is back.
    pub async fn patient(&self, texts: &[String]) -> Result<Embedded> {
        let made = within(PATIENT, self.make(texts)).await;
        if made.is_ok() {
            self.writes.hit();
            self.queries.hit();
        }
        made
    }

    /// The vector of a query in this space: [`Error::Unavailable`] when no embedder for it is at hand.
    pub async fn query(&self, space: &Space, text: &str) -> Result<Arc<Vec<f32>>> {
        let text = [if text.trim().is_empty() { " ".to_owned() } else { text.to_owned() }];
        if space != self.space() {
            let other = built_in(space).ok_or_else(|| Error::Unavailable(format!("no embedder for the space `{space}`")))?;
            return one(other.embed(&text).await?);
        }
        if self.embedder.local() {
            return one(self.checked(&text).await?);
        }
        let key = (space.clone(), Sha256::digest(&text[0]).into());
        if let Some(vector) = self.recent.get(&key) {
            return Ok(vector);
        }
        if !self.queries.lets_through(self.clock.now()) {
            return Err(Error::Unavailable("it is not asked for a while after two misses".into()));
        }
        let made = self.counted(&self.queries, within(QUERY, self.checked(&text)).await)?;
        let vector = one(made)?;
        self.recent.insert(key, Arc::clone(&vector));
        Ok(vector)
    }

    fn counted<T>(&self, breaker: &Breaker, made: Result<T>) -> Result<T> {
        match &made {
            Ok(_) => breaker.hit(),
            // it answers, if only to refuse: waiting for it costs nothing
            Err(Error::Refused(_)) => {}
            Err(_) => breaker.missed(self.clock.now()),
        }
        made
    }

    async fn make(&self, texts: &[String]) -> Result<Embedded> {
        let space = self.space().clone();
        if self.embedder.local() {
            return Ok(Embedded { space, vectors: self.checked(texts).await?, hashes: vec![None; texts.len()] });
        }
        let hashes: Vec<Vec<u8>> = texts.iter().map(|text| Sha256::digest(text).to_vec()).collect();
        let known = vectors::by_hash(&self.db, &space, &hashes).await.map_err(|error| Error::Unavailable(error.to_string()))?;
        let mut known: HashMap<Vec<u8>, Vec<f32>> = known.into_iter().map(|(hash, bytes)| (hash, vectors::floats(&bytes))).collect();
        let mut missing: Vec<(&Vec<u8>, &String)> = hashes.iter().zip(texts).filter(|(hash, _)| !known.contains_key(*hash)).collect();
        missing.sort_unstable();
        missing.dedup();
        for part in missing.chunks(BATCH) {
            let texts: Vec<String> = part.iter().map(|(_, text)| (*text).clone()).collect();
            known.extend(part.iter().map(|(hash, _)| (*hash).clone()).zip(self.checked(&texts).await?));
        }
        let vectors = hashes.iter().filter_map(|hash| known.get(hash).cloned()).collect();
        Ok(Embedded { space, vectors, hashes: hashes.into_iter().map(Some).collect() })
    }

    /// The embedder's answer, if it is what it should be.
    async fn checked(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = self.embedder.embed(texts).await?;
        if vectors.len() != texts.len() {
            return Err(Error::BadAnswer(format!("{} vectors for {} texts", vectors.len(), texts.len())));
        }
        let dimension = self.space().dimension as usize;
        if let Some(wrong) = vectors.iter().find(|vector| vector.len() != dimension) {
            return Err(Error::BadAnswer(format!("a vector of {} floats instead of {dimension}", wrong.len())));
        }
        if vectors.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Error::BadAnswer("a float that is not finite".into()));
        }
        for (vector, text) in vectors.iter_mut().zip(texts) {
            if vector.iter().all(|value| *value == 0.0) {
                *vector = own_direction(text, dimension);
            }
        }
        Ok(vectors)
    }
}

fn one(vectors: Vec<Vec<f32>>) -> Result<Arc<Vec<f32>>> {
    vectors.into_iter().next().map(Arc::new).ok_or_else(|| Error::BadAnswer("no vector".into()))
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Error::TimedOut))
}
