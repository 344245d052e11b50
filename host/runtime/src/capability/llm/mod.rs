//! Capability `llm`: language models, behind the operator's key, budget and choice.
//!
//! A call has so many requests and tokens (`limits`); they are reserved before a model is asked and settled by what it
//! really used. Dropping a stream's handle, or the whole call, cancels the model.

pub mod backend;
mod chat;
pub(crate) mod core;
mod embeddings;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{EmbeddingsBackend, ModelBackend, ModelRequest, ModelStream};
