//! The caller's memories. Needs `[needs.storage] memories = "read"`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::storage::memories as wit;
pub use crate::bindings::mnemosyne::storage::memories::{Filter, Hit, Page};
use crate::{Error, Memory};

/// Best first, by words and meaning. `query` at most 4 KiB, `limit` 1…50.
///
/// # Errors
/// `denied` without a caller or the grant, `invalid` for a longer query.
///
/// ```
/// use mnemosyne_sdk::capability::storage::memories::{Filter, double, search};
/// use mnemosyne_sdk::sample;
/// double::add(sample::memory("Rain", "I like walking in the rain"));
/// let hits = search("rain", &Filter::default(), 5).unwrap();
/// assert_eq!(hits[0].memory.title, "Rain");
/// ```
pub fn search(query: &str, filter: &Filter, limit: u32) -> Result<Vec<Hit>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::search(query, filter, limit);
    #[cfg(not(target_arch = "wasm32"))]
    double::search(query, filter, limit)
}

/// Newest first, `limit` 1…100; `cursor` is the `next` of the part before.
///
/// # Errors
/// As [`search`].
///
/// ```
/// use mnemosyne_sdk::capability::storage::memories::{Filter, list};
/// assert!(list(&Filter::default(), None, 10).unwrap().items.is_empty());
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
/// As [`search`].
///
/// ```
/// assert!(mnemosyne_sdk::capability::storage::memories::get("unknown").unwrap().is_none());
/// ```
pub fn get(id: &str) -> Result<Option<Memory>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::get(id);
    #[cfg(not(target_arch = "wasm32"))]
    double::get(id)
}

/// All of them.
impl Default for Filter {
    fn default() -> Self {
        Self { tags: Vec::new(), source_types: Vec::new(), since: None, until: None, min_importance: None, extra: Vec::new() }
    }
}

/// Memories of a native test.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;

    use super::{Filter, Hit, Page};
    use crate::{Error, Memory, words};

    thread_local! {
        static MEMORIES: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
        static AWAY: RefCell<Option<Error>> = const { RefCell::new(None) };
    }

    /// Adds a memory for this thread.
    pub fn add(memory: Memory) {
        MEMORIES.with_borrow_mut(|memories| memories.push(memory));
    }

    /// Lets every function of this thread fail like this from now on.
    pub fn fail_with(error: Error) {
        AWAY.set(Some(error));
    }

    fn fitting(filter: &Filter) -> Result<Vec<Memory>, Error> {
        if let Some(error) = AWAY.with_borrow(Clone::clone) {
            return Err(error);
        }
        let fits = |memory: &&Memory| {
            filter.tags.iter().all(|tag| memory.tags.contains(tag))
                && (filter.source_types.is_empty() || filter.source_types.contains(&memory.source_type))
                && filter.since.is_none_or(|since| memory.created >= since)
                && filter.until.is_none_or(|until| memory.created < until)
                && filter.min_importance.is_none_or(|least| memory.importance >= least)
        };
        let mut found: Vec<Memory> = MEMORIES.with_borrow(|memories| memories.iter().filter(fits).cloned().collect());
        found.sort_by_key(|memory| std::cmp::Reverse(memory.created));
        Ok(found)
    }

    /// By shared words: the host's search without its finesse.
    pub(super) fn search(query: &str, filter: &Filter, limit: u32) -> Result<Vec<Hit>, Error> {
        let asked = words::telling(query);
        let shared = |memory: &Memory| {
            let own = words::telling(&format!("{} {}", memory.title, memory.content));
            asked.iter().filter(|word| own.contains(word)).count()
        };
        let mut hits: Vec<(usize, Memory)> = fitting(filter)?.into_iter().map(|memory| (shared(&memory), memory)).collect();
        hits.retain(|(shared, _)| *shared > 0);
        hits.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        hits.truncate(limit as usize);
        #[expect(clippy::cast_precision_loss, reason = "a few words")]
        let hit = |(shared, memory): (usize, Memory)| Hit { memory, score: shared as f32 / asked.len() as f32 };
        Ok(hits.into_iter().map(hit).collect())
    }

    pub(super) fn list(filter: &Filter, cursor: Option<&str>, limit: u32) -> Result<Page, Error> {
        let all = fitting(filter)?;
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let to = all.len().min(from + limit as usize);
        Ok(Page { items: all[from..to].to_vec(), next: (to < all.len()).then(|| to.to_string()) })
    }

    pub(super) fn get(id: &str) -> Result<Option<Memory>, Error> {
        Ok(fitting(&Filter::default())?.into_iter().find(|memory| memory.id == id))
    }
}
