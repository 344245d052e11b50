//! `PUT /api/v1/admin/slots/{slot}`: the hot swap.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::SlotBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, IfMatch, Path, RequestId, Versioned, found_first};
use crate::service::audit::Actor;

/// What is to be bound.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Bind {
    /// Plugin's name.
    #[schema(min_length = 3, max_length = 48)]
    plugin: String,
    /// Its version.
    #[schema(min_length = 5, max_length = 64)]
    version: String,
    /// How it serves.
    #[serde(default)]
    #[schema(required = false, nullable = false)]
    mode: Mode,
    /// Skip the stages that a policy asks for; audited.
    #[serde(default)]
    #[schema(required = false)]
    force: bool,
}

/// How a revision serves.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum Mode {
    /// Every call from now on.
    #[default]
    Live,
}

async fn bind(
    app: &App,
    caller: &Caller,
    request: &RequestId,
    slot: &str,
    if_match: &IfMatch,
    body: Result<Body<Bind>, Fault>,
) -> Outcome<Versioned<SlotBody>> {
    let bind = found_first(body, app.slots.get(slot)).await?;
    let Mode::Live = bind.mode;
    let expected = if_match.require()?.version();
    let view = app.slots.bind(&Actor::of(caller, &request.0), slot, &bind.plugin, &bind.version, expected, bind.force).await?;
    Ok(Versioned(view.generation, view.into()))
}

/// Bind a revision: new calls take it at once, calls in flight end on the old one
#[utoipa::path(put, path = "/api/v1/admin/slots/{kind}", tag = "admin", operation_id = "slots_bind",
    params(IfMatch, ("kind" = String, Path)), request_body = Bind, responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn of_kind(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(kind): Path<String>,
    if_match: IfMatch,
    body: Result<Body<Bind>, Fault>,
) -> Outcome<Versioned<SlotBody>> {
    bind(&app, &caller, &request, &kind, &if_match, body).await
}

/// Bind a revision: new calls take it at once, calls in flight end on the old one
#[utoipa::path(put, path = "/api/v1/admin/slots/{kind}/{id}", tag = "admin", operation_id = "slots_bind_by_id",
    params(IfMatch, ("kind" = String, Path), ("id" = String, Path)), request_body = Bind, responses((status = 200, body = SlotBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn of_id(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path((kind, id)): Path<(String, String)>,
    if_match: IfMatch,
    body: Result<Body<Bind>, Fault>,
) -> Outcome<Versioned<SlotBody>> {
    bind(&app, &caller, &request, &format!("{kind}/{id}"), &if_match, body).await
}
