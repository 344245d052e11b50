//! Capability `actions`: the host's own operations, with the caller's permissions. They have effects only in an agentic
//! turn; in any other they are proposals.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{ActionsBackend, Operation};
