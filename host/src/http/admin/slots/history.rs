//! `GET /api/v1/admin/slots/{slot}/history`

use axum::Json;
use axum::extract::State;

use super::views::HistoryBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{ListQuery, Page, Path, Query};

async fn history(app: &App, slot: &str, query: Result<Query<ListQuery>, Fault>) -> Outcome<Json<Page<HistoryBody>>> {
    app.slots.get(slot).await?;
    let Query(list) = query?;
    Ok(Json(Page::held(app.slots.history(slot).await?.into_iter().map(HistoryBody::from).collect(), &list)?))
}

/// Who bound what, and when
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/history", tag = "admin", operation_id = "slots_history",
    params(("kind" = String, Path), ListQuery), responses((status = 200, body = Page<HistoryBody>)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_kind(
    State(app): State<App>,
    Path(kind): Path<String>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<HistoryBody>>> {
    history(&app, &kind, query).await
}

/// Who bound what, and when
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/{id}/history", tag = "admin", operation_id = "slots_history_by_id",
    params(("kind" = String, Path), ("id" = String, Path), ListQuery), responses((status = 200, body = Page<HistoryBody>)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn of_id(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    query: Result<Query<ListQuery>, Fault>,
) -> Outcome<Json<Page<HistoryBody>>> {
    history(&app, &format!("{kind}/{id}"), query).await
}
