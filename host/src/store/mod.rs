//! The platform's data: one file a table or aggregate; SQL only here.
//!
//! ```text
//! db.rs       Db: SQLite (one writer, many readers) or PostgreSQL (a pool); Reader and Writes: "a database or a transaction"
//! sqlite.rs   SQLite's connections          tx.rs     a transaction over either
//! query.rs    one statement for both        row.rs    one list of columns for both
//! migrate.rs  schema, under a lock          error.rs  what a service can act on; conflicts by the constraint's name
//! ```
//! Functions that take `impl Reader` or `impl Writes` accept `&db` and `&mut tx`; a function that needs several statements
//! takes `&mut Tx`, so that the caller decides what belongs together, or has a twin that takes `&Db` and commits.
//! No transaction and no connection is held while a guest runs.

pub mod actions;
pub mod api_keys;
pub mod audit;
pub mod calls;
pub mod conversations;
pub mod db;
pub mod embedding_outbox;
pub mod error;
pub mod game;
pub mod idempotency;
pub mod identities;
pub mod jobs;
pub mod keys;
pub mod kv;
pub mod llm;
pub mod logins;
pub mod memories;
pub mod messages;
pub mod migrate;
mod page;
pub mod personas;
pub mod plugins;
mod query;
pub mod refresh;
mod row;
pub mod runs;
pub mod sessions;
pub mod settings;
pub mod slots;
pub mod sqlite;
pub mod summaries;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod tx;
pub mod users;
pub mod vectors;

pub use db::{ConnectOptions, Db, Dialect, Reader, Writes};
pub use error::{Error, Result};
pub use migrate::MigrationStatus;
pub use tx::Tx;
