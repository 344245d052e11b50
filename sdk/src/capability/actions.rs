//! Capability `actions`: the host's own operations, for agentic turns. Reference: `wit/deps/actions.wit`; manifest:
//! `[needs.actions] operations = ["tasks.create"]`. A model knows an operation as a tool whose name has no dot: `tasks.list` is
//! `list_tasks`, `tasks.create` `create_task`, `tasks.complete` `complete_task`, `memories.search` `search_memories`,
//! `memories.create` `create_memory`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::actions::actions as wit;
use crate::{Error, Tool, ToolCall};

/// What the grant and the caller allow here, to be passed as the model's tools; at most 32. Empty when nothing is.
///
/// ```
/// use mnemosyne_sdk::capability::actions::{double, offered};
/// double::offer("create_task", Ok("{}"));
/// assert_eq!(offered()[0].name, "create_task");
/// ```
pub fn offered() -> Vec<Tool> {
    #[cfg(target_arch = "wasm32")]
    return wit::offered();
    #[cfg(not(target_arch = "wasm32"))]
    double::offered()
}

/// Asks the host to do what a model asked for. Answers JSON, at most 64 KiB.
///
/// # Errors
/// `denied` when the user may not, `invalid` when the arguments do not fit, `quota` after the turn's rounds.
///
/// ```
/// use mnemosyne_sdk::capability::actions::{double, perform};
/// use mnemosyne_sdk::{ErrorKind, ToolCall};
/// let call = ToolCall { id: "1".to_owned(), name: "create_task".to_owned(), arguments: "{}".to_owned() };
/// assert_eq!(perform(&call).unwrap_err().kind, ErrorKind::Denied);
/// double::offer("create_task", Ok("{\"id\":\"t\"}"));
/// assert_eq!(perform(&call).unwrap(), "{\"id\":\"t\"}");
/// assert_eq!(double::performed().len(), 1);
/// ```
pub fn perform(call: &ToolCall) -> Result<String, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::perform(call);
    #[cfg(not(target_arch = "wasm32"))]
    double::perform(call)
}

/// Operations of a native test.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use crate::{Error, Tool, ToolCall};

    thread_local! {
        static OFFERED: RefCell<BTreeMap<String, Result<String, Error>>> = const { RefCell::new(BTreeMap::new()) };
        static PERFORMED: RefCell<Vec<ToolCall>> = const { RefCell::new(Vec::new()) };
    }

    /// Offers an operation that always answers like this.
    pub fn offer(name: &str, answer: Result<&str, Error>) {
        OFFERED.with_borrow_mut(|offered| offered.insert(name.to_owned(), answer.map(str::to_owned)));
    }

    /// What was performed in this thread, oldest first.
    pub fn performed() -> Vec<ToolCall> {
        PERFORMED.with_borrow(Clone::clone)
    }

    pub(super) fn offered() -> Vec<Tool> {
        let tool = |name: &String| Tool { name: name.clone(), description: String::new(), parameters: "{}".to_owned() };
        OFFERED.with_borrow(|offered| offered.keys().map(tool).collect())
    }

    pub(super) fn perform(call: &ToolCall) -> Result<String, Error> {
        let answer = OFFERED.with_borrow(|offered| offered.get(&call.name).cloned());
        let answer = answer.unwrap_or_else(|| Err(Error::denied("action-not-granted", "no test offered it")))?;
        PERFORMED.with_borrow_mut(|performed| performed.push(call.clone()));
        Ok(answer)
    }
}
