//! `POST /api/v1/auth/password`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Origin, Secret};
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, NoContent};

/// The old and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    /// What it is now.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current: Secret,
    /// At least 12 characters, and not one that everybody tries.
    #[schema(value_type = String, format = Password)]
    new: Secret,
}

/// Change the caller's password
///
/// All other sessions end.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "auth", operation_id = "auth_password",
    request_body = ChangePassword,
    responses((status = 204)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn password(
    State(app): State<App>,
    caller: Caller,
    Origin(client): Origin,
    Body(body): Body<ChangePassword>,
) -> Outcome<NoContent> {
    app.auth.change_password(&caller, &body.current, &body.new, &client).await?;
    Ok(NoContent)
}
