//! `GET /api/v1/memories/{id}`

use axum::extract::State;
use uuid::Uuid;

use super::body::MemoryBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Path, Versioned};

/// Read a memory
#[utoipa::path(
    get, path = "/api/v1/memories/{id}", tag = "memories", operation_id = "memories_read",
    responses((status = 200, body = MemoryBody)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn read(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<Versioned<MemoryBody>> {
    let memory = app.memories.read(&caller, id).await?;
    Ok(Versioned(memory.version, memory.into()))
}
