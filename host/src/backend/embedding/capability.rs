//! `llm/embeddings` for plugins, at the same desk as everybody.

use std::sync::Arc;

use async_trait::async_trait;
use mnemosyne_runtime::capability::llm::EmbeddingsBackend;
use mnemosyne_runtime::wit::types::values::VectorSpace;
use mnemosyne_runtime::{Asking, BackendError};

use super::{Desk, Error};

/// The desk, as plugins reach it.
pub struct PluginEmbeddings(Arc<Desk>);

impl PluginEmbeddings {
    /// At this desk.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self(desk)
    }
}

/// What a plugin hears of a failure.
pub(in crate::backend) fn away(error: &Error) -> BackendError {
    match error {
        Error::TimedOut => BackendError::Timeout,
        Error::Refused(_) => BackendError::invalid("embeddings-refused", "the embedder refuses these texts"),
        _ => BackendError::Unavailable { retry_after_ms: Some(5_000) },
    }
}

#[async_trait]
impl EmbeddingsBackend for PluginEmbeddings {
    async fn space(&self) -> Result<VectorSpace, BackendError> {
        let space = self.0.space();
        Ok(VectorSpace { model: space.model.clone(), dimensions: space.dimension })
    }

    async fn embed(&self, _: Asking<'_>, texts: Vec<String>) -> Result<Vec<Vec<f32>>, BackendError> {
        // An embedder wants at least a space.
        let texts: Vec<String> = texts.into_iter().map(|text| if text.trim().is_empty() { " ".to_owned() } else { text }).collect();
        Ok(self.0.patient(&texts).await.map_err(|error| away(&error))?.vectors)
    }
}
