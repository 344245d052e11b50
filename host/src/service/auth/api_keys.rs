//! Keys of programs: `mn_<id>_<secret>`, found by id, compared by hash in constant time, never wider than their owner.
//!
//! A key without an owner is the operator's: it changes behaviour (role `operator`) and sees no one's content.

use std::sync::Arc;

use moka::future::Cache;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::sessions::{STALENESS, shared};
use super::{Auth, Common, locked, permissions, roles, scopes};
use crate::backend::auth::api_keys::{read, text, works};
use crate::clock::Millis;
use crate::error::{Code, Fault, Outcome};
use crate::model::user::{ApiKey, User};
use crate::service::audit::Actor;
use crate::service::principal::{Permission, Principal, Role};
use crate::store;

/// `last_used_at` is kept to the minute.
const USED_EVERY: Millis = 60_000;
const DAY: Millis = 86_400_000;

/// Keys, as operators make and remove them.
pub struct ApiKeys {
    common: Arc<Common>,
}

/// A key just made; the only time it is shown.
pub struct MadeKey {
    /// Its id.
    pub id: Uuid,
    /// `mn_<id>_<secret>`.
    pub key: String,
}

/// A key as `key list` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct KeyLine {
    /// UUIDv7.
    pub id: Uuid,
    /// What the owner calls it.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Whose; none = the operator's.
    pub user_id: Option<Uuid>,
    /// What it may do at most.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; none = never.
    pub expires_at: Option<String>,
    /// RFC 3339, to the minute.
    pub last_used_at: Option<String>,
}

/// The keys in memory, at most 0.8 s old.
pub(super) struct LiveKeys(Cache<Uuid, Option<Owned>>);

/// A key and whose it is.
type Owned = Arc<(ApiKey, Option<User>)>;

impl Default for LiveKeys {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(STALENESS).build())
    }
}

impl ApiKeys {
    /// Acts as the operator at the machine.
    pub fn new(common: Arc<Common>) -> Self {
        Self { common }
    }

    /// Makes a key. Without `user` it is the operator's; without `scopes` it may all that its owner may.
    ///
    /// # Errors
    /// Validation of the name or the days; not found for an unknown owner.
    pub async fn create(&self, name: &str, user: Option<&str>, scopes: &[Permission], days: Option<u32>) -> Outcome<MadeKey> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
            return Err(Fault::field("/name", "must be 1 to 100 printable characters"));
        }
        if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
            return Err(Fault::field("/days", "must be 1 to 3650"));
        }
        let owner = match user {
            None => None,
            Some(login) => Some(
                store::users::find_by_login(&self.common.db, login).await?.ok_or_else(|| Fault::not_found().message("no such account"))?.id,
            ),
        };
        let now = self.common.clock.now();
        let mut secret = Zeroizing::new([0; 32]);
        self.common.ids.fill(secret.as_mut());
        let key = ApiKey {
            id: self.common.ids.id(),
            user_id: owner,
            name: name.to_owned(),
            secret_hash: Sha256::digest(secret.as_ref()).to_vec(),
            scopes: if scopes.is_empty() { vec!["*".into()] } else { scopes.iter().map(|scope| scope.text().to_owned()).collect() },
            created_at: now,
            expires_at: days.map(|days| now + Millis::from(days) * DAY),
            last_used_at: None,
            revoked_at: None,
        };
        let mut tx = self.common.db.begin().await?;
        store::api_keys::insert(&mut tx, &key).await?;
        let detail = json!({"name": key.name, "user": owner, "scopes": key.scopes, "expires_at": key.expires_at});
        self.common.audit(&mut tx, &Actor::command_line(), "key.create", format!("key:{}", key.id), detail).await?;
        tx.commit().await?;
        Ok(MadeKey { id: key.id, key: text(key.id, &secret) })
    }

    /// All keys that still work, oldest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self) -> Outcome<Vec<KeyLine>> {
        let time = |millis: Millis| jiff::Timestamp::from_millisecond(millis).map(|time| format!("{time:.3}")).unwrap_or_default();
        let line = |key: ApiKey| KeyLine {
            id: key.id,
            prefix: format!("mn_{}", key.id.simple()),
            name: key.name,
            user_id: key.user_id,
            scopes: key.scopes,
            created_at: time(key.created_at),
            expires_at: key.expires_at.map(time),
            last_used_at: key.last_used_at.map(time),
        };
        Ok(store::api_keys::all(&self.common.db).await?.into_iter().map(line).collect())
    }

    /// Ends a key and the sessions that were opened with keys of its owner; both stop working within a second.
    ///
    /// # Errors
    /// Not found.
    pub async fn remove(&self, id: Uuid) -> Outcome<()> {
        let unknown = || Fault::not_found().message("no such key").hint("`mnemosyne key list` shows all keys");
        let key = store::api_keys::find(&self.common.db, id).await?.filter(|key| key.revoked_at.is_none()).ok_or_else(unknown)?;
        let now = self.common.clock.now();
        let mut tx = self.common.db.begin().await?;
        store::api_keys::revoke(&mut tx, key.user_id, id, now).await?;
        // A session does not say which key opened it: those of the owner's other keys have to log in again.
        let ended = match key.user_id {
            Some(owner) => store::sessions::revoke_scoped(&mut tx, owner, "API key removed", now).await?,
            None => Vec::new(),
        };
        self.common.audit(&mut tx, &Actor::command_line(), "key.remove", format!("key:{id}"), json!({"sessions": ended.len()})).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(())
    }

    /// The one-time operator key of a first start: made when there is neither an admin nor an operator's key.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn for_first_start(&self) -> Outcome<Option<String>> {
        let now = self.common.clock.now();
        let admins = store::users::count_with_role(&self.common.db, Role::Admin.text()).await?;
        let keys = store::api_keys::list(&self.common.db, None).await?;
        if admins > 0 || keys.iter().any(|key| key.expires_at.is_none_or(|at| at > now)) {
            return Ok(None);
        }
        Ok(Some(self.create("first start", None, &[], None).await?.key))
    }
}

