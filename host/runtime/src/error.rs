//! How starting, preparing and calling may fail. None of these texts is for a client: the host maps [`Failure`] to its
//! kind's failure policy and logs the sentence.

use std::sync::Arc;
use std::time::Duration;

use crate::record::CallRecord;

/// The runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// wasmtime refuses the engine's profile, or the pool's address space cannot be reserved.
    #[error(
        "cannot make the plugin engine: {0}; a limit on address space (`ulimit -v`) or on maps (`vm.max_map_count`) may be too low for the pool"
    )]
    Engine(String),
    /// No thread for the ticker or the guest workers.
    #[error("cannot start the plugin threads: {0}")]
    Threads(#[from] std::io::Error),
    /// The settings contradict each other.
    #[error("plugin settings: {0}")]
    Settings(String),
}

/// One reason why a component cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Reason {
    /// Stable word: `import-not-granted`, `import-unknown`, `export-mismatch`, `invalid`, `manifest`, `compile`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// A line to paste or a command to run; empty when there is none.
    pub fix: String,
}

/// A component that will not be linked, with every reason found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("{}", sentences(.reasons))]
pub struct Refused {
    /// At least one.
    pub reasons: Vec<Reason>,
}

impl Refused {
    /// One reason.
    pub fn because(code: &'static str, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { reasons: vec![Reason { code, sentence: sentence.into(), fix: fix.into() }] }
    }
}

fn sentences(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| reason.sentence.as_str()).collect::<Vec<_>>().join("; ")
}

/// A store's resource other than memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Number of tables or their elements.
    Tables,
    /// Core instances.
    Instances,
    /// Component-model handles.
    Handles,
    /// Bytes of one host call's arguments.
    Arguments,
}

/// Why a call gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The guest trapped; the text is wasmtime's, capped.
    #[error("the plugin trapped: {0}")]
    Trapped(String),
    /// The guest used up its CPU time.
    #[error("the plugin used more than its {} ms of CPU time", .0.as_millis())]
    CpuExceeded(Duration),
    /// The call took too long, host time included.
    #[error("the plugin took longer than its {} ms", .0.as_millis())]
    DeadlineExceeded(Duration),
    /// The guest asked for more memory than it may have, in bytes.
    #[error("the plugin asked for more than its {0} bytes of memory")]
    MemoryExceeded(u64),
    /// The guest's stack is too deep.
    #[error("the plugin's stack is too deep")]
    StackExceeded,
    /// Tables, instances, handles or arguments beyond their cap.
    #[error("the plugin exceeds its limit of {0:?}")]
    ResourceExceeded(Resource),
    /// The answer is too large, in bytes allowed.
    #[error("the plugin's answer is larger than {0} bytes")]
    OutputTooLarge(u64),
    /// Too many host calls, by number allowed.
    #[error("the plugin's host calls cost more than {0}: most count 1, listing 4, searching, asking a model, http and writing vectors 8")]
    HostCallsExceeded(u64),
    /// The answer breaks the contract: bad ABI values, or refused by the host's validator.
    #[error("the plugin's answer breaks the contract: {0}")]
    BadOutput(String),
    /// No room for the call within the kind's waiting time.
    #[error("too many calls of this kind are running")]
    Overloaded,
    /// The breaker is open: recent calls of this revision failed.
    #[error("the plugin is suspended after failures, for {} ms", .0.as_millis())]
    Suspended(Duration),
    /// The guest answered with an error of its own.
    #[error("the plugin answered {kind} `{code}`: {message}")]
    GuestError {
        /// `denied`, `invalid`, …
        kind: GuestErrorKind,
        /// Capped and scrubbed, at most 64 bytes.
        code: String,
        /// Capped and scrubbed, at most 500 bytes. For the log only.
        message: String,
    },
    /// Our own fault: a panic in host code, or a state that should not be.
    #[error("internal error while calling the plugin: {0}")]
    Internal(String),
}

/// The kind of error a guest reported; the WIT's `error-kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestErrorKind {
    /// Not allowed; for an auth provider: not proved.
    Denied,
    /// Over a quota.
    Quota,
    /// No such thing.
    NotFound,
    /// Somebody else was faster.
    Conflict,
    /// The input does not fit.
    Invalid,
    /// It took too long.
    Timeout,
    /// Something it needs is away.
    Unavailable,
    /// Its own fault.
    Internal,
}

impl std::fmt::Display for GuestErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Denied => "denied",
            Self::Quota => "quota",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        })
    }
}

impl Failure {
    /// A stable word for metrics and the store.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trapped(_) => "trapped",
            Self::CpuExceeded(_) => "cpu-exceeded",
            Self::DeadlineExceeded(_) => "deadline-exceeded",
            Self::MemoryExceeded(_) => "memory-exceeded",
            Self::StackExceeded => "stack-exceeded",
            Self::ResourceExceeded(_) => "resource-exceeded",
            Self::OutputTooLarge(_) => "output-too-large",
            Self::HostCallsExceeded(_) => "host-calls-exceeded",
            Self::BadOutput(_) => "bad-output",
            Self::Overloaded => "overloaded",
            Self::Suspended(_) => "suspended",
            Self::GuestError { .. } => "guest-error",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether it speaks against the revision. A refused input, a full house or our own fault does not.
    pub fn counts_against_the_revision(&self) -> bool {
        match self {
            Self::GuestError { kind, .. } => *kind == GuestErrorKind::Internal,
            Self::Overloaded | Self::Suspended(_) | Self::Internal(_) => false,
            _ => true,
        }
    }
}

/// A call without a usable answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{failure}")]
pub struct CallError {
    /// Why.
    pub failure: Failure,
    /// What it cost; the recorder has it too.
    pub record: Arc<CallRecord>,
}
