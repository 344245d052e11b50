//! SQLite's connections: one writer behind a fair lock, several readers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::db::ConnectOptions;
use super::error::{Error, Result};

/// The only connection that writes.
#[derive(Clone)]
pub struct Writer(Arc<WriterInner>);

struct WriterInner {
    connection: Arc<tokio::sync::Mutex<Option<SqliteConnection>>>,
    /// A transaction was dropped and its rollback has not been seen to finish.
    dirty: AtomicBool,
    patience: Duration,
}

/// The writer, for as long as it is held.
pub(crate) struct WriterGuard {
    guard: OwnedMutexGuard<Option<SqliteConnection>>,
    writer: Writer,
}

impl Writer {
    pub(crate) fn new(connection: SqliteConnection, patience: Duration) -> Self {
        Self(Arc::new(WriterInner {
            connection: Arc::new(tokio::sync::Mutex::new(Some(connection))),
            dirty: AtomicBool::new(false),
            patience,
        }))
    }

    /// Waits for the turn; first come, first served.
    pub(crate) async fn acquire(&self) -> Result<WriterGuard> {
        let turn = tokio::time::timeout(self.0.patience, Arc::clone(&self.0.connection).lock_owned());
        let guard = turn.await.map_err(|_| Error::Unavailable(sqlx::Error::PoolTimedOut))?;
        let mut guard = WriterGuard { guard, writer: self.clone() };
        if self.0.dirty.load(Ordering::Acquire) {
            guard.clean().await?;
        }
        Ok(guard)
    }

    pub(crate) async fn close(&self) {
        if let Some(connection) = self.0.connection.lock().await.take() {
            drop(connection.close().await);
        }
    }
}

impl WriterGuard {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.guard.as_mut().ok_or(Error::Unavailable(sqlx::Error::PoolClosed))
    }

    /// From before BEGIN until COMMIT or ROLLBACK was answered: whoever comes next must roll back first.
    pub(crate) fn mark(&self, open: bool) {
        self.writer.0.dirty.store(open, Ordering::Release);
    }

    /// Rolls back what a dropped transaction left.
    pub(crate) async fn clean(&mut self) -> Result<()> {
        let connection = self.connection()?;
        match sqlx::query("ROLLBACK").execute(connection).await {
            Err(error) if !error.to_string().contains("no transaction is active") => return Err(error.into()),
            _ => {}
        }
        self.mark(false);
        Ok(())
    }
}

/// Connections that only read; made when first needed, kept.
#[derive(Clone)]
pub struct Readers(Arc<ReadersInner>);

struct ReadersInner {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Arc<Semaphore>,
    patience: Duration,
}

/// A reader, for as long as it is held.
pub(crate) struct ReaderGuard {
    connection: Option<SqliteConnection>,
    readers: Readers,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn new(options: SqliteConnectOptions, connect: &ConnectOptions) -> Self {
        // each has its own thread and page cache: more readers than cores only adds memory
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let count = (connect.max_connections as usize).clamp(1, cores * 2);
        Self(Arc::new(ReadersInner {
            options,
            idle: Mutex::new(Vec::with_capacity(count)),
            permits: Arc::new(Semaphore::new(count)),
            patience: connect.acquire_timeout,
        }))
    }

    pub(crate) async fn acquire(&self) -> Result<ReaderGuard> {
        let turn = tokio::time::timeout(self.0.patience, Arc::clone(&self.0.permits).acquire_owned());
        let permit = turn.await.map_err(|_| Error::Unavailable(sqlx::Error::PoolTimedOut))?;
        let permit = permit.map_err(|_| Error::Unavailable(sqlx::Error::PoolClosed))?;
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(ReaderGuard { connection: Some(connection), readers: self.clone(), _permit: permit })
    }

    pub(crate) async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in idle {
            drop(connection.close().await);
        }
    }
}

impl ReaderGuard {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("it is only taken when dropped")
    }
}

impl Drop for ReaderGuard {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
