//! `POST /api/v1/memories/{id}/restore`

use axum::extract::State;
use uuid::Uuid;

use super::body::MemoryBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, IfMatch, Path, Versioned};

/// Bring a memory back
///
/// One that was deleted softly, or superseded. One that is active stays as it is. 409 when another active memory has the
/// same content by now.
#[utoipa::path(
    post, path = "/api/v1/memories/{id}/restore", tag = "memories", operation_id = "memories_restore",
    params(IfMatch),
    responses((status = 200, body = MemoryBody)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn restore(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>, if_match: IfMatch) -> Outcome<Versioned<MemoryBody>> {
    let memory = app.memories.restore(&caller, id, if_match.version()).await?;
    Ok(Versioned(memory.version, memory.into()))
}
