//! Nearest memories.

use std::collections::HashSet;

use uuid::Uuid;

use super::Embeddings;
use crate::backend::embedding::collections::merged;
use crate::error::Fault;
use crate::model::vector::{Shelf, Space};
use crate::vector::{Hit, Search};

/// A memory that is near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Which.
    pub memory: Uuid,
    /// Its nearest chunk.
    pub chunk: Uuid,
    /// Cosine of that chunk, −1…1.
    pub score: f32,
}

/// Why there is no answer by meaning.
#[derive(Debug)]
pub enum Unavailable {
    /// No vector of the query: answer by keywords, `degraded`.
    Embedder,
    /// The store failed.
    Failed(Fault),
}

impl From<Fault> for Unavailable {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl Embeddings {
    /// A user's memories nearest to a text, best first, each once; `candidates`: only these.
    ///
    /// # Errors
    /// [`Unavailable::Embedder`] when the query cannot be embedded in the space of the user's vectors.
    pub async fn search(
        &self,
        user: Uuid,
        query: &str,
        candidates: Option<&HashSet<Uuid>>,
        limit: usize,
    ) -> Result<Vec<Near>, Unavailable> {
        if limit == 0 || candidates.is_some_and(HashSet::is_empty) {
            return Ok(Vec::new());
        }
        let of = Shelf::memories(user);
        let (mut lists, mut away) = (Vec::new(), false);
        let mut asked = false;
        for round in 0..2 {
            // vectors move from other spaces to ours: whoever asks ours last meets each of them at least once
            let spaces = self.spaces_to_ask(&of).await?;
            for space in spaces.iter().filter(|space| round == 0 || *space == self.space()) {
                asked |= space == self.space();
                let Ok(vector) = self.desk.query(space, query).await else {
                    away = true;
                    continue;
                };
                let search = Search { within: candidates, ..Search::parents(space, &vector, limit) };
                lists.push(self.vectors.search(&of, search).await.map_err(Fault::from)?);
            }
            if asked || spaces.is_empty() {
                break;
            }
        }
        if away && lists.iter().all(Vec::is_empty) {
            return Err(Unavailable::Embedder);
        }
        Ok(near(merged(lists, limit)))
    }

    /// A user's memories nearest to one of them, without itself: its chunks' vectors, averaged, are the query. Empty while
    /// it has no vectors.
    pub async fn similar(&self, user: Uuid, memory: Uuid, limit: usize) -> Result<Vec<Near>, Unavailable> {
        let of = Shelf::memories(user);
        let vectors = self.vectors.of_parent(&of, memory).await.map_err(Fault::from)?;
        // while vectors move it may have some in two spaces: the new one counts
        let space = vectors.iter().map(|(space, _)| space).max_by_key(|space| *space == self.space()).cloned();
        let Some(space) = space else { return Ok(Vec::new()) };
        let mut mean = vec![0.0_f32; space.dimension as usize];
        for (_, vector) in vectors.iter().filter(|(own, _)| *own == space) {
            mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        }
        if mean.iter().all(|value| *value == 0.0) {
            // chunks that point in opposite directions
            return Ok(Vec::new());
        }
        let search = Search { without: Some(memory), ..Search::parents(&space, &mean, limit) };
        let hits = self.vectors.search(&of, search).await.map_err(Fault::from)?;
        Ok(near(hits))
    }

    /// The spaces a user's vectors live in, that of new vectors last; in most lives it is the only one.
    async fn spaces_to_ask(&self, of: &Shelf) -> Result<Vec<Space>, Fault> {
        let mut spaces: Vec<Space> = self.vectors.spaces(of).await?.into_iter().map(|(space, _)| space).collect();
        spaces.sort_by_key(|space| space == self.space());
        Ok(spaces)
    }
}

fn near(hits: Vec<Hit>) -> Vec<Near> {
    hits.into_iter()
        .filter_map(|hit| Some(Near { memory: hit.parent?, chunk: Uuid::parse_str(&hit.item).ok()?, score: hit.score }))
        .collect()
}
