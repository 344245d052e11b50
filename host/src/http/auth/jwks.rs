//! `GET /.well-known/jwks.json`

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Outcome;

/// Public keys of the access tokens (RFC 7517)
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", operation_id = "auth_jwks",
    responses((status = 200, body = serde_json::Value)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn jwks(State(app): State<App>) -> Outcome<Response> {
    // a new key is published two minutes before it signs: readers may keep the set for one
    Ok(([(CACHE_CONTROL, "public, max-age=60")], Json(app.auth.jwks().await?)).into_response())
}
