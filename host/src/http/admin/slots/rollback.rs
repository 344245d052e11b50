//! `POST /api/v1/admin/slots/{slot}/rollback`

use axum::extract::State;

use super::views::SlotBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, IfMatch, Path, RequestId, Versioned};
use crate::service::audit::Actor;

async fn rollback(app: &App, caller: &Caller, request: &RequestId, slot: &str, if_match: &IfMatch) -> Outcome<Versioned<SlotBody>> {
    app.slots.get(slot).await?;
    // Without `If-Match` it is "whatever is live now": in the night nobody should have to read first.
    let view = app.slots.rollback(&Actor::of(caller, &request.0), slot, if_match.version()).await?;
    Ok(Versioned(view.generation, view.into()))
}

/// Back to the revision that was live before
#[utoipa::path(post, path = "/api/v1/admin/slots/{kind}/rollback", tag = "admin", operation_id = "slots_rollback",
    params(IfMatch, ("kind" = String, Path)), responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn of_kind(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(kind): Path<String>,
    if_match: IfMatch,
) -> Outcome<Versioned<SlotBody>> {
    rollback(&app, &caller, &request, &kind, &if_match).await
}

/// Back to the revision that was live before
#[utoipa::path(post, path = "/api/v1/admin/slots/{kind}/{id}/rollback", tag = "admin", operation_id = "slots_rollback_by_id",
    params(IfMatch, ("kind" = String, Path), ("id" = String, Path)), responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn of_id(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path((kind, id)): Path<(String, String)>,
    if_match: IfMatch,
) -> Outcome<Versioned<SlotBody>> {
    rollback(&app, &caller, &request, &format!("{kind}/{id}"), &if_match).await
}
