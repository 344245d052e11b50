//! `storage/tasks`: the caller's tasks, read only.

pub mod backend;
pub(crate) mod core;
mod host;
pub mod in_memory;
#[cfg(test)]
mod tests;

pub use self::backend::{TaskFilter, TaskList, TaskPage, TasksBackend};
