//! `GET /api/v1/tasks/daily-summary`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::TaskBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::Caller;
use crate::model::page::Slice;
use crate::model::task::{Priority, Task};
use crate::service::tasks::{DailySummary, Insight};

/// A day of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DailySummary)]
pub struct SummaryBody {
    /// The person's day: in their zone, by the hour at which it begins.
    #[schema(format = Date)]
    date: String,
    /// Open and due within this day, soonest first; at most 100.
    due_today: Vec<TaskBody>,
    /// Completed within this day, newest first; at most 100.
    completed: Vec<TaskBody>,
    /// Open and past due, longest first; at most 100. What was due earlier today stands in both lists.
    overdue: Vec<TaskBody>,
    /// All of them, the lists' ends notwithstanding.
    counts: SummaryCounts,
    /// What there is to notice.
    insights: Vec<InsightBody>,
}

/// A day in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryCounts {
    /// Open and due today.
    due_today: i64,
    /// Of those listed, by priority.
    due_today_by_priority: BTreeMap<&'static str, i64>,
    /// Completed today.
    completed: i64,
    /// Open and past due.
    overdue: i64,
    /// Points of today.
    experience: i64,
    /// Estimated minutes of what is due today and listed.
    planned_minutes: i64,
}

/// Something to notice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Insight)]
pub struct InsightBody {
    /// `overdue`, `urgent`, `planned`, `free`, `completed`, `streak`; more may come.
    kind: &'static str,
    /// In English; translate by `kind` and `counts`.
    text: String,
}

impl From<Insight> for InsightBody {
    fn from(insight: Insight) -> Self {
        Self { kind: insight.kind, text: insight.text }
    }
}

impl From<DailySummary> for SummaryBody {
    fn from(day: DailySummary) -> Self {
        let total = |slice: &Slice<Task>| slice.total.unwrap_or(0);
        let counts = SummaryCounts {
            due_today: total(&day.due_today),
            due_today_by_priority: Priority::ALL.iter().map(|priority| (priority.text(), day.due_with(*priority))).collect(),
            completed: total(&day.completed),
            overdue: total(&day.overdue),
            experience: day.experience,
            planned_minutes: day.planned_minutes,
        };
        let tasks = |slice: Slice<Task>| slice.items.into_iter().map(Into::into).collect();
        Self {
            date: day.date,
            due_today: tasks(day.due_today),
            completed: tasks(day.completed),
            overdue: tasks(day.overdue),
            counts,
            insights: day.insights.into_iter().map(Into::into).collect(),
        }
    }
}

/// The day at a glance
#[utoipa::path(
    get, path = "/api/v1/tasks/daily-summary", tag = "tasks", operation_id = "tasks_daily_summary",
    responses((status = 200, body = SummaryBody)),
    extensions(("x-permission" = json!("task:read"))),
)]
pub async fn daily_summary(State(app): State<App>, caller: Caller) -> Outcome<Json<SummaryBody>> {
    Ok(Json(app.tasks.daily_summary(&caller).await?.into()))
}
