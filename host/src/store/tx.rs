//! A transaction over either database.

use sqlx::Postgres;

use super::db::Dialect;
use super::error::Result;
use super::query::{Query, Target};
use super::sqlite::{Writer, WriterGuard};

/// A transaction. Dropped without [`Tx::commit`] it is rolled back.
///
/// SQLite's begins with `BEGIN IMMEDIATE`: it takes the write lock first, so it never fails half-way because someone else
/// wrote. sqlx's own transaction type borrows its connection, which a lock's guard cannot lend, hence the few lines here.
pub struct Tx(Inner);

enum Inner {
    Sqlite { guard: Option<WriterGuard> },
    Postgres(sqlx::Transaction<'static, Postgres>),
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

    pub(crate) const fn postgres(tx: sqlx::Transaction<'static, Postgres>) -> Self {
        Self(Inner::Postgres(tx))
    }

    /// Which SQL is spoken.
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Inner::Sqlite { .. } => Dialect::Sqlite,
            Inner::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes it durable.
    pub async fn commit(mut self) -> Result<()> {
        match &mut self.0 {
            Inner::Sqlite { .. } => {
                self.query("COMMIT").execute().await?;
                self.end();
                Ok(())
            }
            Inner::Postgres(_) => match self.take() {
                Inner::Postgres(tx) => Ok(tx.commit().await?),
                Inner::Sqlite { .. } => Ok(()),
            },
        }
    }

    /// Undoes it now. Dropping does the same a moment later.
    pub async fn rollback(mut self) -> Result<()> {
        match self.take() {
            Inner::Postgres(tx) => Ok(tx.rollback().await?),
            Inner::Sqlite { guard: Some(mut guard) } => guard.clean().await,
            Inner::Sqlite { guard: None } => Ok(()),
        }
    }

    /// Several statements without values, as migrations have them.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.0 {
            Inner::Sqlite { guard: Some(guard) } => {
                sqlx::raw_sql(sql).execute(guard.connection()?).await?;
            }
            Inner::Sqlite { guard: None } => {}
            Inner::Postgres(tx) => {
                sqlx::raw_sql(sql).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Inner::Sqlite { guard } = &mut self.0
            && let Some(guard) = guard.take()
        {
            guard.mark(false);
        }
    }

    fn take(&mut self) -> Inner {
        std::mem::replace(&mut self.0, Inner::Sqlite { guard: None })
    }

    /// A statement in it.
    pub(crate) fn query(&mut self, sql: impl Into<std::borrow::Cow<'static, str>>) -> Query<'_> {
        match &mut self.0 {
            Inner::Sqlite { guard } => Query::new(Target::Writing(guard.as_mut()), sql),
            Inner::Postgres(tx) => Query::new(Target::Connection(tx), sql),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Inner::Sqlite { guard } = &mut self.0
            && let Some(mut guard) = guard.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // at once, not when the next writer comes: the lock also stops other processes
            runtime.spawn(async move { drop(guard.clean().await) });
        }
    }
}
