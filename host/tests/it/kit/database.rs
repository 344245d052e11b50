//! A database of one's own: a file in a temporary folder, or a fresh database on the test server.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

/// The two databases that everything runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// Where one test's host keeps everything.
pub(crate) struct Database {
    pub(super) backend: Backend,
    /// `database.url`.
    pub(super) url: String,
    folder: TempDir,
    /// Name and server, on PostgreSQL.
    at: Option<(String, String)>,
}

impl Backend {
    /// A fresh database; `None`, said aloud, without a PostgreSQL outside of the gate.
    ///
    /// Under `CI=true` (`make test` sets it) a missing server is a failure: the gate never passes on one backend alone.
    pub(crate) async fn database(self, test: &str) -> Option<Database> {
        let folder = tempfile::Builder::new().prefix("mnemosyne-it-").tempdir().unwrap();
        if self == Self::Sqlite {
            let url = format!("sqlite://{}", folder.path().join("mnemosyne.db").display());
            return Some(Database { backend: self, url, folder, at: None });
        }
        let Ok(server) = std::env::var("MNEMOSYNE_TEST_POSTGRES_URL") else {
            assert!(std::env::var("CI").is_err(), "MNEMOSYNE_TEST_POSTGRES_URL names no server: `make test` starts one");
            eprintln!("{test} was not tried on PostgreSQL: MNEMOSYNE_TEST_POSTGRES_URL names no server; `make test` starts one");
            return None;
        };
        let name = fresh_name(test);
        on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        on_server(&server, &format!("CREATE DATABASE {name}")).await;
        let url = format!("{}/{name}", server.rsplit_once('/').expect("the address of a server names a database").0);
        Some(Database { backend: self, url, folder, at: Some((name, server)) })
    }
}

impl Database {
    /// The host's data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::join(self.folder.path(), "data")
    }

    /// `database.url`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Gives the space back; what a failed test leaves ends with its server.
    pub(crate) async fn remove(self) {
        if let Some((name, server)) = self.at {
            on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

/// Unique among the tests of this process and, by its id, among processes that share a server; at most 63 bytes.
fn fresh_name(test: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut name = format!("it_{}_{next}_{test}", std::process::id());
    name.truncate(63);
    name
}

async fn on_server(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.expect("MNEMOSYNE_TEST_POSTGRES_URL names a running server");
    connection.execute(AssertSqlSafe(statement)).await.expect("the test server lets its user create databases");
    connection.close().await.ok();
}
