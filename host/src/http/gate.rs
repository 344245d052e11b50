//! The order of checks (`api.md`): 401, 404 route, 405, 403, 429, 406, 415, 413, 400. What is left to the handler's
//! extractors comes after: 404 of the id, 422, 428, 412, 409.
//!
//! One function in one place, driven by the OpenAPI document, because the order is a promise: were each check an extractor,
//! the order would be that of some handler's arguments. 401 comes before 404, so a stranger cannot map the routes.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

use crate::error::{Code, Fault, FieldError, Outcome};
use crate::service::principal::{Permissions, Principal};

use super::door::Credential;
use super::error::render_allow;
use super::front::{Context, Found, Front};
use super::operation::{Access, Operation};
use super::{extract, idempotency, json};

/// Bases behind which even an unknown path asks who is there.
const CLOSED: [&str; 2] = ["/api/v1/", "/v1/"];

/// The layer.
pub(super) async fn gate(State(front): State<Front>, request: Request, next: Next) -> Response {
    match enter(front, request, next).await {
        Ok(response) => response,
        Err(fault) => fault.into_response(),
    }
}

async fn enter(front: Front, request: Request, next: Next) -> Outcome<Response> {
    let template = request.extensions().get::<MatchedPath>().cloned();
    let Some(path) = template.as_ref().and_then(|template| front.table.path(template.as_str())) else {
        if template.is_some() {
            // Documentation pages and the document itself: not part of the API, open to all.
            return Ok(next.run(request).await);
        }
        if CLOSED.iter().any(|base| request.uri().path().starts_with(base)) {
            who(&front, request.headers()).await?;
        }
        return Err(Fault::not_found().message("no such path").hint("`/docs` lists every path"));
    };
    if request.method() == Method::OPTIONS {
        return Ok((StatusCode::NO_CONTENT, [(ALLOW, path.allow.clone())]).into_response());
    }
    let Some(operation) = path.operation(request.method()).cloned() else {
        if !path.is_public() {
            who(&front, request.headers()).await?;
        }
        return Ok(render_allow(Fault::new(Code::MethodNotAllowed), path.allow.clone()));
    };
    let principal = match operation.access {
        Access::Public => None,
        _ => Some(who(&front, request.headers()).await?),
    };
    permit(operation.access, principal.as_ref())?;
    let left = match (&front.limiter, &principal) {
        (Some(limiter), Some(principal)) => match limiter.take(principal.user, Instant::now()) {
            Ok(left) => Some(left),
            Err((fault, left)) => {
                let mut response = fault.into_response();
                left.write(response.headers_mut());
                return Ok(response);
            }
        },
        _ => None,
    };
    acceptable(&operation, request.headers())?;
    let mut response = admit(front, operation, principal, request, next).await?;
    if let Some(left) = left {
        left.write(response.headers_mut());
    }
    Ok(response)
}

/// Reads the body of an operation that takes JSON, and hands everything to the handler.
async fn admit(
    front: Front,
    operation: Arc<Operation>,
    principal: Option<Principal>,
    mut request: Request,
    next: Next,
) -> Outcome<Response> {
    let key = idempotency::key(&operation, principal.as_ref(), request.headers())?;
    let (mut body, mut bytes) = (None, Bytes::new());
    if operation.takes_json() {
        bytes = read(&operation, &front, &mut request).await?;
        // Nothing sent, nothing claimed: the same as `{}`; the schema decides whether that is enough.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut parsed = json::parse(text, front.config().limits.body_depth)?;
        own_id(&operation, principal.as_ref(), request.uri().path(), &mut parsed.value)?;
        body = Some(parsed);
    } else if !operation.consumes.is_empty() {
        media_type(&operation, request.headers())?;
    } else if !request.body().is_end_stream() && request.method() != Method::GET && request.method() != Method::HEAD {
        let unasked = read(&operation, &front, &mut request).await?;
        nothing(&unasked, front.config().limits.body_depth)?;
    }
    // Health checks stay kind: monitors append what defeats caches.
    if operation.query.parameters.is_empty() && request.uri().query().is_some() && request.uri().path().starts_with("/api/") {
        extract::no_query(request.uri())?;
    }
    let context = Context::new(Found { front, operation, principal, body });
    request.extensions_mut().insert(context.clone());
    match key {
        Some(key) => idempotency::run(&context, key, &bytes, request, next).await,
        None => Ok(next.run(request).await),
    }
}

/// A `user_id` in a body is the caller's own, else 403; an operation that does not know the field is not told of it.
fn own_id(operation: &Operation, principal: Option<&Principal>, path: &str, body: &mut Value) -> Outcome<()> {
    let (Some(principal), Some(fields)) = (principal, body.as_object_mut()) else { return Ok(()) };
    let named = fields.get("user_id").and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok());
    let (Some(named), false) = (named, path.starts_with("/api/v1/admin/") || path.starts_with("/v1/")) else { return Ok(()) };
    // one that knows the field judges it itself, after everything else that is wrong
    if operation.body.as_ref().is_none_or(|schema| schema.knows("user_id")) {
        return Ok(());
    }
    if named != principal.user {
        return Err(Fault::new(Code::NotPermitted)
            .message("`user_id` is somebody else")
            .hint("leave it out: everything is the caller's own"));
    }
    fields.remove("user_id");
    Ok(())
}

