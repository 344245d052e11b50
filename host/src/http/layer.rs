//! The outermost layer: everything that every answer has, whoever wrote it.
//!
//! One function instead of a tower of small layers: each boxed layer costs an allocation and a virtual call per request,
//! and the order (id before span, panic before rendering, rendering before headers) is easier to read in one place.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tokio::time::Instant;
use tracing::Instrument;

use crate::error::{Code, Fault};
use crate::timings::{self, Timings};

use super::answer::matches;
use super::error::{self, Parked, Style};
use super::front::{Front, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const GENERATION: HeaderName = HeaderName::from_static("x-mnemosyne-generation");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Names and values of all request headers together.
const MOST_HEADER_BYTES: usize = 16 << 10;

/// The layer.
pub(super) async fn outer(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers(), &front);
    let wanted = Wanted::of(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let timings = Arc::new(Timings::of(id.clone()));
    let path = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", id = &*id, method = %request.method(), path);
    let work = async {
        let response = guarded(&front, request, next).await;
        let response = presentable(response, &id, wanted.style);
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    };
    let mut response = timings::scope(timings.clone(), work.instrument(span)).await;
    conditional(&mut response, &wanted);
    dress(&mut response, &id, front.door.generation(), &timings.header(begun.elapsed()));
    response
}

/// What of the request is needed after it is gone.
struct Wanted {
    style: Style,
    known: Option<HeaderValue>,
}

impl Wanted {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let problem = weight(accept, "application/problem+json");
        let accepts = problem > 0.0 && problem >= weight(accept, "application/json");
        let reads = request.method() == Method::GET || request.method() == Method::HEAD;
        let path = request.uri().path();
        let style = if path == "/v1" || path.starts_with("/v1/") {
            Style::OpenAi
        } else if accepts {
            Style::Problem
        } else {
            Style::Plain
        };
        Self { style, known: headers.get(IF_NONE_MATCH).filter(|_| reads).cloned() }
    }
}

/// How much a media type is wished for, 0…1; 0 when it is not named.
fn weight(accept: &str, media: &str) -> f32 {
    let named = accept.split(',').find_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().filter(|range| range.eq_ignore_ascii_case(media))?;
        Some(parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0))
    });
    named.unwrap_or(0.0)
}

/// `[A-Za-z0-9-]{1,64}` is echoed, anything else replaced.
fn request_id(headers: &HeaderMap, front: &Front) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |text: &&str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    given.filter(fits).map_or_else(|| front.door.new_id().to_string().into(), Arc::from)
}

/// Runs the request within its time, its header bound and without letting a panic out.
async fn guarded(front: &Front, request: Request, next: Next) -> Response {
    let bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > MOST_HEADER_BYTES {
        return Fault::new(Code::TooLarge).detail("the request's headers have at most 16 KiB together").into_response();
    }
    if request.method() == Method::OPTIONS && !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return options(front, &request);
    }
    let patience = patience(front, &request);
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(patience, run).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
            Fault::internal(format!("a handler panicked: {}", text.unwrap_or_default())).into_response()
        }
        Err(_) => Fault::new(Code::RequestTimeout).message("the request took too long").into_response(),
    }
}

/// How long the head of the answer may take: what waits for a persona or a model says so in the document. A stream's body is
/// not meant; it comes after.
fn patience(front: &Front, request: &Request) -> Duration {
    let path = request.extensions().get::<MatchedPath>().and_then(|template| front.table.path(template.as_str()));
    let own = path.and_then(|path| path.operation(request.method())?.patience).unwrap_or_default();
    own.max(front.deadlines.handler)
}

/// `OPTIONS` that is no CORS preflight: which methods a path takes.
fn options(front: &Front, request: &Request) -> Response {
    let path = request.extensions().get::<MatchedPath>().and_then(|template| front.table.path(template.as_str()));
    match path {
        Some(path) => (StatusCode::NO_CONTENT, [(ALLOW, path.allow.clone())]).into_response(),
        None if request.extensions().get::<MatchedPath>().is_some() => {
            (StatusCode::NO_CONTENT, [(ALLOW, "GET, HEAD, OPTIONS")]).into_response()
        }
        None => Fault::not_found().into_response(),
    }
}

/// Turns a parked fault, or a bare refusal of the framework, into the one error shape.
fn presentable(mut response: Response, id: &str, style: Style) -> Response {
    let allow = response.headers().get(ALLOW).cloned();
    if let Some(Parked(fault)) = response.extensions_mut().remove::<Parked>() {
        error::log(&fault);
        return keep(&response, error::render(&fault, id, style, allow));
    }
    let status = response.status();
    let ours = response.headers().get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"application/json"));
    if (status.is_client_error() || status.is_server_error()) && !ours {
        let fault = Fault::new(error::code_of(status));
        error::log(&fault);
        return keep(&response, error::render(&fault, id, style, allow));
    }
    response
}

/// CORS and rate limit headers were written on the response that an error replaces.
fn keep(old: &Response, mut new: Response) -> Response {
    for (name, value) in old.headers() {
        let text = name.as_str();
        if text.starts_with("access-control-") || text.starts_with("ratelimit-") || text == "vary" {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    new
}

/// 304 when the client has this version already.
fn conditional(response: &mut Response, wanted: &Wanted) {
    let (Some(known), StatusCode::OK) = (&wanted.known, response.status()) else { return };
    if response.headers().get(ETAG).is_some_and(|etag| matches(known, etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// The headers of every answer.
fn dress(response: &mut Response, id: &str, generation: u64, timing: &str) {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, id);
    set(SERVER_TIMING, timing);
    headers.insert(GENERATION, HeaderValue::from(generation));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // Pages bring their own policy; an API answer that a browser renders by mistake may load and run nothing.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}
