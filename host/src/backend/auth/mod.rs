//! `auth/credentials` for auth providers: checks what a guest cannot read.
//!
//! The guest hands a login and the handle of a password; the host reads the hash, checks it on the password threads, and
//! names the account. Nothing that the guest sees tells a wrong password from an unknown account, nor does the time.

pub mod api_keys;
mod checks;
pub mod passwords;

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use self::passwords::{Passwords, Verdict};
use crate::clock::{Clock, IdSource};
use crate::error::Fault;
use crate::model::user::ApiKey;
use crate::store::{self, Db};

/// Checks credentials of accounts that live here.
pub struct Credentials {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    passwords: Arc<Passwords>,
}

impl Credentials {
    /// Over the database, the time and the password threads.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, passwords: Arc<Passwords>) -> Self {
        Self { db, clock, ids, passwords }
    }

    /// Whose password this is: the account by username or e-mail, if the password is right. Locked accounts included: what
    /// they may is decided after they proved who they are.
    ///
    /// # Errors
    /// When the database is away or the password threads are all busy.
    pub async fn verify_password(&self, login: &str, password: &SecretString) -> Result<Option<Uuid>, Fault> {
        let user = store::users::find_by_login(&self.db, login).await?;
        let stored = match &user {
            Some(user) => store::users::password(&self.db, user.id).await?.map(|password| password.hash),
            None => None,
        };
        let verdict = self.passwords.check(password.expose_secret().as_bytes(), stored.clone()).await?;
        let (Verdict::Right { outdated }, Some(user)) = (verdict, user) else { return Ok(None) };
        if let (true, Some(old)) = (outdated, stored) {
            self.rehash(user.id, &old, password).await;
        }
        Ok(Some(user.id))
    }

    /// The key, if it works and belongs to an active account. An operator's key belongs to none: nobody logs in with it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn verify_api_key(&self, presented: &SecretString) -> Result<Option<(Uuid, ApiKey)>, Fault> {
        let Some((id, secret)) = api_keys::read(presented.expose_secret()) else { return Ok(None) };
        let now = self.clock.now();
        let Some(key) = store::api_keys::find(&self.db, id).await?.filter(|key| api_keys::works(key, &secret, now)) else {
            return Ok(None);
        };
        let Some(owner) = key.user_id else { return Ok(None) };
        if !store::users::find(&self.db, owner).await?.is_some_and(|user| user.active) {
            return Ok(None);
        }
        store::api_keys::used(&self.db, id, now).await?;
        Ok(Some((owner, key)))
    }

    /// The only moment when the password is at hand. It may fail: there is a next login.
    async fn rehash(&self, user: Uuid, old: &str, password: &SecretString) {
        let mut salt = [0; 16];
        self.ids.fill(&mut salt);
        let done = async {
            let new = self.passwords.hash(password.expose_secret(), salt).await?;
            Ok::<(), Fault>(store::users::rehash(&self.db, user, old, &new).await?)
        };
        if let Err(fault) = done.await {
            tracing::warn!(?fault, "a password could not be hashed anew");
        }
    }
}
