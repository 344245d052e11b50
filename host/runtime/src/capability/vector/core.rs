//! The door of `vector/index`: granted for this scope? → collection, sizes and quota → the caller's own collection → backend.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::Error;

use super::backend::{Collection, VectorItem, VectorMatch, VectorQuery, VectorText};
use crate::call::Call;
use crate::capability::door::{Answer, HostFunction, denied, from_backend, good_limit, invalid, split, waiting};
use crate::capability::storage::core::Scope;
use crate::wit::types::values::VectorSpace;

/// Most items or ids at once.
const MAX_ITEMS: usize = 100;
/// Most bytes of an id.
const MAX_ID: usize = 256;
/// Most bytes of an item's text.
const MAX_TEXT: usize = 16 << 10;
/// Most bytes of a query's text.
const MAX_QUERY: usize = 4 << 10;
/// Most dimensions of a space.
const MAX_DIMENSIONS: u32 = 4096;
/// Most results.
const MAX_MATCHES: u32 = 100;
/// Most pairs beside an item, and of a condition.
const MAX_PAIRS: usize = 16;

const fn row(
    function: &'static str,
    name: &'static str,
    cost: u32,
    max_bytes_in: usize,
    max_bytes_out: usize,
    idempotent: bool,
) -> HostFunction {
    HostFunction {
        interface: "vector/index",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out,
        deadline: Duration::from_secs(4),
        idempotent,
    }
}

/// A hundred items of 4096 floats, or of 16 KiB of text, with their metadata.
const MAX_UPSERT: usize = 3 << 20;
/// A query, a condition and a name.
const MAX_SEARCH: usize = 64 << 10;

pub(crate) const UPSERT: HostFunction = row("upsert", "vector/index.upsert", 8, MAX_UPSERT, 4, true);
pub(crate) const UPSERT_TEXT: HostFunction = row("upsert-text", "vector/index.upsert-text", 8, MAX_UPSERT, 4, true);
pub(crate) const SEARCH: HostFunction = row("search", "vector/index.search", 4, MAX_SEARCH, 2 << 20, true);
pub(crate) const SEARCH_TEXT: HostFunction = row("search-text", "vector/index.search-text", 8, MAX_SEARCH, 2 << 20, true);
pub(crate) const REMOVE: HostFunction = row("remove", "vector/index.remove", 2, MAX_ITEMS * MAX_ID + 64, 4, true);

/// Which collection a guest means.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) scope: Scope,
    pub(crate) collection: &'a str,
}

fn collection<'c>(call: &'c Call, named: Named<'c>) -> Result<Collection<'c>, Error> {
    let powers = call.revision.powers();
    let (granted, user) = match named.scope {
        Scope::Plugin => (powers.vector_plugin, None),
        Scope::User => {
            let user = call.caller.user_id().ok_or_else(|| denied("vector-no-caller", "there is no user in this call"))?;
            (powers.vector_user, Some(user))
        }
    };
    let max_items = granted.ok_or_else(|| denied("vector-not-granted", "vector is not granted for this scope"))?;
    let name = named.collection;
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(good) {
        return Err(invalid("vector-collection", "a collection's name is 1 to 64 lower-case letters, digits and hyphens"));
    }
    Ok(Collection { plugin: &call.revision.id().plugin, user, name, max_items })
}

fn good_space(space: &VectorSpace) -> Result<(), Error> {
    let named = (1..=256).contains(&space.model.len()) && !space.model.chars().any(char::is_control);
    if named && (1..=MAX_DIMENSIONS).contains(&space.dimensions) {
        return Ok(());
    }
    Err(invalid("vector-space", "a space has a model's name of 1 to 256 bytes and 1 to 4096 dimensions"))
}

fn good_vector(space: &VectorSpace, vector: &[f32]) -> Result<(), Error> {
    if vector.len() != space.dimensions as usize || !vector.iter().all(|float| float.is_finite()) {
        return Err(invalid("vector-floats", "a vector has as many finite floats as its space has dimensions"));
    }
    Ok(())
}

fn good_id(id: &str) -> Result<(), Error> {
    if (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control) {
        return Ok(());
    }
    Err(invalid("vector-id", "an id is 1 to 256 bytes of UTF-8 without control characters"))
}

