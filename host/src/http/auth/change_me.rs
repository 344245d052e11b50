//! `PATCH /api/v1/auth/me`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, IfMatch, Patch, Versioned};
use crate::service::auth::accounts::ProfileChange;

/// What to change; what is left out stays, `null` goes back to the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMe {
    /// For people's eyes, 1 to 100 characters; default: the username.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    display_name: Patch<String>,
    /// IANA zone; default `UTC`.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    timezone: Patch<String>,
    /// BCP 47; default `en`.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    locale: Patch<String>,
}

/// Change the caller's account
#[utoipa::path(
    patch, path = "/api/v1/auth/me", tag = "auth", operation_id = "auth_change_me",
    request_body = ChangeMe,
    responses((status = 200, body = UserBody)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn change_me(
    State(app): State<App>,
    caller: Caller,
    if_match: IfMatch,
    Body(body): Body<ChangeMe>,
) -> Outcome<Versioned<UserBody>> {
    let change = ProfileChange {
        display_name: body.display_name.into_change(),
        timezone: body.timezone.into_change(),
        locale: body.locale.into_change(),
        if_version: if_match.version(),
    };
    let user = app.auth.change_me(&caller, change).await?;
    Ok(Versioned(user.version, user.into()))
}
