//! One statement, written once, run on either database.
//!
//! `$1` placeholders mean the same in both, times are BIGINT milliseconds, ids UUID (16 bytes), JSON TEXT or JSONB. A
//! [`Query`] knows where it will run, so each value is encoded once, for the right dialect. What truly differs is chosen
//! with [`super::db::Dialect::pick`].

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Encode, FromRow, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Type};

use super::error::{Error, Result};
use super::sqlite::{Readers, Writer, WriterGuard};
use super::tx::Held;
use crate::timings::watch_database;

/// Where a statement runs.
pub(crate) enum Target<'a> {
    Readers(&'a Readers),
    Writer(&'a Writer),
    /// A transaction's; `None` once it has ended.
    Writing(Option<&'a mut WriterGuard>),
    Pool(&'a PgPool),
    /// A transaction's; `None` once it has ended.
    Held(Option<&'a mut Held>),
}

enum Values {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// A value that both databases can keep.
pub(crate) trait Bind<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> {}
impl<'q, T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>> Bind<'q> for T {}

/// Something that can be read from a row of either database.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static> Row for T {}

/// A statement with its values.
#[doc(hidden)]
#[must_use = "a query does nothing until it is run"]
pub struct Query<'a> {
    target: Target<'a>,
    sql: Cow<'static, str>,
    values: Values,
    failed: Option<sqlx::error::BoxDynError>,
}

/// Runs `$method` of sqlx on the right connection.
macro_rules! run {
    ($self:ident, $values:ident, $sql:ident => $make:expr, $method:ident) => {{
        if let Some(error) = $self.failed {
            return Err(Error::Other(sqlx::Error::Encode(error)));
        }
        let $sql = statement($self.sql);
        match ($self.target, $self.values) {
            (Target::Readers(readers), Values::Sqlite($values)) => {
                let mut reader = readers.acquire().await?;
                $make.$method(reader.connection()).await?
            }
            (Target::Writer(writer), Values::Sqlite($values)) => {
                let mut writer = writer.acquire().await?;
                $make.$method(writer.connection()?).await?
            }
            (Target::Writing(Some(writer)), Values::Sqlite($values)) => $make.$method(writer.connection()?).await?,
            (Target::Pool(pool), Values::Postgres($values)) => $make.$method(pool).await?,
            (Target::Held(Some(held)), Values::Postgres($values)) => {
                let ran = $make.$method(&mut *held.connection).await;
                held.failed |= ran.is_err();
                ran?
            }
            _ => return Err(Error::Other(sqlx::Error::InvalidArgument("the transaction has ended".into()))),
        }
    }};
}

impl<'a> Query<'a> {
    pub(crate) fn new(target: Target<'a>, sql: impl Into<Cow<'static, str>>) -> Self {
        let values = match target {
            Target::Readers(_) | Target::Writer(_) | Target::Writing(_) => Values::Sqlite(SqliteArguments::default()),
            Target::Pool(_) | Target::Held(_) => Values::Postgres(PgArguments::default()),
        };
        Self { target, sql: sql.into(), values, failed: None }
    }

    /// The next value, `$1` first.
    pub(crate) fn bind<'q>(mut self, value: impl Bind<'q>) -> Self {
        self.add(value);
        self
    }

    fn add<'q>(&mut self, value: impl Bind<'q>) {
        let added = match &mut self.values {
            Values::Sqlite(values) => sqlx::Arguments::add(values, value),
            Values::Postgres(values) => values.add(value),
        };
        if let Err(error) = added {
            self.failed.get_or_insert(error);
        }
    }

    /// Adds fixed text. Never text from outside: that is what [`Query::value`] is for.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Adds a value and its placeholder.
    pub(crate) fn value<'q>(&mut self, value: impl Bind<'q>) -> &mut Self {
        self.add(value);
        let number = match &self.values {
            Values::Sqlite(values) => values.len(),
            Values::Postgres(values) => values.len(),
        };
        self.push(&format!("${number}"))
    }

    /// Adds ` AND <left> IN (…)`; nothing when there are no values.
    pub(crate) fn and_in<'q>(&mut self, left: &str, values: impl IntoIterator<Item = impl Bind<'q>>) -> &mut Self {
        let mut empty = true;
        for value in values {
            self.push(if empty { " AND " } else { ", " });
            if empty {
                self.push(left).push(" IN (");
            }
            empty = false;
            self.value(value);
        }
        if empty { self } else { self.push(")") }
    }

    /// Runs it; tells the number of rows it changed.
    pub(crate) async fn execute(self) -> Result<u64> {
        let _watch = watch_database();
        if let Some(error) = self.failed {
            return Err(Error::Other(sqlx::Error::Encode(error)));
        }
        let sql = statement(self.sql);
        Ok(match (self.target, self.values) {
            (Target::Readers(readers), Values::Sqlite(values)) => {
                let mut reader = readers.acquire().await?;
                sqlx::query_with(sql, values).execute(reader.connection()).await?.rows_affected()
            }
            (Target::Writer(writer), Values::Sqlite(values)) => {
                let mut writer = writer.acquire().await?;
                sqlx::query_with(sql, values).execute(writer.connection()?).await?.rows_affected()
            }
            (Target::Writing(Some(writer)), Values::Sqlite(values)) => {
                sqlx::query_with(sql, values).execute(writer.connection()?).await?.rows_affected()
            }
            (Target::Pool(pool), Values::Postgres(values)) => sqlx::query_with(sql, values).execute(pool).await?.rows_affected(),
            (Target::Held(Some(held)), Values::Postgres(values)) => {
                let ran = sqlx::query_with(sql, values).execute(&mut *held.connection).await;
                held.failed |= ran.is_err();
                ran?.rows_affected()
            }
            _ => return Err(Error::Other(sqlx::Error::InvalidArgument("the transaction has ended".into()))),
        })
    }

    /// All rows.
    pub(crate) async fn all<T: Row>(self) -> Result<Vec<T>> {
        let _watch = watch_database();
        Ok(run!(self, values, sql => sqlx::query_as_with(sql, values), fetch_all))
    }

    /// The row, if there is one.
    pub(crate) async fn optional<T: Row>(self) -> Result<Option<T>> {
        let _watch = watch_database();
        Ok(run!(self, values, sql => sqlx::query_as_with(sql, values), fetch_optional))
    }

    /// The row; its absence is [`Error::NotFound`].
    pub(crate) async fn one<T: Row>(self) -> Result<T> {
        self.optional().await?.ok_or(Error::NotFound)
    }
}

fn statement(sql: Cow<'static, str>) -> SqlStr {
    match sql {
        Cow::Borrowed(sql) => sql.into_sql_str(),
        // built by `push` from fixed text and placeholders only
        Cow::Owned(sql) => AssertSqlSafe(sql).into_sql_str(),
    }
}
