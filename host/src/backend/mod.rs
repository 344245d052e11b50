//! Fills the runtime's capability traits over `store` and `vector`: one folder a capability; beside them `embedding`, which
//! makes vectors of texts for several of them.

pub mod actions;
pub mod auth;
pub mod embedding;
pub mod http;
pub mod llm;
pub mod log;
pub mod storage;
pub mod vector;
