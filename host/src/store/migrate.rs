//! Migrations: numbered `major × 1000 + step`, the same list for both databases, applied in one transaction under a lock.
//!
//! Steps only expand (a table, a column with a default), so an older binary of the same major still works on a newer
//! schema; what contracts waits for the next major, and then older binaries refuse to start, in words. The checksum of
//! every applied migration is kept: a changed one is refused too.

use sha2::{Digest as _, Sha256};

use super::db::{Db, Dialect};
use super::error::{Error, Result};
use super::tx::Tx;
use crate::clock::Millis;

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($file:literal),+ $(,)?) => {
        &[$(Migration {
            number: number($file),
            name: $file,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $file, ".sql")),
        }),+]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    "1001_users",
    "1002_sessions",
    "1003_tasks",
    "1004_game",
    "1005_plugins",
    "1006_operations",
    "1020_vectors",
    "1021_embedding_outbox",
    "1030_memories",
    "1040_conversations",
    "1041_runs",
    "1050_personas",
    "1060_llm",
    "1070_actions",
    "1080_vector_spaces",
    "1090_conversation_summaries",
];

/// Names of all migrations, in order.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|migration| migration.name)
}

/// The first four digits of a file's name.
const fn number(file: &str) -> i64 {
    let bytes = file.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < 4 {
        value = value * 10 + (bytes[at] - b'0') as i64;
        at += 1;
    }
    value
}

/// One line of the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// `major × 1000 + step`.
    pub number: i64,
    /// The file's name without its ending.
    pub name: String,
    /// When it was applied; `None` = it waits.
    pub applied_at: Option<Millis>,
    /// Whether this binary knows it.
    pub known: bool,
}

struct HistoryRow {
    number: i64,
    name: String,
    checksum: Vec<u8>,
    applied_at: Millis,
}

super::row::rows! { HistoryRow { number, name, checksum, applied_at } }

impl Migration {
    const fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
    fn checksum(&self, dialect: Dialect) -> Vec<u8> {
        Sha256::digest(self.sql(dialect)).to_vec()
    }
}

impl Db {
    /// Applies what is missing; tells the names of what it applied. Safe to run from several hosts at once.
    ///
    /// # Errors
    /// [`Error::Schema`] when the schema is of a newer major or an applied migration was changed.
    pub async fn migrate(&self, now: Millis) -> Result<Vec<&'static str>> {
        let mut tx = self.begin().await?;
        let dialect = tx.dialect();
        if dialect == Dialect::Postgres {
            // ends with the transaction; SQLite's BEGIN IMMEDIATE is its own lock
            tx.query("SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(7236837526348)) AS locked").one::<(i64,)>().await?;
        }
        tx.query(dialect.pick(
            "CREATE TABLE IF NOT EXISTS schema_history (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL) STRICT",
            "CREATE TABLE IF NOT EXISTS schema_history (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL, applied_at BIGINT NOT NULL)",
        ).to_owned())
        .execute()
        .await?;
        let applied: Vec<HistoryRow> =
            tx.query("SELECT number, name, checksum, applied_at FROM schema_history ORDER BY number").all().await?;
        check(&applied, dialect)?;
        let mut done = Vec::new();
        for migration in MIGRATIONS.iter().filter(|migration| !applied.iter().any(|row| row.number == migration.number)) {
            run(&mut tx, migration, now).await?;
            done.push(migration.name);
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Every migration this binary or the database knows, in order.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>> {
        let applied = self.applied().await?;
        let mut all: Vec<MigrationStatus> = MIGRATIONS
            .iter()
            .map(|migration| MigrationStatus {
                number: migration.number,
                name: migration.name.to_owned(),
                applied_at: applied.iter().find(|row| row.number == migration.number).map(|row| row.applied_at),
                known: true,
            })
            .collect();
        let unknown = applied.into_iter().filter(|row| !MIGRATIONS.iter().any(|known| known.number == row.number));
        all.extend(unknown.map(|row| MigrationStatus {
            number: row.number,
            name: row.name,
            applied_at: Some(row.applied_at),
            known: false,
        }));
        all.sort_by_key(|line| line.number);
        Ok(all)
    }

    /// Refuses a schema that this binary cannot serve: too new, changed, or with migrations waiting.
    pub async fn check_schema(&self) -> Result<()> {
        let applied = self.applied().await?;
        check(&applied, self.dialect())?;
        let waiting = MIGRATIONS.iter().filter(|migration| !applied.iter().any(|row| row.number == migration.number)).count();
        if waiting > 0 {
            return Err(Error::Schema(format!("{waiting} migrations wait; run `mnemosyne migrate` or set `database.migrate = \"auto\"`")));
        }
        Ok(())
    }

    async fn applied(&self) -> Result<Vec<HistoryRow>> {
        let exists = match self.dialect() {
            Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_history'",
            Dialect::Postgres => {
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_history'"
            }
        };
        if self.read(exists).one::<(i64,)>().await?.0 == 0 {
            return Ok(Vec::new());
        }
        self.read("SELECT number, name, checksum, applied_at FROM schema_history ORDER BY number").all().await
    }
}

fn check(applied: &[HistoryRow], dialect: Dialect) -> Result<()> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if let Some(newer) = applied.iter().find(|row| row.number / 1000 > newest / 1000) {
        return Err(Error::Schema(format!(
            "the database has schema {} (`{}`) and this binary knows major {}; run a newer `mnemosyne` or restore a backup of the older schema",
            newer.number,
            newer.name,
            newest / 1000,
        )));
    }
    for row in applied {
        if let Some(known) = MIGRATIONS.iter().find(|migration| migration.number == row.number)
            && known.checksum(dialect) != row.checksum
        {
            return Err(Error::Schema(format!(
                "migration `{}` was applied with other contents; restore a backup or use the binary that applied it",
                row.name
            )));
        }
    }
    Ok(())
}

async fn run(tx: &mut Tx, migration: &Migration, now: Millis) -> Result<()> {
    let dialect = tx.dialect();
    tx.script(migration.sql(dialect)).await?;
    tx.query("INSERT INTO schema_history (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")
        .bind(migration.number)
        .bind(migration.name)
        .bind(migration.checksum(dialect))
        .bind(now)
        .execute()
        .await?;
    Ok(())
}
