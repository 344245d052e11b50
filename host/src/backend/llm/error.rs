//! What can go wrong with a model, for a plugin, for a service and for a client of `/v1`.

use std::borrow::Cow;
use std::time::Duration;

use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::wit::types::errors::ErrorKind;

use crate::error::{Code, Failure, Fault};

/// Characters of the upstream's own sentence that are passed on.
const MESSAGE: usize = 400;

/// Why there is no answer, or none any more. Nothing in it names the host's key or address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No server is configured, or none of its models.
    #[error("no language model is configured")]
    NotConfigured,
    /// It cannot be reached, is overloaded, or is not asked for a while after failures.
    #[error("the model server is unavailable: {why}")]
    Unavailable {
        /// For the log.
        why: Cow<'static, str>,
        /// When it makes sense to come again, if known.
        retry_after: Option<Duration>,
    },
    /// It wants fewer requests.
    #[error("the model server wants fewer requests")]
    Busy {
        /// When it makes sense to come again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The day's tokens are used up.
    #[error("the day's tokens are used up")]
    Quota {
        /// Until the next day begins.
        retry_after: Duration,
    },
    /// It took longer than it may.
    #[error("the model server was too slow: {0}")]
    TimedOut(&'static str),
    /// It refuses this very request: the same one fails again.
    #[error("the model server refused the request with status {status}")]
    Refused {
        /// 400, 404, 413 or 422.
        status: u16,
        /// Its own sentence, capped, without control characters and without the key. For the client, never for the log: it may
        /// repeat the prompt.
        message: String,
        /// What it is about, if it said so.
        param: Option<String>,
    },
    /// It refuses the host: a wrong key, a wrong address, a redirect.
    #[error("the model server refuses this host: {0}")]
    Misconfigured(String),
    /// It answered something that cannot be used.
    #[error("the model's answer cannot be used: {0}")]
    BadAnswer(Cow<'static, str>),
    /// The connection broke in the middle of the answer.
    #[error("the model's answer was cut: {0}")]
    Broken(Cow<'static, str>),
    /// More bytes than an answer may have.
    #[error("the model's answer is too large")]
    TooLarge,
    /// It broke the schema that was asked for, twice.
    #[error("the model did not keep to the schema: {0}")]
    Schema(String),
    /// The request itself cannot be asked.
    #[error("{message}")]
    Invalid {
        /// Stable, `[a-z0-9-]`.
        code: &'static str,
        /// For the plugin's developer.
        message: String,
    },
}

impl ModelError {
    /// Shorthand.
    pub(super) fn unavailable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable { why: why.into(), retry_after: None }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn worth_another_try(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy { .. } | Self::Broken(_))
    }

    /// Whether another model may do what this one cannot.
    pub(super) fn worth_another_model(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Busy { .. } | Self::Broken(_) | Self::BadAnswer(_) | Self::TimedOut(_) | Self::TooLarge => {
                true
            }
            Self::Refused { status, .. } => *status == 404,
            _ => false,
        }
    }

    /// Whether it says that the server or the model is in a bad state.
    pub(super) fn is_a_miss(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Broken(_) | Self::BadAnswer(_) | Self::TimedOut(_) | Self::TooLarge)
    }

    /// When it makes sense to come again, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::Busy { retry_after } => *retry_after,
            Self::Quota { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// What a plugin hears: nothing of the host's set-up.
    pub(super) fn for_a_guest(&self) -> BackendError {
        let refused = |kind, code, message: &str| BackendError::Refused { kind, code, message: message.to_owned() };
        match self {
            Self::NotConfigured | Self::Misconfigured(_) => BackendError::Unavailable { retry_after_ms: None },
            Self::Unavailable { .. } | Self::Busy { .. } => {
                let after = self.retry_after().map(|after| u32::try_from(after.as_millis()).unwrap_or(u32::MAX));
                BackendError::Unavailable { retry_after_ms: after }
            }
            Self::Quota { .. } => refused(ErrorKind::Quota, "llm-budget", "the day's tokens are used up"),
            Self::TimedOut(_) => BackendError::Timeout,
            Self::Refused { .. } => refused(ErrorKind::Invalid, "llm-refused", "the model refuses this request"),
            Self::BadAnswer(_) => refused(ErrorKind::Unavailable, "llm-bad-answer", "the model's answer cannot be used"),
            Self::Broken(_) => refused(ErrorKind::Unavailable, "llm-broken", "the model's answer was cut"),
            Self::TooLarge => refused(ErrorKind::Invalid, "llm-too-large", "the model's answer is larger than an answer may be"),
            Self::Schema(why) => BackendError::invalid("llm-schema", format!("the model did not keep to the schema: {why}")),
            Self::Invalid { code, message } => BackendError::invalid(code, message.clone()),
        }
    }
}

impl Failure for ModelError {
    fn code(&self) -> Code {
        match self {
            Self::NotConfigured => Code::ModelUnavailable,
            Self::Busy { .. } | Self::Quota { .. } => Code::TooMany,
            Self::TimedOut(_) => Code::ModelTimedOut,
            Self::Refused { status: 404, .. } => Code::NotFound,
            Self::Refused { status: 413, .. } => Code::TooLarge,
            Self::Refused { status: 422, .. } => Code::Validation,
            Self::Refused { .. } | Self::Invalid { .. } => Code::Malformed,
            Self::Unavailable { .. } | Self::Misconfigured(_) | Self::BadAnswer(_) | Self::Broken(_) | Self::TooLarge | Self::Schema(_) => {
                Code::ModelFailed
            }
        }
    }

    fn public(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotConfigured => "no language model is configured".into(),
            Self::Unavailable { .. } => "the language model does not answer".into(),
            Self::Busy { .. } => "the language model wants fewer requests".into(),
            Self::Quota { .. } => "the day's tokens are used up".into(),
            Self::Refused { message, .. } | Self::Invalid { message, .. } => message.clone().into(),
            Self::Broken(_) => "the language model's answer was cut".into(),
            Self::TooLarge => "the language model's answer is too large".into(),
            _ => return None,
        })
    }

    fn fault(self) -> Fault {
        let (code, public, after) = (self.code(), self.public(), self.retry_after());
        let param = if let Self::Refused { param, .. } = &self { param.clone() } else { None };
        let mut fault = Fault::new(code).cause(self);
        (fault.message, fault.retry_after, fault.param) = (public, after, param);
        fault
    }
}

/// A sentence of the upstream as it may be shown: one line, capped, without the key.
pub(super) fn shown(text: &str, key: Option<&str>) -> String {
    let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE).collect();
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        text = text.replace(key, "…");
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_shown_and_lines_stay_one() {
        assert_eq!(shown("bad key\nsk-secret!", Some("sk-secret")), "bad key …!");
        assert_eq!(shown(&"x".repeat(5_000), None).len(), MESSAGE);
    }

    #[test]
    fn a_guest_hears_nothing_of_the_set_up() {
        let told = ModelError::Misconfigured("status 401 at http://10.0.0.7".into()).for_a_guest().to_string();
        assert!(!told.contains("10.0"), "{told}");
    }
}
