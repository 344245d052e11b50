//! Operations of tests: `create_task` and `list_tasks`, which are only kept.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::backend::{ActionsBackend, Operation};
use crate::capability::{Asking, BackendError};
use crate::wit::types::values::Tool;

/// What was done, by whom.
#[derive(Debug)]
pub struct KeptActions {
    catalogue: Vec<Operation>,
    done: Mutex<Vec<(Option<Uuid>, &'static str, String)>>,
}

impl Default for KeptActions {
    fn default() -> Self {
        let operation = |operation, permission, name: &str| Operation {
            operation,
            permission,
            tool: Tool {
                name: name.to_owned(),
                description: "For tests.".to_owned(),
                parameters: r#"{"type":"object","required":["title"]}"#.to_owned(),
            },
        };
        let catalogue = vec![
            operation("tasks.create", "task:write", "create_task"),
            operation("tasks.complete", "task:write", "complete_task"),
            operation("memories.search", "memory:read", "search_memories"),
        ];
        Self { catalogue, done: Mutex::default() }
    }
}

impl KeptActions {
    /// Everything done so far: who, which operation, arguments.
    pub fn done(&self) -> Vec<(Option<Uuid>, &'static str, String)> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl ActionsBackend for KeptActions {
    fn catalogue(&self) -> &[Operation] {
        &self.catalogue
    }

    fn check(&self, _: &Operation, arguments: &str) -> Result<(), BackendError> {
        if arguments.contains("\"title\"") { Ok(()) } else { Err(BackendError::invalid("actions-arguments", "`title` is missing")) }
    }

    async fn perform(&self, of: Asking<'_>, operation: &Operation, arguments: &str) -> Result<String, BackendError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push((of.user.map(|user| user.id), operation.operation, arguments.to_owned()));
        Ok(r#"{"done":true}"#.to_owned())
    }
}
