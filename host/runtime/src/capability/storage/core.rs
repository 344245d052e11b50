//! The door of `storage/kv`: granted for this scope? → key, sizes and quota → the caller's own drawer → backend.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::Error;

use super::backend::{KvEntry, KvList, KvPage, KvPut, KvSpace};
use crate::call::Call;
use crate::capability::door::{Answer, HostFunction, denied, from_backend, invalid, split, waiting};

/// Most bytes of a key.
const MAX_KEY: usize = 256;
/// Most bytes of a value.
const MAX_VALUE: usize = 64 << 10;
/// Most entries of a page.
const MAX_PAGE: u32 = 100;
/// Most bytes of a page.
const MAX_PAGE_BYTES: usize = 256 << 10;
/// Longest life of an entry, in seconds: ten years. Longer is for ever.
const MAX_TTL: u32 = 10 * 366 * 24 * 3600;

const fn row(
    function: &'static str,
    name: &'static str,
    cost: u32,
    max_bytes_in: usize,
    max_bytes_out: usize,
    idempotent: bool,
) -> HostFunction {
    HostFunction {
        interface: "storage/kv",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out,
        deadline: Duration::from_secs(2),
        idempotent,
    }
}

pub(crate) const GET: HostFunction = row("get", "storage/kv.get", 1, MAX_KEY, MAX_VALUE, true);
pub(crate) const GET_TEXT: HostFunction = row("get-text", "storage/kv.get-text", 1, MAX_KEY, MAX_VALUE, true);
pub(crate) const PUT: HostFunction = row("put", "storage/kv.put", 1, MAX_KEY + MAX_VALUE, 8, false);
pub(crate) const PUT_TEXT: HostFunction = row("put-text", "storage/kv.put-text", 1, MAX_KEY + MAX_VALUE, 8, false);
pub(crate) const DELETE: HostFunction = row("delete", "storage/kv.delete", 1, MAX_KEY, 1, false);
pub(crate) const LIST: HostFunction = row("list", "storage/kv.list", 4, 2 * MAX_KEY, MAX_PAGE_BYTES, true);
pub(crate) const INCREMENT: HostFunction = row("increment", "storage/kv.increment", 1, MAX_KEY, 8, false);

/// Whose drawer a guest means. It cannot name anybody: "user" is the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Plugin,
    User,
}

/// The drawer and its quota, if the grant and the caller allow it.
fn drawer(call: &Call, scope: Scope) -> Result<(KvSpace<'_>, u64), Error> {
    let powers = call.revision.powers();
    let (granted, user) = match scope {
        Scope::Plugin => (powers.kv_plugin, None),
        Scope::User => {
            let user = call.caller.user_id().ok_or_else(|| denied("kv-no-caller", "there is no user in this call"))?;
            (powers.kv_user, Some(user))
        }
    };
    let quota = granted.ok_or_else(|| denied("kv-not-granted", "storage.kv is not granted for this scope"))?;
    let space = KvSpace { plugin: &call.revision.id().plugin, user, data_version: call.revision.manifest().data.version };
    Ok((space, quota))
}

/// 1…256 bytes of UTF-8 without control characters.
fn good_key(key: &str) -> Result<(), Error> {
    if key.is_empty() || key.len() > MAX_KEY || key.chars().any(char::is_control) {
        return Err(invalid("kv-key", "a key is 1 to 256 bytes of UTF-8 without control characters"));
    }
    Ok(())
}

pub(crate) async fn get(call: &Call, row: &'static HostFunction, scope: Scope, key: &str) -> Answer<Option<KvEntry>> {
    let drawer = drawer(call, scope).and_then(|drawer| good_key(key).map(|()| drawer));
    let (space, check) = split(drawer);
    waiting(call, row, key.len(), check, async {
        let Some((space, _)) = space else { return Ok(None) };
        call.backends().kv.get(space, key, call.now()).await.map_err(|problem| from_backend(&problem, "kv"))
    })
    .await
}

/// What a guest wants to write.
pub(crate) struct Write<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a [u8],
    pub(crate) expect: Option<u64>,
    pub(crate) ttl_seconds: Option<u32>,
}

pub(crate) async fn put(call: &Call, row: &'static HostFunction, scope: Scope, write: Write<'_>) -> Answer<u64> {
    let drawer = drawer(call, scope).and_then(|drawer| {
        good_key(write.key)?;
        if write.value.len() > MAX_VALUE {
            return Err(invalid("kv-too-large", "a value has at most 64 KiB"));
        }
        if write.ttl_seconds.is_some_and(|ttl| ttl == 0 || ttl > MAX_TTL) {
            return Err(invalid("kv-ttl", "a time to live is 1 second to 10 years"));
        }
        Ok(drawer)
    });
    let (space, check) = split(drawer);
    waiting(call, row, write.key.len() + write.value.len(), check, async {
        let Some((space, quota_bytes)) = space else { return Ok(0) };
        let expires = write.ttl_seconds.map(|seconds| call.now() + i64::from(seconds) * 1000);
        let put = KvPut { key: write.key, value: write.value, expect: write.expect, expires, quota_bytes };
        call.backends().kv.put(space, put, call.now()).await.map_err(|problem| from_backend(&problem, "kv"))
    })
    .await
}

pub(crate) async fn delete(call: &Call, scope: Scope, key: &str, expect: Option<u64>) -> Answer<bool> {
    let (space, check) = split(drawer(call, scope).and_then(|drawer| good_key(key).map(|()| drawer)));
    waiting(call, &DELETE, key.len(), check, async {
        let Some((space, _)) = space else { return Ok(false) };
        call.backends().kv.delete(space, key, expect, call.now()).await.map_err(|problem| from_backend(&problem, "kv"))
    })
    .await
}

/// What a guest wants to list. The cursor is the last key of the page before.
pub(crate) struct Listing<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) limit: u32,
    pub(crate) newest_key_first: bool,
}

pub(crate) async fn list(call: &Call, scope: Scope, listing: Listing<'_>) -> Answer<(KvPage, Option<String>)> {
    let drawer = drawer(call, scope).and_then(|drawer| {
        if !listing.prefix.is_empty() {
            good_key(listing.prefix)?;
        }
        listing.cursor.map_or(Ok(()), good_key)?;
        if listing.limit == 0 || listing.limit > MAX_PAGE {
            return Err(invalid("kv-limit", "a page has 1 to 100 entries"));
        }
        Ok(drawer)
    });
    let (space, check) = split(drawer);
    waiting(call, &LIST, listing.prefix.len() + listing.cursor.map_or(0, str::len), check, async {
        let Some((space, _)) = space else { return Ok((KvPage::default(), None)) };
        let list = KvList {
            prefix: listing.prefix,
            after: listing.cursor,
            limit: listing.limit,
            newest_key_first: listing.newest_key_first,
            max_bytes: MAX_PAGE_BYTES,
        };
        let page = call.backends().kv.list(space, list, call.now()).await.map_err(|problem| from_backend(&problem, "kv"))?;
        let next = if page.more { page.entries.last().map(|entry| entry.key.clone()) } else { None };
        Ok((page, next))
    })
    .await
}

pub(crate) async fn increment(call: &Call, scope: Scope, key: &str, by: i64) -> Answer<i64> {
    let (space, check) = split(drawer(call, scope).and_then(|drawer| good_key(key).map(|()| drawer)));
    waiting(call, &INCREMENT, key.len(), check, async {
        let Some((space, quota)) = space else { return Ok(0) };
        call.backends().kv.increment(space, key, by, quota, call.now()).await.map_err(|problem| from_backend(&problem, "kv"))
    })
    .await
}
