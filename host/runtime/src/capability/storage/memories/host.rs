//! `mnemosyne:storage/memories` on a call's store.

use mnemosyne_bindings::capability::storage::memories;
use mnemosyne_bindings::capability::types::errors::Error;
use mnemosyne_bindings::capability::types::values::Memory;

use super::backend::MemoryFilter;
use super::core;
use crate::call::CallState;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl memories::Host for CallState {
    async fn search(&mut self, query: String, filter: memories::Filter, limit: u32) -> Answer<Vec<memories::Hit>> {
        let hits = core::search(&self.call, self.conversation.memories, &query, &translate(filter), limit).await?;
        Ok(hits.map(|hits| hits.into_iter().map(|hit| memories::Hit { memory: hit.memory, score: hit.score }).collect()))
    }

    async fn list(&mut self, filter: memories::Filter, cursor: Option<String>, limit: u32) -> Answer<memories::Page> {
        let page = core::list(&self.call, self.conversation.memories, &translate(filter), cursor.as_deref(), limit).await?;
        Ok(page.map(|page| memories::Page { items: page.items, next: page.next }))
    }

    async fn get(&mut self, id: String) -> Answer<Option<Memory>> {
        Ok(core::get(&self.call, self.conversation.memories, &id).await?)
    }
}

fn translate(filter: memories::Filter) -> MemoryFilter {
    MemoryFilter {
        tags: filter.tags,
        source_types: filter.source_types,
        since: filter.since,
        until: filter.until,
        min_importance: filter.min_importance,
    }
}
