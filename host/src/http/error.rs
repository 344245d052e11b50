//! [`Fault`] → answer. The only file that knows status numbers.
//!
//! A handler returns a fault; `into_response` only parks it in the response's extensions ([`Parked`]), because a fault does
//! not know the request. The outermost layer takes it out, logs it once and writes the one error shape with the request id,
//! or RFC 9457 when the client asked for it. What the framework refuses by itself (a bare 404, 405, 413) ends up here too.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Code, ErrorKind, Fault, FieldError};

/// Where the documentation of the codes is served; `#AUTH_001` names one.
pub const DOCS: &str = "/docs/errors";

/// The status of a code (`api.md`, Conventions).
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::BadCredentials | Code::TokenExpired | Code::TokenInvalid | Code::RefreshReused => StatusCode::UNAUTHORIZED,
        Code::NotPermitted | Code::AccountLocked | Code::NotGranted => StatusCode::FORBIDDEN,
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::Validation | Code::IdempotencyReused | Code::DoesNotFit => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Gone => StatusCode::GONE,
        Code::Conflict | Code::IdempotencyInFlight | Code::Held => StatusCode::CONFLICT,
        Code::VersionMismatch => StatusCode::PRECONDITION_FAILED,
        Code::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::PluginTrapped | Code::PluginOverLimit | Code::PluginBadOutput | Code::ModelFailed => StatusCode::BAD_GATEWAY,
        Code::PluginDeadline | Code::ModelTimedOut => StatusCode::GATEWAY_TIMEOUT,
        Code::ProviderUnavailable
        | Code::NothingBound
        | Code::Overloaded
        | Code::DatabaseUnavailable
        | Code::VectorsUnavailable
        | Code::ModelUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code that stands for a bare status of the framework.
pub(super) fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED => Code::TokenInvalid,
        StatusCode::FORBIDDEN => Code::NotPermitted,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::MediaType,
        StatusCode::UNPROCESSABLE_ENTITY => Code::Validation,
        StatusCode::TOO_MANY_REQUESTS => Code::TooMany,
        other if other.is_client_error() => Code::Malformed,
        _ => Code::Internal,
    }
}

/// A fault on its way to the outermost layer.
#[derive(Clone)]
pub(super) struct Parked(pub(super) Arc<Fault>);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(self.code);
        response.extensions_mut().insert(Parked(Arc::new(self)));
        response
    }
}

/// A fault whose answer lists the methods that would work.
pub(super) fn render_allow(fault: Fault, allow: HeaderValue) -> Response {
    let mut response = fault.into_response();
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// The one error shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorAnswer {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong and what to do next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorBody)]
pub struct ErrorBody {
    /// The stable code to match on, e.g. `AUTH_001`; `docs` explains it.
    pub code: &'static str,
    /// One sentence for people.
    pub message: String,
    /// More about this very case.
    #[schema(required)]
    pub detail: Option<String>,
    /// The class of the error, e.g. `authentication_error`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The first bad field, if one is to blame.
    #[schema(required)]
    pub param: Option<String>,
    /// Names this request in the operator's log.
    pub request_id: String,
    /// What to do next.
    pub hint: String,
    /// Where the code is explained.
    pub docs: String,
    /// Every bad field.
    #[schema(value_type = Vec<BadField>)]
    pub errors: Vec<FieldError>,
}

/// One bad field.
#[derive(Debug, Serialize, ToSchema)]
pub struct BadField {
    /// RFC 6901 pointer into the body (`/difficulty`), `?name` for a query parameter, or a header's name.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// RFC 9457, the same content.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: &'static str,
    param: Option<&'a str>,
    request_id: &'a str,
    hint: &'a str,
    errors: &'a [FieldError],
}

/// How an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The one error shape.
    Plain,
    /// RFC 9457, for those who ask for it.
    Problem,
    /// The one shape on `/v1`, for OpenAI's clients: `param` with dots, and word whether another try is worth it.
    OpenAi,
}

/// What a client is told of a fault.
pub(super) fn answer(fault: &Fault, request_id: &str, style: Style) -> ErrorAnswer {
    let param = match style {
        Style::OpenAi => fault.param.as_deref().map(|pointer| pointer.trim_start_matches('/').replace('/', ".")),
        Style::Plain | Style::Problem => fault.param.clone(),
    };
    ErrorAnswer {
        error: ErrorBody {
            code: fault.code.text(),
            message: fault.public_message().to_owned(),
            detail: fault.detail.clone(),
            kind: fault.code.kind().type_name(),
            param,
            request_id: request_id.to_owned(),
            hint: fault.public_hint().to_owned(),
            docs: format!("{DOCS}#{}", fault.code.text()),
            errors: fault.fields.clone(),
        },
    }
}

