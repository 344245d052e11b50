//! `POST /api/v1/tasks/search`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::ListedTask;
use super::words::SortWord;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, Page, Time};
use crate::model::page;
use crate::model::task::{Priority, QuestType, Status, TaskFilter};
use crate::service::tasks::Listing;

/// What to look for; every part that is given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchTasks {
    /// This text in title or description, whatever its case.
    #[schema(min_length = 1, max_length = 500)]
    query: String,
    /// One of these.
    #[serde(default)]
    #[schema(required = false)]
    status: OneOrMany<Status>,
    /// One of these.
    #[serde(default)]
    #[schema(required = false)]
    priority: OneOrMany<Priority>,
    /// One of these.
    #[serde(default)]
    #[schema(required = false)]
    quest_type: OneOrMany<QuestType>,
    /// All of these.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    tags: Vec<String>,
    /// Parts of this task.
    parent_id: Option<Uuid>,
    /// Due before this time.
    due_before: Option<Time>,
    /// Due at this time or later.
    due_after: Option<Time>,
    /// The order; newest first when left out.
    sort: Option<SortWord>,
    /// Tasks to leave out at the beginning.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 1_000_000_000, default = 0)]
    skip: u64,
    /// Tasks at most.
    #[serde(default = "default_limit")]
    #[schema(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: u32,
}

const fn default_limit() -> u32 {
    20
}

/// One value, or a list of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// Any of these.
    Many(Vec<T>),
    /// This one.
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(value: OneOrMany<T>) -> Self {
        match value {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

/// Search tasks
#[utoipa::path(
    post, path = "/api/v1/tasks/search", tag = "tasks", operation_id = "tasks_search",
    request_body = SearchTasks,
    responses((status = 200, body = Page<ListedTask>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn search(State(app): State<App>, caller: Caller, Body(body): Body<SearchTasks>) -> Outcome<Json<Page<ListedTask>>> {
    let (skip, limit) = (body.skip, body.limit);
    let filter = TaskFilter {
        statuses: body.status.into(),
        priorities: body.priority.into(),
        quest_types: body.quest_type.into(),
        tags: body.tags,
        parent_id: body.parent_id,
        due_before: body.due_before.map(Time::millis),
        due_after: body.due_after.map(Time::millis),
        search: Some(body.query),
        ..TaskFilter::default()
    };
    let page = page::Page::skip(i64::try_from(skip).unwrap_or(i64::MAX), i64::from(limit));
    let listing = Listing { filter, view: None, sort: body.sort.map(|word| word.0), tree: false, page };
    let found = app.tasks.list(&caller, listing).await?;
    let total = found.total.and_then(|total| u64::try_from(total).ok());
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, total, skip: Some(skip), limit, has_more: found.has_more, next_cursor: None }))
}
