//! Capability `storage`: what a plugin keeps, and what is the caller's own.
//!
//! `kv`, in this folder: keys and values of the plugin as a whole or of one caller. [`memories`] and [`tasks`]: the caller's,
//! read only, each with its own door.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
pub mod memories;
pub mod tasks;
#[cfg(test)]
mod tests;

pub use self::backend::{KvBackend, KvEntry, KvList, KvPage, KvPut, KvSpace};
