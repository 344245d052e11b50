//! Registering, logging in and staying logged in: `/api/v1/auth`, and the public keys of the access tokens.

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::request::Parts;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::model::user::User;
use crate::service::auth::{Client, SignedIn, permissions, roles};

use super::{ClientAddress, RequestId, Time, header};

mod change_me;
mod end_session;
mod jwks;
mod login;
mod logout;
mod logout_all;
mod me;
mod methods;
mod password;
mod refresh;
mod register;
mod sessions;
mod verify;

/// Everything about who one is.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(logout_all::logout_all))
        .routes(routes!(me::me, change_me::change_me))
        .routes(routes!(password::password))
        .routes(routes!(verify::verify))
        .routes(routes!(methods::methods))
        .routes(routes!(sessions::sessions))
        .routes(routes!(end_session::end_session))
        .routes(routes!(jwks::jwks))
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserBody {
    /// UUIDv7.
    id: Uuid,
    /// Unique, without regard to case.
    email: Option<String>,
    /// Unique, without regard to case.
    username: String,
    /// For people's eyes.
    display_name: String,
    /// `user`, `operator`, `admin`.
    roles: Vec<String>,
    /// What the roles allow together; `["*"]` for everything.
    permissions: Vec<&'static str>,
    /// IANA zone.
    timezone: String,
    /// BCP 47.
    locale: String,
    /// When it was made.
    created_at: Time,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            permissions: permissions(&roles(&user.roles)).texts(),
            email: user.email,
            username: user.username,
            display_name: user.display_name,
            roles: user.roles,
            timezone: user.timezone,
            locale: user.locale,
            created_at: Time(user.created_at),
        }
    }
}

/// A successful sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedInBody {
    /// JWT for `Authorization: Bearer`.
    access_token: String,
    /// For POST `/refresh`; good once.
    refresh_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// Seconds the access token lives.
    expires_in: u32,
    /// Seconds the refresh token lives unused.
    refresh_expires_in: i64,
    /// Who it is.
    user: UserBody,
}

impl From<SignedIn> for SignedInBody {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token,
            token_type: "bearer",
            expires_in: signed_in.expires_in,
            refresh_expires_in: signed_in.refresh_expires_in,
            user: signed_in.user.into(),
        }
    }
}

/// A secret in a body: reads as a string, prints as nothing.
type Secret = SecretString;

/// Where the request comes from, as far as sign-in wants to know.
pub(super) struct Origin(pub(super) Client);

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Outcome<Self> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let RequestId(id) = RequestId::from_request_parts(parts, state).await?;
        // the first tag is what the client likes best; weights are for people with more languages than we have
        let locale = header(&parts.headers, &ACCEPT_LANGUAGE).and_then(|text| text.split([',', ';']).next()).map(str::trim);
        let locale =
            locale.filter(|tag| (2..=35).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        Ok(Self(Client {
            address,
            user_agent: header(&parts.headers, &USER_AGENT).map(ToOwned::to_owned),
            request_id: Some(id.to_string()),
            locale: locale.unwrap_or("en").to_owned(),
        }))
    }
}
