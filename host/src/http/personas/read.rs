//! `GET /api/v1/personas/{id}`

use axum::Json;
use axum::extract::State;

use super::body::PersonaBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Path};

/// Read a persona
#[utoipa::path(
    get, path = "/api/v1/personas/{id}", tag = "personas", operation_id = "personas_read",
    params(("id" = String, Path, description = "As the list names it")),
    responses((status = 200, body = PersonaBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn read(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Outcome<Json<PersonaBody>> {
    Ok(Json(app.personas.get(&caller, &id).await?.into()))
}
