//! Lists, trees and figures of somebody's tasks.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Tasks, newest_first};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::page::{Page, Slice};
use crate::model::task::{Task, TaskFilter, TaskSort, TaskStats};
use crate::service::principal::Principal;
use crate::service::streak::{Streak, streak};
use crate::store::{game, tasks};

/// Which tasks, in which order, which part of them.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What must hold.
    pub filter: TaskFilter,
    /// A look at the calendar.
    pub view: Option<View>,
    /// Newest first when absent.
    pub sort: Option<TaskSort>,
    /// Only tops, each with its parts.
    pub tree: bool,
    /// Which part of the list.
    pub page: Page,
}

/// A look at the calendar, in the caller's zone and by the caller's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Open and due today.
    Today,
    /// Open and past due.
    Overdue,
    /// Open and due after today.
    Upcoming,
}

/// A task of a list; in a tree with its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The task.
    pub task: Task,
    /// Its parts, oldest first; `None` when nobody asked for a tree.
    pub subtasks: Option<Vec<Branch>>,
}

/// A person's tasks in figures.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Counts.
    pub stats: TaskStats,
    /// Days in a row.
    pub streak: Streak,
}

impl View {
    /// Narrows a filter to this view.
    fn narrow(self, filter: &mut TaskFilter, now: Millis, today: (Millis, Millis)) {
        filter.open_only = true;
        let (after, before) = match self {
            Self::Today => (Some(today.0), Some(today.1)),
            Self::Overdue => (None, Some(now)),
            Self::Upcoming => (Some(today.1), None),
        };
        filter.due_after = filter.due_after.into_iter().chain(after).max();
        filter.due_before = filter.due_before.into_iter().chain(before).min();
    }
}

impl Tasks {
    /// A page of the caller's tasks.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn list(&self, caller: &Principal, mut listing: Listing) -> Outcome<Slice<Branch>> {
        if let Some(view) = listing.view {
            let now = self.clock.now();
            let calendar = self.game.settings_of(caller.user).await?.calendar();
            view.narrow(&mut listing.filter, now, calendar.bounds(now));
        }
        listing.filter.roots_only = listing.tree && listing.filter.parent_id.is_none();
        let sort = listing.sort.unwrap_or_else(newest_first);
        let slice = tasks::list(&self.db, caller.user, &listing.filter, sort, &listing.page).await?;
        if !listing.tree {
            return Ok(slice.map(|task| Branch { task, subtasks: None }));
        }
        let tops: Vec<Uuid> = slice.items.iter().map(|task| task.id).collect();
        let below = tasks::descendants(&self.db, caller.user, &tops).await?;
        let mut parts: HashMap<Uuid, Vec<Task>> = HashMap::new();
        for task in below {
            if let Some(parent) = task.parent_id {
                parts.entry(parent).or_default().push(task);
            }
        }
        Ok(slice.map(|task| grow(task, &mut parts)))
    }

    /// The caller's tasks in figures.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn stats(&self, caller: &Principal) -> Outcome<Standing> {
        let now = self.clock.now();
        let today = self.game.settings_of(caller.user).await?.calendar().day(now).to_string();
        let stats = tasks::stats(&self.db, caller.user, now).await?;
        let days = game::days(&self.db, caller.user).await?;
        Ok(Standing { stats, streak: streak(&days, &today) })
    }
}

/// A task with its parts, as deep as tasks go: each is taken out once, so that even a cycle in the data would end.
fn grow(task: Task, parts: &mut HashMap<Uuid, Vec<Task>>) -> Branch {
    let own = parts.remove(&task.id).unwrap_or_default();
    let subtasks = own.into_iter().map(|part| grow(part, parts)).collect();
    Branch { task, subtasks: Some(subtasks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_only_narrows() {
        let mut filter = TaskFilter { due_after: Some(50), due_before: Some(1_000), ..TaskFilter::default() };
        View::Today.narrow(&mut filter, 10, (0, 100));
        assert_eq!((filter.due_after, filter.due_before, filter.open_only), (Some(50), Some(100), true));
        let mut filter = TaskFilter::default();
        View::Overdue.narrow(&mut filter, 10, (0, 100));
        assert_eq!((filter.due_after, filter.due_before), (None, Some(10)));
        View::Upcoming.narrow(&mut filter, 10, (0, 100));
        assert_eq!(filter.due_after, Some(100));
    }
}
