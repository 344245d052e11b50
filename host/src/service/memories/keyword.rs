//! Ranking by words: who has any of them, then BM25.
//!
//! At most [`CANDIDATES`] memories are scored. When more have one of the words, the rare words decide who: all memories that
//! have them; then, if these are few, memories that have every word, then the newest that have any. The choice is made here
//! from counts, so both databases make the same one.

use std::collections::HashSet;

use uuid::Uuid;

use super::Memories;
use super::bm25::{self, Word};
use super::words;
use crate::error::Outcome;
use crate::model::memory::MemoryFilter;
use crate::store::memories::{self, Candidate, Library, Which};

/// Memories that are scored.
const CANDIDATES: i64 = 500;
/// With so many candidates that have a rare word, those that only have common ones are not looked at.
const ENOUGH: usize = 100;
/// Ranks that are kept.
const DEPTH: usize = 100;

/// Memories by words, best first.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    /// The query's words.
    pub(super) words: Vec<Word>,
    /// Words of a memory in the mean.
    pub(super) mean_length: f64,
    /// Each with its BM25.
    pub(super) ranked: Vec<(Candidate, f64)>,
}

impl Ranking {
    /// A score as a part of the highest possible one: 0…1.
    pub(super) fn share(&self, score: f64) -> f64 {
        let bound = bm25::bound(&self.words);
        if bound > 0.0 { score / bound } else { 0.0 }
    }
}

impl Memories {
    /// The user's memories that have any word of the query and pass the filter.
    pub(super) async fn by_words(&self, user: Uuid, query: &str, filter: &MemoryFilter, limit: usize) -> Outcome<Ranking> {
        let asked = words::asked(user, query);
        if asked.is_empty() {
            return Ok(Ranking::default());
        }
        let library = memories::library(&self.0.db, user).await?;
        let counts = self.frequencies(&asked.iter().map(|(key, _)| *key).collect::<Vec<_>>(), library).await?;
        let words: Vec<Word> =
            asked.into_iter().zip(counts).map(|((key, text), documents)| Word::new(key, text, documents, library.documents)).collect();
        let mean_length = if library.documents > 0 { bm25::float(library.words) / bm25::float(library.documents) } else { 0.0 };
        let candidates = self.candidates(user, &words, filter).await?;
        let mut ranked: Vec<(Candidate, f64)> = candidates
            .into_iter()
            .map(|candidate| {
                let score = bm25::score(&words, &candidate, mean_length);
                (candidate, score)
            })
            .filter(|(_, score)| *score > 0.0)
            .collect();
        ranked.sort_by(|(a, left), (b, right)| {
            right
                .total_cmp(left)
                .then_with(|| b.importance.total_cmp(&a.importance))
                .then_with(|| b.created_at.cmp(&a.created_at))
                .then_with(|| b.id.cmp(&a.id))
        });
        ranked.truncate(DEPTH.max(limit));
        Ok(Ranking { words, mean_length, ranked })
    }

    /// How many of the user's memories have each word. What was counted is believed while the library has changed by less
    /// than a hundredth since: a common word costs a walk through all that have it.
    async fn frequencies(&self, keys: &[words::Key], library: Library) -> Outcome<Vec<i64>> {
        let believed = |(generation, count): (i64, i64)| (library.generation - generation <= library.documents / 100).then_some(count);
        let known: Vec<Option<i64>> = keys.iter().map(|key| self.0.frequencies.get(&key.0).and_then(believed)).collect();
        let missing: Vec<words::Key> = keys.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(key, _)| *key).collect();
        let texts: Vec<String> = missing.iter().map(|key| key.text()).collect();
        let counted = memories::frequencies(&self.0.db, &texts).await?;
        for (key, count) in missing.iter().zip(&counted) {
            self.0.frequencies.insert(key.0, (library.generation, *count));
        }
        let mut counted = counted.into_iter();
        Ok(known.into_iter().map(|known| known.or_else(|| counted.next()).unwrap_or_default()).collect())
    }

    async fn candidates(&self, user: Uuid, words: &[Word], filter: &MemoryFilter) -> Outcome<Vec<Candidate>> {
        let mut by_rarity: Vec<&Word> = words.iter().filter(|word| word.documents > 0).collect();
        by_rarity.sort_by_key(|word| (word.documents, word.key));
        let mut together = 0;
        let rare = by_rarity.iter().take_while(|word| {
            together += word.documents;
            together <= CANDIDATES
        });
        let rare = rare.count();
        let keys: Vec<String> = by_rarity.iter().map(|word| word.key.text()).collect();
        let mut found = memories::candidates(&self.0.db, user, &keys[..rare], Which::Any, filter, CANDIDATES).await?;
        let mut seen: HashSet<Uuid> = found.iter().map(|candidate| candidate.id).collect();
        for which in [Which::All, Which::Any] {
            if rare == keys.len() || found.len() >= ENOUGH {
                break;
            }
            let more = memories::candidates(&self.0.db, user, &keys, which, filter, CANDIDATES).await?;
            found.extend(more.into_iter().filter(|candidate| seen.insert(candidate.id)));
        }
        found.truncate(usize::try_from(CANDIDATES).unwrap_or(usize::MAX));
        Ok(found)
    }
}
