//! `POST /api/v1/auth/register`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Origin, Secret, SignedInBody};
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Created};
use crate::service::auth::login::Registrant;

/// An account to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// An address; unique, without regard to case.
    #[schema(max_length = 254)]
    email: String,
    /// 3 to 50 characters of `A-Z a-z 0-9 _ . -`; unique, without regard to case.
    #[schema(max_length = 200)]
    username: String,
    /// At least 12 characters, and not one that everybody tries.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// For people's eyes; default: the username.
    display_name: Option<String>,
    /// IANA zone; default `UTC`.
    timezone: Option<String>,
}

/// Make an account and log in
///
/// 403 when registration is closed, 409 when e-mail or username is taken (`param` says which).
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", operation_id = "auth_register",
    request_body = Register,
    responses((status = 201, body = SignedInBody)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn register(State(app): State<App>, Origin(client): Origin, Body(new): Body<Register>) -> Outcome<Created<SignedInBody>> {
    let new = Registrant {
        email: new.email,
        username: new.username,
        password: new.password,
        display_name: new.display_name,
        timezone: new.timezone,
    };
    let signed_in = app.auth.register(new, &client).await?;
    Ok(Created { location: "/api/v1/auth/me".into(), version: None, body: signed_in.into() })
}
