//! Between the pages of the API and those of the store.

use crate::error::Outcome;
use crate::http::{ListQuery, Page, cursor};
use crate::model::page::{self, Slice};

/// Which part of a list the client wants. An empty cursor begins a walk: it is a page without a number.
///
/// # Errors
/// 422 for a cursor that is none of ours.
pub fn page(query: &ListQuery) -> Outcome<page::Page> {
    let limit = i64::from(query.limit);
    Ok(match query.after::<page::Cursor>()? {
        Some(cursor) => page::Page::after(cursor, limit),
        None => page::Page::skip(i64::try_from(if query.by_cursor() { 0 } else { query.skip }).unwrap_or(i64::MAX), limit),
    })
}

/// The answer for a page of the store.
pub fn render<T, U: From<T>>(slice: Slice<T>, query: &ListQuery) -> Page<U> {
    let numbered = !query.by_cursor();
    Page {
        total: slice.total.filter(|_| numbered).and_then(|total| u64::try_from(total).ok()),
        skip: numbered.then_some(query.skip),
        limit: query.limit,
        has_more: slice.has_more,
        next_cursor: slice.next.as_ref().map(|next| cursor(next)),
        items: slice.items.into_iter().map(U::from).collect(),
    }
}

/// A page by number of a search whose page stands in its body.
pub fn numbered<T, U: From<T>>(slice: Slice<T>, skip: u64, limit: u32) -> Page<U> {
    let total = slice.total.and_then(|total| u64::try_from(total).ok());
    Page {
        total,
        skip: Some(skip),
        limit,
        has_more: slice.has_more,
        next_cursor: None,
        items: slice.items.into_iter().map(U::from).collect(),
    }
}
