//! `mnemosyne:storage/tasks` on a call's store.

use mnemosyne_bindings::capability::storage::tasks;
use mnemosyne_bindings::capability::types::errors::Error;
use mnemosyne_bindings::capability::types::values::Task;

use super::backend::TaskFilter;
use super::core::{self, Listing};
use crate::call::CallState;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl tasks::Host for CallState {
    async fn list(&mut self, filter: tasks::Filter, cursor: Option<String>, limit: u32) -> Answer<tasks::Page> {
        let parent = filter.parent;
        let filter = TaskFilter {
            statuses: filter.statuses,
            text: filter.text,
            tags: filter.tags,
            parent: None,
            completed_since: filter.completed_since,
            due_before: filter.due_before,
        };
        let listing = Listing { filter, parent: parent.as_deref(), cursor: cursor.as_deref(), limit };
        let page = core::list(&self.call, listing).await?;
        Ok(page.map(|page| tasks::Page { items: page.items, next: page.next }))
    }

    async fn get(&mut self, id: String) -> Answer<Option<Task>> {
        Ok(core::get(&self.call, &id).await?)
    }
}
