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
use mnemosyne_bindings::capability::types::errors::ErrorKind;
use uuid::Uuid;

use crate::call::{Call, CallState};
use crate::caller::User;

pub mod actions;
pub mod auth;
pub mod config;
pub mod door;
pub mod grant;
pub mod http;
pub mod llm;
pub mod log;
pub mod reply;
pub mod storage;
pub mod vector;

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
    /// The caller's memories.
    pub memories: Arc<dyn storage::memories::MemoriesBackend>,
    /// The caller's tasks.
    pub tasks: Arc<dyn storage::tasks::TasksBackend>,
    /// Plugins' own collections of vectors.
    pub vectors: Arc<dyn vector::VectorBackend>,
    /// Language models.
    pub models: Arc<dyn llm::ModelBackend>,
    /// Vectors of texts.
    pub embeddings: Arc<dyn llm::EmbeddingsBackend>,
    /// The host's own operations.
    pub actions: Arc<dyn actions::ActionsBackend>,
    /// Requests to named origins.
    pub http: Arc<dyn http::HttpBackend>,
}

impl Backends {
    /// All in memory and empty, no model, nothing outside: for tests and tools.
    pub fn in_memory() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            log: Arc::new(log::in_memory::KeptLines::default()),
            kv: Arc::new(storage::in_memory::InMemoryKv::default()),
            credentials: Arc::new(auth::in_memory::InMemoryCredentials::default()),
            memories: Arc::new(storage::memories::in_memory::InMemoryMemories::default()),
            tasks: Arc::new(storage::tasks::in_memory::InMemoryTasks::default()),
            vectors: Arc::new(vector::in_memory::InMemoryVectors::default()),
            models: Arc::new(llm::in_memory::ScriptedModel::default()),
            embeddings: Arc::new(llm::in_memory::LetterCounts),
            actions: Arc::new(actions::in_memory::KeptActions::default()),
            http: Arc::new(http::in_memory::ScriptedHttp::default()),
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

/// On whose behalf a backend works: told by the door, never by a guest.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The person; `None`: a job, a self-test.
    pub user: Option<&'a User>,
    /// The plugin that asks.
    pub plugin: &'a str,
    /// Its slot.
    pub slot: &'a str,
    /// The request.
    pub request: &'a str,
    /// The call.
    pub call: Uuid,
}

impl<'a> Asking<'a> {
    pub(crate) fn of(call: &'a Call) -> Self {
        Self {
            user: call.caller.user.as_deref(),
            plugin: &call.revision.id().plugin,
            slot: &call.caller.slot,
            request: &call.caller.request,
            call: call.id,
        }
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
    /// It took longer than it may.
    #[error("timeout")]
    Timeout,
    /// Anything else, in the contract's words. The guest sees code and message, so neither names anything of the host.
    #[error("{code}: {message}")]
    Refused {
        /// The class.
        kind: ErrorKind,
        /// Stable, `[a-z0-9-]`.
        code: &'static str,
        /// For the plugin's developer.
        message: String,
    },
}

impl BackendError {
    /// An argument the backend cannot work with.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { kind: ErrorKind::Invalid, code, message: message.into() }
    }

    /// Not allowed.
    pub fn denied(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { kind: ErrorKind::Denied, code, message: message.into() }
    }
}

// Interfaces of types only: nothing to translate, but the linker wants the traits.
impl types::errors::Host for CallState {}
impl types::values::Host for CallState {}
