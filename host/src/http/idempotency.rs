//! `Idempotency-Key`: a POST or PATCH that is sent twice happens once.
//!
//! The key belongs to a principal. Its first good answer is kept for 24 h and replayed; the same key with another request
//! is 422 `IDEM_002`, one that is still running 409 `IDEM_001`. Refused requests (4xx, 5xx) have changed nothing, so they
//! give the key back: a corrected body may use it again. Never for `/auth` (answers hold tokens) nor for streams.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION, WARNING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use crate::error::{Code, Fault, Outcome};
use crate::service::principal::Principal;
use crate::timings;

use super::door::{Claim, KeptAnswer, Key};
use super::front::{Context, Front};
use super::operation::Operation;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers that belong to an answer rather than to one sending of it.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, LOCATION, ETAG, WARNING];
/// Larger answers are not kept.
const MOST_BYTES: usize = 1 << 20;

/// A key as it was sent; with the request's fingerprint it becomes a [`Key`].
pub(super) struct Given {
    owner: Uuid,
    text: String,
}

/// The key of a request, where the operation takes one.
///
/// # Errors
/// 422 when it is empty, longer than 255 characters or not visible ASCII.
pub(super) fn key(operation: &Operation, principal: Option<&Principal>, headers: &HeaderMap) -> Outcome<Option<Given>> {
    let (true, Some(principal), Some(value)) = (operation.idempotent, principal, headers.get(HEADER)) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::field("Idempotency-Key", "must have 1 to 255 visible ASCII characters"));
    }
    Ok(Some(Given { owner: principal.user, text: text.to_owned() }))
}

/// Runs the request unless its key has an answer already.
pub(super) async fn run(context: &Context, given: Given, body: &[u8], request: Request, next: Next) -> Outcome<Response> {
    let front = context.front.clone();
    let key = Key { owner: given.owner, text: given.text, fingerprint: fingerprint(&request, body) };
    match front.door.claim(&key).await? {
        Claim::Answered(answer) => return replay(answer),
        Claim::InFlight => return Err(Fault::new(Code::IdempotencyInFlight)),
        Claim::Different => return Err(Fault::new(Code::IdempotencyReused)),
        Claim::Fresh => {}
    }
    // A task of its own: a client that hangs up must not leave a change made and its answer unkept.
    let (door, held) = (front.clone(), key.clone());
    let work = timings::scope(timings::current(), async move { settle(&front, &key, next.run(request).await).await });
    match tokio::spawn(work.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(panic) => {
            door.door.release(&held).await?;
            Err(Fault::internal(panic))
        }
    }
}

fn fingerprint(request: &Request, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    for part in [request.method().as_str().as_bytes(), target.as_bytes(), body] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Keeps a good answer, gives the key back for any other.
async fn settle(front: &Front, key: &Key, response: Response) -> Outcome<Response> {
    if !response.status().is_success() {
        front.door.release(key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MOST_BYTES).await else {
        front.door.release(key).await?;
        return Err(Fault::internal("the answer to a request with an idempotency key is larger than 1 MiB"));
    };
    let headers =
        KEPT.iter().filter_map(|name| Some((name.as_str().to_owned(), parts.headers.get(name)?.to_str().ok()?.to_owned()))).collect();
    let answer = KeptAnswer { status: parts.status.as_u16(), headers, body: bytes.to_vec() };
    if let Err(fault) = front.door.keep(key, answer).await {
        // The change is made: the client must hear so even if a repetition could not be replayed.
        super::error::log(&fault);
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn replay(answer: KeptAnswer) -> Outcome<Response> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(Fault::internal)?;
    for (name, value) in answer.headers {
        let (name, value) = (name.parse::<HeaderName>().map_err(Fault::internal)?, HeaderValue::from_str(&value).map_err(Fault::internal)?);
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
