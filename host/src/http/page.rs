//! Lists: `{items,total,skip,limit,has_more}`, or by cursor `{items,limit,has_more,next_cursor}`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::{Fault, Outcome};
use crate::model::page as model;

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
    /// The part of the list that the store is asked for.
    ///
    /// # Errors
    /// 422 for a cursor that is none of ours, and for a cursor beside `skip`.
    pub fn page(&self) -> Outcome<model::Page> {
        self.page_by("")
    }

    /// The same of a list that can have several orders: a cursor belongs to the one it was given in.
    ///
    /// # Errors
    /// As [`ListQuery::page`], also for a cursor of another order.
    pub fn page_by(&self, order: &str) -> Outcome<model::Page> {
        let limit = i64::from(self.limit);
        let skip = i64::try_from(self.skip).unwrap_or(i64::MAX);
        match self.cursor.as_deref() {
            None => Ok(model::Page::skip(skip, limit)),
            Some(_) if skip > 0 => Err(Fault::field("?skip", "does not go with `cursor`")),
            // The first step of a walk: the store's page by number gives the next position too.
            Some("") => Ok(model::Page::skip(0, limit)),
            Some(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok();
                let sealed: Option<Sealed> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                let fits = sealed.filter(|sealed| sealed.order == order);
                fits.map(|sealed| model::Page::after(sealed.at, limit)).ok_or_else(foreign)
            }
        }
    }
}

/// A cursor with the order that it belongs to.
#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    at: model::Cursor,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    order: String,
}

fn foreign() -> Fault {
    Fault::field("?cursor", "is not a cursor of this list in this order; begin again with an empty one")
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
    /// What the store gave, as the client asked for it: by number or by cursor.
    pub fn of(slice: model::Slice<T>, query: &ListQuery) -> Self {
        Self::of_by(slice, query, "")
    }

    /// The same of a list in one of its orders, as [`ListQuery::page_by`].
    pub fn of_by(slice: model::Slice<T>, query: &ListQuery, order: &str) -> Self {
        let walks = query.cursor.is_some();
        Self {
            items: slice.items,
            total: slice.total.filter(|_| !walks).map(|total| u64::try_from(total).unwrap_or_default()),
            skip: (!walks).then_some(query.skip),
            limit: query.limit,
            has_more: slice.has_more,
            next_cursor: slice.next.filter(|_| walks).map(|next| cursor(next, order)),
        }
    }

    /// A part of a list that is short enough to be read whole, newest first; `key` is an item's time and id.
    ///
    /// # Errors
    /// 422 as [`ListQuery::page`].
    pub fn newest_first(all: Vec<T>, query: &ListQuery, key: impl Fn(&T) -> (i64, Uuid)) -> Outcome<Self> {
        let page = query.page()?;
        let (total, limit) = (all.len(), usize::try_from(page.limit).unwrap_or(usize::MAX));
        let mut items: Vec<T> = match page.start {
            model::Start::Skip(skip) => all.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).collect(),
            model::Start::After(model::Cursor { key: model::Key::Int(time), id }) => {
                all.into_iter().filter(|item| key(item) < (time, id)).collect()
            }
            model::Start::After(_) => return Err(foreign()),
        };
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(key).map(|(time, id)| model::Cursor { key: model::Key::Int(time), id });
        Ok(Self::of(model::Slice { items, total: i64::try_from(total).ok(), has_more, next }, query))
    }

    /// A part of a list that is read whole and stands in the order of `key`, which is different for each.
    ///
    /// # Errors
    /// 422 as [`ListQuery::page`].
    pub fn in_order(all: Vec<T>, query: &ListQuery, key: impl Fn(&T) -> model::Key) -> Outcome<Self> {
        let page = query.page()?;
        let (total, limit) = (all.len(), usize::try_from(page.limit).unwrap_or(usize::MAX));
        let later = |item: &T, after: &model::Key| match (key(item), after) {
            (model::Key::Int(own), model::Key::Int(after)) => own > *after,
            (model::Key::Text(own), model::Key::Text(after)) => own > *after,
            _ => false,
        };
        let mut items: Vec<T> = match page.start {
            model::Start::Skip(skip) => all.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).collect(),
            model::Start::After(cursor) => all.into_iter().filter(|item| later(item, &cursor.key)).collect(),
        };
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|last| model::Cursor { key: key(last), id: Uuid::nil() });
        Ok(Self::of(model::Slice { items, total: i64::try_from(total).ok(), has_more, next }, query))
    }

    /// A part of a short list that is held whole and keeps its order; nothing in it has a time of change or a tombstone.
    ///
    /// # Errors
    /// 422 as [`ListQuery::page`].
    pub fn held(all: Vec<T>, query: &ListQuery) -> Outcome<Self> {
        let numbered: Vec<(i64, T)> = (0..).zip(all).collect();
        Ok(Page::in_order(numbered, query, |(number, _)| model::Key::Int(*number))?.map(|(_, item)| item))
    }

    /// The same page of something else: a model's page as a page of its wire shape.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(change).collect();
        let Self { total, skip, limit, has_more, next_cursor, .. } = self;
        Page { items, total, skip, limit, has_more, next_cursor }
    }
}

