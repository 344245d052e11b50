//! BM25 by one function for both databases (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009): k1 = 1.2,
//! b = 0.75, over the statistics of the person's own memories.

use super::words::{Key, count};
use crate::store::memories::Candidate;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A word of the query and how rare it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) key: Key,
    /// The word.
    pub(super) text: String,
    /// The person's memories that have it.
    pub(super) documents: i64,
    /// Its weight: ln(1 + (N − n + 0.5) / (n + 0.5)).
    pub(super) rarity: f64,
}

impl Word {
    /// A word that `documents` of `all` memories have.
    pub(super) fn new(key: Key, text: String, documents: i64, all: i64) -> Self {
        // statistics may be a moment older than the rows: never below zero
        let (had, all) = (float(documents), float(all.max(documents)));
        Self { key, text, documents, rarity: (1.0 + (all - had + 0.5) / (had + 0.5)).ln() }
    }
}

/// What a memory gets for one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The word.
    pub word: String,
    /// How often it is there.
    pub count: u16,
    /// The person's memories that have it.
    pub documents: i64,
    /// Its part of the score.
    pub score: f64,
}

/// How well a memory suits the words.
pub(super) fn score(words: &[Word], candidate: &Candidate, mean_length: f64) -> f64 {
    words.iter().map(|word| part(word, candidate, mean_length).1).sum()
}

/// The same in its parts, for who asked to be told.
pub(super) fn parts(words: &[Word], candidate: &Candidate, mean_length: f64) -> Vec<Part> {
    let told = words.iter().map(|word| (word, part(word, candidate, mean_length)));
    let there = told.filter(|(_, (count, _))| *count > 0);
    there.map(|(word, (count, score))| Part { word: word.text.clone(), count, documents: word.documents, score }).collect()
}

/// What no memory can pass: every word, endlessly often. Divided by it a score is 0…1.
pub(super) fn bound(words: &[Word]) -> f64 {
    words.iter().map(|word| word.rarity * (K1 + 1.0)).sum()
}

fn part(word: &Word, candidate: &Candidate, mean_length: f64) -> (u16, f64) {
    let there = count(&candidate.bag, word.key);
    if there == 0 {
        return (0, 0.0);
    }
    let (often, length) = (f64::from(there), float(candidate.length));
    let relative = if mean_length > 0.0 { length / mean_length } else { 1.0 };
    (there, word.rarity * often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * relative)))
}

#[expect(clippy::cast_precision_loss, reason = "counts of one person's memories are far below 2^52")]
pub(super) const fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::service::memories::words::{Words, asked};

    fn candidate(text: &str) -> Candidate {
        let words = Words::of(Uuid::nil(), "", text);
        Candidate { id: Uuid::nil(), importance: 0.5, created_at: 0, length: words.length, bag: words.bag }
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        let words: Vec<Word> =
            asked(Uuid::nil(), "red fox").into_iter().zip([2, 1]).map(|((key, text), had)| Word::new(key, text, had, 3)).collect();
        let text = candidate("red red fox den");
        // idf(red) = ln(1 + 1.5/2.5), idf(fox) = ln(1 + 2.5/1.5); the mean length is 4, so the norm is 1
        let expected = 1.6_f64.ln() * 2.0 * 2.2 / 3.2 + (1.0 + 2.5 / 1.5_f64).ln() * 2.2 / 2.2;
        assert!((score(&words, &text, 4.0) - expected).abs() < 1e-12);
        assert!(score(&words, &text, 4.0) < bound(&words));
        assert_eq!(parts(&words, &text, 4.0).iter().map(|part| part.count).collect::<Vec<_>>(), [2, 1]);
        assert!(score(&words, &candidate("nothing of it"), 4.0).abs() < f64::EPSILON);
    }
}
