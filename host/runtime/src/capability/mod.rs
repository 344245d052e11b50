//! What the host lets a plugin do: one room for each capability, all of the same shape.
//!
//! | file of a room | what |
//! |---|---|
//! | `core.rs` | the one door: granted? → within the quota? → namespaced by the caller → backend |
//! | `host.rs` | the WIT trait: translates types and calls `core`; no rule of its own |
//! | `backend.rs` | the small trait (or values) that the host fills in |
//! | `in_memory.rs` | the backend of tests |
//!
//! Guests, later rehearsals and the rooms' own tests all go through `core`. [`door`] is what every door shares: it counts,
//! times, limits and notes the call, by the function's row in [`door::FUNCTIONS`].

use std::sync::Arc;

use mnemosyne_bindings::capability::types;
use uuid::Uuid;

use crate::call::CallState;

pub mod auth;
pub mod config;
pub mod door;
pub mod grant;
pub mod log;
pub mod storage;

/// Everything a plugin's powers rest on; the host or a test fills it in.
#[derive(Clone)]
pub struct Backends {
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Where lines of plugins go.
    pub log: Arc<dyn log::LogBackend>,
    /// Keys and values.
    pub kv: Arc<dyn storage::KvBackend>,
    /// Checks of credentials.
    pub credentials: Arc<dyn auth::CredentialsBackend>,
}

impl Backends {
    /// All in memory and empty: for tests and tools.
    pub fn in_memory() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            log: Arc::new(log::in_memory::KeptLines::default()),
            kv: Arc::new(storage::in_memory::InMemoryKv::default()),
            credentials: Arc::new(auth::in_memory::InMemoryCredentials::default()),
        }
    }
}

impl std::fmt::Debug for Backends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backends")
    }
}

/// Time and ids come in from the host.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now(&self) -> i64;
    /// A fresh id, ordered by time.
    fn new_id(&self) -> Uuid;
}

/// The machine's own clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is where time and ids come from when nobody gives them")]
impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// What a backend may answer instead of a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// It is away; the guest hears `unavailable` and may try again after so many milliseconds.
    #[error("unavailable")]
    Unavailable {
        /// When a retry makes sense, in milliseconds.
        retry_after_ms: Option<u32>,
    },
    /// The value does not have the version that was expected.
    #[error("conflict")]
    Conflict,
    /// The drawer is full.
    #[error("quota")]
    Quota,
    /// The stored value is no number, or the sum leaves 64 bits.
    #[error("not a number")]
    NotANumber,
}

// Interfaces of types only: nothing to translate, but the linker wants the traits.
impl types::errors::Host for CallState {}
impl types::values::Host for CallState {}
