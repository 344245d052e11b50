//! Fills the runtime's capability traits over `store`: one folder a capability.

pub mod auth;
pub mod log;
pub mod storage;
