//! Search: by words, by meaning, or both fused by reciprocal ranks (Cormack, Clarke and Büttcher, 2009; k = 60), with
//! importance and then recency between equals.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use mnemosyne_runtime::BackendError;

use super::Memories;
use super::bm25::{self, Part};
use super::keyword::Ranking;
use crate::backend::storage::memories::Searcher;
use crate::error::{Code, Outcome};
use crate::model::memory::{Memory, MemoryFilter};
use crate::model::text_enum;
use crate::service::embedding::{Near, Unavailable};
use crate::service::principal::Principal;
use crate::store::memories;

/// The constant of the fusion: how little the first ranks stand out.
const K: f64 = 60.0;
/// Nearest memories that take part in a fusion, at least.
const NEAREST: usize = 40;
/// Memories that a filter may leave before it is cheaper to look for the nearest first and filter these.
const NARROW: i64 = 2_000;
/// Nearest memories that are looked at before a wide filter.
const WIDE: usize = 200;
/// How often the nearest are asked for while there are none.
const TRIES: usize = 2;
/// Rows read beyond the wanted ones: those that tie at the end.
const TIES: usize = 8;

text_enum! {
    /// How to look.
    Mode {
        /// By words.
        Keyword = "keyword",
        /// By meaning.
        Semantic = "semantic",
        /// Both.
        Hybrid = "hybrid",
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// At most 4 KiB.
    pub query: String,
    /// How.
    pub mode: Mode,
    /// Among which; deleted and superseded ones are never found.
    pub filter: MemoryFilter,
    /// Results at most, 1…100.
    pub limit: usize,
    /// The least score, 0…1.
    pub threshold: f64,
    /// Whether each score is told in its parts.
    pub explain: bool,
}

impl Search {
    /// A hybrid one for the best `limit`.
    pub fn hybrid(query: impl Into<String>, limit: usize) -> Self {
        let filter = MemoryFilter::default();
        Self { query: query.into(), mode: Mode::Hybrid, filter, limit, threshold: 0.0, explain: false }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Nothing was found by meaning, because there is no vector of the query now.
    pub degraded: bool,
}

/// A memory that suits.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The memory.
    pub memory: Memory,
    /// 0…1. By words: the part of the highest possible BM25. By meaning: the cosine. Hybrid: 1 = first by both.
    pub score: f64,
    /// How it came about, if asked for.
    pub details: Option<Details>,
}

/// A score in its parts.
#[derive(Clone, Debug)]
pub struct Details {
    /// By words, if it has any of them.
    pub keyword: Option<KeywordPart>,
    /// By meaning, if it is among the nearest.
    pub semantic: Option<SemanticPart>,
    /// Sum of 1 / (60 + rank), if both were asked.
    pub fused: Option<f64>,
}

/// What the words gave.
#[derive(Clone, Debug)]
pub struct KeywordPart {
    /// Its place by words, from 1.
    pub rank: usize,
    /// BM25.
    pub bm25: f64,
    /// Of each word.
    pub words: Vec<Part>,
}

/// What the meaning gave.
#[derive(Clone, Debug)]
pub struct SemanticPart {
    /// Its place by nearness, from 1.
    pub rank: usize,
    /// Of its nearest chunk.
    pub cosine: f64,
    /// That chunk.
    pub chunk: Uuid,
}

/// A memory's places.
#[derive(Default)]
struct Places {
    keyword: Option<(usize, f64)>,
    semantic: Option<(usize, Near)>,
}

impl Memories {
    /// The caller's memories that suit a query, best first.
    ///
    /// # Errors
    /// Only the database's: without an embedder the words decide, and `degraded` says so.
    pub async fn search(&self, who: &Principal, search: Search) -> Outcome<Found> {
        self.search_of(who.user, search).await
    }

    /// [`Memories::search`] of a user who was told by the runtime's door.
    pub(super) async fn search_of(&self, user: Uuid, search: Search) -> Outcome<Found> {
        let filter = MemoryFilter { include_inactive: false, ..search.filter.clone() };
        let depth = if search.mode == Mode::Hybrid { NEAREST.max(search.limit) } else { search.limit + TIES };
        let near = async {
            match search.mode {
                Mode::Keyword => Ok(Some(Vec::new())),
                Mode::Semantic | Mode::Hybrid => self.nearest(user, &search.query, &filter, depth).await,
            }
        };
        let words = async {
            match search.mode {
                Mode::Semantic => Ok(Ranking::default()),
                Mode::Keyword | Mode::Hybrid => self.by_words(user, &search.query, &filter, search.limit + TIES).await,
            }
        };
        let (near, words) = tokio::join!(near, words);
        let (near, mut words) = (near?, words?);
        let degraded = near.is_none();
        if degraded && search.mode == Mode::Semantic {
            words = self.by_words(user, &search.query, &filter, search.limit + TIES).await?;
        }
        let hits = self.hits(user, &search, &words, near).await?;
        Ok(Found { hits, degraded })
    }

    /// Nearest memories that pass the filter; `None`: there is no vector of the query now.
    async fn nearest(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: usize) -> Outcome<Option<Vec<Near>>> {
        let found = match self.filtered_nearest(user, query, filter, limit).await {
            Ok(found) => found,
            Err(Unavailable::Embedder) => return Ok(None),
            Err(Unavailable::Failed(fault)) if fault.code == Code::VectorsUnavailable => {
                tracing::warn!(?fault, "the vector store is away; the words decide");
                return Ok(None);
            }
            Err(Unavailable::Failed(fault)) => return Err(fault),
        };
        Ok(Some(found.into_iter().filter(|near| near.score > 0.0).collect()))
    }

    /// As [`Memories::passing_nearest`]. Nothing near where there is something to be near: all vectors moved to another space at
    /// that moment, so it is asked again; or none is made yet.
    async fn filtered_nearest(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: usize) -> Result<Vec<Near>, Unavailable> {
        let fault = |error: crate::store::Error| Unavailable::Failed(error.into());
        for _ in 0..TRIES {
            let near = self.passing_nearest(user, query, filter, limit).await?;
            if !near.is_empty() || memories::ids(&self.0.db, user, filter, 1).await.map_err(fault)?.is_empty() {
                return Ok(near);
            }
        }
        Err(Unavailable::Embedder)
    }

    /// A narrow filter says first who may be found. Before a wide one the nearest are taken and those that pass are kept,
    /// which is the same list as long as enough of them do.
    async fn passing_nearest(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: usize) -> Result<Vec<Near>, Unavailable> {
        let embeddings = &self.0.embeddings;
        if filter.is_open() {
            return embeddings.search(user, query, None, limit).await;
        }
        let fault = |error: crate::store::Error| Unavailable::Failed(error.into());
        let narrow = memories::ids(&self.0.db, user, filter, NARROW + 1).await.map_err(fault)?;
        let within = |ids: Vec<Uuid>| ids.into_iter().collect::<HashSet<Uuid>>();
        if i64::try_from(narrow.len()).is_ok_and(|found| found <= NARROW) {
            return embeddings.search(user, query, Some(&within(narrow)), limit).await;
        }
        let wide = embeddings.search(user, query, None, WIDE.max(limit * 2)).await?;
        let ids: Vec<Uuid> = wide.iter().map(|near| near.memory).collect();
        let passing = within(memories::among(&self.0.db, user, filter, &ids).await.map_err(fault)?);
        if passing.len() >= limit {
            return Ok(wide.into_iter().filter(|near| passing.contains(&near.memory)).take(limit).collect());
        }
        let all = within(memories::ids(&self.0.db, user, filter, i64::MAX).await.map_err(fault)?);
        embeddings.search(user, query, Some(&all), limit).await
    }

    async fn hits(&self, user: Uuid, search: &Search, words: &Ranking, near: Option<Vec<Near>>) -> Outcome<Vec<Hit>> {
        let lists = if near.is_some() && search.mode == Mode::Hybrid { 2.0 } else { 1.0 };
        let degraded = near.is_none();
        let mut places: HashMap<Uuid, Places> = HashMap::new();
        for ((candidate, score), rank) in words.ranked.iter().zip(1..) {
            places.entry(candidate.id).or_default().keyword = Some((rank, *score));
        }
        for (near, rank) in near.unwrap_or_default().into_iter().zip(1..) {
            places.entry(near.memory).or_default().semantic = Some((rank, near));
        }
        let score = |places: &Places| match search.mode {
            Mode::Semantic if !degraded => places.semantic.as_ref().map_or(0.0, |(_, near)| f64::from(near.score)),
            Mode::Keyword | Mode::Semantic => places.keyword.map_or(0.0, |(_, score)| words.share(score)),
            Mode::Hybrid => places.fused() * (K + 1.0) / lists,
        };
        let mut best: Vec<(f64, Uuid)> = places.iter().map(|(id, places)| (score(places), *id)).collect();
        best.retain(|(score, _)| *score >= search.threshold);
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)));
        best.truncate(search.limit + TIES);
        let ids: Vec<Uuid> = best.iter().map(|(_, id)| *id).collect();
        let score_of: HashMap<Uuid, f64> = best.into_iter().map(|(score, id)| (id, score)).collect();
        let mut found: Vec<(f64, Memory)> = memories::owned(&self.0.db, user, &ids)
            .await?
            .into_iter()
            .filter_map(|memory| Some((*score_of.get(&memory.id)?, memory)))
            .collect();
        found.sort_by(best_first);
        found.truncate(search.limit);
        let memories = self.dressed(user, found.into_iter().map(|(_, memory)| memory).collect()).await?;
        let details = |id: Uuid| search.explain.then(|| places.get(&id).map(|places| places.told(id, words, search.mode))).flatten();
        Ok(memories.into_iter().map(|memory| Hit { details: details(memory.id), score: score_of[&memory.id], memory }).collect())
    }
}

