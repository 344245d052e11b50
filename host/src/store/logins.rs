//! `login_attempts`, `pending_logins`: what happens before a session.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::Result;
use super::row::rows;
use crate::clock::Millis;
use crate::model::session::PendingLogin;

/// Counts one failure under `name` (`ip:…`, `account:…`, both) in a fixed window of `window` milliseconds; tells the count.
pub async fn failed<'a>(db: impl Writes<'a>, name: &str, now: Millis, window: Millis) -> Result<i64> {
    let row: (i64,) = db
        .writing(
            "INSERT INTO login_attempts (name, failures, window_start, last_at) VALUES ($1, 1, $2, $2) ON CONFLICT (name) DO UPDATE SET \
             failures = CASE WHEN login_attempts.window_start <= $2 - $3 THEN 1 ELSE login_attempts.failures + 1 END, \
             window_start = CASE WHEN login_attempts.window_start <= $2 - $3 THEN $2 ELSE login_attempts.window_start END, \
             last_at = $2 RETURNING failures"
                .into(),
        )
        .bind(name)
        .bind(now)
        .bind(window)
        .one()
        .await?;
    Ok(row.0)
}

/// Failures in the running window with its begin, for each of `names` that has one.
pub async fn failures<'a>(db: impl Reader<'a>, names: &[&str], now: Millis, window: Millis) -> Result<Vec<(String, i64, Millis)>> {
    let mut query =
        db.reading("SELECT name, failures, window_start FROM login_attempts WHERE window_start > $1 - $2".into()).bind(now).bind(window);
    query.and_in("name", names);
    query.all().await
}

/// Forgets the failures under `name`.
pub async fn clear<'a>(db: impl Writes<'a>, name: &str) -> Result<()> {
    db.writing("DELETE FROM login_attempts WHERE name = $1".into()).bind(name).execute().await.map(drop)
}

/// Removes counters and pending logins nobody needs any more.
pub async fn purge<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM login_attempts WHERE last_at < $1".into()).bind(before).execute().await
}

rows! { PendingLogin { id, provider, step, state, nonce, user_id, created_at, expires_at } }

/// Begins a login of several steps.
pub async fn begin<'a>(db: impl Writes<'a>, login: &PendingLogin) -> Result<()> {
    db.writing(
        "INSERT INTO pending_logins (id, provider, step, state, nonce, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)".into(),
    )
    .bind(login.id)
    .bind(&login.provider)
    .bind(login.step)
    .bind(login.state.as_slice())
    .bind(login.nonce.as_deref())
    .bind(login.user_id)
    .bind(login.created_at)
    .bind(login.expires_at)
    .execute()
    .await
    .map(drop)
}

/// Takes a pending login, once: a second taker gets nothing, nor does anyone after it expired.
pub async fn consume<'a>(db: impl Writes<'a>, id: Uuid, provider: &str, now: Millis) -> Result<Option<PendingLogin>> {
    db.writing(
        "UPDATE pending_logins SET consumed_at = $3 WHERE id = $1 AND provider = $2 AND consumed_at IS NULL AND expires_at > $3 \
         RETURNING id, provider, step, state, nonce, user_id, created_at, expires_at"
            .into(),
    )
    .bind(id)
    .bind(provider)
    .bind(now)
    .optional()
    .await
}

/// Removes pending logins that expired before `before`.
pub async fn purge_pending<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM pending_logins WHERE expires_at < $1".into()).bind(before).execute().await
}
