//! `POST /api/v1/auth/logout`

use axum::extract::State;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, NoContent};

/// End this session
///
/// Its access token stops working within a second, its refresh token at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "auth_logout",
    responses((status = 204)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn logout(State(app): State<App>, caller: Caller) -> Outcome<NoContent> {
    app.auth.logout(&caller).await?;
    Ok(NoContent)
}
