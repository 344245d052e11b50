//! Where a persona's answer goes: the handle `persona/reply`. A handle, not a power: always linked.
//!
//! What was pushed is the host's from that moment, so it survives whatever becomes of the plugin.

pub mod backend;
pub(crate) mod core;
mod host;
#[cfg(test)]
mod tests;

pub use self::backend::{ActionEvent, ReplyEvent, ReplySink, ReplyStream, channel};
