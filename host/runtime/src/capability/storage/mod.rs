//! Capability `storage`: what a plugin keeps. So far `kv`: keys and values of the plugin as a whole or of one caller.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{KvBackend, KvEntry, KvList, KvPage, KvPut, KvSpace};
