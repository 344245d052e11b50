//! The database: connections, transactions, and who may write.
//!
//! SQLite: WAL, `synchronous = FULL` (what was answered is on the disk), one writer connection behind a fair lock, so that
//! writers queue here instead of meeting `SQLITE_BUSY`, and several readers that never wait for it. The readers' pool is
//! ours: sqlx's pings a connection on every release, which is a thread hop for each query.
//! PostgreSQL: sqlx's pool; a connection that idled for a while is pinged before use.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::error::{Error, Result};
use super::query::{Query, Target};
use super::sqlite::{Readers, Writer};
use super::tx::Tx;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// PostgreSQL connections, or SQLite readers, at most.
    pub max_connections: u32,
    /// How long to wait for a connection or a lock.
    pub acquire_timeout: Duration,
    /// Make the SQLite file if it is not there.
    pub create: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { max_connections: 16, acquire_timeout: Duration::from_secs(10), create: true }
    }
}

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    /// One of two texts.
    pub(crate) const fn pick<'a>(self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// The platform's database, cheap to clone.
#[derive(Clone)]
pub enum Db {
    /// A file.
    Sqlite {
        /// Many, read-only.
        read: Readers,
        /// One.
        write: Writer,
    },
    /// A server.
    Postgres(PgPool),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.dialect())
    }
}

impl Db {
    /// Opens `sqlite://path` or `postgres://…`. Does not migrate.
    pub async fn connect(url: &str, options: &ConnectOptions) -> Result<Self> {
        if url.starts_with("sqlite:") { Self::sqlite(url, options).await } else { Self::postgres(url, options).await }
    }

    async fn sqlite(url: &str, options: &ConnectOptions) -> Result<Self> {
        let base = SqliteConnectOptions::from_str(url)?
            .create_if_missing(options.create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(options.acquire_timeout)
            .foreign_keys(true)
            .statement_cache_capacity(256)
            // a connection's thread need not wait for whoever reads its rows: a search reads hundreds
            .row_buffer_size(1_024)
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-8192")
            .disable_statement_logging();
        if options.create {
            private_file(base.get_filename()).map_err(|error| Error::Unavailable(sqlx::Error::Io(error)))?;
        }
        // checkpoints are the writer's: a larger interval than the default 1000 pages amortises their second fsync
        let writer = base.clone().pragma("wal_autocheckpoint", "4000").connect().await?;
        let readers = Readers::new(base.create_if_missing(false).pragma("query_only", "1"), options);
        Ok(Self::Sqlite { read: readers, write: Writer::new(writer, options.acquire_timeout) })
    }

    async fn postgres(url: &str, options: &ConnectOptions) -> Result<Self> {
        let connect = PgConnectOptions::from_str(url)?
            .application_name("mnemosyne")
            .statement_cache_capacity(256)
            .options([("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "10s")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > Duration::from_secs(5) {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await?;
        Ok(Self::Postgres(pool))
    }

    /// Which SQL is spoken.
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Begins a transaction that may write. Dropping it rolls back. Hold none while a guest runs.
    pub async fn begin(&self) -> Result<Tx> {
        match self {
            Self::Sqlite { write, .. } => Tx::sqlite(write).await,
            Self::Postgres(pool) => Tx::postgres(pool).await,
        }
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        self.read("SELECT CAST(1 AS BIGINT)").one::<(i64,)>().await.map(drop)
    }

    /// Closes every connection; on SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// A statement that only reads.
    pub(crate) fn read(&self, sql: impl Into<std::borrow::Cow<'static, str>>) -> Query<'_> {
        match self {
            Self::Sqlite { read, .. } => Query::new(Target::Readers(read), sql),
            Self::Postgres(pool) => Query::new(Target::Pool(pool), sql),
        }
    }

    /// A statement that writes and is its own transaction.
    pub(crate) fn write(&self, sql: impl Into<std::borrow::Cow<'static, str>>) -> Query<'_> {
        match self {
            Self::Sqlite { write, .. } => Query::new(Target::Writer(write), sql),
            Self::Postgres(pool) => Query::new(Target::Pool(pool), sql),
        }
    }
}

/// Makes the database's file readable by its owner only, before SQLite makes it readable by more.
fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    if path.as_os_str().is_empty() || path.to_string_lossy().contains(":memory:") {
        return Ok(());
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Something that statements can read from: the database, or a transaction.
pub trait Reader<'a>: Send {
    /// A statement there.
    #[doc(hidden)]
    fn reading(self, sql: std::borrow::Cow<'static, str>) -> Query<'a>;
    /// Which SQL is spoken there.
    #[doc(hidden)]
    fn speaks(&self) -> Dialect;
}

/// Something that a single statement can write to: the database, or a transaction.
pub trait Writes<'a>: Send {
    /// A statement there.
    #[doc(hidden)]
    fn writing(self, sql: std::borrow::Cow<'static, str>) -> Query<'a>;
    /// Which SQL is spoken there.
    #[doc(hidden)]
    fn speaks(&self) -> Dialect;
}

impl<'a> Reader<'a> for &'a Db {
    fn reading(self, sql: std::borrow::Cow<'static, str>) -> Query<'a> {
        self.read(sql)
    }
    fn speaks(&self) -> Dialect {
        Db::dialect(self)
    }
}

impl<'a> Writes<'a> for &'a Db {
    fn writing(self, sql: std::borrow::Cow<'static, str>) -> Query<'a> {
        self.write(sql)
    }
    fn speaks(&self) -> Dialect {
        Db::dialect(self)
    }
}

impl<'a> Reader<'a> for &'a mut Tx {
    fn reading(self, sql: std::borrow::Cow<'static, str>) -> Query<'a> {
        self.query(sql)
    }
    fn speaks(&self) -> Dialect {
        Tx::dialect(self)
    }
}

impl<'a> Writes<'a> for &'a mut Tx {
    fn writing(self, sql: std::borrow::Cow<'static, str>) -> Query<'a> {
        self.query(sql)
    }
    fn speaks(&self) -> Dialect {
        Tx::dialect(self)
    }
}
