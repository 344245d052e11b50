//! Memories like a text, or like one of them.

use uuid::Uuid;

use super::Memories;
use super::search::{Found, Hit, Mode, Search};
use crate::error::{Code, Fault, Outcome};
use crate::model::memory::{Memory, MemoryFilter};
use crate::service::embedding::{Near, Unavailable};
use crate::service::principal::Principal;

/// Like what.
#[derive(Clone, Debug)]
pub enum Like {
    /// A text.
    Text(String),
    /// One of the caller's memories, which is not among the results.
    Memory(Uuid),
}

/// Characters of a memory that stand for it when it has no vectors yet.
const WORDS_OF_A_MEMORY: usize = 400;

impl Memories {
    /// Nearest memories by meaning; by words, `degraded`, while there are no vectors.
    ///
    /// # Errors
    /// 404 for a memory that is not the caller's.
    pub async fn similar(&self, who: &Principal, like: Like, limit: usize, threshold: f64) -> Outcome<Found> {
        match like {
            Like::Text(query) => {
                let search = Search { mode: Mode::Semantic, threshold, ..Search::hybrid(query, limit) };
                self.search(who, search).await
            }
            Like::Memory(id) => {
                let memory = self.get(who, id).await?;
                self.like_memory(&memory, limit, threshold).await
            }
        }
    }

    async fn like_memory(&self, memory: &Memory, limit: usize, threshold: f64) -> Outcome<Found> {
        let near =
            if memory.embedding.is_some() { self.0.embeddings.similar(memory.user_id, memory.id, limit).await } else { Ok(Vec::new()) };
        match near {
            Ok(near) if memory.embedding.is_some() => {
                let near = near.into_iter().filter(|near| near.score > 0.0 && f64::from(near.score) >= threshold).collect();
                Ok(Found { hits: self.of_near(memory.user_id, near).await?, degraded: false })
            }
            Err(Unavailable::Failed(fault)) if fault.code != Code::VectorsUnavailable => Err(fault),
            Ok(_) | Err(_) => self.like_words(memory, limit, threshold).await,
        }
    }

    async fn of_near(&self, user: Uuid, near: Vec<Near>) -> Outcome<Vec<Hit>> {
        let ids: Vec<Uuid> = near.iter().map(|near| near.memory).collect();
        let memories = self.owned(user, &ids).await?;
        let score = |id: Uuid| near.iter().find(|near| near.memory == id).map_or(0.0, |near| f64::from(near.score));
        Ok(memories.into_iter().map(|memory| Hit { score: score(memory.id), memory, details: None }).collect())
    }

    /// By the words it begins with, without itself.
    async fn like_words(&self, memory: &Memory, limit: usize, threshold: f64) -> Outcome<Found> {
        let query: String = format!("{} {}", memory.title, memory.content).chars().take(WORDS_OF_A_MEMORY).collect();
        let search = Search { query, mode: Mode::Keyword, filter: MemoryFilter::default(), limit: limit + 1, threshold, explain: false };
        let mut found = self.search_of(memory.user_id, search).await?;
        found.hits.retain(|hit| hit.memory.id != memory.id);
        found.hits.truncate(limit);
        Ok(Found { degraded: true, ..found })
    }

    /// What belongs to a memory: what is near to it, then what comes from the same source.
    ///
    /// # Errors
    /// 404 as [`Memories::get`].
    pub async fn related(&self, who: &Principal, id: Uuid, limit: usize) -> Outcome<Found> {
        let memory = self.get(who, id).await?;
        let mut found = self.like_memory(&memory, limit, 0.0).await?;
        if let Some(source_id) = memory.source_id.clone().filter(|_| found.hits.len() < limit) {
            let filter = MemoryFilter { source_types: vec![memory.source_type], source_id: Some(source_id), ..MemoryFilter::default() };
            let limit = i64::try_from(limit).map_err(Fault::internal)?;
            let page = crate::model::page::Page::skip(0, limit);
            let others = self.list(who, &filter, None, &page).await?.items;
            let known: Vec<Uuid> = found.hits.iter().map(|hit| hit.memory.id).chain([id]).collect();
            let new = others.into_iter().filter(|other| !known.contains(&other.id));
            found.hits.extend(new.map(|memory| Hit { memory, score: 0.0, details: None }));
            found.hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(found)
    }
}
