//! `GET /api/v1/personas`

use axum::Json;
use axum::extract::State;

use super::body::PersonaBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query};

/// List personas
///
/// All that are bound, by id. One that fails to describe itself is listed by what its manifest says.
#[utoipa::path(
    get, path = "/api/v1/personas", tag = "personas", operation_id = "personas_list",
    params(ListQuery),
    responses((status = 200, body = Page<PersonaBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn list(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<PersonaBody>>> {
    let all = app.personas.bound_with_cards(&caller).await;
    Ok(Json(Page::held(all.into_iter().map(Into::into).collect(), &list)?))
}