/// By score, then the more important, then the newer one.
fn best_first((left, a): &(f64, Memory), (right, b): &(f64, Memory)) -> Ordering {
    right
        .total_cmp(left)
        .then_with(|| b.importance.total_cmp(&a.importance))
        .then_with(|| b.created_at.cmp(&a.created_at))
        .then_with(|| b.id.cmp(&a.id))
}

impl Places {
    fn fused(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rank is at most a few hundred")]
        let part = |rank: usize| 1.0 / (K + rank as f64);
        self.keyword.map_or(0.0, |(rank, _)| part(rank)) + self.semantic.as_ref().map_or(0.0, |(rank, _)| part(*rank))
    }

    fn told(&self, id: Uuid, words: &Ranking, mode: Mode) -> Details {
        let keyword = self.keyword.map(|(rank, bm25)| {
            let candidate = words.ranked.get(rank - 1).filter(|(candidate, _)| candidate.id == id);
            let words = candidate.map(|(candidate, _)| bm25::parts(&words.words, candidate, words.mean_length)).unwrap_or_default();
            KeywordPart { rank, bm25, words }
        });
        let semantic =
            self.semantic.as_ref().map(|(rank, near)| SemanticPart { rank: *rank, cosine: near.score.into(), chunk: near.chunk });
        Details { keyword, semantic, fused: (mode == Mode::Hybrid).then(|| self.fused()) }
    }
}

/// What plugins' searches ask, through the runtime's door.
#[async_trait::async_trait]
impl Searcher for Memories {
    async fn search(&self, user: Uuid, query: &str, filter: MemoryFilter, limit: usize) -> Result<Vec<(Memory, f64)>, BackendError> {
        let search = Search { filter, ..Search::hybrid(query, limit) };
        let found = self.search_of(user, search).await.map_err(|fault| {
            tracing::warn!(?fault, "a plugin's search of memories failed");
            BackendError::Unavailable { retry_after_ms: Some(1_000) }
        })?;
        Ok(found.hits.into_iter().map(|hit| (hit.memory, hit.score)).collect())
    }
}
