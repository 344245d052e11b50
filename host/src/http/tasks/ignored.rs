//! Fields that only the predecessor's clients write: accepted, ignored, and said so in a `Warning` header (RFC 7234 §5.5).

use axum::http::HeaderValue;
use axum::http::header::WARNING;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// An answer with a `Warning: 299` that names the ignored fields, if there were any.
#[derive(Debug)]
pub struct Warned<T>(pub Vec<&'static str>, pub T);

impl<T: IntoResponse> IntoResponse for Warned<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        if !self.0.is_empty()
            && let Ok(value) = HeaderValue::from_str(&format!("299 - \"ignored: {}\"", self.0.join(", ")))
        {
            response.headers_mut().insert(WARNING, value);
        }
        response
    }
}

/// The names of those that were given.
pub fn given(fields: [(&'static str, &Option<Value>); 6]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name).collect()
}
