//! What the host fills in. Whose tasks is told by the door; nothing here widens it.

use async_trait::async_trait;
use uuid::Uuid;

use crate::capability::BackendError;
use crate::wit::types::values::Task;

/// Which tasks; every condition must hold, an empty or absent one always does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Any of these; at most 16.
    pub statuses: Vec<String>,
    /// Words in title or description, at most 4 KiB.
    pub text: Option<String>,
    /// All of these; at most 50.
    pub tags: Vec<String>,
    /// Direct parts of this task.
    pub parent: Option<Uuid>,
    /// Completed at or after, in milliseconds since 1970.
    pub completed_since: Option<i64>,
    /// Due before, in milliseconds since 1970.
    pub due_before: Option<i64>,
}

/// Which part of a listing.
#[derive(Clone, Copy, Debug)]
pub struct TaskList<'a> {
    /// Which ones.
    pub filter: &'a TaskFilter,
    /// What an earlier page gave; at most 256 bytes. A malformed one is `invalid`.
    pub cursor: Option<&'a str>,
    /// 1…100.
    pub limit: u32,
    /// Most bytes of a page; one task is always given.
    pub max_bytes: usize,
}

/// A part of a listing.
#[derive(Clone, Debug, Default)]
pub struct TaskPage {
    /// At most `limit`.
    pub items: Vec<Task>,
    /// Cursor of the next part; `None`: that was all.
    pub next: Option<String>,
}

/// One person's tasks; deleted ones do not exist.
#[async_trait]
pub trait TasksBackend: Send + Sync {
    /// Open tasks by due date (those without one last), then completed ones newest first.
    async fn list(&self, user: Uuid, list: TaskList<'_>) -> Result<TaskPage, BackendError>;
    /// `None`: this person has none of this id.
    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<Task>, BackendError>;
}
