//! `llm_days`, `llm_usage`, `llm_reservations`: tokens of language models, reserved before a call and settled after it.
//!
//! The day's row is the lock: whoever reserves or settles writes it first, so that two calls at the same time never see the
//! same room. A reservation has an end: what a host that died had reserved comes free by itself.

use uuid::Uuid;

use super::db::{Db, Reader, Writes};
use super::error::Result;
use super::tx::Tx;
use crate::clock::Millis;

/// Most tokens of a day; `None`: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayLimits {
    /// Of everybody together.
    pub all: Option<i64>,
    /// Of one person.
    pub user: Option<i64>,
}

/// What a call wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// A new id.
    pub id: Uuid,
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Whose; `None`: nobody's.
    pub user: Option<Uuid>,
    /// Tokens that it needs at least.
    pub least: i64,
    /// Tokens that it would take.
    pub most: i64,
    /// When it counts as dead.
    pub expires_at: Millis,
}

/// Reserves as much of what is wanted as there is room for; `None`: not even the least.
pub async fn reserve(db: &Db, wanted: &Wanted, limits: DayLimits, now: Millis) -> Result<Option<i64>> {
    let mut tx = db.begin().await?;
    let everybody = lock_day(&mut tx, wanted.day).await?;
    let mut room = wanted.most;
    if let Some(limit) = limits.all {
        let promised = promised(&mut tx, wanted.day, None, now).await?;
        room = room.min(limit.saturating_sub(everybody).saturating_sub(promised));
    }
    if let (Some(limit), Some(user)) = (limits.user, wanted.user) {
        let own = used(&mut tx, wanted.day, user).await?;
        let promised = promised(&mut tx, wanted.day, Some(user), now).await?;
        room = room.min(limit.saturating_sub(own).saturating_sub(promised));
    }
    if room < wanted.least {
        tx.rollback().await?;
        return Ok(None);
    }
    tx.query("INSERT INTO llm_reservations (id, day, user_id, tokens, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(wanted.id)
        .bind(wanted.day)
        .bind(wanted.user)
        .bind(room)
        .bind(wanted.expires_at)
        .execute()
        .await?;
    tx.commit().await?;
    Ok(Some(room))
}

/// Books what a call really used, on the day it was reserved for, and gives the rest back. A person who is gone is not booked.
pub async fn settle(db: &Db, id: Uuid, day: i64, user: Option<Uuid>, tokens: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    lock_day(&mut tx, day).await?;
    tx.query("DELETE FROM llm_reservations WHERE id = $1").bind(id).execute().await?;
    if tokens > 0 {
        tx.query("UPDATE llm_days SET tokens = tokens + $2 WHERE day = $1").bind(day).bind(tokens).execute().await?;
        if let Some(user) = user {
            tx.query(
                "INSERT INTO llm_usage (day, user_id, tokens) SELECT $1, id, $3 FROM users WHERE id = $2 \
                 ON CONFLICT (day, user_id) DO UPDATE SET tokens = llm_usage.tokens + excluded.tokens",
            )
            .bind(day)
            .bind(user)
            .bind(tokens)
            .execute()
            .await?;
        }
    }
    tx.commit().await
}

/// What is booked for a day: by everybody, and by this person.
pub async fn spent(db: &Db, day: i64, user: Uuid) -> Result<(i64, i64)> {
    let all: Option<(i64,)> = db.read("SELECT tokens FROM llm_days WHERE day = $1").bind(day).optional().await?;
    Ok((all.map_or(0, |row| row.0), used(db, day, user).await?))
}

/// Removes what is older than `before`, and reservations that nobody will settle.
pub async fn purge(db: &Db, before: i64, now: Millis) -> Result<u64> {
    let dead = db.writing("DELETE FROM llm_reservations WHERE expires_at <= $1".into()).bind(now).execute().await?;
    let people = db.writing("DELETE FROM llm_usage WHERE day < $1".into()).bind(before).execute().await?;
    let days = db.writing("DELETE FROM llm_days WHERE day < $1".into()).bind(before).execute().await?;
    Ok(dead + people + days)
}

/// Makes the day's row if it is not there, locks it until the transaction ends, and tells its tokens.
async fn lock_day(tx: &mut Tx, day: i64) -> Result<i64> {
    let row: (i64,) = tx
        .query(
            "INSERT INTO llm_days (day, tokens) VALUES ($1, 0) ON CONFLICT (day) DO UPDATE SET tokens = llm_days.tokens RETURNING tokens",
        )
        .bind(day)
        .one()
        .await?;
    Ok(row.0)
}

async fn used<'a>(db: impl Reader<'a>, day: i64, user: Uuid) -> Result<i64> {
    let row: Option<(i64,)> =
        db.reading("SELECT tokens FROM llm_usage WHERE day = $1 AND user_id = $2".into()).bind(day).bind(user).optional().await?;
    Ok(row.map_or(0, |row| row.0))
}

