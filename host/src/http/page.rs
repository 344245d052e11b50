//! Lists: `{items,total,skip,limit,has_more}`, or by cursor `{items,limit,has_more,next_cursor}`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Fault, Outcome};

use super::wire::Time;

/// The parameters that every list takes; a handler adds its filters as a second [`super::Query`].
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Items to leave out at the beginning; `offset` means the same.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000_000, default = 0, required = false)]
    pub skip: u64,
    /// Items at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: u32,
    /// Walks the list by position instead of by number: empty at the beginning, then `next_cursor` of the answer before.
    #[param(max_length = 1024, nullable = false)]
    pub cursor: Option<String>,
    /// Only what has changed after this time.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    pub updated_after: Option<Time>,
    /// Deleted items too, as tombstones.
    #[serde(default)]
    #[param(required = false, default = false)]
    pub include_deleted: bool,
}

const fn default_limit() -> u32 {
    20
}

impl ListQuery {
    /// Whether the client walks by cursor.
    pub fn by_cursor(&self) -> bool {
        self.cursor.is_some()
    }
    /// The position to go on from: `None` at the beginning.
    ///
    /// # Errors
    /// 422 for a cursor that is none of ours.
    pub fn after<K: DeserializeOwned>(&self) -> Outcome<Option<K>> {
        match self.cursor.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok();
                let key = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                key.map(Some).ok_or_else(|| Fault::field("?cursor", "is not a cursor of this list; begin again with an empty one"))
            }
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are in all; absent when walking by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// How many were left out at the beginning; absent when walking by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    /// Items of a page at most.
    pub limit: u32,
    /// Whether there are more.
    pub has_more: bool,
    /// `?cursor=` of the next page, when walking by cursor and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page by number.
    pub fn numbered(items: Vec<T>, total: u64, query: &ListQuery) -> Self {
        let has_more = query.skip.saturating_add(items.len() as u64) < total;
        Self { items, total: Some(total), skip: Some(query.skip), limit: query.limit, has_more, next_cursor: None }
    }

    /// A page by cursor. `items` has up to one more than `limit`, which tells that there are more; `key` is the sort position
    /// of an item, e.g. `(created_at, id)`.
    pub fn walked<K: Serialize>(mut items: Vec<T>, query: &ListQuery, key: impl Fn(&T) -> K) -> Self {
        let limit = query.limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| has_more).map(|last| cursor(&key(last)));
        Self { items, total: None, skip: None, limit: query.limit, has_more, next_cursor }
    }

    /// A short list that has no pages: all of it.
    pub fn whole(items: Vec<T>) -> Self {
        let count = items.len();
        Self {
            items,
            total: Some(count as u64),
            skip: Some(0),
            limit: u32::try_from(count).unwrap_or(u32::MAX),
            has_more: false,
            next_cursor: None,
        }
    }

    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(change).collect();
        Page { items, total: self.total, skip: self.skip, limit: self.limit, has_more: self.has_more, next_cursor: self.next_cursor }
    }
}

/// Opaque to clients: base64url of the sort position.
pub fn cursor<K: Serialize>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(skip: u64, limit: u32, cursor: Option<String>) -> ListQuery {
        ListQuery { skip, limit, cursor, updated_after: None, include_deleted: false }
    }

    #[test]
    fn has_more_tells_whether_another_page_follows() {
        assert!(Page::numbered(vec![1, 2], 5, &query(2, 2, None)).has_more);
        assert!(!Page::numbered(vec![5], 5, &query(4, 2, None)).has_more);
    }

    #[test]
    fn a_cursor_leads_on_from_the_last_item() {
        let first = Page::walked(vec![1, 2, 3], &query(0, 2, Some(String::new())), |item| *item);
        assert_eq!((first.items.as_slice(), first.has_more, first.total), (&[1, 2][..], true, None));
        assert_eq!(query(0, 2, first.next_cursor).after::<i32>().unwrap(), Some(2));
        assert!(Page::walked(vec![3], &query(0, 2, None), |item| *item).next_cursor.is_none());
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        assert!(query(0, 2, Some("!!".into())).after::<i32>().is_err());
        assert!(query(0, 2, Some(cursor(&"text"))).after::<i32>().is_err());
    }
}
