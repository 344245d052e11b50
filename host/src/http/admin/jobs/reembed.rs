//! `POST /api/v1/admin/jobs/reembed`

use axum::extract::State;

use super::views::JobBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Created, RequestId};
use crate::service::audit::Actor;

/// Move every vector to the configured embedder's space
///
/// Memories and plugins' texts are embedded anew in the background; searches work meanwhile. While such a job is not finished
/// it is the answer to asking again. 409 when there is nothing to move.
#[utoipa::path(post, path = "/api/v1/admin/jobs/reembed", tag = "admin", operation_id = "jobs_reembed",
    responses((status = 201, body = JobBody)), extensions(("x-permission" = json!("plugin:write"))))]
pub(super) async fn reembed(State(app): State<App>, caller: Caller, request: RequestId) -> Outcome<Created<JobBody>> {
    let job = app.jobs.reembed(&Actor::of(&caller, &request.0)).await?;
    Ok(Created { location: format!("/api/v1/admin/jobs/{}", job.id), version: None, body: job.into() })
}
