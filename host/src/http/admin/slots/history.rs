//! `GET /api/v1/admin/slots/{slot}/history`

use axum::Json;
use axum::extract::State;

use super::views::{HistoryBody, HistoryList};
use crate::app::App;
use crate::error::Outcome;
use crate::http::Path;

async fn history(app: &App, slot: &str) -> Outcome<Json<HistoryList>> {
    app.slots.get(slot).await?;
    Ok(Json(HistoryList { items: app.slots.history(slot).await?.into_iter().map(HistoryBody::from).collect() }))
}

/// Who bound what, and when
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/history", tag = "admin", operation_id = "slots_history",
    params(("kind" = String, Path)), responses((status = 200, body = HistoryList)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_kind(State(app): State<App>, Path(kind): Path<String>) -> Outcome<Json<HistoryList>> {
    history(&app, &kind).await
}

/// Who bound what, and when
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/{id}/history", tag = "admin", operation_id = "slots_history_by_id",
    params(("kind" = String, Path), ("id" = String, Path)), responses((status = 200, body = HistoryList)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_id(State(app): State<App>, Path((kind, id)): Path<(String, String)>) -> Outcome<Json<HistoryList>> {
    history(&app, &format!("{kind}/{id}")).await
}
