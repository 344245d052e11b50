//! `memory_words`: SQLite's FTS5, PostgreSQL's tsvector, over the same keys of words.
//!
//! A key is sixteen hexadecimal digits made of the person and the word, so the lists of one person hold nobody else's rows and
//! both databases cut texts alike. Each memory that is not active is not in it. Scores are not asked of the databases, which
//! have different ones: they say who has any of the words and how many have each.

use uuid::Uuid;

use super::list::filtered;
use crate::clock::Millis;
use crate::model::memory::MemoryFilter;
use crate::store::db::{Dialect, Reader};
use crate::store::error::Result;
use crate::store::row::rows;
use crate::store::tx::Tx;

/// A memory that has some of the words.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: Uuid,
    /// 0…1.
    pub importance: f64,
    /// When it was made.
    pub created_at: Millis,
    /// Its words.
    pub length: i64,
    /// How often which.
    pub bag: Vec<u8>,
}

rows! { Candidate { id, importance, created_at, length, bag } }

/// Whether one of the words suffices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Any of them.
    Any,
    /// All of them.
    All,
}

/// The words as this dialect asks for them. Keys are hexadecimal digits, so there is nothing to escape.
fn asked(dialect: Dialect, keys: &[String], which: Which) -> String {
    let (quote, between) = match (dialect, which) {
        (Dialect::Sqlite, Which::Any) => ('"', " OR "),
        (Dialect::Sqlite, Which::All) => ('"', " AND "),
        (Dialect::Postgres, Which::Any) => ('\'', " | "),
        (Dialect::Postgres, Which::All) => ('\'', " & "),
    };
    keys.iter().map(|key| format!("{quote}{key}{quote}")).collect::<Vec<_>>().join(between)
}

/// Makes a memory's words findable.
pub async fn index(tx: &mut Tx, number: i64, words: &str) -> Result<()> {
    let dialect = tx.dialect();
    tx.query(
        dialect
            .pick(
                "INSERT INTO memory_words (rowid, words) VALUES ($1, $2)",
                "INSERT INTO memory_words (memory, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))",
            )
            .to_owned(),
    )
    .bind(number)
    .bind(words)
    .execute()
    .await
    .map(drop)
}

/// Makes a memory's words unfindable.
pub async fn unindex(tx: &mut Tx, number: i64) -> Result<()> {
    let dialect = tx.dialect();
    tx.query(dialect.pick("DELETE FROM memory_words WHERE rowid = $1", "DELETE FROM memory_words WHERE memory = $1").to_owned())
        .bind(number)
        .execute()
        .await
        .map(drop)
}

/// [`unindex`] of many.
pub(super) async fn unindex_all(tx: &mut Tx, numbers: &[i64]) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let dialect = tx.dialect();
    let mut query = tx.query("DELETE FROM memory_words WHERE 1 = 1");
    query.and_in(dialect.pick("rowid", "memory"), numbers.iter().copied());
    query.execute().await.map(drop)
}

/// How many memories have each of the words, in their order: one statement.
pub async fn frequencies<'a>(db: impl Reader<'a>, keys: &[String]) -> Result<Vec<i64>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = db.speaks();
    let mut query = db.reading(String::new().into());
    for (at, key) in keys.iter().enumerate() {
        query.push(if at == 0 { "SELECT CAST(" } else { " UNION ALL SELECT CAST(" });
        query.push(&at.to_string()).push(" AS BIGINT), COUNT(*) FROM memory_words WHERE ");
        matching(&mut query, dialect, &asked(dialect, std::slice::from_ref(key), Which::Any));
    }
    let rows: Vec<(i64, i64)> = query.all().await?;
    let mut counts = vec![0; keys.len()];
    for (at, count) in rows {
        if let Some(place) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
            *place = count;
        }
    }
    Ok(counts)
}

fn matching(query: &mut crate::store::query::Query<'_>, dialect: Dialect, words: &str) {
    match dialect {
        Dialect::Sqlite => query.push("memory_words MATCH ").value(words),
        Dialect::Postgres => query.push("words @@ CAST(").value(words).push(" AS tsquery)"),
    };
}

/// The user's active memories that pass the filter and have the words, newest first, at most `limit`.
pub async fn candidates<'a>(
    db: impl Reader<'a>,
    user: Uuid,
    keys: &[String],
    which: Which,
    filter: &MemoryFilter,
    limit: i64,
) -> Result<Vec<Candidate>> {
    if keys.is_empty() || limit <= 0 {
        return Ok(Vec::new());
    }
    let dialect = db.speaks();
    let words = asked(dialect, keys, which);
    // Who has the words is decided first (SQLite keeps the order of a CROSS JOIN): a planner that guesses asks the index of words
    // once for each of the person's memories, or walks everybody's for the newest.
    let sql = dialect.pick(
        "SELECT memories.id, importance, created_at, length, bag FROM memory_words CROSS JOIN memories ON memories.number = memory_words.rowid \
         WHERE memory_words MATCH $1 AND user_id = $2",
        "WITH found AS MATERIALIZED (SELECT memory FROM memory_words WHERE words @@ CAST($1 AS tsquery)) \
         SELECT memories.id, importance, created_at, length, bag FROM found JOIN memories ON memories.number = found.memory WHERE user_id = $2",
    );
    let mut query = db.reading(sql.to_owned().into()).bind(words).bind(user);
    filtered(&mut query, dialect, filter);
    query.push(dialect.pick(" ORDER BY memory_words.rowid DESC LIMIT ", " ORDER BY memories.number DESC LIMIT ")).value(limit);
    query.all().await
}
