//! Is it alive, is it ready, which version. Open to all, so nothing here tells more than an orchestrator needs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

use super::door::{Door, Part};

/// Health and version.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(health))
        .routes(routes!(version))
        .routes(routes!(detailed))
        .routes(routes!(readiness))
        .routes(routes!(liveness))
}

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always `ok`.
    pub status: &'static str,
}

/// The state of every part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or `unavailable` when a part does not work.
    pub status: &'static str,
    /// Version of the host.
    pub version: &'static str,
    /// The parts.
    pub parts: Vec<Part>,
}

/// Which host this is.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the name on the wire")]
pub(super) struct Version {
    /// `mnemosyne`.
    pub name: &'static str,
    /// Version of the host.
    pub version: &'static str,
    /// Version of the product's API.
    pub api: &'static str,
}

const ALIVE: Alive = Alive { status: "ok" };

async fn state(app: &App) -> Response {
    let parts = app.parts().await;
    let fine = parts.iter().all(|part| part.ok);
    for part in parts.iter().filter(|part| !part.ok) {
        tracing::warn!(part = part.name, problem = part.problem, "not ready");
    }
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Health { status: if fine { "ok" } else { "unavailable" }, version: env!("CARGO_PKG_VERSION"), parts };
    (status, Json(body)).into_response()
}

/// The process answers
#[utoipa::path(get, path = "/health/live", tag = "health", operation_id = "health_live", responses((status = 200, body = Alive)), extensions(("x-permission" = json!("public"))))]
async fn live() -> Json<Alive> {
    Json(ALIVE)
}

/// Requests are welcome: every part works
#[utoipa::path(get, path = "/health/ready", tag = "health", operation_id = "health_ready", responses((status = 200, body = Health), (status = 503, body = Health)), extensions(("x-permission" = json!("public"))))]
async fn ready(State(app): State<App>) -> Response {
    state(&app).await
}

/// The same as ready
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "health", responses((status = 200, body = Health), (status = 503, body = Health)), extensions(("x-permission" = json!("public"))))]
async fn health(State(app): State<App>) -> Response {
    state(&app).await
}

/// Which host this is
#[utoipa::path(get, path = "/version", tag = "health", operation_id = "version", responses((status = 200, body = Version)), extensions(("x-permission" = json!("public"))))]
async fn version() -> Json<Version> {
    Json(Version { name: "mnemosyne", version: env!("CARGO_PKG_VERSION"), api: "v1" })
}

/// The state of every part, at the predecessor's path
#[utoipa::path(get, path = "/api/v1/health/detailed", tag = "health", operation_id = "health_detailed", responses((status = 200, body = Health), (status = 503, body = Health)), extensions(("x-permission" = json!("public"))))]
async fn detailed(State(app): State<App>) -> Response {
    state(&app).await
}

/// Requests are welcome, at the predecessor's path
#[utoipa::path(get, path = "/api/v1/health/readiness", tag = "health", operation_id = "health_readiness", responses((status = 200, body = Health), (status = 503, body = Health)), extensions(("x-permission" = json!("public"))))]
async fn readiness(State(app): State<App>) -> Response {
    state(&app).await
}

/// The process answers, at the predecessor's path
#[utoipa::path(get, path = "/api/v1/health/liveness", tag = "health", operation_id = "health_liveness", responses((status = 200, body = Alive)), extensions(("x-permission" = json!("public"))))]
async fn liveness() -> Json<Alive> {
    Json(ALIVE)
}
