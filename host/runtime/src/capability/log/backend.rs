//! Where lines go. The host's writes them to its own log, with the call's id.

use std::sync::Arc;

use uuid::Uuid;

use crate::record::RevisionId;

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Dealt with.
    Warn,
    /// Somebody must look.
    Error,
}

/// One line of a plugin, scrubbed: no control characters, no bidirectional marks.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The call it belongs to.
    pub call: Uuid,
    /// The revision that wrote it.
    pub revision: Arc<RevisionId>,
    /// The slot it runs in.
    pub slot: Arc<str>,
    /// The request.
    pub request: Arc<str>,
    /// How loud.
    pub level: Level,
    /// At most the call's log budget.
    pub message: String,
    /// At most 16, names at most 64 bytes.
    pub fields: Vec<(String, String)>,
}

/// Takes lines. Must not block.
pub trait LogBackend: Send + Sync {
    /// Takes one line.
    fn write(&self, line: LogLine);
}
