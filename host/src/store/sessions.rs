//! `sessions`: who is signed in where.

use sqlx::types::Json;
use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use super::users;
use crate::clock::Millis;
use crate::model::session::Session;
use crate::model::user::User;

macro_rules! columns {
    () => {
        "s.id, s.user_id, s.provider, s.scopes, s.user_agent, s.ip, s.created_at, s.authenticated_at, s.last_seen_at, s.expires_at, \
         s.revoked_at, s.revoked_reason"
    };
}

rows! {
    Session {
        id, user_id, provider, scopes: maybe_json, user_agent, ip, created_at, authenticated_at, last_seen_at, expires_at, revoked_at, revoked_reason
    }
}

/// Opens a session.
pub async fn insert<'a>(db: impl Writes<'a>, session: &Session) -> Result<()> {
    db.writing(
        "INSERT INTO sessions (id, user_id, provider, scopes, user_agent, ip, created_at, authenticated_at, last_seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            .into(),
    )
    .bind(session.id)
    .bind(session.user_id)
    .bind(&session.provider)
    .bind(session.scopes.as_ref().map(Json))
    .bind(session.user_agent.as_deref())
    .bind(session.ip.as_deref())
    .bind(session.created_at)
    .bind(session.authenticated_at)
    .bind(session.last_seen_at)
    .bind(session.expires_at)
    .execute()
    .await
    .map(drop)
}

/// The session, ended ones included.
pub async fn find<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<Session>> {
    db.reading(concat!("SELECT ", columns!(), " FROM sessions s WHERE s.id = $1").into()).bind(id).optional().await
}

/// The session with its user: everything that a request needs to know about its caller, in one statement.
pub async fn find_with_user<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<(Session, User)>> {
    let row: Option<WithUser> = db
        .reading(
            concat!(
                "SELECT ",
                users::columns!(),
                ", s.id AS s_id, s.provider AS s_provider, s.scopes AS s_scopes, s.user_agent AS s_user_agent, \
                 s.ip AS s_ip, s.created_at AS s_created_at, s.authenticated_at AS s_authenticated_at, s.last_seen_at AS s_last_seen_at, \
                 s.expires_at AS s_expires_at, s.revoked_at AS s_revoked_at, s.revoked_reason AS s_revoked_reason \
                 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"
            )
            .into(),
        )
        .bind(id)
        .optional()
        .await?;
    Ok(row.map(WithUser::split))
}

struct WithUser {
    user: User,
    s_id: Uuid,
    s_provider: String,
    s_scopes: Option<Vec<String>>,
    s_user_agent: Option<String>,
    s_ip: Option<String>,
    s_created_at: Millis,
    s_authenticated_at: Millis,
    s_last_seen_at: Millis,
    s_expires_at: Millis,
    s_revoked_at: Option<Millis>,
    s_revoked_reason: Option<String>,
}

rows! {
    WithUser {
        user: whole, s_id, s_provider, s_scopes: maybe_json, s_user_agent, s_ip, s_created_at, s_authenticated_at, s_last_seen_at,
        s_expires_at, s_revoked_at, s_revoked_reason
    }
}

impl WithUser {
    fn split(self) -> (Session, User) {
        let session = Session {
            id: self.s_id,
            user_id: self.user.id,
            provider: self.s_provider,
            scopes: self.s_scopes,
            user_agent: self.s_user_agent,
            ip: self.s_ip,
            created_at: self.s_created_at,
            authenticated_at: self.s_authenticated_at,
            last_seen_at: self.s_last_seen_at,
            expires_at: self.s_expires_at,
            revoked_at: self.s_revoked_at,
            revoked_reason: self.s_revoked_reason,
        };
        (session, self.user)
    }
}

/// A user's live sessions, newest first.
pub async fn list<'a>(db: impl Reader<'a>, user: Uuid, now: Millis) -> Result<Vec<Session>> {
    db.reading(
        concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 ORDER BY s.created_at DESC, s.id DESC"
        )
        .into(),
    )
    .bind(user)
    .bind(now)
    .all()
    .await
}

/// Notes its use, to the minute.
pub async fn seen<'a>(db: impl Writes<'a>, id: Uuid, now: Millis) -> Result<()> {
    db.writing("UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2 - 60000".into())
        .bind(id)
        .bind(now)
        .execute()
        .await
        .map(drop)
}

/// Ends one session of a user, its refresh families with it.
pub async fn revoke(tx: &mut Tx, user: Uuid, id: Uuid, reason: &str, now: Millis) -> Result<()> {
    let ended = tx
        .query("UPDATE sessions SET revoked_at = $3, revoked_reason = $4 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL")
        .bind(id)
        .bind(user)
        .bind(now)
        .bind(reason)
        .execute()
        .await?;
    if ended == 0 {
        return Err(Error::NotFound);
    }
    tx.query("UPDATE refresh_families SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Ends all sessions of a user but `except`; tells which, so that caches can forget them.
pub async fn revoke_all(tx: &mut Tx, user: Uuid, except: Option<Uuid>, reason: &str, now: Millis) -> Result<Vec<Uuid>> {
    let ended: Vec<(Uuid,)> = tx
        .query(
            "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 WHERE user_id = $1 AND ($2 IS NULL OR id <> $2) AND revoked_at IS NULL RETURNING id",
        )
        .bind(user)
        .bind(except)
        .bind(now)
        .bind(reason)
        .all()
        .await?;
    tx.query("UPDATE refresh_families SET revoked_at = $3 WHERE user_id = $1 AND ($2 IS NULL OR session_id <> $2) AND revoked_at IS NULL")
        .bind(user)
        .bind(except)
        .bind(now)
        .execute()
        .await?;
    Ok(ended.into_iter().map(|row| row.0).collect())
}

/// Ends the sessions of a user that API keys opened; tells which.
pub async fn revoke_scoped(tx: &mut Tx, user: Uuid, reason: &str, now: Millis) -> Result<Vec<Uuid>> {
    let ended: Vec<(Uuid,)> = tx
        .query(
            "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND scopes IS NOT NULL AND revoked_at IS NULL RETURNING id",
        )
        .bind(user)
        .bind(now)
        .bind(reason)
        .all()
        .await?;
    tx.query(
        "UPDATE refresh_families SET revoked_at = $2 WHERE revoked_at IS NULL AND session_id IN \
         (SELECT id FROM sessions WHERE user_id = $1 AND scopes IS NOT NULL)",
    )
    .bind(user)
    .bind(now)
    .execute()
    .await?;
    Ok(ended.into_iter().map(|row| row.0).collect())
}

/// Removes sessions that ended before `before`; tells how many.
pub async fn purge<'a>(db: impl Writes<'a>, before: Millis) -> Result<u64> {
    db.writing("DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1".into()).bind(before).execute().await
}