/// Opaque to clients: base64url of the sort position.
fn cursor(at: model::Cursor, order: &str) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Sealed { at, order: order.to_owned() }).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::page::{Key, Start};

    fn query(skip: u64, cursor: Option<String>) -> ListQuery {
        ListQuery { skip, limit: 2, cursor, updated_after: None, include_deleted: false }
    }

    fn slice() -> model::Slice<i32> {
        model::Slice { items: vec![1, 2], total: Some(3), has_more: true, next: Some(model::Cursor { key: Key::Int(2), id: Uuid::nil() }) }
    }

    #[test]
    fn a_page_by_number_has_a_total_and_no_cursor() {
        let page = Page::of(slice(), &query(0, None));
        assert_eq!((page.total, page.skip, page.has_more, page.next_cursor), (Some(3), Some(0), true, None));
    }

    #[test]
    fn a_walk_has_a_cursor_and_no_total_and_the_cursor_leads_on() {
        let page = Page::of(slice(), &query(0, Some(String::new())));
        assert_eq!((page.total, page.skip), (None, None));
        let next = query(0, page.next_cursor).page().unwrap();
        assert_eq!(next.start, Start::After(model::Cursor { key: Key::Int(2), id: Uuid::nil() }));
    }

    #[test]
    fn a_list_held_whole_is_walked_without_a_gap_or_a_repetition() {
        let all: Vec<i64> = (0..5).rev().collect();
        let (mut seen, mut cursor) = (Vec::new(), Some(String::new()));
        while cursor.is_some() {
            let page = Page::newest_first(all.clone(), &query(0, cursor), |item| (*item, Uuid::nil())).unwrap();
            seen.extend(page.items);
            cursor = page.next_cursor;
        }
        assert_eq!(seen, all);
        let page = Page::newest_first(all, &query(4, None), |item| (*item, Uuid::nil())).unwrap();
        assert_eq!((page.items, page.total, page.has_more), (vec![0], Some(5), false));
    }

    #[test]
    fn a_cursor_belongs_to_the_order_it_was_given_in() {
        let next = Page::of_by(slice(), &query(0, Some(String::new())), "-due_date").next_cursor;
        assert!(query(0, next.clone()).page_by("-due_date").is_ok());
        assert!(query(0, next.clone()).page_by("title").is_err() && query(0, next).page().is_err());
    }

    #[test]
    fn a_foreign_cursor_or_one_beside_skip_is_refused() {
        assert!(query(0, Some("!!".into())).page().is_err());
        assert!(query(0, Some(URL_SAFE_NO_PAD.encode("7"))).page().is_err());
        assert!(query(3, Some(String::new())).page().is_err());
    }
}
