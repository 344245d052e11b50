//! What the host fills in: the checks themselves, and what they proved.

use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::capability::BackendError;

/// What a client presented: a password, a key, a code. No guest ever reads it; wiped when dropped.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes the text.
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The text, for the backend that checks it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// In which call something was presented; for rate limits and the audit.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The plugin that asked for the check.
    pub plugin: &'a str,
    /// Its slot.
    pub slot: &'a str,
    /// The request.
    pub request: &'a str,
}

/// A key of the host's own format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMatch {
    /// The account it belongs to.
    pub subject: String,
    /// Its public id.
    pub key_id: String,
    /// Permissions it was made with.
    pub scopes: Vec<String>,
}

/// What a call has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The password of this subject was right.
    Password {
        /// The account.
        subject: String,
    },
    /// An API key was right.
    ApiKey(KeyMatch),
    /// A one-time code of this subject was right; it proves nothing alone.
    Code {
        /// The account.
        subject: String,
    },
}

impl Evidence {
    /// Whether it proves that the client is `subject`.
    pub fn proves(&self, subject: &str) -> bool {
        match self {
            Self::Password { subject: proved } => proved == subject,
            Self::ApiKey(key) => key.subject == subject,
            Self::Code { .. } => false,
        }
    }
}

/// Checks credentials. Hashing happens on the host's own bounded pool, in time that does not tell why a check failed.
#[async_trait]
pub trait CredentialsBackend: Send + Sync {
    /// The subject of the active account with this login, if the password fits.
    async fn verify_password(&self, of: Presented<'_>, login: &str, password: &Secret) -> Result<Option<String>, BackendError>;
    /// The account and scopes of an API key.
    async fn verify_api_key(&self, of: Presented<'_>, key: &Secret) -> Result<Option<KeyMatch>, BackendError>;
    /// Whether the one-time code fits; it works once.
    async fn verify_code(&self, of: Presented<'_>, subject: &str, code: &Secret) -> Result<bool, BackendError>;
}
