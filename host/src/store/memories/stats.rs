//! A person's memories in figures.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::clock::Millis;
use crate::model::memory::MemoryStats;
use crate::store::db::{Db, Reader};
use crate::store::error::Result;
use crate::store::row::{parse, rows};

struct Group {
    source_type: String,
    is_active: bool,
    memories: i64,
    importance: f64,
    chunks: i64,
}

rows! { Group { source_type, is_active, memories, importance, chunks } }

/// How many active memories a person has.
pub async fn count_active<'a>(db: impl Reader<'a>, user: Uuid) -> Result<i64> {
    Ok(super::library(db, user).await?.documents)
}

/// Everything that `GET /memories/statistics` shows, in two statements.
pub async fn stats(db: &Db, user: Uuid) -> Result<MemoryStats> {
    let groups: Vec<Group> = db
        .read(
            "SELECT source_type, is_active, COUNT(*) AS memories, CAST(SUM(importance) AS DOUBLE PRECISION) AS importance, \
             CAST(SUM(chunks) AS BIGINT) AS chunks FROM memories WHERE user_id = $1 GROUP BY source_type, is_active",
        )
        .bind(user)
        .all()
        .await?;
    let mut stats = MemoryStats { by_tag: tags(db, user).await?, ..MemoryStats::default() };
    let mut importance = 0.0;
    for group in groups {
        stats.total += group.memories;
        if group.is_active {
            stats.active += group.memories;
            stats.chunks += group.chunks;
            importance += group.importance;
            stats.by_source_type.insert(parse(&group.source_type)?, group.memories);
        }
    }
    if stats.active > 0 {
        #[expect(clippy::cast_precision_loss, reason = "counts of one person's memories are far below 2^52")]
        let mean = importance / stats.active as f64;
        stats.average_importance = mean;
    }
    Ok(stats)
}

/// The tags of a person's active memories, and how many have each.
pub async fn tags(db: &Db, user: Uuid) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = db
        .read(
            db.dialect()
                .pick(
                    "SELECT each.value, COUNT(*) FROM memories, json_each(memories.tags) AS each WHERE user_id = $1 AND is_active \
                     AND tags <> '[]' GROUP BY each.value",
                    "SELECT each.value, COUNT(*) FROM memories, jsonb_array_elements_text(memories.tags) AS each (value) WHERE user_id = $1 \
                     AND is_active GROUP BY each.value",
                )
                .to_owned(),
        )
        .bind(user)
        .all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// What is compared when near-duplicates are looked for.
#[derive(Clone, Debug)]
pub struct Bag {
    /// The memory.
    pub id: Uuid,
    /// How important.
    pub importance: f64,
    /// When it was made.
    pub created_at: Millis,
    /// Its title.
    pub title: String,
    /// How often which word.
    pub bag: Vec<u8>,
}

rows! { Bag { id, importance, created_at, title, bag } }

/// A person's newest active memories as bags of at most 1 000 different words; longer texts are left out.
pub async fn bags(db: &Db, user: Uuid, limit: i64) -> Result<Vec<Bag>> {
    db.read(
        "SELECT id, importance, created_at, title, bag FROM memories WHERE user_id = $1 AND is_active AND LENGTH(bag) <= 6000 \
         ORDER BY created_at DESC, id DESC LIMIT $2",
    )
    .bind(user)
    .bind(limit)
    .all()
    .await
}
