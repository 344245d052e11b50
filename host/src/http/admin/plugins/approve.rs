//! `POST /api/v1/admin/plugins/{name}/{version}/approve`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::RevisionBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, Path, RequestId, found_first};
use crate::service::audit::Actor;

/// What is accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Approve {
    /// The hash of the difference as it was shown: exactly this is accepted, and nothing that came since.
    #[schema(min_length = 8, max_length = 64, nullable = false)]
    accept_difference: Option<String>,
}

/// Accept what a held revision asks for
#[utoipa::path(post, path = "/api/v1/admin/plugins/{name}/{version}/approve", tag = "admin", operation_id = "plugins_approve",
    params(("name" = String, Path), ("version" = String, Path)), request_body = Approve, responses((status = 200, body = RevisionBody)),
    extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn approve(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path((name, version)): Path<(String, String)>,
    body: Result<Body<Approve>, crate::error::Fault>,
) -> Outcome<Json<RevisionBody>> {
    let body = found_first(body, app.plugins.revision(&name, &version)).await?;
    let view = app.plugins.approve(&Actor::of(&caller, &request.0), &name, &version, body.accept_difference.as_deref()).await?;
    Ok(Json(view.into()))
}
