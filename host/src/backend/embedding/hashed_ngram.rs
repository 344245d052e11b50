//! The built-in embedder: no model, no download, the same vector on every machine.
//!
//! Weighted features of a text are hashed to a place and a sign of the vector ("feature hashing", Weinberger et al. 2009):
//! each word, each pair of neighbours, and the letter n-grams of each word with its borders, which is what makes "memories"
//! near to "memory" and "tommorow" near to "tomorrow" (as in fastText, Bojanowski et al. 2017). Counts are damped to
//! 1 + ln n, long words' n-grams share their word's weight, and the sum is normalised to length 1. It knows no synonyms and
//! says so by its name.

use std::collections::HashSet;
use std::sync::LazyLock;

use async_trait::async_trait;

use super::{Embedder, Result};
use crate::model::vector::Space;

/// The name in `embedding_model`. Another recipe is another name.
pub const MODEL: &str = "hashed-ngram-v1";

/// Letters of an n-gram.
const GRAMS: std::ops::RangeInclusive<usize> = 3..=5;
/// Weight of a whole word.
const WORD: f32 = 1.0;
/// Weight of two words in a row.
const PAIR: f32 = 0.35;
/// Weight of all n-grams of one word together.
const LETTERS: f32 = 1.0;
/// What a word of grammar counts, against 1 of others.
const COMMON: f32 = 0.15;

/// Words of grammar in the languages its users wrote in first: they say little about what a text is about.
static COMMON_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON_TEXT.split_whitespace().collect());

const COMMON_TEXT: &str = " a about all also am an and any are as at be because been but by can could did do does for from get had has \
    have he her here him his how i if in into is it its just like me more my no not now of on one or our out she so some than that the \
    their them then there these they this those to too up us very was we were what when where which who why will with would you your \
    aber als am an auch auf aus bei bin bist da das dass dem den der des die du ein eine einen einer er es für hat ich ihr im in ist ja \
    kann man mein mich mir mit nach nicht noch nur oder sein sich sie sind so und uns von war was wenn wer wie wir wird wo zu zum zur ";

/// See the module.
#[derive(Clone, Debug)]
pub struct HashedNgram {
    space: Space,
}

impl HashedNgram {
    /// Vectors of this many floats.
    pub fn new(dimension: u32) -> Self {
        Self { space: Space { model: MODEL.into(), dimension } }
    }

    /// The vector of one text: of length 1, never all zeros.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let lower = text.to_lowercase();
        let (mut features, mut bordered, mut before) = (Vec::with_capacity(lower.len() * 3), String::new(), None::<&str>);
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let weight = if COMMON_WORDS.contains(word) { COMMON } else { 1.0 };
            features.push((hash(&[b"w", word.as_bytes()]), WORD * weight));
            letters(word, &mut bordered, LETTERS * weight, &mut features);
            if let Some(before) = before {
                features.push((hash(&[b"p", before.as_bytes(), b" ", word.as_bytes()]), PAIR));
            }
            before = Some(word);
        }
        if features.is_empty() {
            // punctuation, emoji: the text itself is its only feature
            features.push((hash(&[b"t", lower.trim().as_bytes()]), 1.0));
        }
        self.sum(features)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place below the dimension; counts are small")]
    fn sum(&self, mut features: Vec<(u64, f32)>) -> Vec<f32> {
        let dimension = u64::from(self.space.dimension);
        let mut vector = vec![0.0_f32; self.space.dimension as usize];
        // sorted, because the order of float additions shows in the last bit; stable, so that the first weight counts
        features.sort_by_key(|(feature, _)| *feature);
        for same in features.chunk_by(|(one, _), (other, _)| one == other) {
            let (feature, weight) = same[0];
            let sign = if feature >> 63 == 0 { 1.0 } else { -1.0 };
            vector[(feature % dimension) as usize] += sign * weight * (1.0 + (same.len() as f32).ln());
        }
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm < f32::EPSILON {
            // features that cancel each other out to the last one: keep the first
            vector.fill(0.0);
            vector[(features[0].0 % dimension) as usize] = 1.0;
            return vector;
        }
        for value in &mut vector {
            *value /= norm;
        }
        vector
    }
}

/// Adds the n-grams of a word between its borders, without the whole; together they weigh as much as one of them times the
/// root of their number.
#[expect(clippy::cast_precision_loss, reason = "a word has few n-grams")]
fn letters(word: &str, bordered: &mut String, weight: f32, features: &mut Vec<(u64, f32)>) {
    bordered.clear();
    bordered.extend(['<'].into_iter().chain(word.chars()).chain(['>']));
    let ends: Vec<usize> = bordered.char_indices().map(|(at, _)| at).chain([bordered.len()]).collect();
    let first = features.len();
    for length in GRAMS {
        for ends in ends.windows(length + 1) {
            features.push((hash(&[b"g", &bordered.as_bytes()[ends[0]..ends[length]]]), 0.0));
        }
    }
    let share = weight / ((features.len() - first) as f32).sqrt();
    features[first..].iter_mut().for_each(|(_, weight)| *weight = share);
}

/// FNV-1a, then mixed (the finaliser of MurmurHash3): fixed for ever, unlike the standard library's.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().copied().flatten() {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^= state >> 33;
    state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}

#[async_trait]
impl Embedder for HashedNgram {
    fn space(&self) -> &Space {
        &self.space
    }

    fn local(&self) -> bool {
        true
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            vectors.push(self.vector(text));
            // a long memory is many texts: others have their turn in between
            tokio::task::yield_now().await;
        }
        Ok(vectors)
    }
}
