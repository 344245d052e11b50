//! `POST /api/v1/admin/plugins/{name}/block`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Path, RequestId, found_first};
use crate::service::audit::Actor;

/// Which bytes, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Block {
    /// SHA-256 of the component, 64 hex digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
    /// Stands in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What the block did.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Blocked {
    /// The refused digest.
    pub digest: String,
    /// Slots that were unbound or went back to their previous revision.
    pub slots: Vec<String>,
    /// What to do about it now, in words; empty as a rule.
    pub warnings: Vec<String>,
}

/// Refuse bytes everywhere, for good
///
/// Slots bound to them go back to their previous revision if there is one that may serve, else they are unbound.
#[utoipa::path(post, path = "/api/v1/admin/plugins/{name}/block", tag = "admin", operation_id = "plugins_block",
    params(("name" = String, Path)), request_body = Block, responses((status = 200, body = Blocked)),
    extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn block(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path(name): Path<String>,
    body: Result<Body<Block>, Fault>,
) -> Outcome<Json<Blocked>> {
    let body = found_first(body, app.plugins.get(&name)).await?;
    let slots = app.slots.block(&Actor::of(&caller, &request.0), &name, &body.digest, &body.reason).await?;
    let warnings = if slots.is_empty() { Vec::new() } else { app.slots.warnings().await? };
    Ok(Json(Blocked { digest: body.digest, slots, warnings }))
}
