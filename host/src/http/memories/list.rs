//! `GET /api/v1/memories`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::MemoryBody;
use super::filter::FilterQuery;
use super::words::MemorySortWord;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query, Time};
use crate::model::memory::MemoryFilter;

/// In which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SortQuery {
    /// The order; newest first when left out.
    #[param(inline, nullable = false)]
    pub(super) sort: Option<MemorySortWord>,
}

impl SortQuery {
    /// A page of the caller's memories in this order.
    pub(super) async fn page(self, app: &App, caller: &Caller, filter: &MemoryFilter, list: &ListQuery) -> Outcome<Json<Page<MemoryBody>>> {
        let order = MemorySortWord::text(self.sort);
        let slice = app.memories.list(caller, filter, self.sort.map(|word| word.0), &list.page_by(order)?).await?;
        Ok(Json(Page::of_by(slice, list, order).map(Into::into)))
    }
}

/// A filter with what every list takes.
pub(super) fn listed(filter: MemoryFilter, list: &ListQuery) -> MemoryFilter {
    MemoryFilter {
        updated_after: list.updated_after.map(Time::millis),
        // a client that syncs must hear of memories that were superseded as well
        include_inactive: filter.include_inactive || list.include_deleted,
        ..filter
    }
}

/// List memories
#[utoipa::path(
    get, path = "/api/v1/memories", tag = "memories", operation_id = "memories_list",
    params(ListQuery, FilterQuery, SortQuery),
    responses((status = 200, body = Page<MemoryBody>)),
    extensions(("x-permission" = json!("memory:read"))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(list): Query<ListQuery>,
    Query(filter): Query<FilterQuery>,
    Query(order): Query<SortQuery>,
) -> Outcome<Json<Page<MemoryBody>>> {
    let filter = listed(filter.filter()?, &list);
    order.page(&app, &caller, &filter, &list).await
}
