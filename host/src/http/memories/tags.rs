//! `GET /api/v1/memories/tags` and `/tag/{tag}`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::MemoryBody;
use super::list::{SortQuery, listed};
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Path, Query};
use crate::model::memory::MemoryFilter;
use crate::model::page::Key;

/// A tag.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TagBody {
    /// The tag.
    tag: String,
    /// How many active memories have it.
    count: i64,
}

/// List tags
///
/// Of active memories, by name.
#[utoipa::path(
    get, path = "/api/v1/memories/tags", tag = "memories", operation_id = "memories_tags",
    params(ListQuery),
    responses((status = 200, body = Page<TagBody>)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn tags(State(app): State<App>, caller: Caller, Query(list): Query<ListQuery>) -> Outcome<Json<Page<TagBody>>> {
    let tags = app.memories.tags(&caller).await?.into_iter().map(|(tag, count)| TagBody { tag, count }).collect();
    Ok(Json(Page::in_order(tags, &list, |tag: &TagBody| Key::Text(tag.tag.clone()))?))
}

/// List memories with a tag
#[utoipa::path(
    get, path = "/api/v1/memories/tag/{tag}", tag = "memories", operation_id = "memories_tagged",
    params(ListQuery, SortQuery),
    responses((status = 200, body = Page<MemoryBody>)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn tagged(
    State(app): State<App>,
    caller: Caller,
    Path(tag): Path<String>,
    Query(list): Query<ListQuery>,
    Query(order): Query<SortQuery>,
) -> Outcome<Json<Page<MemoryBody>>> {
    let filter = listed(MemoryFilter { tags: vec![tag], ..MemoryFilter::default() }, &list);
    order.page(&app, &caller, &filter, &list).await
}
