//! Capability `log`: lines for the operator, kept with the call's record. Reference: `wit/deps/log.wit`.

pub use crate::bindings::mnemosyne::log::log::Level;

/// Writes a line with fields. Never fails; what exceeds the call's log budget is dropped.
///
/// ```
/// use mnemosyne_sdk::capability::log::{self, Level};
/// log::write(Level::Info, "scored", &[("points", "10")]);
/// assert_eq!(log::double::lines(), ["info scored points=10"]);
/// ```
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    #[cfg(target_arch = "wasm32")]
    {
        let fields: Vec<(String, String)> = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        crate::bindings::mnemosyne::log::log::log(level, message, &fields);
    }
    #[cfg(not(target_arch = "wasm32"))]
    double::push(level, message, fields);
}

/// For the author; off in production.
///
/// ```
/// mnemosyne_sdk::capability::log::debug("series is new");
/// ```
pub fn debug(message: &str) {
    write(Level::Debug, message, &[]);
}

/// Normal and worth knowing.
///
/// ```
/// mnemosyne_sdk::capability::log::info("first quest");
/// ```
pub fn info(message: &str) {
    write(Level::Info, message, &[]);
}

/// Not right, but dealt with.
///
/// ```
/// mnemosyne_sdk::capability::log::warn("difficulty 9, taken as 5");
/// ```
pub fn warn(message: &str) {
    write(Level::Warn, message, &[]);
}

/// Somebody must look at it.
///
/// ```
/// mnemosyne_sdk::capability::log::error("no rule matched");
/// ```
pub fn error(message: &str) {
    write(Level::Error, message, &[]);
}

/// What a native test sees of the log.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;

    use super::Level;

    thread_local! {
        static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn push(level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let fields = fields.iter().map(|(key, value)| format!("{key}={value}"));
        let words: Vec<_> = [level.to_owned(), message.to_owned()].into_iter().chain(fields).collect();
        LINES.with_borrow_mut(|lines| lines.push(words.join(" ")));
    }

    /// The lines of this thread so far, oldest first.
    pub fn lines() -> Vec<String> {
        LINES.with_borrow(Clone::clone)
    }
}
