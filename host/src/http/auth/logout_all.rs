//! `POST /api/v1/auth/logout-all`

use axum::extract::State;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, NoContent};

/// End all sessions of the caller
#[utoipa::path(
    post, path = "/api/v1/auth/logout-all", tag = "auth", operation_id = "auth_logout_all",
    responses((status = 204)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn logout_all(State(app): State<App>, caller: Caller) -> Outcome<NoContent> {
    app.auth.logout_all(&caller).await?;
    Ok(NoContent)
}