fn good_pairs(pairs: &[(String, String)]) -> Result<(), Error> {
    let good = |(key, value): &(String, String)| (1..=64).contains(&key.len()) && value.len() <= 1 << 10;
    let unique = pairs.iter().enumerate().all(|(index, (key, _))| pairs[..index].iter().all(|(other, _)| other != key));
    if pairs.len() <= MAX_PAIRS && pairs.iter().all(good) && unique {
        return Ok(());
    }
    Err(invalid("vector-metadata", "at most 16 pairs of 64 bytes and 1 KiB, each key once"))
}

fn good_count(count: usize) -> Result<(), Error> {
    if count <= MAX_ITEMS { Ok(()) } else { Err(invalid("vector-count", "at most 100 at once")) }
}

fn pairs_bytes(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(key, value)| key.len() + value.len()).sum()
}

pub(crate) async fn upsert(call: &Call, named: Named<'_>, space: &VectorSpace, items: Vec<VectorItem>) -> Answer<u32> {
    let bytes = items.iter().map(|item| item.id.len() + item.vector.len() * 4 + pairs_bytes(&item.metadata)).sum();
    let of = collection(call, named).and_then(|of| {
        good_space(space)?;
        good_count(items.len())?;
        for item in &items {
            good_id(&item.id)?;
            good_vector(space, &item.vector)?;
            good_pairs(&item.metadata)?;
        }
        Ok(of)
    });
    let (of, check) = split(of);
    waiting(call, &UPSERT, bytes, check, async {
        let Some(of) = of else { return Ok(0) };
        call.backends().vectors.upsert(of, space, items).await.map_err(|problem| from_backend(&problem, "vector"))
    })
    .await
}

pub(crate) async fn upsert_text(call: &Call, named: Named<'_>, items: Vec<VectorText>) -> Answer<u32> {
    let bytes = items.iter().map(|item| item.id.len() + item.text.len() + pairs_bytes(&item.metadata)).sum();
    let of = collection(call, named).and_then(|of| {
        good_count(items.len())?;
        for item in &items {
            good_id(&item.id)?;
            good_pairs(&item.metadata)?;
            if !(1..=MAX_TEXT).contains(&item.text.len()) {
                return Err(invalid("vector-text", "a text has 1 byte to 16 KiB"));
            }
        }
        Ok(of)
    });
    let (of, check) = split(of);
    waiting(call, &UPSERT_TEXT, bytes, check, async {
        let Some(of) = of else { return Ok(0) };
        call.backends().vectors.upsert_text(of, items).await.map_err(|problem| from_backend(&problem, "vector"))
    })
    .await
}

pub(crate) async fn search(
    call: &Call,
    named: Named<'_>,
    query: VectorQuery<'_>,
    limit: u32,
    equal: &[(String, String)],
) -> Answer<Vec<VectorMatch>> {
    let (row, bytes) = match query {
        VectorQuery::Vector { vector, .. } => (&SEARCH, vector.len() * 4),
        VectorQuery::Text(text) => (&SEARCH_TEXT, text.len()),
    };
    let of = collection(call, named).and_then(|of| {
        match query {
            VectorQuery::Vector { space, vector } => {
                good_space(space)?;
                good_vector(space, vector)?;
            }
            VectorQuery::Text(text) if !(1..=MAX_QUERY).contains(&text.len()) => {
                return Err(invalid("vector-query", "a query has 1 byte to 4 KiB"));
            }
            VectorQuery::Text(_) => {}
        }
        good_pairs(equal)?;
        good_limit(limit, MAX_MATCHES, "vector-limit")?;
        Ok(of)
    });
    let (of, check) = split(of);
    waiting(call, row, bytes + pairs_bytes(equal), check, async {
        let Some(of) = of else { return Ok(Vec::new()) };
        let matches = call.backends().vectors.search(of, query, limit, equal).await;
        let mut matches = matches.map_err(|problem| from_backend(&problem, "vector"))?;
        matches.truncate(limit as usize);
        Ok(matches)
    })
    .await
}

pub(crate) async fn remove(call: &Call, named: Named<'_>, ids: &[String]) -> Answer<u32> {
    let of = collection(call, named).and_then(|of| {
        good_count(ids.len())?;
        ids.iter().try_for_each(|id| good_id(id))?;
        Ok(of)
    });
    let (of, check) = split(of);
    waiting(call, &REMOVE, ids.iter().map(String::len).sum(), check, async {
        let Some(of) = of else { return Ok(0) };
        call.backends().vectors.remove(of, ids).await.map_err(|problem| from_backend(&problem, "vector"))
    })
    .await
}
