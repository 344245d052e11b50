//! `storage/memories`: the caller's memories, read only.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{MemoriesBackend, MemoryFilter, MemoryHit, MemoryList, MemoryPage};
