//! Capability `config`: the slot's settings, already validated against the manifest, and which secrets exist.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{ConfigValues, UserValues};
