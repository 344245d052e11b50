//! `POST /api/v1/persona/mode/switch`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::StateBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller};

/// Whom the person chooses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchMode {
    /// A persona's id; `null` = whoever suits each message.
    #[schema(required, min_length = 1, max_length = 64)]
    mode: Option<String>,
    /// Why.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Choose who answers
///
/// From the next message on, where the message names nobody. Choosing the same one again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/persona/mode/switch", tag = "personas", operation_id = "persona_mode_switch",
    request_body = SwitchMode,
    responses((status = 200, body = StateBody)),
    extensions(("x-permission" = json!("persona:write"))),
)]
pub async fn switch(State(app): State<App>, caller: Caller, Body(body): Body<SwitchMode>) -> Outcome<Json<StateBody>> {
    Ok(Json(app.personas.switch(&caller, body.mode, body.reason).await?.into()))
}
