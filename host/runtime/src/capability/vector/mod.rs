//! Capability `vector`: the plugin's own collections, of one caller or of the plugin as a whole.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{Collection, VectorBackend, VectorItem, VectorMatch, VectorQuery, VectorText};
