//! Pages of lists.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::error::{Error, Result};
use super::query::Query;
use crate::model::page::{Cursor, Key, Page, Slice, Start};

/// A row together with the number of all rows that match (NULL where nobody asked).
pub(crate) struct Counted<T> {
    row: T,
    total: Option<i64>,
}

impl<'r, T: FromRow<'r, SqliteRow>> FromRow<'r, SqliteRow> for Counted<T> {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { row: T::from_row(row)?, total: row.try_get("total")? })
    }
}

impl<'r, T: FromRow<'r, PgRow>> FromRow<'r, PgRow> for Counted<T> {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self { row: T::from_row(row)?, total: row.try_get("total")? })
    }
}

/// `limit + 1` rows as a page. A page beyond the end has no row to carry the total: then it is what was skipped at most.
pub(crate) fn slice<T>(rows: Vec<Counted<T>>, page: &Page, cursor: impl Fn(&T) -> Cursor) -> Slice<T> {
    let total = rows.first().and_then(|row| row.total);
    cut(rows.into_iter().map(|row| row.row).collect(), total, page, cursor)
}

/// The order of a list by a key and then by id, from where the page starts, one row more than it holds. `text`: what kind of value
/// the key has; a cursor of another kind belongs to another order.
///
/// # Errors
/// [`Error::NotFound`] for such a cursor.
pub(crate) fn arrange(query: &mut Query<'_>, key: &str, text: bool, descending: bool, page: &Page) -> Result<()> {
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(cursor) => {
            query.push(" AND (").push(key).push(if descending { ", id) < (" } else { ", id) > (" });
            match &cursor.key {
                Key::Text(value) if text => query.value(value.clone()),
                Key::Int(value) if !text => query.value(*value),
                _ => return Err(Error::NotFound),
            };
            query.push(", ").value(cursor.id).push(")");
        }
    }
    let direction = if descending { " DESC" } else { "" };
    query.push(" ORDER BY ").push(key).push(direction).push(", id").push(direction);
    query.push(" LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    Ok(())
}

/// How many rows a list has, as far as its page tells; `None`: they must be counted, if anybody asked.
pub(crate) fn told<T>(items: &[T], page: &Page) -> Option<i64> {
    let rows = i64::try_from(items.len()).ok()?;
    (matches!(page.start, Start::Skip(0)) && rows <= page.limit).then_some(rows)
}

/// `limit + 1` rows and the total as a page.
pub(crate) fn cut<T>(mut items: Vec<T>, total: Option<i64>, page: &Page, cursor: impl Fn(&T) -> Cursor) -> Slice<T> {
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = if has_more { items.last().map(cursor) } else { None };
    let total = match page.start {
        Start::Skip(_) => Some(total.unwrap_or(0)),
        Start::After(_) => None,
    };
    Slice { items, total, has_more, next }
}

/// A `LIKE` pattern that finds `text` anywhere; use with `ESCAPE '!'`.
pub(crate) fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
