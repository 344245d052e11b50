//! `POST /api/v1/auth/refresh`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Secret, SignedInBody};
use crate::app::App;
use crate::error::Outcome;
use crate::http::Body;

/// The token of the last sign-in or refresh.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    /// Good once; a second use within 30 s gets the same answer's token, a later one ends the session.
    #[schema(value_type = String, max_length = 1024)]
    refresh_token: Secret,
}

/// Get a new access token
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "auth_refresh",
    request_body = Refresh,
    responses((status = 200, body = SignedInBody)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn refresh(State(app): State<App>, Body(body): Body<Refresh>) -> Outcome<Json<SignedInBody>> {
    Ok(Json(app.auth.refresh(&body.refresh_token).await?.into()))
}
