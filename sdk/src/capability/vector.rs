//! Capability `vector`: the plugin's own collections, searched by meaning. Reference: `wit/deps/vector.wit`; manifest:
//! `[needs.vector] scope = "user", max-items = 1000`.
//!
//! Items of text are the usual ones: the host embeds them, and anew when its embedder changes.

use crate::Error;
use crate::VectorSpace;
#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::vector::index as wit;
pub use crate::bindings::mnemosyne::vector::index::{Item, Match, Scope, TextItem};

/// Stores at most 100 texts of 16 KiB in a collection (`[a-z0-9-]{1,64}`, made by first use); answers how many were new.
///
/// # Errors
/// `quota` over the granted number of items, `unavailable` without an embedder, `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::vector::{Scope, TextItem, search_text, upsert_text};
/// let item = TextItem { id: "1".to_owned(), text: "rain in spring".to_owned(), metadata: vec![] };
/// assert_eq!(upsert_text(Scope::User, "weather", &[item]).unwrap(), 1);
/// assert_eq!(search_text(Scope::User, "weather", "rain", 5, &[]).unwrap()[0].id, "1");
/// ```
pub fn upsert_text(scope: Scope, collection: &str, items: &[TextItem]) -> Result<u32, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::upsert_text(scope, collection, items);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let texts: Vec<String> = items.iter().map(|item| item.text.clone()).collect();
        let vectors = crate::capability::llm::embed(&texts)?;
        let item = |(item, vector): (&TextItem, _)| Item { id: item.id.clone(), vector, metadata: item.metadata.clone() };
        Ok(double::upsert(scope, collection, items.iter().zip(vectors).map(item).collect()))
    }
}

/// Text items nearest to `query` first, `limit` 1…100; only those that have every pair of `where_equal`. A collection that
/// does not exist is empty.
///
/// # Errors
/// As [`upsert_text`].
pub fn search_text(scope: Scope, collection: &str, query: &str, limit: u32, where_equal: &[(String, String)]) -> Result<Vec<Match>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::search_text(scope, collection, query, limit, where_equal);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let vector = crate::capability::llm::embed(&[query.to_owned()])?.remove(0);
        Ok(double::search(scope, collection, &vector, limit, where_equal))
    }
}

/// As [`upsert_text`], of vectors that the plugin made in a named space.
///
/// # Errors
/// As [`upsert_text`], and `invalid` / `vector-space` when the collection has another space.
pub fn upsert(scope: Scope, collection: &str, space: &VectorSpace, items: &[Item]) -> Result<u32, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::upsert(scope, collection, space, items);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = space;
        Ok(double::upsert(scope, collection, items.to_vec()))
    }
}

/// As [`search_text`], by a vector.
///
/// # Errors
/// As [`upsert`].
pub fn search(
    scope: Scope,
    collection: &str,
    space: &VectorSpace,
    query: &[f32],
    limit: u32,
    where_equal: &[(String, String)],
) -> Result<Vec<Match>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::search(scope, collection, space, query, limit, where_equal);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = space;
        Ok(double::search(scope, collection, query, limit, where_equal))
    }
}

/// How many of at most 100 ids were there.
///
/// # Errors
/// `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::vector::{Scope, remove};
/// assert_eq!(remove(Scope::User, "weather", &["1".to_owned()]).unwrap(), 0);
/// ```
pub fn remove(scope: Scope, collection: &str, ids: &[String]) -> Result<u32, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::remove(scope, collection, ids);
    #[cfg(not(target_arch = "wasm32"))]
    Ok(double::remove(scope, collection, ids))
}

/// Collections of the thread, for native tests; one space.
#[cfg(not(target_arch = "wasm32"))]
mod double {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Item, Match, Scope};

    type Place = (bool, String);

    thread_local! {
        static COLLECTIONS: RefCell<BTreeMap<Place, BTreeMap<String, Item>>> = const { RefCell::new(BTreeMap::new()) };
    }

    fn place(scope: Scope, collection: &str) -> Place {
        (scope == Scope::User, collection.to_owned())
    }

    pub(super) fn upsert(scope: Scope, collection: &str, items: Vec<Item>) -> u32 {
        COLLECTIONS.with_borrow_mut(|collections| {
            let collection = collections.entry(place(scope, collection)).or_default();
            items.into_iter().map(|item| u32::from(collection.insert(item.id.clone(), item).is_none())).sum()
        })
    }

    pub(super) fn search(scope: Scope, collection: &str, query: &[f32], limit: u32, equal: &[(String, String)]) -> Vec<Match> {
        let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let cosine =
            |vector: &[f32]| vector.iter().zip(query).map(|(one, other)| one * other).sum::<f32>() / length(vector) / length(query);
        let mut found: Vec<Match> = COLLECTIONS.with_borrow(|collections| {
            let items = collections.get(&place(scope, collection)).into_iter().flat_map(BTreeMap::values);
            let fitting = items.filter(|item| equal.iter().all(|pair| item.metadata.contains(pair)));
            fitting.map(|item| Match { id: item.id.clone(), score: cosine(&item.vector), metadata: item.metadata.clone() }).collect()
        });
        found.sort_by(|one, other| other.score.total_cmp(&one.score));
        found.truncate(limit as usize);
        found
    }

    pub(super) fn remove(scope: Scope, collection: &str, ids: &[String]) -> u32 {
        COLLECTIONS.with_borrow_mut(|collections| {
            let Some(collection) = collections.get_mut(&place(scope, collection)) else { return 0 };
            ids.iter().map(|id| u32::from(collection.remove(id).is_some())).sum()
        })
    }
}
