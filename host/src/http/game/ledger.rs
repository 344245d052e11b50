//! `GET /api/v1/game/ledger`

use axum::Json;
use axum::extract::State;

use super::body::LedgerBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query};

/// Read the caller's ledger
///
/// Newest first. The sum of all rows is the total.
#[utoipa::path(
    get, path = "/api/v1/game/ledger", tag = "game", operation_id = "game_ledger",
    params(ListQuery),
    responses((status = 200, body = Page<LedgerBody>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn ledger(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<LedgerBody>>> {
    let slice = app.game.ledger(&caller, &list.page()?).await?;
    Ok(Json(Page::of(slice, &list).map(Into::into)))
}
