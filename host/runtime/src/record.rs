//! What is kept of each call: who, which revision with which powers, how it ended and what it cost.
//!
//! The record is made in memory and handed over once; the host writes records in batches. Recorded inputs and rehearsal
//! build on the same record: every host call already passes the one door, which notes it here.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::error::Failure;
pub use crate::meter::ModelUse;

/// Most host calls that are noted one by one; later ones are only counted.
pub const MAX_EVENTS: usize = 64;

/// Which revision answered, and with which powers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionId {
    /// Name of the plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component, 64 hex digits.
    pub digest: String,
    /// Hash of the effective grant, 64 hex digits.
    pub grant_hash: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer within every limit.
    Ok,
    /// No answer, or one that was refused.
    Failed(Failure),
    /// Whoever asked went away, or the host shut down.
    Cancelled,
}

impl Outcome {
    /// A stable word for metrics and the store: `ok`, `cancelled` or the failure's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed(failure) => failure.code(),
            Self::Cancelled => "cancelled",
        }
    }
}

/// One host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostEvent {
    /// `interface.function`, for example `storage/kv.get`.
    pub function: &'static str,
    /// Bytes of the arguments.
    pub bytes: u32,
    /// Time in the host, in microseconds; 0 for what is answered from memory.
    pub micros: u32,
    /// How it ended: `ok`, or the error's code.
    pub outcome: &'static str,
}

/// One call of one export.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Made by the host's id source.
    pub id: Uuid,
    /// The slot it was made for.
    pub slot: Arc<str>,
    /// The slot's generation; 0: outside a slot.
    pub generation: u64,
    /// The revision that ran.
    pub revision: Arc<RevisionId>,
    /// `xp-rules.award` and the like.
    pub export: &'static str,
    /// On whose behalf; `None`: a job or an anonymous login.
    pub user: Option<Uuid>,
    /// Id of the request that led here.
    pub request: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Start, in milliseconds since 1970.
    pub started: i64,
    /// Time spent waiting to be admitted and for a guest worker.
    pub waited: Duration,
    /// Wall time from the creation of the store to the checked answer.
    pub wall: Duration,
    /// CPU time of the call without waiting in host calls; includes instantiation.
    pub guest_cpu: Duration,
    /// Largest sum of linear memories, in bytes.
    pub peak_memory: u64,
    /// Host calls, counted by cost.
    pub host_calls: u32,
    /// Size of the answer, in bytes.
    pub output_bytes: u32,
    /// What models cost.
    pub models: ModelUse,
    /// Log bytes that went over the budget and were dropped.
    pub log_dropped: u32,
    /// The first [`MAX_EVENTS`] host calls.
    pub events: Vec<HostEvent>,
}

/// Takes call records. Must not block: it runs on the thread of the call.
pub trait Recorder: Send + Sync {
    /// Takes one record. The same id comes twice when the host refused an answer after it was given
    /// ([`crate::Called::reject`]): the later one stands.
    fn record(&self, record: Arc<CallRecord>);
}

/// Drops every record.
#[derive(Debug, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&self, _: Arc<CallRecord>) {}
}

/// Keeps every record in memory, for tests.
#[derive(Debug, Default)]
pub struct KeepRecords(std::sync::Mutex<Vec<Arc<CallRecord>>>);

impl KeepRecords {
    /// All records so far.
    pub fn all(&self) -> Vec<Arc<CallRecord>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Recorder for KeepRecords {
    fn record(&self, record: Arc<CallRecord>) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(record);
    }
}
