//! Every line that the hosts of this process log, held against words that must never stand in one.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::EnvFilter;

/// Words, and the lines they were found in.
static WATCHED: Mutex<Vec<(String, Vec<String>)>> = Mutex::new(Vec::new());

/// From now on lines with this word are kept. The word must be nobody else's.
pub(crate) fn watch_logs_for(word: &str) {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let filter = EnvFilter::new("info,mnemosyne_host=debug,mnemosyne_runtime=debug");
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Line);
        lines.try_init().expect("nobody else listens to the logs of the tests");
    });
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push((word.to_owned(), Vec::new()));
}

/// The lines with this word so far.
pub(crate) fn logged(word: &str) -> Vec<String> {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.iter().find(|(own, _)| own == word).map(|(_, lines)| lines.clone()).unwrap_or_default()
}

/// One line on its way; the subscriber writes each whole.
struct Line;

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let line = String::from_utf8_lossy(bytes);
        for (word, lines) in watched.iter_mut().filter(|(word, _)| line.contains(word.as_str())) {
            debug_assert!(!word.is_empty());
            lines.push(line.clone().into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
