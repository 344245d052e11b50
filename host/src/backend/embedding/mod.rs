//! Vectors of texts: for memories, for `llm/embeddings` and for the text items of `vector/index`.
//!
//! ```text
//! mod.rs            trait Embedder, its errors, and which one the configuration means
//! hashed_ngram.rs   built in, deterministic, no model: words and their letters, hashed
//! model2vec.rs      a folder with a static model: tokenizer.json, model.safetensors, config.json
//! openai.rs         any server with OpenAI's `/embeddings`
//! desk.rs           Desk: what everybody asks: cache, time limits, breakers, vectors made before
//! breaker.rs        skips what has just failed twice
//! collections.rs    plugins' own collections: text items and vectors of a named space
//! ```
//! An embedder that is away delays nobody: texts wait in the outbox, search goes on by keywords and says so.

pub mod breaker;
pub mod capability;
pub mod collections;
pub mod desk;
pub mod hashed_ngram;
pub mod model2vec;
pub mod openai;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use crate::config::{Config, EmbeddingProvider};
use crate::model::vector::Space;

pub use desk::Desk;
pub use hashed_ngram::HashedNgram;

/// Why there are no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, is overloaded, or is not asked for a while after failures. Another try may succeed.
    #[error("the embedder is unavailable: {0}")]
    Unavailable(String),
    /// It did not answer in time.
    #[error("the embedder did not answer in time")]
    TimedOut,
    /// It refuses these texts or our key: the same request fails again.
    #[error("the embedder refused: {0}")]
    Refused(String),
    /// It answered something that is no set of vectors of its space.
    #[error("the embedder's answer cannot be used: {0}")]
    BadAnswer(String),
}

/// What an embedder returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Makes vectors of texts.
#[async_trait]
pub trait Embedder: Send + Sync + 'static {
    /// Where its vectors live.
    fn space(&self) -> &Space;

    /// Whether it answers from this process, within microseconds a text: no cache, no breaker, no time limit is worth it.
    fn local(&self) -> bool;

    /// One vector a text, in order, each of the space's dimension and finite. No text is empty. All zeros say that the model
    /// knows nothing of the text.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>>;
}

/// The embedder that the configuration means.
///
/// # Errors
/// One sentence for the operator: the key, what is wrong, what would be right.
pub fn open(config: &Config) -> std::result::Result<Arc<dyn Embedder>, String> {
    let embedding = &config.embedding();
    let provider = match embedding.provider {
        EmbeddingProvider::Auto if embedding.model.is_some() => EmbeddingProvider::Openai,
        EmbeddingProvider::Auto if embedding.folder.is_some() => EmbeddingProvider::Model2vec,
        EmbeddingProvider::Auto => EmbeddingProvider::Hashed,
        named => named,
    };
    Ok(match provider {
        EmbeddingProvider::Openai => Arc::new(openai::OpenAi::open(embedding)?),
        EmbeddingProvider::Model2vec => {
            let folder = embedding.folder.as_deref().ok_or(
                "`embedding.provider` = `model2vec` needs `embedding.folder`; a good value is a folder with `tokenizer.json`, `model.safetensors` and `config.json`",
            )?;
            Arc::new(model2vec::Model2Vec::open(folder)?)
        }
        EmbeddingProvider::Auto | EmbeddingProvider::Hashed => Arc::new(HashedNgram::new(embedding.dimension)),
    })
}

/// An embedder for a space that is not the configured one, if it needs nothing but the space: old vectors stay searchable
/// while `mnemosyne reembed` moves them.
pub fn built_in(space: &Space) -> Option<Arc<dyn Embedder>> {
    (space.model == hashed_ngram::MODEL).then(|| Arc::new(HashedNgram::new(space.dimension)) as Arc<dyn Embedder>)
}

/// The vector of a text that a model knows nothing of. Zeros would be neither near nor far, and no store takes them; so each
/// such text has a direction of its own, by its SHA-256: near to the same text and to nothing else.
fn own_direction(text: &str, dimension: usize) -> Vec<f32> {
    let bits = (0_u32..).flat_map(|part| Sha256::new().chain_update(part.to_le_bytes()).chain_update(text).finalize());
    let signs = bits.flat_map(|byte| (0..8).map(move |bit| if byte >> bit & 1 == 0 { 1.0 } else { -1.0 }));
    #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
    let length = (dimension as f32).sqrt();
    signs.take(dimension).map(|sign: f32| sign / length).collect()
}
