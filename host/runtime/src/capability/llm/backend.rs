//! What the host fills in: asking a model, listening to it, embedding. Key, model and profile are the host's.

use async_trait::async_trait;

use crate::capability::{Asking, BackendError};
use crate::wit::llm::{Completion, Delta, Usage};
use crate::wit::types::values::{Message, Tool, VectorSpace};

/// A checked request: within every cap of the contract and within grant and budget.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// At most 256 and 256 KiB together.
    pub messages: Vec<Message>,
    /// A granted class: `chat`, `reasoning`, `small` or the operator's own.
    pub class: String,
    /// 0…2; `None`: the profile's.
    pub temperature: Option<f32>,
    /// 0…1.
    pub top_p: Option<f32>,
    /// −2…2.
    pub presence_penalty: Option<f32>,
    /// −2…2.
    pub frequency_penalty: Option<f32>,
    /// `low`, `medium`, `high`; ignored by models without it.
    pub reasoning: Option<String>,
    /// Most tokens of the answer, reasoning included; at least 1.
    pub max_tokens: u32,
    /// At most 4, of 64 bytes.
    pub stop: Vec<String>,
    /// JSON Schema as text. The backend checks the answer against it, asks once more, then fails with `llm-schema`.
    pub json_schema: Option<String>,
    /// At most 32.
    pub tools: Vec<Tool>,
    /// `auto`, `none`, `required` or a tool's name; `None`: `auto`.
    pub tool_choice: Option<String>,
    /// A model's name that the client wished for; honoured only if the operator allows it.
    pub wished_model: Option<String>,
}

/// Language models. No model configured or reachable is [`BackendError::Unavailable`]; a used up budget of the user or the
/// operator is [`BackendError::Refused`] of kind `quota`.
#[async_trait]
pub trait ModelBackend: Send + Sync {
    /// Asks and waits. Dropping the future cancels the model.
    async fn complete(&self, of: Asking<'_>, request: ModelRequest) -> Result<Completion, BackendError>;
    /// Asks; answers when the model has accepted, or with why not.
    async fn open(&self, of: Asking<'_>, request: ModelRequest) -> Result<Box<dyn ModelStream>, BackendError>;
}

/// An answer on its way. Dropping it cancels the model.
#[async_trait]
pub trait ModelStream: Send {
    /// Everything that is ready, at least one piece: waits for it. `None`: the model has finished. After an error the
    /// stream is over.
    async fn next(&mut self) -> Result<Option<Delta>, BackendError>;
    /// `None` until the model has finished, or when it does not tell.
    fn usage(&self) -> Option<Usage>;
    /// The model that answers, as soon as it is known.
    fn model(&self) -> Option<&str> {
        None
    }
}

/// Vectors of texts, in the host's own space.
#[async_trait]
pub trait EmbeddingsBackend: Send + Sync {
    /// The space that [`Self::embed`] answers in now.
    async fn space(&self) -> Result<VectorSpace, BackendError>;
    /// One vector a text, in order, not normalised. At most 100 texts of 16 KiB.
    async fn embed(&self, of: Asking<'_>, texts: Vec<String>) -> Result<Vec<Vec<f32>>, BackendError>;
}
