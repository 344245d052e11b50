//! `users`, `passwords`, `user_roles`.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::page::{Cursor, Key, Page, Slice, Start};
use crate::model::user::{Password, User, UserChange};

macro_rules! columns {
    () => {
        "u.id, u.email, u.username, u.display_name, u.active, u.timezone, u.locale, u.day_start, u.created_at, u.updated_at, \
         u.last_login_at, u.version, (SELECT string_agg(r.role, ',') FROM user_roles r WHERE r.user_id = u.id) AS roles"
    };
}
pub(super) use columns;

rows! {
    User { id, email, username, display_name, roles: words, active, timezone, locale, day_start, created_at, updated_at, last_login_at, version }
    Password { hash, changed_at }
}

/// The text that uniqueness is decided by.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Makes an account with its roles. Conflicts: `users_email_folded_key`, `users_username_folded_key`.
pub async fn insert(tx: &mut Tx, user: &User, password: Option<&Password>, granted_by: &str) -> Result<()> {
    tx.query(
        "INSERT INTO users (id, email, email_folded, username, username_folded, display_name, active, timezone, locale, day_start, \
         created_at, updated_at, last_login_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(user.id)
    .bind(user.email.as_deref())
    .bind(user.email.as_deref().map(fold))
    .bind(&user.username)
    .bind(fold(&user.username))
    .bind(&user.display_name)
    .bind(user.active)
    .bind(&user.timezone)
    .bind(&user.locale)
    .bind(user.day_start)
    .bind(user.created_at)
    .bind(user.updated_at)
    .bind(user.last_login_at)
    .bind(user.version)
    .execute()
    .await?;
    grant(tx, user.id, &user.roles, user.created_at, granted_by).await?;
    match password {
        Some(password) => set_password(&mut *tx, user.id, password).await,
        None => Ok(()),
    }
}

async fn grant(tx: &mut Tx, user: Uuid, roles: &[String], now: Millis, by: &str) -> Result<()> {
    for role in roles {
        tx.query(
            "INSERT INTO user_roles (user_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, role) DO NOTHING",
        )
        .bind(user)
        .bind(role)
        .bind(now)
        .bind(by)
        .execute()
        .await?;
    }
    Ok(())
}

/// The account, if there is one.
pub async fn find<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<User>> {
    db.reading(concat!("SELECT ", columns!(), " FROM users u WHERE u.id = $1").into()).bind(id).optional().await
}

/// The account by e-mail address or username, case ignored. (A username has no `@`, so one text means one account.)
pub async fn find_by_login<'a>(db: impl Reader<'a>, login: &str) -> Result<Option<User>> {
    db.reading(concat!("SELECT ", columns!(), " FROM users u WHERE u.email_folded = $1 OR u.username_folded = $1").into())
        .bind(fold(login))
        .optional()
        .await
}

/// Accounts, oldest first; `search` in address, username or display name.
pub async fn list<'a>(db: impl Reader<'a>, search: Option<&str>, page: &Page) -> Result<Slice<User>> {
    let pattern = super::page::like(search.unwrap_or_default());
    let (skip, after) = match &page.start {
        Start::Skip(skip) => (*skip, None),
        Start::After(cursor) => (0, Some(cursor)),
    };
    let mut query = db.reading(
        concat!(
            "SELECT ", columns!(), ", CASE WHEN $2 THEN (SELECT COUNT(*) FROM users c WHERE c.username_folded LIKE $1 ESCAPE '!' OR \
             COALESCE(c.email_folded, '') LIKE $1 ESCAPE '!' OR LOWER(c.display_name) LIKE $1 ESCAPE '!') END AS total FROM users u \
             WHERE (u.username_folded LIKE $1 ESCAPE '!' OR COALESCE(u.email_folded, '') LIKE $1 ESCAPE '!' OR LOWER(u.display_name) LIKE $1 ESCAPE '!')"
        )
        .into(),
    );
    query = query.bind(pattern).bind(after.is_none());
    if let Some(Cursor { key: Key::Int(key), id }) = after {
        query.push(" AND (u.created_at, u.id) > (").value(*key).push(", ").value(*id).push(")");
    }
    query.push(" ORDER BY u.created_at, u.id LIMIT ").value(page.limit + 1).push(" OFFSET ").value(skip);
    let rows: Vec<super::page::Counted<User>> = query.all().await?;
    Ok(super::page::slice(rows, page, |user| Cursor { key: Key::Int(user.created_at), id: user.id }))
}

