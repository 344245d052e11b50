//! `GET /api/v1/persona/modes`, and the predecessor's `GET /api/v1/chat/persona/modes`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query};

/// A mode: a persona that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonaMode)]
pub struct ModeBody {
    /// The persona's id, as `mode` names it.
    mode: String,
    /// For people.
    name: String,
    /// What it is for.
    purpose: String,
    /// Whether the caller has chosen it.
    active: bool,
}

/// List modes
///
/// The personas that `POST /api/v1/persona/mode/switch` takes.
#[utoipa::path(
    get, path = "/api/v1/persona/modes", tag = "personas", operation_id = "persona_modes",
    params(ListQuery),
    responses((status = 200, body = Page<ModeBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn modes(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<ModeBody>>> {
    let active = app.personas.state(&caller).await?.active;
    let mode = |shown: crate::service::personas::Shown| ModeBody {
        active: active.as_ref() == Some(&shown.bound.id),
        mode: shown.bound.id,
        name: shown.card.name.clone(),
        purpose: shown.card.purpose.clone(),
    };
    Ok(Json(Page::held(app.personas.bound_with_cards(&caller).await.into_iter().map(mode).collect(), &list)?))
}

/// List modes
///
/// The predecessor's path for `GET /api/v1/persona/modes`.
#[deprecated]
#[utoipa::path(
    get, path = "/api/v1/chat/persona/modes", tag = "personas", operation_id = "chat_persona_modes",
    params(ListQuery),
    responses((status = 200, body = Page<ModeBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn modes_of_chat(state: State<App>, caller: Caller, list: Query<ListQuery>) -> Outcome<Json<Page<ModeBody>>> {
    modes(state, caller, list).await
}
