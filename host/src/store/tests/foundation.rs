//! Schema, transactions, errors.

use std::collections::BTreeMap;
use std::path::Path;

use crate::store::testing::{id, on_all, task, user};
use crate::store::{ConnectOptions, Db, Dialect, Error, settings, tasks, users};

/// The index of words: a virtual table with tables of its own here, a table with a GIN index there.
const ONE_DIALECT: &str = "memory_words";

/// `table → columns`, and the names of indexes.
async fn shape(db: &Db) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let (columns, indexes) = match db.dialect() {
        Dialect::Sqlite => (
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        ),
        Dialect::Postgres => (
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position",
            "SELECT CAST(indexname AS TEXT), CAST(tablename AS TEXT) FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey' ORDER BY indexname",
        ),
    };
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in db.read(columns).all::<(String, String)>().await.unwrap() {
        if table.starts_with(ONE_DIALECT) {
            continue;
        }
        tables.entry(table).or_default().push(column);
    }
    let mut names: Vec<String> = db.read(indexes).all::<(String, String)>().await.unwrap().into_iter().map(|row| row.0).collect();
    names.retain(|name| !name.starts_with(ONE_DIALECT));
    names.sort();
    (tables, names)
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let all = crate::store::testing::databases().await;
    let mut shapes = Vec::new();
    for db in &all {
        shapes.push(shape(db).await);
    }
    assert!(shapes[0].0.len() > 30, "{:?}", shapes[0].0.keys());
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:#?}");
}

#[test]
fn both_folders_have_the_same_migrations_tables_and_columns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let read = |folder: &str| -> BTreeMap<String, Vec<String>> {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|file| file.unwrap().path());
        files
            .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), names(&std::fs::read_to_string(&path).unwrap())))
            .collect()
    };
    let (sqlite, postgres) = (read("sqlite"), read("postgres"));
    assert_eq!(sqlite, postgres);
    let known: Vec<String> = crate::store::migrate::names().map(str::to_owned).collect();
    assert_eq!(sqlite.into_keys().collect::<Vec<_>>(), known, "every file is in the list of migrate.rs");
}

/// The first two words of each line that makes something, the first of each column.
fn names(sql: &str) -> Vec<String> {
    let sql = sql.split("-- Only one dialect below.").next().unwrap_or_default();
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim_end()).filter(|line| !line.is_empty());
    code.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let taken = if line.starts_with(' ') {
            1
        } else if line.starts_with("CREATE") {
            words.len()
        } else {
            0
        };
        words[..taken.min(words.len())].join(" ")
    })
    .collect()
}

#[tokio::test]
async fn migrating_twice_does_nothing_and_a_newer_major_is_refused_in_words() {
    on_all(async |db| {
        assert!(db.migrate(5).await.unwrap().is_empty());
        db.check_schema().await.unwrap();
        let status = db.migration_status().await.unwrap();
        assert!(status.iter().all(|line| line.applied_at == Some(1) && line.known), "{status:?}");

        let insert = "INSERT INTO schema_history (number, name, checksum, applied_at) VALUES ($1, $2, $3, 1)";
        db.write(insert).bind(1999_i64).bind("1999_later").bind(vec![1_u8]).execute().await.unwrap();
        db.check_schema().await.unwrap();
        assert!(db.migrate(5).await.unwrap().is_empty(), "a newer step of the same major is served");
        db.write(insert).bind(2001_i64).bind("2001_contracts").bind(vec![1_u8]).execute().await.unwrap();
        let refusal = db.migrate(5).await.unwrap_err().to_string();
        assert!(refusal.contains("2001_contracts") && refusal.contains("run a newer `mnemosyne`"), "{refusal}");
    })
    .await;
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    on_all(async |db| {
        db.write("UPDATE schema_history SET checksum = $1 WHERE number = 1003").bind(vec![1_u8]).execute().await.unwrap();
        assert!(matches!(db.migrate(5).await, Err(Error::Schema(words)) if words.contains("1003_tasks")));
    })
    .await;
}