async fn promised(tx: &mut Tx, day: i64, user: Option<Uuid>, now: Millis) -> Result<i64> {
    let mut query = tx
        .query("SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT) FROM llm_reservations WHERE day = $1 AND expires_at > $2")
        .bind(day)
        .bind(now);
    query.and_in("user_id", user);
    let row: (i64,) = query.one().await?;
    Ok(row.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{TestDb, id, on_all, user};

    fn wanted(user: Option<Uuid>, least: i64, most: i64, expires_at: Millis) -> Wanted {
        Wanted { id: id(), day: 7, user, least, most, expires_at }
    }

    #[tokio::test]
    async fn what_is_reserved_is_not_there_for_others_until_it_is_settled() {
        on_all(async |db: &TestDb| {
            let (ada, bob) = (user(db, "ada").await.id, user(db, "bob").await.id);
            let limits = DayLimits { all: Some(1_000), user: Some(600) };
            let first = wanted(Some(ada), 10, 500, 100);
            assert_eq!(reserve(db, &first, limits, 1).await.unwrap(), Some(500));
            assert_eq!(reserve(db, &wanted(Some(ada), 10, 500, 100), limits, 1).await.unwrap(), Some(100), "her own bound");
            assert_eq!(reserve(db, &wanted(Some(ada), 10, 500, 100), limits, 1).await.unwrap(), None);
            assert_eq!(reserve(db, &wanted(Some(bob), 401, 500, 100), limits, 1).await.unwrap(), None, "everybody's bound");
            assert_eq!(reserve(db, &wanted(Some(bob), 10, 500, 100), limits, 1).await.unwrap(), Some(400));
            settle(db, first.id, 7, Some(ada), 30).await.unwrap();
            assert_eq!(spent(db, 7, ada).await.unwrap(), (30, 30));
            assert_eq!(
                reserve(db, &wanted(None, 1, 5_000, 100), limits, 1).await.unwrap(),
                Some(470),
                "nobody's call has the day's bound alone"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn what_a_dead_host_had_reserved_comes_free() {
        on_all(async |db: &TestDb| {
            let limits = DayLimits { all: Some(100), user: None };
            assert_eq!(reserve(db, &wanted(None, 1, 100, 50), limits, 1).await.unwrap(), Some(100));
            assert_eq!(reserve(db, &wanted(None, 1, 100, 99), limits, 49).await.unwrap(), None);
            assert_eq!(reserve(db, &wanted(None, 1, 100, 99), limits, 50).await.unwrap(), Some(100));
            assert_eq!(purge(db, 8, 100).await.unwrap(), 3, "two reservations and the day");
        })
        .await;
    }

    #[tokio::test]
    async fn concurrent_reservations_never_overrun() {
        on_all(async |db: &TestDb| {
            let limits = DayLimits { all: Some(1_000), user: None };
            let calls = (0..40).map(|_| {
                let db = db.db.clone();
                tokio::spawn(async move { reserve(&db, &wanted(None, 60, 60, 100), limits, 1).await.unwrap() })
            });
            let mut reserved = 0;
            for call in calls.collect::<Vec<_>>() {
                reserved += call.await.unwrap().unwrap_or(0);
            }
            assert_eq!(reserved, 960, "sixteen fit, the seventeenth does not");
        })
        .await;
    }
}
