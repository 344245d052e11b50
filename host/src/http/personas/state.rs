//! `GET /api/v1/persona/state`

use axum::Json;
use axum::extract::State;

use super::body::StateBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;

/// Read where the caller stands with the personas
#[utoipa::path(
    get, path = "/api/v1/persona/state", tag = "personas", operation_id = "persona_state",
    responses((status = 200, body = StateBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn state(State(app): State<App>, caller: Caller) -> Outcome<Json<StateBody>> {
    Ok(Json(app.personas.state(&caller).await?.into()))
}
