//! `DELETE /api/v1/admin/plugins/{name}/{version}`

use axum::extract::State;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, NoContent, Path, RequestId};
use crate::service::audit::Actor;

/// Remove a revision that is not bound
#[utoipa::path(delete, path = "/api/v1/admin/plugins/{name}/{version}", tag = "admin", operation_id = "plugins_remove",
    params(("name" = String, Path), ("version" = String, Path)), responses((status = 204)),
    extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    Path((name, version)): Path<(String, String)>,
) -> Outcome<NoContent> {
    app.plugins.remove(&Actor::of(&caller, &request.0), &name, &version).await?;
    Ok(NoContent)
}