impl Auth {
    /// The one-time operator key of a first start, see [`ApiKeys::for_first_start`].
    ///
    /// # Errors
    /// When the database is away.
    pub async fn operator_key_for_first_start(&self) -> Outcome<Option<String>> {
        ApiKeys::new(Arc::clone(&self.common)).for_first_start().await
    }

    /// A key and its owner, as they were at most a second ago.
    pub(super) async fn known_key(&self, id: Uuid) -> Outcome<Option<Owned>> {
        let load = async {
            let Some(key) = store::api_keys::find(&self.common.db, id).await? else { return Ok(None) };
            let user = match key.user_id {
                Some(user) => store::users::find(&self.common.db, user).await?,
                None => None,
            };
            Ok(Some(Arc::new((key, user))))
        };
        self.api_keys.0.try_get_with(id, load).await.map_err(|error: Arc<store::Error>| shared(&error))
    }

    /// Whose API key this is.
    ///
    /// # Errors
    /// `AUTH_003` for one that does not work, `AUTH_007` when its owner is locked.
    pub async fn api_key(&self, presented: &SecretString) -> Outcome<Principal> {
        let invalid = || {
            Fault::new(Code::TokenInvalid).message("the API key is not valid").hint("an operator makes keys with `mnemosyne key create`")
        };
        let (id, secret) = read(presented.expose_secret()).ok_or_else(invalid)?;
        let now = self.common.clock.now();
        let found = self.known_key(id).await?.ok_or_else(invalid)?;
        let (key, user) = (&found.0, found.1.as_ref());
        if !works(key, &secret, now) {
            return Err(invalid());
        }
        let principal = match (key.user_id, user) {
            (None, _) => principal(key, None),
            (Some(_), Some(user)) if user.active => principal(key, Some(user)),
            (Some(_), Some(_)) => return Err(locked()),
            (Some(_), None) => return Err(invalid()),
        };
        if key.last_used_at.is_none_or(|at| now - at >= USED_EVERY) {
            // told by the next read from the database; until then a few requests may write the same minute
            store::api_keys::used(&self.common.db, id, now).await?;
            self.api_keys.0.invalidate(&id).await;
        }
        Ok(principal)
    }
}

fn principal(key: &ApiKey, user: Option<&User>) -> Principal {
    let roles = user.map_or_else(|| vec![Role::Operator], |user| roles(&user.roles));
    Principal {
        user: user.map_or(key.id, |user| user.id),
        display_name: user.map_or_else(|| key.name.clone(), |user| user.display_name.clone()),
        permissions: permissions(&roles).intersection(scopes(&key.scopes)),
        roles,
        session: None,
        authenticated_at: 0,
        api_key: Some(key.id),
        timezone: user.map_or_else(|| "UTC".into(), |user| user.timezone.clone()),
        locale: user.map_or_else(|| "en".into(), |user| user.locale.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_reaches_further_than_its_owner() {
        let key = |scopes: &[&str]| ApiKey {
            id: Uuid::nil(),
            user_id: None,
            name: "k".into(),
            secret_hash: Vec::new(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            created_at: 0,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        assert!(!principal(&key(&["*"]), None).permissions.contains(Permission::TaskRead), "an operator's key sees no content");
        assert!(principal(&key(&["*"]), None).permissions.contains(Permission::SlotWrite));
        assert!(!principal(&key(&["slot:write", "task:read"]), None).permissions.contains(Permission::PluginRead));
        assert_eq!(principal(&key(&["nonsense"]), None).permissions, crate::service::principal::Permissions::NONE);
    }
}
