//! `GET /api/v1/auth/verify`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::UserBody;
use crate::app::App;
use crate::error::{Code, Outcome};
use crate::http::MaybeCaller;

/// Whether the credential is good, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    /// A good credential was presented.
    authenticated: bool,
    /// Whose; absent for an operator's key, which belongs to no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<UserBody>,
}

/// Is this credential good? Never 401
#[utoipa::path(
    get, path = "/api/v1/auth/verify", tag = "auth", operation_id = "auth_verify",
    responses((status = 200, body = Verified)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn verify(State(app): State<App>, MaybeCaller(caller): MaybeCaller) -> Outcome<Json<Verified>> {
    let Some(caller) = caller else { return Ok(Json(Verified { authenticated: false, user: None })) };
    let user = match app.auth.me(&caller).await {
        Ok(user) => Some(user.into()),
        Err(fault) if matches!(fault.code, Code::NotPermitted | Code::NotFound) => None,
        Err(fault) => return Err(fault),
    };
    Ok(Json(Verified { authenticated: true, user }))
}
