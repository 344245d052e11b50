//! What a handler gives back, beside `Json` and [`super::Page`]: created, versioned, nothing.

use axum::Json;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A version as an entity tag: `"3"`.
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// RFC 9110 §13.1.2: does `If-None-Match` name this tag? Compared weakly.
pub(super) fn matches(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else { return false };
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.split(',').any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
}

/// 200 with `ETag`; the front door turns it into 304 when the client has that version.
#[derive(Clone, Debug)]
pub struct Versioned<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

/// 201 with `Location`, and `ETag` where there is a version.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Path of the new thing, e.g. `/api/v1/tasks/0198…`.
    pub location: String,
    /// Its version, if it has one.
    pub version: Option<i64>,
    /// The new thing.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        // A path of ours is ASCII but for what an operator named; then the client finds the id in the body.
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        if let Some(version) = self.version {
            response.headers_mut().insert(ETAG, etag(version));
        }
        response
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
