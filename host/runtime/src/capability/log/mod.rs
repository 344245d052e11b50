//! Capability `log`: a plugin's lines for the operator, capped per call and scrubbed.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{Level, LogBackend, LogLine};
