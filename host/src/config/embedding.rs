//! `embedding.*`: what makes vectors of texts, and how much of them is kept in memory.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Refused;

/// `embedding.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Which embedder. Default `auto`: the server if an embedding model is named, else the folder if one is, else the built-in.
    pub provider: EmbeddingProvider,
    /// The model on a server with OpenAI's `/embeddings`. Default: `llm.embedding_model`.
    pub model: Option<String>,
    /// That server, `/v1` included. Default: `llm.base_url`.
    pub base_url: Option<String>,
    /// Sent as `Authorization: Bearer`. Default: `llm.api_key`, if the server is that of `llm.base_url`. Never shown, never logged.
    #[serde(skip_serializing, default)]
    pub api_key: Option<SecretString>,
    /// A folder in the format of model2vec: `tokenizer.json`, `model.safetensors`, `config.json`.
    pub folder: Option<PathBuf>,
    /// Floats in a vector, 64…4096, of the built-in embedder and of a server's; a folder tells its own. Default 1024.
    pub dimension: u32,
    /// MiB of vectors that are kept in memory; people whose vectors were not used for longest leave. Default 256.
    pub memory_mib: usize,
}

/// Which embedder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingProvider {
    /// By what else is set.
    Auto,
    /// A server with OpenAI's `/embeddings`.
    Openai,
    /// A folder with a static model.
    Model2vec,
    /// Built in, without a model.
    Hashed,
}

impl Default for Embedding {
    fn default() -> Self {
        Self {
            provider: EmbeddingProvider::Auto,
            model: None,
            base_url: None,
            api_key: None,
            folder: None,
            dimension: 1_024,
            memory_mib: 256,
        }
    }
}

impl Embedding {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let refuse = |key: &str, problem: String, good: &str| Err(Refused(format!("`{key}` {problem}; a good value is `{good}`")));
        if !(64..=4_096).contains(&self.dimension) {
            return refuse("embedding.dimension", format!("= {} is not within 64…4096", self.dimension), "1024");
        }
        if !(16..=65_536).contains(&self.memory_mib) {
            return refuse("embedding.memory_mib", format!("= {} is not within 16…65536", self.memory_mib), "256");
        }
        if let Some(url) = &self.base_url {
            let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
            let plain = url.starts_with("http://") || url.starts_with("https://");
            if !plain || authority.is_empty() || authority.contains('@') || url.contains(['?', '#', ' ']) {
                return refuse("embedding.base_url", "is not the address of a server".into(), "http://127.0.0.1:8081/v1");
            }
        }
        if self.model.as_ref().is_some_and(|model| model.is_empty() || model.len() > 256) {
            return refuse("embedding.model", "is no model's name".into(), "text-embedding-3-small");
        }
        Ok(())
    }
}
