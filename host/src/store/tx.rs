//! A transaction over either database.

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, Postgres};

use super::db::Dialect;
use super::error::{Error, Result};
use super::query::{Query, Target};
use super::sqlite::{Writer, WriterGuard};

/// A transaction. Dropped at any point without [`Tx::commit`] (a client that left, a time-out) it is rolled back.
///
/// Not sqlx's own type, for two reasons. SQLite's begins with `BEGIN IMMEDIATE` on the one writer, whose lock's guard
/// cannot be lent. And on PostgreSQL a future of sqlx 0.9 that is dropped while `BEGIN` is under way gives its connection
/// back with the transaction open: whatever runs there next is answered, never committed, and keeps its locks
/// (transact-rs/sqlx#4393). Here the connection is owned before `BEGIN` is sent and goes back after `ROLLBACK` was answered.
pub struct Tx(Inner);

enum Inner {
    Sqlite { guard: Option<WriterGuard> },
    Postgres { held: Option<Held> },
}

/// A connection in a transaction.
pub(crate) struct Held {
    pub(super) connection: PoolConnection<Postgres>,
    /// A statement failed: PostgreSQL would answer COMMIT with a silent rollback.
    pub(super) failed: bool,
}

impl Held {
    async fn rollback(mut self) -> Result<()> {
        let ended = sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection).await;
        if ended.is_err() {
            self.connection.close_on_drop();
        }
        ended?;
        Ok(())
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({:?})", self.dialect())
    }
}

impl Tx {
    pub(crate) async fn sqlite(writer: &Writer) -> Result<Self> {
        let guard = writer.acquire().await?;
        // marked before it is sent: a future dropped in between leaves nothing open
        guard.mark(true);
        let mut tx = Self(Inner::Sqlite { guard: Some(guard) });
        tx.query("BEGIN IMMEDIATE").execute().await?;
        Ok(tx)
    }

    pub(crate) async fn postgres(pool: &PgPool) -> Result<Self> {
        let held = Held { connection: pool.acquire().await?, failed: false };
        let mut tx = Self(Inner::Postgres { held: Some(held) });
        tx.script("BEGIN").await?;
        Ok(tx)
    }

    /// Which SQL is spoken.
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Inner::Sqlite { .. } => Dialect::Sqlite,
            Inner::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Makes it durable. On PostgreSQL it is refused when a statement of it failed, even if the caller went on.
    pub async fn commit(mut self) -> Result<()> {
        match &mut self.0 {
            Inner::Sqlite { .. } => {
                self.query("COMMIT").execute().await?;
            }
            Inner::Postgres { held: Some(Held { failed: true, .. }) } => {
                return Err(Error::Other(sqlx::Error::InvalidArgument("a statement of the transaction failed".into())));
            }
            Inner::Postgres { .. } => self.script("COMMIT").await?,
        }
        self.end();
        Ok(())
    }

    /// Undoes it now. Dropping does the same a moment later.
    pub async fn rollback(mut self) -> Result<()> {
        match std::mem::replace(&mut self.0, Inner::Sqlite { guard: None }) {
            Inner::Postgres { held: Some(held) } => held.rollback().await,
            Inner::Sqlite { guard: Some(mut guard) } => guard.clean().await,
            Inner::Sqlite { guard: None } | Inner::Postgres { held: None } => Ok(()),
        }
    }

    /// Statements without values, as migrations have them.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.0 {
            Inner::Sqlite { guard: Some(guard) } => {
                sqlx::raw_sql(sql).execute(guard.connection()?).await?;
            }
            Inner::Postgres { held: Some(held) } => {
                let ran = sqlx::raw_sql(sql).execute(&mut *held.connection).await;
                held.failed |= ran.is_err();
                ran?;
            }
            Inner::Sqlite { guard: None } | Inner::Postgres { held: None } => {}
        }
        Ok(())
    }

    /// It is committed: nothing is left to undo.
    fn end(&mut self) {
        match &mut self.0 {
            Inner::Sqlite { guard } => {
                if let Some(guard) = guard.take() {
                    guard.mark(false);
                }
            }
            Inner::Postgres { held } => drop(held.take()),
        }
    }

    /// A statement in it.
    pub(crate) fn query(&mut self, sql: impl Into<std::borrow::Cow<'static, str>>) -> Query<'_> {
        match &mut self.0 {
            Inner::Sqlite { guard } => Query::new(Target::Writing(guard.as_mut()), sql),
            Inner::Postgres { held } => Query::new(Target::Held(held.as_mut()), sql),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // at once, not when the next one comes: what it holds stops others
        match &mut self.0 {
            Inner::Sqlite { guard } => {
                if let Some(mut guard) = guard.take() {
                    runtime.spawn(async move { drop(guard.clean().await) });
                }
            }
            Inner::Postgres { held } => {
                if let Some(held) = held.take() {
                    runtime.spawn(async move { drop(held.rollback().await) });
                }
            }
        }
    }
}
