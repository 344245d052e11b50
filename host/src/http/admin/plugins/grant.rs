//! `GET, PUT /api/v1/admin/plugins/{name}/grant`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, IfMatch, Path, RequestId, Versioned, found_first};
use crate::service::audit::Actor;
use crate::service::plugins::GrantView;

/// A policy: it only ever takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Narrow {
    /// `{"deny":["http","auth.credentials.verify-api-key"],"kv_max_bytes":65536,"limits":{"cpu-ms":5}}`
    #[schema(value_type = Object)]
    policy: Value,
}

/// What a plugin asked for, what an operator leaves of it, and what remains.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct GrantBody {
    /// Plugin's name.
    pub plugin: String,
    /// The operator's policy; `{}` takes nothing.
    #[schema(value_type = Object)]
    pub policy: Value,
    /// Names in the policy that no revision asks for: most often a typing error.
    pub notes: Vec<String>,
    /// The effective grant of each revision, with its hash.
    pub effective: Vec<Value>,
}

impl From<GrantView> for GrantBody {
    fn from(view: GrantView) -> Self {
        Self { plugin: view.plugin, policy: view.policy, notes: view.notes, effective: view.effective }
    }
}

/// What a plugin may do
#[utoipa::path(get, path = "/api/v1/admin/plugins/{name}/grant", tag = "admin", operation_id = "plugins_grant_read",
    params(("name" = String, Path)), responses((status = 200, body = GrantBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn read(State(app): State<App>, Path(name): Path<String>) -> Outcome<Versioned<GrantBody>> {
    let view = app.plugins.grant(&name).await?;
    Ok(Versioned(view.version, view.into()))
}

/// Narrow what a plugin may do
///
/// Bound revisions are linked anew with the narrower grant; one that imports what it may no longer have refuses the change.
#[utoipa::path(put, path = "/api/v1/admin/plugins/{name}/grant", tag = "admin", operation_id = "plugins_grant_narrow",
    params(("name" = String, Path)), request_body = Narrow, responses((status = 200, body = GrantBody)),
    extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn narrow(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(name): Path<String>,
    if_match: IfMatch,
    body: Result<Body<Narrow>, Fault>,
) -> Outcome<Versioned<GrantBody>> {
    let body = found_first(body, app.plugins.get(&name)).await?;
    let view = app.slots.narrow(&Actor::of(&caller, &request.0), &name, body.policy, if_match.require()?.version()).await?;
    Ok(Versioned(view.version, view.into()))
}