/// Whether the same request may do better in a moment. OpenAI's clients repeat 408, 409, 429 and 5xx twice unless told.
const fn worth_another_try(code: Code) -> bool {
    match code {
        Code::NothingBound
        | Code::StorageFull
        | Code::PluginTrapped
        | Code::PluginOverLimit
        | Code::PluginBadOutput
        | Code::PluginDeadline => false,
        _ => matches!(
            code.kind(),
            ErrorKind::RateLimited | ErrorKind::Upstream | ErrorKind::Unavailable | ErrorKind::TimedOut | ErrorKind::Internal
        ),
    }
}

/// Writes a fault for this request. `allow` survives from the response that it replaces.
pub(super) fn render(fault: &Fault, request_id: &str, style: Style, allow: Option<HeaderValue>) -> Response {
    let status = status(fault.code);
    let body = answer(fault, request_id, style);
    let (text, media) = if style == Style::Problem {
        let error = &body.error;
        let problem = Problem {
            r#type: &error.docs,
            title: &error.message,
            status: status.as_u16(),
            detail: error.detail.as_deref(),
            code: error.code,
            param: error.param.as_deref(),
            request_id,
            hint: &error.hint,
            errors: &error.errors,
        };
        (serde_json::to_vec(&problem), "application/problem+json")
    } else {
        (serde_json::to_vec(&body), "application/json")
    };
    let mut response = Response::new(Body::from(text.unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    if let Some(allow) = allow {
        headers.insert(ALLOW, allow);
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, challenge(fault.code));
    }
    if let Some(after) = retry_after(fault, status) {
        headers.insert(RETRY_AFTER, HeaderValue::from(after));
    }
    if style == Style::OpenAi && !worth_another_try(fault.code) {
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    response
}

/// RFC 6750 §3: what a client must present.
fn challenge(code: Code) -> HeaderValue {
    HeaderValue::from_static(match code {
        Code::TokenExpired => "Bearer realm=\"mnemosyne\", error=\"invalid_token\", error_description=\"the access token has expired\"",
        Code::TokenInvalid => "Bearer realm=\"mnemosyne\", error=\"invalid_token\"",
        _ => "Bearer realm=\"mnemosyne\"",
    })
}

/// Seconds, rounded up; 429 and 503 always say when to come again.
fn retry_after(fault: &Fault, status: StatusCode) -> Option<u64> {
    let default = match status {
        StatusCode::TOO_MANY_REQUESTS => Some(Duration::from_mins(1)),
        StatusCode::SERVICE_UNAVAILABLE => Some(Duration::from_secs(1)),
        _ => None,
    };
    fault.retry_after.or(default).map(|after| after.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX))
}

/// Logs a fault once: our own mistakes loud, a client's mistakes quiet. Runs inside the request's span, which has the id.
pub(super) fn log(fault: &Fault) {
    let (code, message) = (fault.code.text(), fault.public_message());
    let cause = fault.cause.as_ref().map(|cause| chain(cause.as_ref()));
    match fault.code.kind() {
        ErrorKind::Internal => tracing::error!(code, message, cause, "request failed"),
        ErrorKind::Upstream | ErrorKind::Unavailable | ErrorKind::TimedOut => tracing::warn!(code, message, cause, "request failed"),
        // A refusal's sentence may quote the request, and what people write stays out of the log.
        _ if cause.is_some() => tracing::info!(code, cause, "request refused"),
        _ => tracing::debug!(code, "request refused"),
    }
}

/// The cause and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let deeper = error.to_string();
        if !text.contains(&deeper) {
            text.push_str(": ");
            text.push_str(&deeper);
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_that_its_documentation_says() {
        // The doc comment of each row starts with its number; the table here must not drift from `api.md`.
        let source = include_str!("../error.rs");
        for code in Code::ALL {
            let row = format!("= \"{}\"", code.text());
            let line = source.lines().position(|line| line.contains(&row)).expect("the row is in the table");
            let doc = source.lines().nth(line - 1).expect("a doc comment stands above");
            let number: u16 = doc
                .trim()
                .trim_start_matches("/// ")
                .split(' ')
                .next()
                .and_then(|word| word.parse().ok())
                .expect("it starts with the status");
            assert_eq!(status(*code).as_u16(), number, "{}", code.text());
        }
    }

    #[test]
    fn an_internal_cause_never_reaches_the_client() {
        let fault = Fault::internal(std::io::Error::other("password=hunter2"));
        let response = render(&fault, "r-1", Style::Plain, None);
        let body = futures::executor::block_on(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }
}
