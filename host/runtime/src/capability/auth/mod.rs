//! Capability `auth`: who calls (`identity`), handles of what a client presented (`secrets`), and checks of credentials
//! that no guest can read (`credentials`). What was verified in a call is kept as [`Evidence`]: the host believes an
//! identity only if it stands there.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{CredentialsBackend, Evidence, KeyMatch, Presented, Secret};
