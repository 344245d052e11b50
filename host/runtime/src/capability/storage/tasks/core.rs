//! The door of `storage/tasks`: granted and with a caller? → filter and limit → the caller's own → backend.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::Error;
use uuid::Uuid;

use super::backend::{TaskFilter, TaskList, TaskPage};
use crate::call::Call;
use crate::capability::door::{Answer, HostFunction, denied, from_backend, good_limit, invalid, split, waiting};
use crate::capability::storage::memories::core::{MAX_TAGS, MAX_WORDS, good_cursor, good_words};
use crate::wit::types::values::Task;

/// Most bytes of a filter's text.
const MAX_TEXT: usize = 4 << 10;
/// Most bytes of arguments.
const MAX_IN: usize = 24 << 10;
/// Most bytes of an answer.
const MAX_OUT: usize = 1 << 20;
/// Most tasks of a page.
const MAX_PAGE: u32 = 100;

const fn row(function: &'static str, name: &'static str, cost: u32, max_bytes_in: usize) -> HostFunction {
    HostFunction {
        interface: "storage/tasks",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out: MAX_OUT,
        deadline: Duration::from_secs(4),
        idempotent: true,
    }
}

pub(crate) const LIST: HostFunction = row("list", "storage/tasks.list", 4, MAX_IN);
pub(crate) const GET: HostFunction = row("get", "storage/tasks.get", 1, 256);

/// What a guest asks for; `parent` is not read yet.
pub(crate) struct Listing<'a> {
    pub(crate) filter: TaskFilter,
    pub(crate) parent: Option<&'a str>,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) limit: u32,
}

/// What a request must be allowed itself, so that no key reads through a plugin what it may not read.
const PERMISSION: &str = "task:read";

fn whose(call: &Call) -> Result<Uuid, Error> {
    if !call.revision.powers().tasks {
        return Err(denied("tasks-not-granted", "storage.tasks is not granted"));
    }
    let user = call.caller.user.as_deref().ok_or_else(|| denied("tasks-no-caller", "there is no user in this call"))?;
    if !user.permissions.contains(PERMISSION) {
        return Err(denied("tasks-not-permitted", "the request itself may not read tasks"));
    }
    Ok(user.id)
}

pub(crate) async fn list(call: &Call, mut listing: Listing<'_>) -> Answer<TaskPage> {
    let whose = whose(call).and_then(|user| {
        let filter = &mut listing.filter;
        good_words(&filter.tags, MAX_TAGS, "tasks-tags")?;
        good_words(&filter.statuses, MAX_WORDS, "tasks-statuses")?;
        if filter.text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
            return Err(invalid("tasks-text", "a text to look for has at most 4 KiB"));
        }
        good_cursor(listing.cursor, "tasks-cursor")?;
        good_limit(listing.limit, MAX_PAGE, "tasks-limit")?;
        // What is no id has no parts.
        let parent = listing.parent.map(Uuid::try_parse).transpose();
        filter.parent = parent.map_err(|_| invalid("tasks-parent", "the parent is no task's id"))?;
        Ok(user)
    });
    let (user, check) = split(whose);
    let filter = &listing.filter;
    let words: usize = filter.tags.iter().chain(&filter.statuses).map(String::len).sum();
    let bytes = words + filter.text.as_ref().map_or(0, String::len) + listing.cursor.map_or(0, str::len);
    waiting(call, &LIST, bytes, check, async {
        let Some(user) = user else { return Ok(TaskPage::default()) };
        let list = TaskList { filter, cursor: listing.cursor, limit: listing.limit, max_bytes: MAX_OUT };
        call.backends().tasks.list(user, list).await.map_err(|problem| from_backend(&problem, "tasks"))
    })
    .await
}

pub(crate) async fn get(call: &Call, id: &str) -> Answer<Option<Task>> {
    let (user, check) = split(whose(call));
    waiting(call, &GET, id.len(), check, async {
        let (Some(user), Ok(id)) = (user, Uuid::try_parse(id)) else { return Ok(None) };
        call.backends().tasks.get(user, id).await.map_err(|problem| from_backend(&problem, "tasks"))
    })
    .await
}
