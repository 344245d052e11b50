//! `DELETE /api/v1/auth/sessions/{id}`

use axum::extract::State;
use uuid::Uuid;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, NoContent, Path};

/// End one of the caller's sessions
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "auth", operation_id = "auth_end_session",
    params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 204)),
    extensions(("x-permission" = json!("authenticated"))),
)]
pub(super) async fn end_session(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<NoContent> {
    app.auth.end_session(&caller, id).await?;
    Ok(NoContent)
}
