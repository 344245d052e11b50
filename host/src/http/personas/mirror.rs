//! `GET /api/v1/persona/mirror/reflections`, `POST /api/v1/persona/mirror/reset`

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, NoContent};

/// Read what the mirror has observed
///
/// The view `reflections` of whatever is bound to `persona/mirror`. The bundled one shows `observation_count`, `reflections`
/// (dimension, its two poles, running mean, trend, number of observations) and `patterns_observed` in sentences.
#[utoipa::path(
    get, path = "/api/v1/persona/mirror/reflections", tag = "personas", operation_id = "persona_mirror_reflections",
    responses((status = 200, body = Value, description = "The plugin's own JSON, at most 256 KiB")),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn reflections(State(app): State<App>, caller: Caller) -> Outcome<Json<Value>> {
    Ok(Json(app.personas.reflections(&caller).await?))
}

/// Let the mirror forget
///
/// What it has observed about the caller is gone from its storage.
#[utoipa::path(
    post, path = "/api/v1/persona/mirror/reset", tag = "personas", operation_id = "persona_mirror_reset",
    responses((status = 204)),
    extensions(("x-permission" = json!("persona:write"))),
)]
pub async fn reset(State(app): State<App>, caller: Caller) -> Outcome<NoContent> {
    app.personas.forget_reflections(&caller).await?;
    Ok(NoContent)
}
