//! Making errors: one constructor for each kind a plugin has reason to report.

use crate::{Error, ErrorKind};

impl Error {
    /// An error of `kind`. `code` is stable, `[a-z0-9-]`, at most 64 bytes; `message` is for a developer, at most 1 KiB, and
    /// is only logged.
    pub fn new(kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), retryable: false, retry_after_ms: None }
    }

    /// Not allowed; from an auth provider: not proved.
    ///
    /// ```
    /// use mnemosyne_sdk::{Error, ErrorKind};
    /// assert_eq!(Error::denied("bad-credentials", "login or password").kind, ErrorKind::Denied);
    /// ```
    pub fn denied(code: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, code, message)
    }

    /// What was given is malformed or out of bounds.
    ///
    /// ```
    /// assert!(!mnemosyne_sdk::Error::invalid("no-such-day", "weekday 9").retryable);
    /// ```
    pub fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// Whatever stands behind it cannot be reached now; the same call may succeed later.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::Error::unavailable("directory-down", "no answer").retryable);
    /// ```
    pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(ErrorKind::Unavailable, code, message) }
    }

    /// A defect of the plugin itself.
    ///
    /// ```
    /// use mnemosyne_sdk::{Error, ErrorKind};
    /// assert_eq!(Error::internal("bug", "cannot happen").kind, ErrorKind::Internal);
    /// ```
    pub fn internal(code: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, code, message)
    }
}
