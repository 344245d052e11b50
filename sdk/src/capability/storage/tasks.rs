//! The caller's tasks. Needs `[needs.storage] tasks = "read"`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::storage::tasks as wit;
pub use crate::bindings::mnemosyne::storage::tasks::{Filter, Page};
use crate::{Error, Instant, Task};

/// Open tasks by due date (those without one last), then completed ones newest first; `limit` 1…100; `cursor` is the `next`
/// of the part before.
///
/// # Errors
/// `denied` without a caller or the grant.
///
/// ```
/// use mnemosyne_sdk::capability::storage::tasks::{Filter, double, list};
/// use mnemosyne_sdk::sample;
/// double::add(sample::task());
/// assert_eq!(list(&Filter::completed_since(0), None, 10).unwrap().items.len(), 1);
/// assert!(list(&Filter::open(), None, 10).unwrap().items.is_empty());
/// ```
pub fn list(filter: &Filter, cursor: Option<&str>, limit: u32) -> Result<Page, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::list(filter, cursor, limit);
    #[cfg(not(target_arch = "wasm32"))]
    double::list(filter, cursor, limit)
}

/// `None` = the caller has none of this id.
///
/// # Errors
/// As [`list`].
///
/// ```
/// assert!(mnemosyne_sdk::capability::storage::tasks::get("unknown").unwrap().is_none());
/// ```
pub fn get(id: &str) -> Result<Option<Task>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::get(id);
    #[cfg(not(target_arch = "wasm32"))]
    double::get(id)
}

/// All of them.
impl Default for Filter {
    fn default() -> Self {
        Self {
            statuses: Vec::new(),
            text: None,
            tags: Vec::new(),
            parent: None,
            completed_since: None,
            due_before: None,
            extra: Vec::new(),
        }
    }
}

impl Filter {
    /// What is still to be done: `pending`, `in_progress` and `blocked`.
    pub fn open() -> Self {
        Self { statuses: ["pending", "in_progress", "blocked"].map(str::to_owned).to_vec(), ..Self::default() }
    }

    /// What was completed at or after `since`.
    pub fn completed_since(since: Instant) -> Self {
        Self { statuses: vec!["completed".to_owned()], completed_since: Some(since), ..Self::default() }
    }
}

/// Tasks of a native test.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;

    use super::{Filter, Page};
    use crate::{Error, Task, words};

    thread_local! {
        static TASKS: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
    }

    /// Adds a task for this thread.
    pub fn add(task: Task) {
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
    }

    fn fits(task: &Task, filter: &Filter) -> bool {
        let own = words::of(&format!("{} {}", task.title, task.description));
        (filter.statuses.is_empty() || filter.statuses.contains(&task.status))
            && filter.text.as_ref().is_none_or(|text| words::of(text).iter().any(|word| own.contains(word)))
            && filter.tags.iter().all(|tag| task.tags.contains(tag))
            && filter.parent.as_ref().is_none_or(|parent| task.parent.as_ref() == Some(parent))
            && filter.completed_since.is_none_or(|since| task.completed.is_some_and(|at| at >= since))
            && filter.due_before.is_none_or(|before| task.due.is_some_and(|due| due < before))
    }

    #[expect(clippy::unnecessary_wraps, reason = "a double of the host's function")]
    pub(super) fn list(filter: &Filter, cursor: Option<&str>, limit: u32) -> Result<Page, Error> {
        let mut all: Vec<Task> = TASKS.with_borrow(|tasks| tasks.iter().filter(|task| fits(task, filter)).cloned().collect());
        all.sort_by_key(|task| (task.completed.map(std::cmp::Reverse), task.due.is_none(), task.due));
        all.sort_by_key(|task| task.completed.is_some());
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let to = all.len().min(from + limit as usize);
        Ok(Page { items: all[from..to].to_vec(), next: (to < all.len()).then(|| to.to_string()) })
    }

    #[expect(clippy::unnecessary_wraps, reason = "a double of the host's function")]
    pub(super) fn get(id: &str) -> Result<Option<Task>, Error> {
        Ok(TASKS.with_borrow(|tasks| tasks.iter().find(|task| task.id == id).cloned()))
    }
}
