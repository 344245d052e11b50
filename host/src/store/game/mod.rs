//! `completions`, `xp_ledger`, `user_days`, `achievements`.
//!
//! A completion is minted in the transaction that completes the task (`complete.rs`), scored there or later by a job
//! (`score.rs`), and taken back by reopening (`complete.rs`). The ledger only grows; the total is its sum. `user_days`
//! is the ledger folded by day, moved in the same transactions.

mod complete;
mod score;

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::Result;
use super::row::rows;
use super::tx::Tx;
use crate::model::game::{Achievement, Completion, Day, LedgerEntry, Tallies, Tally, Windows};
use crate::model::page::{Cursor, Key, Page, Slice, Start};

pub use complete::{Completed, Completing, Reopening, complete, complete_in, reopen, reopen_in};
pub use score::{Scored, claim_pending, release, score};

macro_rules! columns {
    () => {
        "id, user_id, task_id, occurrence, day, completed_at, on_time, facts, state, plugin, plugin_version, digest, attempts, created_at"
    };
}
pub(super) use columns;

rows! {
    Completion { id, user_id, task_id, occurrence, day, completed_at, on_time, facts, state: text, rules: rules, attempts, created_at }
    LedgerEntry { id, user_id, completion_id, task_id, kind, points, breakdown: json, day, rules: rules, created_at }
    Achievement { achievement, completion_id, plugin, unlocked_at }
    Day { day, points, completions }
}

/// The user's points: the sum of the ledger, always.
pub async fn total<'a>(db: impl Reader<'a>, user: Uuid) -> Result<i64> {
    let row: (i64,) =
        db.reading("SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) FROM xp_ledger WHERE user_id = $1".into()).bind(user).one().await?;
    Ok(row.0)
}

struct TallyRow {
    day_points: i64,
    day_completions: i64,
    week_points: i64,
    week_completions: i64,
    month_points: i64,
    month_completions: i64,
    year_points: i64,
    year_completions: i64,
    all_points: i64,
    all_completions: i64,
}

rows! {
    TallyRow {
        day_points, day_completions, week_points, week_completions, month_points, month_completions, year_points, year_completions,
        all_points, all_completions
    }
}

macro_rules! window {
    ($name:literal, $from:literal) => {
        concat!(
            "CAST(COALESCE(SUM(points) FILTER (WHERE day >= ",
            $from,
            "), 0) AS BIGINT) AS ",
            $name,
            "_points, ",
            "CAST(COALESCE(SUM(completions) FILTER (WHERE day >= ",
            $from,
            "), 0) AS BIGINT) AS ",
            $name,
            "_completions"
        )
    };
}

/// Points and completions by window. Days after today count (the zone was changed): a window has no end.
pub async fn tallies<'a>(db: impl Reader<'a>, user: Uuid, windows: &Windows) -> Result<Tallies> {
    let row: TallyRow = db
        .reading(
            concat!(
                "SELECT ",
                window!("day", "$2"),
                ", ",
                window!("week", "$3"),
                ", ",
                window!("month", "$4"),
                ", ",
                window!("year", "$5"),
                ", ",
                window!("all", "''"),
                " FROM user_days WHERE user_id = $1"
            )
            .into(),
        )
        .bind(user)
        .bind(&windows.day)
        .bind(&windows.week)
        .bind(&windows.month)
        .bind(&windows.year)
        .one()
        .await?;
    let tally = |points, completions| Tally { points, completions };
    Ok(Tallies {
        day: tally(row.day_points, row.day_completions),
        week: tally(row.week_points, row.week_completions),
        month: tally(row.month_points, row.month_completions),
        year: tally(row.year_points, row.year_completions),
        all: tally(row.all_points, row.all_completions),
    })
}

/// The points of one of the user's days; inside a transaction that moved the day, nobody else can move it meanwhile.
pub async fn day_points<'a>(db: impl Reader<'a>, user: Uuid, day: &str) -> Result<i64> {
    let row: Option<(i64,)> =
        db.reading("SELECT points FROM user_days WHERE user_id = $1 AND day = $2".into()).bind(user).bind(day).optional().await?;
    Ok(row.map_or(0, |row| row.0))
}

/// The user's days with completions that stand, newest first: streaks are counted over them.
pub async fn days<'a>(db: impl Reader<'a>, user: Uuid) -> Result<Vec<Day>> {
    db.reading("SELECT day, points, completions FROM user_days WHERE user_id = $1 AND completions > 0 ORDER BY day DESC".into())
        .bind(user)
        .all()
        .await
}

