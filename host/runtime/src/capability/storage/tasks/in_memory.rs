//! Tasks of tests and tools.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::backend::{TaskFilter, TaskList, TaskPage, TasksBackend};
use crate::capability::BackendError;
use crate::wit::types::values::Task;

/// Tasks by user.
#[derive(Debug, Default)]
pub struct InMemoryTasks(Mutex<BTreeMap<Uuid, Vec<Task>>>);

impl InMemoryTasks {
    /// Adds one.
    pub fn add(&self, user: Uuid, task: Task) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default().push(task);
    }

    fn of(&self, user: Uuid, filter: &TaskFilter) -> Vec<Task> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = filter.parent.map(|id| id.to_string());
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        let fits = |task: &&Task| {
            (filter.statuses.is_empty() || filter.statuses.contains(&task.status))
                && text.as_ref().is_none_or(|text| format!("{} {}", task.title, task.description).to_lowercase().contains(text))
                && filter.tags.iter().all(|tag| task.tags.contains(tag))
                && (parent.is_none() || task.parent == parent)
                && filter.completed_since.is_none_or(|since| task.completed.is_some_and(|at| at >= since))
                && filter.due_before.is_none_or(|before| task.due.is_some_and(|at| at < before))
        };
        tasks.get(&user).into_iter().flatten().filter(fits).cloned().collect()
    }
}

#[async_trait]
impl TasksBackend for InMemoryTasks {
    async fn list(&self, user: Uuid, list: TaskList<'_>) -> Result<TaskPage, BackendError> {
        let begin: usize = match list.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| BackendError::invalid("tasks-cursor", "no such cursor"))?,
        };
        let mut all = self.of(user, list.filter);
        all.sort_by_key(|task| match task.completed {
            None => (0, task.due.unwrap_or(i64::MAX)),
            Some(at) => (1, -at),
        });
        let end = begin + list.limit as usize;
        let next = (end < all.len()).then(|| end.to_string());
        Ok(TaskPage { items: all.into_iter().skip(begin).take(list.limit as usize).collect(), next })
    }

    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<Task>, BackendError> {
        let id = id.to_string();
        Ok(self.of(user, &TaskFilter::default()).into_iter().find(|task| task.id == id))
    }
}
