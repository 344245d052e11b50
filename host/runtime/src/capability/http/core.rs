//! The door of `http`: endpoint granted? → shape and sizes → requests left in this call → the granted origin, with its secret.

use std::time::Duration;

use mnemosyne_bindings::capability::http::http::Request;
use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::backend::{OutgoingRequest, OutgoingSecret, ReceivedResponse};
use crate::call::Call;
use crate::capability::Asking;
use crate::capability::door::{Answer, HostFunction, denied, error, from_backend, invalid, split, waiting};
use crate::needs::HttpSecret;

/// Most bytes of a path.
const MAX_PATH: usize = 2 << 10;
/// Most pairs of a query, and bytes of them together.
const MAX_QUERY: (usize, usize) = (64, 16 << 10);
/// Most headers, and bytes of them together.
const MAX_HEADERS: (usize, usize) = (32, 8 << 10);
/// Most bytes of a request's body.
const MAX_BODY: usize = 256 << 10;
/// Most bytes of an answer's body.
const MAX_ANSWER: usize = 1 << 20;
/// Most requests in a call.
const MAX_REQUESTS: u32 = 16;
/// How long a request may take that does not say.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const SEND: HostFunction = HostFunction {
    interface: "http/http",
    function: "send",
    name: "http/http.send",
    cost: 8,
    max_bytes_in: MAX_PATH + MAX_QUERY.1 + MAX_HEADERS.1 + MAX_BODY,
    max_bytes_out: MAX_ANSWER + (64 << 10),
    deadline: Duration::from_mins(2),
    idempotent: false,
};

/// Headers that are the connection's, the host's or nobody's.
const FORBIDDEN: [&str; 19] = [
    "host",
    "cookie",
    "set-cookie",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "content-length",
    "expect",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
];

fn good_path(path: &str) -> Result<(), Error> {
    let wrong = || {
        invalid(
            "http-path",
            "a path begins with `/`, has at most 2 KiB of printable ASCII, no query, no fragment and no `.` or `..` segment",
        )
    };
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\'));
    if !path.starts_with('/') || path.len() > MAX_PATH || !plain {
        return Err(wrong());
    }
    // Encoded dots and slashes as well: servers and proxies disagree on when they decode.
    let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    if decoded.split('/').any(|segment| segment == "." || segment == "..") || decoded.contains("%00") || decoded.starts_with("//") {
        return Err(wrong());
    }
    Ok(())
}

fn good_headers(headers: &[(String, String)], secret: Option<&HttpSecret>) -> Result<Vec<(String, String)>, Error> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_HEADERS.0 || bytes > MAX_HEADERS.1 {
        return Err(invalid("http-headers", "at most 32 headers of together 8 KiB"));
    }
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let mut good = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let shaped = !name.is_empty() && name.bytes().all(token) && value.bytes().all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte));
        let reserved = FORBIDDEN.contains(&name.as_str()) || secret.is_some_and(|secret| secret.header.eq_ignore_ascii_case(&name));
        if !shaped || reserved {
            return Err(invalid(
                "http-headers",
                "a header has a name that is neither the connection's nor injected, and a value of printable ASCII",
            ));
        }
        good.push((name, value.clone()));
    }
    Ok(good)
}

struct Judged<'c> {
    origin: &'c str,
    secret: Option<OutgoingSecret<'c>>,
    headers: Vec<(String, String)>,
    timeout: Duration,
}

fn judged<'c>(call: &'c Call, made: &mut u32, request: &Request) -> Result<Judged<'c>, Error> {
    let granted = call.revision.grant().endpoint(&request.endpoint);
    let (origin, secret) = granted.ok_or_else(|| denied("http-not-granted", "this endpoint is not granted"))?;
    if !matches!(request.method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(invalid("http-method", "a method is GET, POST, PUT, PATCH or DELETE"));
    }
    good_path(&request.path)?;
    let query: usize = request.query.iter().map(|(name, value)| name.len() + value.len()).sum();
    if request.query.len() > MAX_QUERY.0 || query > MAX_QUERY.1 {
        return Err(invalid("http-query", "at most 64 query pairs of together 16 KiB"));
    }
    if request.body.len() > MAX_BODY {
        return Err(invalid("http-too-large", "a body has at most 256 KiB"));
    }
    let headers = good_headers(&request.headers, secret)?;
    // The call's own deadline is stricter than any wish; a little is left for hearing about it.
    let left = call.meter.time_left().saturating_sub(Duration::from_millis(50));
    let wished = request.timeout_ms.map_or(USUAL_TIMEOUT, |ms| Duration::from_millis(u64::from(ms)));
    if *made >= MAX_REQUESTS {
        return Err(error(ErrorKind::Quota, "http-requests", "a call makes at most 16 requests", false));
    }
    *made += 1;
    let secret = secret.map(|secret| OutgoingSecret { header: &secret.header, name: &secret.secret });
    Ok(Judged { origin, secret, headers, timeout: wished.min(left) })
}

/// Sends it and waits.
pub(crate) async fn send(call: &Call, made: &mut u32, request: Request) -> Answer<ReceivedResponse> {
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let bytes = request.path.len() + pairs(&request.query) + pairs(&request.headers) + request.body.len();
    let (judged, check) = split(judged(call, made, &request));
    waiting(call, &SEND, bytes, check, async {
        let Some(judged) = judged else { return Err(invalid("http-too-large", "the request is too large")) };
        let outgoing = OutgoingRequest {
            origin: judged.origin,
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &judged.headers,
            body: &request.body,
            secret: judged.secret,
            timeout: judged.timeout,
            max_body: MAX_ANSWER,
        };
        let sent = tokio::time::timeout(judged.timeout, call.backends().http.send(Asking::of(call), outgoing)).await;
        let answered = sent.unwrap_or(Err(crate::capability::BackendError::Timeout));
        let mut received = answered.map_err(|problem| from_backend(&problem, "http"))?;
        if received.body.len() > MAX_ANSWER {
            return Err(invalid("http-too-large", "the answer's body is larger than 1 MiB"));
        }
        received.headers.retain(|(name, _)| name != "set-cookie");
        Ok(received)
    })
    .await
}
