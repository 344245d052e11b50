//! `GET /api/v1/auth/me`

use axum::extract::State;

use super::UserBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Versioned};

/// The caller's account
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "auth", operation_id = "auth_me",
    responses((status = 200, body = UserBody)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn me(State(app): State<App>, caller: Caller) -> Outcome<Versioned<UserBody>> {
    let user = app.auth.me(&caller).await?;
    Ok(Versioned(user.version, user.into()))
}
