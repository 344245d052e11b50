//! `GET /api/v1/admin/jobs/{id}`

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::views::JobBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::Path;

/// A job and how far it has come
#[utoipa::path(get, path = "/api/v1/admin/jobs/{id}", tag = "admin", operation_id = "jobs_read",
    params(("id" = Uuid, Path)), responses((status = 200, body = JobBody)), extensions(("x-permission" = json!("plugin:read"))))]
pub(super) async fn read(State(app): State<App>, Path(id): Path<Uuid>) -> Outcome<Json<JobBody>> {
    Ok(Json(app.jobs.get(id).await?.into()))
}
