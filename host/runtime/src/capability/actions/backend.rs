//! What the host fills in: which operations there are, and doing one.

use async_trait::async_trait;

use crate::capability::{Asking, BackendError};
use crate::wit::types::values::Tool;

/// One operation of the host.
#[derive(Clone, Debug)]
pub struct Operation {
    /// As grants name it: `tasks.create`.
    pub operation: &'static str,
    /// What the caller must have: `task:write`.
    pub permission: &'static str,
    /// As a model sees it; its name is unique.
    pub tool: Tool,
}

/// The host's operations. Grant, permission, rounds and effects are the door's; schema, ownership and doing it are the backend's.
#[async_trait]
pub trait ActionsBackend: Send + Sync {
    /// Every operation, the same for everybody.
    fn catalogue(&self) -> &[Operation];
    /// Whether the arguments (a JSON object, at most 64 KiB) fit the operation's schema.
    ///
    /// # Errors
    /// [`BackendError::invalid`] that says what does not fit.
    fn check(&self, operation: &Operation, arguments: &str) -> Result<(), BackendError>;
    /// Does it as the caller, who is a person; ids are checked for ownership. JSON of at most 64 KiB.
    async fn perform(&self, of: Asking<'_>, operation: &Operation, arguments: &str) -> Result<String, BackendError>;
}
