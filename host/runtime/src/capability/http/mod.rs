//! Capability `http`: requests to the origins that the manifest names. The wall against private addresses is the host's
//! backend; the door knows only names of endpoints.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{HttpBackend, OutgoingRequest, OutgoingSecret, ReceivedResponse};
