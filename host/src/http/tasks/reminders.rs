//! `GET /api/v1/tasks/reminders`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Page, Query, Time};
use crate::model::page;
use crate::model::task::Urgency;
use crate::service::tasks::Reminder;

/// How far ahead.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReminderQuery {
    /// Hours from now; a month at most.
    #[serde(default = "a_day")]
    #[param(minimum = 1, maximum = 744, default = 24, required = false)]
    hours_ahead: u32,
    /// Reminders to leave out at the beginning; `offset` means the same.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000_000, default = 0, required = false)]
    skip: u64,
    /// Reminders at most.
    #[serde(default = "usual")]
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    limit: u32,
}

const fn a_day() -> u32 {
    24
}

const fn usual() -> u32 {
    20
}

/// A task that is due soon.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reminder)]
pub struct ReminderBody {
    /// Which task.
    task_id: Uuid,
    /// Its title.
    title: String,
    /// Until when.
    due_date: Time,
    /// `urgent` within the hour, `soon` within four, `today` within a day, then `upcoming`.
    urgency: Urgency,
}

impl From<Reminder> for ReminderBody {
    fn from(reminder: Reminder) -> Self {
        Self { task_id: reminder.task_id, title: reminder.title, due_date: Time(reminder.due_date), urgency: reminder.urgency }
    }
}

/// What is due soon
///
/// Open tasks that are due from now on, soonest first. What is past due is in `view=overdue` and in the daily summary.
#[utoipa::path(
    get, path = "/api/v1/tasks/reminders", tag = "tasks", operation_id = "tasks_reminders",
    params(ReminderQuery),
    responses((status = 200, body = Page<ReminderBody>)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn reminders(State(app): State<App>, caller: Caller, Query(query): Query<ReminderQuery>) -> Outcome<Json<Page<ReminderBody>>> {
    let (skip, limit) = (query.skip, query.limit);
    let page = page::Page::skip(i64::try_from(skip).unwrap_or(i64::MAX), i64::from(limit));
    let found = app.tasks.reminders(&caller, i64::from(query.hours_ahead), &page).await?;
    let total = found.total.and_then(|total| u64::try_from(total).ok());
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, total, skip: Some(skip), limit, has_more: found.has_more, next_cursor: None }))
}
