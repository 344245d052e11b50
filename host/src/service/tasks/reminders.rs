//! What is due soon.

use uuid::Uuid;

use super::Tasks;
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::page::{Page, Slice};
use crate::model::task::{TaskFilter, TaskSort, Urgency};
use crate::service::principal::Principal;
use crate::store::tasks;

const HOUR: Millis = 3_600_000;

/// An open task that is due soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which task.
    pub task_id: Uuid,
    /// Its title.
    pub title: String,
    /// Until when.
    pub due_date: Millis,
    /// How soon that is.
    pub urgency: Urgency,
}

impl Tasks {
    /// The caller's open tasks that are due from now on and at most so many hours ahead, soonest first. What is past due is no
    /// reminder any more: the daily summary and the view `overdue` have it.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn reminders(&self, caller: &Principal, hours: i64, page: &Page) -> Outcome<Slice<Reminder>> {
        let now = self.clock.now();
        let filter = TaskFilter {
            open_only: true,
            due_after: Some(now),
            due_before: Some(now.saturating_add(hours.saturating_mul(HOUR)).saturating_add(1)),
            ..TaskFilter::default()
        };
        let slice = tasks::list(&self.db, caller.user, &filter, TaskSort::Due(false), page).await?;
        Ok(slice.map(|task| {
            let due_date = task.due_date.unwrap_or(now);
            Reminder { task_id: task.id, title: task.title, due_date, urgency: Urgency::of(due_date - now) }
        }))
    }
}