/// The ledger, newest first.
pub async fn ledger<'a>(db: impl Reader<'a>, user: Uuid, page: &Page) -> Result<Slice<LedgerEntry>> {
    let mut query = db
        .reading(
            "SELECT id, user_id, completion_id, task_id, kind, points, breakdown, day, plugin, plugin_version, digest, created_at, \
             CASE WHEN $2 THEN (SELECT COUNT(*) FROM xp_ledger c WHERE c.user_id = $1) END AS total FROM xp_ledger WHERE user_id = $1"
                .into(),
        )
        .bind(user)
        .bind(matches!(page.start, Start::Skip(_)));
    let mut skip = 0;
    match &page.start {
        Start::Skip(rows) => skip = *rows,
        Start::After(Cursor { key, id }) => {
            let key = if let Key::Int(key) = key { *key } else { i64::MAX };
            query.push(" AND (created_at, id) < (").value(key).push(", ").value(*id).push(")");
        }
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<super::page::Counted<LedgerEntry>> = query.all().await?;
    Ok(super::page::slice(rows, page, |entry| Cursor { key: Key::Int(entry.created_at), id: entry.id }))
}

/// What the user has reached, oldest first.
pub async fn achievements<'a>(db: impl Reader<'a>, user: Uuid) -> Result<Vec<Achievement>> {
    db.reading(
        "SELECT achievement, completion_id, plugin, unlocked_at FROM achievements WHERE user_id = $1 ORDER BY unlocked_at, achievement"
            .into(),
    )
    .bind(user)
    .all()
    .await
}

/// One completion of a user.
pub async fn completion<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Completion>> {
    db.reading(concat!("SELECT ", columns!(), " FROM completions WHERE id = $1 AND user_id = $2").into())
        .bind(id)
        .bind(user)
        .optional()
        .await
}

/// Users whose `user_days` differ from what ledger and completions say: always empty, or there is a bug.
pub async fn verify<'a>(db: impl Reader<'a>) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = db
        .reading(
            "SELECT u.id FROM users u WHERE \
             (SELECT COALESCE(SUM(points), 0) FROM xp_ledger l WHERE l.user_id = u.id) <> (SELECT COALESCE(SUM(points), 0) FROM user_days d WHERE d.user_id = u.id) OR \
             (SELECT COUNT(*) FROM completions c WHERE c.user_id = u.id AND c.state <> 'reverted') <> (SELECT COALESCE(SUM(completions), 0) FROM user_days d WHERE d.user_id = u.id)"
                .into(),
        )
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Moves a user's day.
async fn move_day<'a>(db: impl Writes<'a>, user: Uuid, day: &str, points: i64, completions: i64) -> Result<()> {
    db.writing(
        "INSERT INTO user_days (user_id, day, points, completions) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, day) DO UPDATE SET \
         points = user_days.points + excluded.points, completions = user_days.completions + excluded.completions"
            .into(),
    )
    .bind(user)
    .bind(day)
    .bind(points)
    .bind(completions)
    .execute()
    .await
    .map(drop)
}

/// Writes a ledger row. Conflict: `xp_ledger_completion_id_kind_key`.
async fn post(tx: &mut Tx, entry: &LedgerEntry) -> Result<()> {
    let rules = entry.rules.as_ref();
    tx.query(
        "INSERT INTO xp_ledger (id, user_id, completion_id, task_id, kind, points, breakdown, day, plugin, plugin_version, digest, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.id)
    .bind(entry.user_id)
    .bind(entry.completion_id)
    .bind(entry.task_id)
    .bind(&entry.kind)
    .bind(entry.points)
    .bind(sqlx::types::Json(&entry.breakdown))
    .bind(&entry.day)
    .bind(rules.map(|rules| rules.plugin.as_str()))
    .bind(rules.map(|rules| rules.version.as_str()))
    .bind(rules.map(|rules| rules.digest.as_str()))
    .bind(entry.created_at)
    .execute()
    .await
    .map(drop)
}

/// Unlocks what is not held yet; tells what was new.
async fn unlock(tx: &mut Tx, completion: &Completion, award: &crate::model::game::Award, now: i64) -> Result<Vec<String>> {
    let mut new = Vec::new();
    for achievement in &award.achievements {
        let made = tx
            .query(
                "INSERT INTO achievements (user_id, achievement, completion_id, plugin, unlocked_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (user_id, achievement) DO NOTHING",
            )
            .bind(completion.user_id)
            .bind(achievement)
            .bind(completion.id)
            .bind(&award.rules.plugin)
            .bind(now)
            .execute()
            .await?;
        if made == 1 {
            new.push(achievement.clone());
        }
    }
    Ok(new)
}
