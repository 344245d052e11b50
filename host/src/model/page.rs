//! Which part of a list is wanted.

use uuid::Uuid;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// After so many rows; the answer carries the total.
    Skip(i64),
    /// After this row; the answer carries no total and does not slow down with depth.
    After(Cursor),
}

/// The last row of the page before: its sort key and, between equals, its id.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// The value it was sorted by.
    pub key: Key,
    /// Its id.
    pub id: Uuid,
}

/// A value that rows are sorted by.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number or a time.
    Int(i64),
    /// A text.
    Text(String),
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Where it begins.
    pub start: Start,
    /// How many rows at most, 1…100.
    pub limit: i64,
}

impl Page {
    /// Skips and takes.
    pub const fn skip(skip: i64, limit: i64) -> Self {
        Self { start: Start::Skip(skip), limit }
    }
    /// Takes what follows `cursor`.
    pub const fn after(cursor: Cursor, limit: i64) -> Self {
        Self { start: Start::After(cursor), limit }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice<T> {
    /// The rows.
    pub items: Vec<T>,
    /// All rows that match; only for [`Start::Skip`].
    pub total: Option<i64>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where the next page begins, if more follow.
    pub next: Option<Cursor>,
}

impl<T> Slice<T> {
    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Slice<U> {
        Slice { items: self.items.into_iter().map(each).collect(), total: self.total, has_more: self.has_more, next: self.next }
    }
}
