//! `GET /api/v1/persona/traditions`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Outcome;
use crate::http::{ListQuery, Page, Query};
use crate::service::personas::traditions::TRADITIONS;

/// A tradition that personas have words for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tradition)]
pub struct TraditionBody {
    /// As a worldview names it.
    id: &'static str,
    /// For people.
    name: &'static str,
    /// What speaking in it is like.
    description: &'static str,
}

/// List traditions
///
/// A worldview may name another one; personas then read it as the person's own word.
#[utoipa::path(
    get, path = "/api/v1/persona/traditions", tag = "personas", operation_id = "persona_traditions",
    params(ListQuery),
    responses((status = 200, body = Page<TraditionBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn traditions(Query(list): Query<ListQuery>) -> Outcome<Json<Page<TraditionBody>>> {
    let all = TRADITIONS.iter().map(|one| TraditionBody { id: one.id, name: one.name, description: one.about });
    Ok(Json(Page::held(all.collect(), &list)?))
}
