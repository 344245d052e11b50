//! Keeps lines, for tests.

use std::sync::{Mutex, PoisonError};

use super::backend::{LogBackend, LogLine};

/// Every line that was written.
#[derive(Debug, Default)]
pub struct KeptLines(Mutex<Vec<LogLine>>);

impl KeptLines {
    /// All lines so far.
    pub fn all(&self) -> Vec<LogLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LogBackend for KeptLines {
    fn write(&self, line: LogLine) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
