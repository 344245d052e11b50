//! `GET /api/v1/auth/sessions`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query, Time};
use crate::model::session::Session;

/// A device where the caller is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionBody {
    /// UUIDv7.
    id: Uuid,
    /// How it was opened.
    provider: String,
    /// What the client called itself.
    user_agent: Option<String>,
    /// Where it was opened from.
    ip: Option<String>,
    /// When it was opened.
    created_at: Time,
    /// When it was last refreshed.
    last_seen_at: Time,
    /// When it ends by itself unless it is used.
    expires_at: Time,
    /// The session of this very request.
    current: bool,
}

/// The caller's sessions, newest first
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "auth_sessions",
    params(ListQuery),
    responses((status = 200, body = Page<SessionBody>)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn sessions(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<SessionBody>>> {
    let body = |session: Session| SessionBody {
        current: caller.session == Some(session.id),
        id: session.id,
        provider: session.provider,
        user_agent: session.user_agent,
        ip: session.ip,
        created_at: Time(session.created_at),
        last_seen_at: Time(session.last_seen_at),
        expires_at: Time(session.expires_at),
    };
    // one person's live sessions are few: they are read whole, and the page is cut here
    let all: Vec<SessionBody> = app.auth.sessions(&caller).await?.into_iter().map(body).collect();
    Ok(Json(Page::newest_first(all, &list, |session| (session.created_at.millis(), session.id))?))
}
