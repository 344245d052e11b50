//! `GET /api/v1/tasks`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::body::ListedTask;
use super::words::SortWord;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, ListQuery, Page, Query, Time};
use crate::model::task::{Priority, QuestType, Status, TaskFilter};
use crate::service::tasks::{Listing, View};

/// Which of the caller's tasks; every part that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// One of these, separated by commas.
    #[serde(default)]
    #[param(required = false, explode = false)]
    status: Vec<Status>,
    /// One of these.
    #[serde(default)]
    #[param(required = false, explode = false)]
    priority: Vec<Priority>,
    /// One of these.
    #[serde(default)]
    #[param(required = false, explode = false)]
    quest_type: Vec<QuestType>,
    /// All of these.
    #[serde(default)]
    #[param(required = false, explode = false, max_items = 50)]
    tags: Vec<String>,
    /// Parts of this task.
    #[param(nullable = false)]
    parent_id: Option<Uuid>,
    /// Due before this time.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    due_before: Option<Time>,
    /// Due at this time or later.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    due_after: Option<Time>,
    /// This text in title or description, whatever its case.
    #[param(max_length = 500, nullable = false)]
    search: Option<String>,
    /// `today`: open and due today in the caller's zone; `overdue`: open and past due; `upcoming`: open and due after today.
    #[param(inline, nullable = false)]
    view: Option<ViewWord>,
    /// The order; newest first when left out.
    #[param(nullable = false)]
    sort: Option<SortWord>,
    /// Only tasks at the top, each with its parts in `subtasks`.
    #[serde(default)]
    #[param(required = false, default = false)]
    tree: bool,
}

/// A look at the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ViewWord {
    /// Open and due today.
    Today,
    /// Open and past due.
    Overdue,
    /// Open and due after today.
    Upcoming,
}

impl From<ViewWord> for View {
    fn from(word: ViewWord) -> Self {
        match word {
            ViewWord::Today => Self::Today,
            ViewWord::Overdue => Self::Overdue,
            ViewWord::Upcoming => Self::Upcoming,
        }
    }
}

impl TaskQuery {
    fn listing(self, list: &ListQuery) -> Outcome<Listing> {
        Ok(Listing {
            filter: TaskFilter {
                statuses: self.status,
                priorities: self.priority,
                quest_types: self.quest_type,
                tags: self.tags,
                parent_id: self.parent_id,
                due_before: self.due_before.map(Time::millis),
                due_after: self.due_after.map(Time::millis),
                search: self.search.filter(|text| !text.is_empty()),
                updated_after: list.updated_after.map(Time::millis),
                include_deleted: list.include_deleted,
                ..TaskFilter::default()
            },
            view: self.view.map(Into::into),
            sort: self.sort.map(|word| word.0),
            tree: self.tree,
            page: list.page_by(SortWord::text(self.sort))?,
        })
    }
}

/// List tasks
///
/// All levels, unless `parent_id` or `tree` says otherwise.
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks", operation_id = "tasks_list",
    params(ListQuery, TaskQuery),
    responses((status = 200, body = Page<ListedTask>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(list): Query<ListQuery>,
    Query(query): Query<TaskQuery>,
) -> Outcome<Json<Page<ListedTask>>> {
    let order = SortWord::text(query.sort);
    let slice = app.tasks.list(&caller, query.listing(&list)?).await?;
    Ok(Json(Page::of_by(slice, &list, order).map(Into::into)))
}