#[tokio::test]
async fn hosts_that_start_together_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("fresh.db").display());
    let options = ConnectOptions::default();
    let opened = futures::future::join_all((0..4).map(|_| Db::connect(&url, &options))).await;
    let hosts: Vec<Db> = opened.into_iter().map(Result::unwrap).collect();
    let done = futures::future::join_all(hosts.iter().map(|host| host.migrate(1))).await;
    assert_eq!(done.into_iter().map(Result::unwrap).filter(|applied| !applied.is_empty()).count(), 1);
}

#[tokio::test]
async fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("private.db");
    let db = Db::connect(&format!("sqlite://{}", file.display()), &ConnectOptions::default()).await.unwrap();
    db.migrate(1).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn sqlite_runs_with_the_promised_settings() {
    let all = crate::store::testing::databases().await;
    let text = async |pragma: &'static str| all[0].write(pragma).one::<(i64,)>().await.unwrap().0;
    assert_eq!((text("PRAGMA synchronous").await, text("PRAGMA foreign_keys").await), (2, 1));
    assert_eq!(all[0].write("PRAGMA journal_mode").one::<(String,)>().await.unwrap().0, "wal");
    assert!(all[0].read("DELETE FROM settings").execute().await.is_err(), "readers cannot write");
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_blocks_nobody() {
    on_all(async |db| {
        let mut tx = db.begin().await.unwrap();
        settings::put(&mut tx, "left", &1, 1).await.unwrap();
        drop(tx);
        assert_eq!(settings::find::<i64>(&db.db, "left").await.unwrap(), None);
        settings::put(&db.db, "next", &2, 1).await.unwrap();
        // a transaction whose future is dropped at any point is as good as none
        for step in 0..60_u64 {
            let work = async {
                let mut tx = db.begin().await.unwrap();
                settings::put(&mut tx, "cut", &1, 1).await.unwrap();
                std::future::pending::<()>().await;
            };
            drop(tokio::time::timeout(std::time::Duration::from_micros(step * 40), work).await);
            settings::put(&db.db, "next", &step, 1).await.unwrap();
            // every connection sees it: none was left inside a transaction that ends nowhere
            let seen = futures::future::join_all((0..8).map(|_| settings::find::<u64>(&db.db, "next"))).await;
            assert!(seen.into_iter().all(|value| value.unwrap() == Some(step)), "{step}");
        }
        assert_eq!(settings::find::<i64>(&db.db, "cut").await.unwrap(), None);
        let mut tx = db.begin().await.unwrap();
        settings::put(&mut tx, "undone", &1, 1).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(settings::find::<i64>(&db.db, "undone").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_commit_after_a_failed_statement_is_never_a_silent_rollback() {
    on_all(async |db| {
        let mut tx = db.begin().await.unwrap();
        settings::put(&mut tx, "kept", &1, 1).await.unwrap();
        assert!(tasks::insert(&mut tx, &task(id(), "nobody's")).await.unwrap_err().is_conflict("foreign_key"));
        let kept = tx.commit().await.is_ok();
        assert_eq!(settings::find::<i64>(&db.db, "kept").await.unwrap().is_some(), kept);
    })
    .await;
}

#[tokio::test]
async fn conflicts_have_the_same_names_on_both_databases() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let mut twin = alice.clone();
        twin.id = id();
        twin.username = "other".into();
        twin.email = Some("ALICE@example.ORG".into());
        let mut tx = db.begin().await.unwrap();
        assert!(users::insert(&mut tx, &twin, None, "test").await.unwrap_err().is_conflict("users_email_folded_key"));
        tx.rollback().await.unwrap();

        twin.id = alice.id;
        twin.email = None;
        let mut tx = db.begin().await.unwrap();
        assert!(users::insert(&mut tx, &twin, None, "test").await.unwrap_err().is_conflict("users_pkey"));
        tx.rollback().await.unwrap();

        let orphan = task(id(), "nobody's");
        assert!(tasks::insert(&db.db, &orphan).await.unwrap_err().is_conflict("foreign_key"));
        let mut hard = task(alice.id, "too hard");
        hard.difficulty = 6;
        assert!(tasks::insert(&db.db, &hard).await.unwrap_err().is_conflict("check"));
    })
    .await;
}