/// What is sent to an operation that takes no body says nothing: `{}`, or each field of it is one too many.
fn nothing(bytes: &[u8], depth: usize) -> Outcome<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    match json::parse(bytes, depth)?.value {
        Value::Null => Ok(()),
        Value::Object(fields) if fields.is_empty() => Ok(()),
        Value::Object(fields) => {
            let pointer = |name: &String| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            Err(Fault::invalid(
                fields.keys().take(50).map(|name| FieldError::new(pointer(name), "is not known here: this takes no body")).collect(),
            ))
        }
        _ => Err(Fault::field("", "must be left out: this takes no body")),
    }
}

/// 401 unless the headers prove somebody.
async fn who(front: &Front, headers: &HeaderMap) -> Outcome<Principal> {
    match Credential::of(headers)? {
        Some(credential) => front.door.authenticate(&credential).await,
        None => Err(Fault::new(Code::TokenInvalid)),
    }
}

fn permit(access: Access, principal: Option<&Principal>) -> Outcome<()> {
    let permissions = principal.map_or(Permissions::NONE, |principal| principal.permissions);
    match access {
        Access::Public | Access::Authenticated => Ok(()),
        Access::Needs(permission) if permissions.contains(permission) => Ok(()),
        Access::Needs(permission) => Err(Fault::new(Code::NotPermitted).detail(format!("this needs `{}`", permission.text()))),
        Access::Undeclared if permissions == Permissions::ALL => Ok(()),
        Access::Undeclared => Err(Fault::new(Code::NotPermitted)),
    }
}

/// 406 when the client wants none of what the operation gives. Problem documents are always at hand.
fn acceptable(operation: &Operation, headers: &HeaderMap) -> Outcome<()> {
    let Some(accept) = headers.get(ACCEPT) else { return Ok(()) };
    if operation.produces.is_empty() {
        return Ok(());
    }
    let Ok(accept) = accept.to_str() else { return Err(Fault::new(Code::NotAcceptable)) };
    let fits = accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| matches!(part.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000")));
        !refused && (range == "*/*" || range == "application/problem+json" || operation.produces.iter().any(|media| covers(&range, media)))
    });
    if fits { Ok(()) } else { Err(Fault::new(Code::NotAcceptable).detail(format!("this gives {}", operation.produces.join(", ")))) }
}

fn covers(range: &str, media: &str) -> bool {
    let media = media.split(';').next().unwrap_or(media).trim();
    range == media || range.strip_suffix("/*").is_some_and(|kind| media.split('/').next() == Some(kind))
}

/// 415 unless the content type is one of the operation's; for JSON also `application/*+json`, and only UTF-8.
fn media_type(operation: &Operation, headers: &HeaderMap) -> Outcome<()> {
    let takes = if operation.consumes.is_empty() { "application/json".to_owned() } else { operation.consumes.join(", ") };
    let refuse = || {
        let hint = format!("send `Content-Type: {}`", takes.split(',').next().unwrap_or_default());
        Fault::new(Code::MediaType).detail(format!("this takes {takes}")).hint(hint)
    };
    let Some(text) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str).transpose().map_err(|_| refuse())? else {
        return Err(refuse());
    };
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let fits = takes
        .split(", ")
        .any(|own| own == media || (own == "application/json" && media.starts_with("application/") && media.ends_with("+json")));
    let utf8 = parts.all(|part| {
        let part = part.to_ascii_lowercase();
        part.strip_prefix("charset=").is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"))
    });
    if fits && utf8 { Ok(()) } else { Err(refuse()) }
}

/// The bytes of a JSON body: 415 before 413.
async fn read(operation: &Operation, front: &Front, request: &mut Request) -> Outcome<Bytes> {
    let most = front.config().limits.body_bytes;
    let too_large = || Fault::new(Code::TooLarge).detail(format!("a JSON body has at most {most} bytes"));
    let length: Option<u64> =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let claims = request.headers().contains_key(CONTENT_TYPE);
    if claims || length.is_some_and(|length| length > 0) {
        media_type(operation, request.headers())?;
    }
    if length.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > most)) {
        return Err(too_large());
    }
    let bytes = to_bytes(std::mem::take(request.body_mut()), most).await.map_err(|error| {
        let limit = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
        if limit { too_large() } else { Fault::new(Code::Malformed).detail("the body broke off") }
    })?;
    if !claims && !bytes.is_empty() {
        media_type(operation, request.headers())?;
    }
    *request.body_mut() = Body::empty();
    Ok(bytes)
}
