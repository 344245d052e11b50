//! `GET, PUT /api/v1/admin/slots/{slot}/config`

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::views::ConfigBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, IfMatch, Path, RequestId, Versioned, found_first};
use crate::service::audit::Actor;

/// The settings to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SetConfig {
    /// All values; what is left out has the manifest's default.
    #[schema(value_type = Object)]
    values: Value,
    /// Names of secrets that the plugin may know of.
    #[serde(default)]
    #[schema(required = false, max_items = 32)]
    secrets: Vec<String>,
}

async fn read(app: &App, slot: &str) -> Outcome<Versioned<ConfigBody>> {
    let view = app.slots.config(slot).await?;
    Ok(Versioned(view.generation, view.into()))
}

async fn write(
    app: &App,
    caller: &Caller,
    request: &RequestId,
    slot: &str,
    if_match: &IfMatch,
    body: Result<Body<SetConfig>, Fault>,
) -> Outcome<Versioned<ConfigBody>> {
    let set = found_first(body, app.slots.get(slot)).await?;
    let expected = if_match.require()?.version();
    let view = app.slots.set_config(&Actor::of(caller, &request.0), slot, set.values, set.secrets, expected).await?;
    Ok(Versioned(view.generation, view.into()))
}

/// The settings of a slot, with what the bound revision declares
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/config", tag = "admin", operation_id = "slots_config_read",
    params(("kind" = String, Path)), responses((status = 200, body = ConfigBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn read_of_kind(State(app): State<App>, Path(kind): Path<String>) -> Outcome<Versioned<ConfigBody>> {
    read(&app, &kind).await
}

/// Set the settings of a slot; validated against the bound revision's manifest
#[utoipa::path(put, path = "/api/v1/admin/slots/{kind}/config", tag = "admin", operation_id = "slots_config_write",
    params(IfMatch, ("kind" = String, Path)), request_body = SetConfig, responses((status = 200, body = ConfigBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn write_of_kind(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(kind): Path<String>,
    if_match: IfMatch,
    body: Result<Body<SetConfig>, Fault>,
) -> Outcome<Versioned<ConfigBody>> {
    write(&app, &caller, &request, &kind, &if_match, body).await
}

/// The settings of a slot, with what the bound revision declares
#[utoipa::path(get, path = "/api/v1/admin/slots/{kind}/{id}/config", tag = "admin", operation_id = "slots_config_read_by_id",
    params(("kind" = String, Path), ("id" = String, Path)), responses((status = 200, body = ConfigBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn read_of_id(State(app): State<App>, Path((kind, id)): Path<(String, String)>) -> Outcome<Versioned<ConfigBody>> {
    read(&app, &format!("{kind}/{id}")).await
}

/// Set the settings of a slot; validated against the bound revision's manifest
#[utoipa::path(put, path = "/api/v1/admin/slots/{kind}/{id}/config", tag = "admin", operation_id = "slots_config_write_by_id",
    params(IfMatch, ("kind" = String, Path), ("id" = String, Path)), request_body = SetConfig, responses((status = 200, body = ConfigBody)), extensions(("x-permission" = json!("slot:write"))))]
pub(super) async fn write_of_id(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path((kind, id)): Path<(String, String)>,
    if_match: IfMatch,
    body: Result<Body<SetConfig>, Fault>,
) -> Outcome<Versioned<ConfigBody>> {
    write(&app, &caller, &request, &format!("{kind}/{id}"), &if_match, body).await
}
