//! `GET /api/v1/admin/slots`, `/slots/{kind}`, `/slots/{kind}/{id}`

use axum::Json;
use axum::extract::State;

use super::views::SlotBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{ListQuery, Page, Path, Query, Versioned};

/// Every slot
#[utoipa::path(get, path = "/api/v1/admin/slots", tag = "admin", operation_id = "slots_list",
    params(ListQuery), responses((status = 200, body = Page<SlotBody>)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn list(State(app): State<App>, Query(list): Query<ListQuery>) -> Outcome<Json<Page<SlotBody>>> {
    Ok(Json(Page::held(app.slots.list().await?.into_iter().map(SlotBody::from).collect(), &list)?))
}

async fn read(app: &App, slot: &str) -> Outcome<Versioned<SlotBody>> {
    let view = app.slots.get(slot).await?;
    Ok(Versioned(view.generation, view.into()))
}

/// One slot; a slot of a known kind always exists
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}", tag = "admin", operation_id = "slots_read",
    params(("kind" = String, Path)), responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_kind(State(app): State<App>, Path(kind): Path<String>) -> Outcome<Versioned<SlotBody>> {
    read(&app, &kind).await
}

/// One slot; a slot of a known kind always exists
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/{id}", tag = "admin", operation_id = "slots_read_by_id",
    params(("kind" = String, Path), ("id" = String, Path)), responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_id(State(app): State<App>, Path((kind, id)): Path<(String, String)>) -> Outcome<Versioned<SlotBody>> {
    read(&app, &format!("{kind}/{id}")).await
}
