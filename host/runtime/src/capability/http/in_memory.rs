//! Answers of a test, by origin; anything else has no connection.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::backend::{HttpBackend, OutgoingRequest, ReceivedResponse};
use crate::capability::{Asking, BackendError};

/// What was sent, in words that a test can compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `GET https://crm.example.org/path`.
    pub line: String,
    /// The guest's headers.
    pub headers: Vec<(String, String)>,
    /// Header and name of the injected secret.
    pub secret: Option<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers by origin.
#[derive(Debug, Default)]
pub struct ScriptedHttp {
    answers: Mutex<BTreeMap<String, Result<ReceivedResponse, BackendError>>>,
    sent: Mutex<Vec<Sent>>,
}

impl ScriptedHttp {
    /// From now on the origin answers so.
    pub fn answer(&self, origin: &str, answer: Result<ReceivedResponse, BackendError>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.to_owned(), answer);
    }

    /// Everything sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl HttpBackend for ScriptedHttp {
    async fn send(&self, _: Asking<'_>, request: OutgoingRequest<'_>) -> Result<ReceivedResponse, BackendError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(Sent {
            line: format!("{} {}{}", request.method, request.origin, request.path),
            headers: request.headers.to_vec(),
            secret: request.secret.map(|secret| (secret.header.to_owned(), secret.name.to_owned())),
            body: request.body.to_vec(),
        });
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(request.origin).cloned().unwrap_or(Err(BackendError::Unavailable { retry_after_ms: None }))
    }
}