/// Changes an account. Conflicts as [`insert`]; [`Error::Stale`] when `if_version` is no longer its version.
pub async fn update(tx: &mut Tx, id: Uuid, change: &UserChange, now: Millis) -> Result<User> {
    let changed = tx
        .query(
            "UPDATE users SET email = CASE WHEN $2 THEN $3 ELSE email END, email_folded = CASE WHEN $2 THEN $4 ELSE email_folded END, \
             username = COALESCE($5, username), username_folded = COALESCE($6, username_folded), display_name = COALESCE($7, display_name), \
             active = COALESCE($8, active), timezone = COALESCE($9, timezone), locale = COALESCE($10, locale), \
             day_start = COALESCE($11, day_start), updated_at = $12, version = version + 1 \
             WHERE id = $1 AND ($13 IS NULL OR version = $13)",
        )
        .bind(id)
        .bind(change.email.is_some())
        .bind(change.email.clone().flatten())
        .bind(change.email.as_ref().and_then(Option::as_deref).map(fold))
        .bind(change.username.as_deref())
        .bind(change.username.as_deref().map(fold))
        .bind(change.display_name.as_deref())
        .bind(change.active)
        .bind(change.timezone.as_deref())
        .bind(change.locale.as_deref())
        .bind(change.day_start)
        .bind(now)
        .bind(change.if_version)
        .execute()
        .await?;
    let user = find(&mut *tx, id).await?.ok_or(Error::NotFound)?;
    if changed == 0 { Err(Error::Stale) } else { Ok(user) }
}

/// Gives exactly these roles.
pub async fn set_roles(tx: &mut Tx, id: Uuid, roles: &[String], now: Millis, by: &str) -> Result<()> {
    if tx.query("UPDATE users SET updated_at = $2, version = version + 1 WHERE id = $1").bind(id).bind(now).execute().await? == 0 {
        return Err(Error::NotFound);
    }
    let mut delete = tx.query("DELETE FROM user_roles WHERE user_id = $1").bind(id);
    if !roles.is_empty() {
        delete.push(" AND NOT (TRUE").and_in("role", roles).push(")");
    }
    delete.execute().await?;
    grant(tx, id, roles, now, by).await
}

/// How many active accounts have this role.
pub async fn count_with_role<'a>(db: impl Reader<'a>, role: &str) -> Result<i64> {
    let row: (i64,) = db
        .reading("SELECT COUNT(*) FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = $1 AND u.active".into())
        .bind(role)
        .one()
        .await?;
    Ok(row.0)
}

/// Notes a login.
pub async fn logged_in<'a>(db: impl Writes<'a>, id: Uuid, now: Millis) -> Result<()> {
    db.writing("UPDATE users SET last_login_at = $2 WHERE id = $1".into()).bind(id).bind(now).execute().await.map(drop)
}

/// Removes an account and everything that hangs on it, plugins' data included. Call records lose the person, audit rows stay.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.query("DELETE FROM plugin_kv WHERE user_id = $1").bind(id).execute().await?;
    tx.query("UPDATE call_records SET user_id = NULL, logs = NULL, recording = NULL WHERE user_id = $1").bind(id).execute().await?;
    tx.query("DELETE FROM idempotency_keys WHERE principal = $1").bind(id.to_string()).execute().await?;
    match tx.query("DELETE FROM users WHERE id = $1").bind(id).execute().await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// The password's hash, if the account has one.
pub async fn password<'a>(db: impl Reader<'a>, id: Uuid) -> Result<Option<Password>> {
    db.reading("SELECT hash, changed_at FROM passwords WHERE user_id = $1".into()).bind(id).optional().await
}

/// Sets or replaces the password's hash.
pub async fn set_password<'a>(db: impl Writes<'a>, id: Uuid, password: &Password) -> Result<()> {
    db.writing(
        "INSERT INTO passwords (user_id, hash, changed_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at"
            .into(),
    )
    .bind(id)
    .bind(&password.hash)
    .bind(password.changed_at)
    .execute()
    .await
    .map(drop)
}

/// Replaces a hash by one of the same password with newer parameters, unless the password was changed meanwhile.
pub async fn rehash<'a>(db: impl Writes<'a>, id: Uuid, old: &str, new: &str) -> Result<()> {
    db.writing("UPDATE passwords SET hash = $3 WHERE user_id = $1 AND hash = $2".into())
        .bind(id)
        .bind(old)
        .bind(new)
        .execute()
        .await
        .map(drop)
}
