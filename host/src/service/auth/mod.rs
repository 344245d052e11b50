//! Who you are, and staying who you are.
//!
//! ```text
//! login.rs         register, log in, refresh, log out → SignedIn       login_limit.rs     failures, counted before the hash
//! authenticate.rs  a credential → Principal, on every request          sessions.rs        live sessions, at most 0.8 s old
//! tokens.rs        access tokens (JWT, Ed25519), the ring of keys       keys.rs            the ring in the database, rotation
//! refresh.rs       refresh tokens and their successors                 api_keys.rs        keys of programs and the operator's
//! accounts.rs      what people do to their own account                 people.rs          what operators do to accounts
//! still_in.rs      whether what is being answered for minutes may go on
//! password_policy.rs  which passwords are taken (they are hashed on threads of their own: backend/auth/passwords.rs)
//! ```
//! Life of a login: the request names a provider → a place in the windows of `login_limit` → the plugin bound to
//! `auth-provider/<id>` looks at the login and hands the password's handle back to the host, which checks it → the answer is
//! accepted only with evidence of that very call → a session row, a refresh family, an access token.
//! Life of a request: signature and claims of the token → the session as it was at most 0.8 s ago → a [`Principal`].
//! So logout, a new password, a lock and a change of roles bite within a second, on every replica, without a query a request.

pub mod accounts;
pub mod api_keys;
pub mod authenticate;
pub mod keys;
pub mod login;
pub mod login_limit;
pub mod password_policy;
pub mod people;
pub mod refresh;
pub mod sessions;
pub mod still_in;
pub mod tokens;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::backend::auth::passwords::Passwords;
use crate::clock::{Clock, IdSource, Millis};
use crate::config::{Config, Registration};
use crate::error::{Code, Fault, Outcome};
use crate::plugin::auth_provider::AuthProviders;
use crate::service::audit::Actor;
use crate::service::principal::{Permission, Permissions, Role};
use crate::service::vault::Vault;
use crate::store::{Db, Tx};

pub use api_keys::ApiKeys;
pub use login::SignedIn;
pub use people::{NewAccount, People};

use login_limit::{LoginLimit, Shared};

use refresh::RefreshKey;
use sessions::LiveSessions;
use tokens::KeyRing;

/// Where a request comes from, as far as sign-in and the audit log want to know.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address, behind trusted proxies too.
    pub address: IpAddr,
    /// What it calls itself, at most 256 characters are kept.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// BCP 47, for what providers show.
    pub locale: String,
}

/// What all parts of this room share.
pub struct Common {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    passwords: Arc<Passwords>,
    live: LiveSessions,
}

/// Sign-in and authentication. One a host.
pub struct Auth {
    common: Arc<Common>,
    settings: Settings,
    vault: Arc<Vault>,
    refresh_key: RefreshKey,
    limit: Arc<LoginLimit>,
    providers: Arc<AuthProviders>,
    ring: ArcSwap<KeyRing>,
    /// When the ring was read last; also keeps unknown `kid`s from becoming queries.
    ring_read_at: std::sync::atomic::AtomicI64,
    api_keys: api_keys::LiveKeys,
}

struct Settings {
    issuer: String,
    access_seconds: u32,
    refresh_life: Millis,
    registration: Registration,
}

impl Common {
    /// What the parts share. `passwords` is shared with the backend that checks them.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, passwords: Arc<Passwords>) -> Arc<Self> {
        Arc::new(Self { db, clock, ids, passwords, live: LiveSessions::default() })
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.ids.fill(&mut salt);
        salt
    }

    /// Appends to the audit log inside the transaction of what it is about.
    async fn audit(&self, tx: &mut Tx, actor: &Actor, action: &str, target: String, detail: Value) -> Outcome<()> {
        crate::store::audit::append(tx, &actor.event(self.clock.now(), action, target, detail)).await?;
        Ok(())
    }
}

impl Auth {
    /// Opens the room: derives keys, makes the first signing key when there is none.
    ///
    /// # Errors
    /// When the database is away or its keys do not open with this master key.
    pub async fn open(config: &Config, common: Arc<Common>, vault: Arc<Vault>, providers: Arc<AuthProviders>) -> Outcome<Arc<Self>> {
        let issuer = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
        let mut seed = [0; 16];
        common.ids.fill(&mut seed);
        let half = |part: &[u8]| part.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let seed = [half(&seed[..8]), half(&seed[8..])];
        let shared = Shared { db: common.db.clone(), key: *vault.derive("login-limits") };
        let auth = Self {
            settings: Settings {
                issuer: issuer.clone(),
                access_seconds: config.auth.access_token_seconds,
                refresh_life: Millis::from(config.auth.refresh_token_days) * 86_400_000,
                registration: config.registration(),
            },
            refresh_key: RefreshKey::new(&vault.derive("refresh-tokens")),
            limit: Arc::new(LoginLimit::new(&config.limits, Arc::clone(&common.clock), seed, Some(shared))),
            providers,
            ring: ArcSwap::from_pointee(KeyRing::new(issuer)),
            ring_read_at: std::sync::atomic::AtomicI64::new(0),
            api_keys: api_keys::LiveKeys::default(),
            vault,
            common,
        };
        auth.first_signing_key().await?;
        Ok(Arc::new(auth))
    }
}

/// Roles as they are stored; an unknown one gives nothing.
pub fn roles(texts: &[String]) -> Vec<Role> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// What these roles may do together.
pub fn permissions(roles: &[Role]) -> Permissions {
    roles.iter().fold(Permissions::NONE, |all, role| all.union(role.permissions()))
}

/// Scopes as they are stored: permissions, or `*`; an unknown one gives nothing.
fn scopes(texts: &[String]) -> Permissions {
    let of = |text: &String| match text.as_str() {
        "*" => Permissions::ALL,
        text => text.parse::<Permission>().map_or(Permissions::NONE, |permission| Permissions::of(&[permission])),
    };
    texts.iter().fold(Permissions::NONE, |all, text| all.union(of(text)))
}

fn locked() -> Fault {
    Fault::new(Code::AccountLocked)
}
