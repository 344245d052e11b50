//! What operators do to accounts (`mnemosyne user …`). Each change and its audit row are one transaction.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::accounts::{self, Details};
use super::{Common, roles};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::page::Page;
use crate::model::user::{Password, User, UserChange};
use crate::service::audit::Actor;
use crate::service::principal::Role;
use crate::store;

/// Accounts, as operators see and change them.
pub struct People {
    common: Arc<Common>,
    actor: Actor,
}

/// An account to make.
pub struct NewAccount {
    /// One address.
    pub email: String,
    /// 3…50 of `[A-Za-z0-9_.-]`.
    pub username: String,
    /// Default: the user name.
    pub display_name: Option<String>,
    /// IANA zone.
    pub timezone: String,
    /// At least one.
    pub roles: Vec<Role>,
    /// At least 12 characters.
    pub password: SecretString,
}

/// An account as `user list` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct AccountLine {
    /// UUIDv7.
    pub id: Uuid,
    /// Name to log in with.
    pub username: String,
    /// Address, if any.
    pub email: Option<String>,
    /// For people's eyes.
    pub display_name: String,
    /// Sorted.
    pub roles: Vec<String>,
    /// False = locked.
    pub is_active: bool,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_login_at: Option<String>,
}

fn time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|time| format!("{time:.3}")).unwrap_or_default()
}

impl From<User> for AccountLine {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            display_name: user.display_name,
            roles: user.roles,
            is_active: user.active,
            created_at: time(user.created_at),
            last_login_at: user.last_login_at.map(time),
        }
    }
}

impl People {
    /// Acts as the operator at the machine.
    pub fn new(common: Arc<Common>) -> Self {
        Self { common, actor: Actor::command_line() }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// Validation with every bad field, conflict that names the taken one.
    pub async fn add(&self, new: NewAccount) -> Outcome<Uuid> {
        let details = Details { email: new.email, username: new.username, display_name: new.display_name, timezone: Some(new.timezone) };
        let mut fields = details.check();
        fields.extend(accounts::check_password("/password", &new.password, &[&details.username, &details.email]));
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        let hash = self.common.passwords.hash(new.password.expose_secret(), self.common.salt()).await?;
        let user = details.user(self.common.ids.id(), self.common.clock.now(), &new.roles);
        let mut tx = self.common.db.begin().await?;
        accounts::insert(&mut tx, &user, &hash, "cli").await?;
        self.common.audit(&mut tx, &self.actor, "user.add", target(&user), json!({"username": user.username, "roles": user.roles})).await?;
        tx.commit().await?;
        Ok(user.id)
    }

    /// Everybody, oldest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self) -> Outcome<Vec<AccountLine>> {
        let (mut lines, mut page) = (Vec::new(), Page::skip(0, 100));
        loop {
            let slice = store::users::list(&self.common.db, None, &page).await?;
            lines.extend(slice.items.into_iter().map(AccountLine::from));
            match slice.next {
                Some(next) => page = Page::after(next, 100),
                None => return Ok(lines),
            }
        }
    }

    /// Sets a password; all sessions of the account end.
    ///
    /// # Errors
    /// Not found; validation.
    pub async fn set_password(&self, login: &str, password: SecretString) -> Outcome<()> {
        let user = self.find(login).await?;
        let about = [user.username.as_str(), user.email.as_deref().unwrap_or_default()];
        if let Some(field) = accounts::check_password("/password", &password, &about) {
            return Err(Fault::invalid(vec![field]));
        }
        let hash = self.common.passwords.hash(password.expose_secret(), self.common.salt()).await?;
        let now = self.common.clock.now();
        let mut tx = self.common.db.begin().await?;
        store::users::set_password(&mut tx, user.id, &Password { hash, changed_at: now }).await?;
        let ended = store::sessions::revoke_all(&mut tx, user.id, None, "password set by an operator", now).await?;
        self.common.audit(&mut tx, &self.actor, "user.password", target(&user), json!({"sessions_ended": ended.len()})).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(())
    }

    /// Locks or unlocks an account; locking ends its sessions.
    ///
    /// # Errors
    /// Not found.
    pub async fn set_active(&self, login: &str, active: bool) -> Outcome<()> {
        let user = self.find(login).await?;
        let now = self.common.clock.now();
        let mut tx = self.common.db.begin().await?;
        store::users::update(&mut tx, user.id, &UserChange { active: Some(active), ..UserChange::default() }, now).await?;
        let ended = if active { Vec::new() } else { store::sessions::revoke_all(&mut tx, user.id, None, "account locked", now).await? };
        let action = if active { "user.unlock" } else { "user.lock" };
        self.common.audit(&mut tx, &self.actor, action, target(&user), json!({"sessions_ended": ended.len()})).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(())
    }

    /// Sets the roles; returns those before.
    ///
    /// # Errors
    /// Not found; validation when there are none.
    pub async fn set_roles(&self, login: &str, new: &[Role]) -> Outcome<Vec<Role>> {
        if new.is_empty() {
            return Err(Fault::field("/roles", "must name at least one role"));
        }
        let user = self.find(login).await?;
        let now = self.common.clock.now();
        let texts: Vec<String> = new.iter().map(|role| role.text().to_owned()).collect();
        let mut tx = self.common.db.begin().await?;
        store::users::set_roles(&mut tx, user.id, &texts, now, "cli").await?;
        let sessions = live_ids(&mut tx, user.id, now).await?;
        self.common.audit(&mut tx, &self.actor, "user.role", target(&user), json!({"before": user.roles, "after": texts})).await?;
        tx.commit().await?;
        self.common.forget(&sessions).await;
        Ok(roles(&user.roles))
    }

    /// Ends all sessions of an account; returns how many there were.
    ///
    /// # Errors
    /// Not found.
    pub async fn revoke_sessions(&self, login: &str) -> Outcome<usize> {
        let user = self.find(login).await?;
        let mut tx = self.common.db.begin().await?;
        let ended = store::sessions::revoke_all(&mut tx, user.id, None, "revoked by an operator", self.common.clock.now()).await?;
        self.common.audit(&mut tx, &self.actor, "user.revoke-sessions", target(&user), json!({"sessions_ended": ended.len()})).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(ended.len())
    }

    /// Deletes an account and everything it owns.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, login: &str) -> Outcome<()> {
        let user = self.find(login).await?;
        let mut tx = self.common.db.begin().await?;
        let sessions = live_ids(&mut tx, user.id, self.common.clock.now()).await?;
        // vectors belong to shelves, which know their owner by id alone
        store::vectors::forget_user(&mut tx, user.id).await?;
        store::users::delete(&mut tx, user.id).await?;
        self.common.audit(&mut tx, &self.actor, "user.delete", target(&user), json!({"sessions_ended": sessions.len()})).await?;
        tx.commit().await?;
        self.common.forget(&sessions).await;
        Ok(())
    }

    async fn find(&self, login: &str) -> Outcome<User> {
        let user = store::users::find_by_login(&self.common.db, login).await?;
        user.ok_or_else(|| Fault::not_found().message("no such account").hint("`mnemosyne user list` shows all accounts"))
    }
}

async fn live_ids(tx: &mut store::Tx, user: Uuid, now: Millis) -> Outcome<Vec<Uuid>> {
    Ok(store::sessions::list(tx, user, now).await?.into_iter().map(|session| session.id).collect())
}

fn target(user: &User) -> String {
    format!("user:{}", user.id)
}
