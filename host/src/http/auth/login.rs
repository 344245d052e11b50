//! `POST /api/v1/auth/login`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Origin, Secret, SignedInBody};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::Body;
use crate::service::auth::login;

/// Who, and the proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// The username, or an e-mail address; or `email` instead.
    #[schema(max_length = 254, nullable = false)]
    username: Option<String>,
    /// The e-mail address, instead of `username`.
    #[schema(max_length = 254, nullable = false)]
    email: Option<String>,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Secret,
    /// Which way of logging in; GET `/methods` lists them.
    #[serde(default = "default_provider")]
    #[schema(max_length = 64, required = false, default = "password")]
    provider: String,
}

fn default_provider() -> String {
    login::PASSWORD.into()
}

/// Log in
///
/// Failed logins are limited per account and address; 429 says when to come again.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", operation_id = "auth_login",
    request_body = Login,
    responses((status = 200, body = SignedInBody)),
    extensions(("x-permission" = json!("public"))),
)]
pub(super) async fn login(State(app): State<App>, Origin(client): Origin, Body(body): Body<Login>) -> Outcome<Json<SignedInBody>> {
    let login = match (body.username, body.email) {
        (Some(login), None) | (None, Some(login)) => login,
        (Some(_), Some(_)) => return Err(Fault::field("/email", "send either `username` or `email`")),
        (None, None) => return Err(Fault::field("/username", "is missing; send `username` or `email`")),
    };
    let signed_in = app.auth.login(login::Login { login, password: body.password, provider: body.provider }, &client).await?;
    Ok(Json(signed_in.into()))
}
