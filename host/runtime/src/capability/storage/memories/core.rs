//! The door of `storage/memories`: granted, wished and with a caller? → query, filter and limit → the caller's own → backend.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::Error;
use uuid::Uuid;

use super::backend::{MemoryFilter, MemoryHit, MemoryList, MemoryPage};
use crate::call::Call;
use crate::capability::door::{Answer, HostFunction, denied, from_backend, good_limit, invalid, split, waiting};
use crate::wit::types::values::Memory;

/// Most bytes of a query.
const MAX_QUERY: usize = 4 << 10;
/// Most bytes of arguments: a query and a filter.
const MAX_IN: usize = 24 << 10;
/// Most bytes of an answer.
const MAX_OUT: usize = 1 << 20;
/// Most results of a search.
const MAX_HITS: u32 = 50;
/// Most memories of a page.
const MAX_PAGE: u32 = 100;
/// Most bytes of a cursor.
pub(crate) const MAX_CURSOR: usize = 256;
/// Most tags of a filter.
pub(crate) const MAX_TAGS: usize = 50;
/// Most words of a filter that are no tags.
pub(crate) const MAX_WORDS: usize = 16;
/// Most characters of a tag or word.
const MAX_TAG: usize = 64;

const fn row(function: &'static str, name: &'static str, cost: u32, max_bytes_in: usize) -> HostFunction {
    HostFunction {
        interface: "storage/memories",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out: MAX_OUT,
        deadline: Duration::from_secs(4),
        idempotent: true,
    }
}

pub(crate) const SEARCH: HostFunction = row("search", "storage/memories.search", 8, MAX_IN);
pub(crate) const LIST: HostFunction = row("list", "storage/memories.list", 4, MAX_IN);
pub(crate) const GET: HostFunction = row("get", "storage/memories.get", 1, 256);

/// Whether the person wants memories used in this turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wish {
    #[default]
    With,
    Without,
}

/// What a request must be allowed itself, so that no key reads through a plugin what it may not read.
const PERMISSION: &str = "memory:read";

/// Whose memories, if grant, caller and turn allow it.
fn whose(call: &Call, wish: Wish) -> Result<Uuid, Error> {
    if !call.revision.powers().memories {
        return Err(denied("memories-not-granted", "storage.memories is not granted"));
    }
    if wish == Wish::Without {
        return Err(denied("memories-not-wished", "the person does not want memories used in this turn"));
    }
    let user = call.caller.user.as_deref().ok_or_else(|| denied("memories-no-caller", "there is no user in this call"))?;
    if !user.permissions.contains(PERMISSION) {
        return Err(denied("memories-not-permitted", "the request itself may not read memories"));
    }
    Ok(user.id)
}

/// At most `most` words of at most 64 characters.
pub(crate) fn good_words(words: &[String], most: usize, code: &str) -> Result<(), Error> {
    if words.len() > most || words.iter().any(|word| word.chars().count() > MAX_TAG) {
        return Err(invalid(code, &format!("at most {most} of at most {MAX_TAG} characters")));
    }
    Ok(())
}

/// At most 256 bytes without control characters.
pub(crate) fn good_cursor(cursor: Option<&str>, code: &str) -> Result<(), Error> {
    let good = cursor.is_none_or(|cursor| cursor.len() <= MAX_CURSOR && !cursor.chars().any(char::is_control));
    if good { Ok(()) } else { Err(invalid(code, "the cursor is not one that this function gave")) }
}

fn good_filter(filter: &MemoryFilter) -> Result<(), Error> {
    good_words(&filter.tags, MAX_TAGS, "memories-tags")?;
    good_words(&filter.source_types, MAX_WORDS, "memories-source-types")?;
    match filter.min_importance {
        Some(least) if !(0.0..=1.0).contains(&least) => Err(invalid("memories-importance", "an importance is 0 to 1")),
        _ => Ok(()),
    }
}

fn filter_bytes(filter: &MemoryFilter) -> usize {
    filter.tags.iter().chain(&filter.source_types).map(String::len).sum()
}

/// What a memory weighs in an answer.
fn bytes(memory: &Memory) -> usize {
    memory.title.len() + memory.content.len() + memory.metadata.len() + memory.tags.iter().map(String::len).sum::<usize>() + 128
}

pub(crate) async fn search(call: &Call, wish: Wish, query: &str, filter: &MemoryFilter, limit: u32) -> Answer<Vec<MemoryHit>> {
    let whose = whose(call, wish).and_then(|user| {
        if query.trim().is_empty() || query.len() > MAX_QUERY {
            return Err(invalid("memories-query", "a query is 1 byte to 4 KiB and no mere space"));
        }
        good_filter(filter)?;
        good_limit(limit, MAX_HITS, "memories-limit")?;
        Ok(user)
    });
    let (user, check) = split(whose);
    waiting(call, &SEARCH, query.len() + filter_bytes(filter), check, async {
        let Some(user) = user else { return Ok(Vec::new()) };
        let mut hits =
            call.backends().memories.search(user, query, filter, limit).await.map_err(|problem| from_backend(&problem, "memories"))?;
        hits.truncate(limit as usize);
        // The best ones that fit; `limit` is the most, not a promise.
        let mut left = MAX_OUT;
        let fitting = hits.iter().take_while(|hit| match left.checked_sub(bytes(&hit.memory)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        let fitting = fitting.count();
        hits.truncate(fitting);
        Ok(hits)
    })
    .await
}

pub(crate) async fn list(call: &Call, wish: Wish, filter: &MemoryFilter, cursor: Option<&str>, limit: u32) -> Answer<MemoryPage> {
    let whose = whose(call, wish).and_then(|user| {
        good_filter(filter)?;
        good_cursor(cursor, "memories-cursor")?;
        good_limit(limit, MAX_PAGE, "memories-limit")?;
        Ok(user)
    });
    let (user, check) = split(whose);
    waiting(call, &LIST, filter_bytes(filter) + cursor.map_or(0, str::len), check, async {
        let Some(user) = user else { return Ok(MemoryPage::default()) };
        let list = MemoryList { filter, cursor, limit, max_bytes: MAX_OUT };
        call.backends().memories.list(user, list).await.map_err(|problem| from_backend(&problem, "memories"))
    })
    .await
}

pub(crate) async fn get(call: &Call, wish: Wish, id: &str) -> Answer<Option<Memory>> {
    let (user, check) = split(whose(call, wish));
    waiting(call, &GET, id.len(), check, async {
        // What is no id names no memory of this caller.
        let (Some(user), Ok(id)) = (user, Uuid::try_parse(id)) else { return Ok(None) };
        call.backends().memories.get(user, id).await.map_err(|problem| from_backend(&problem, "memories"))
    })
    .await
}
