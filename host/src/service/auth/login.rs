//! Registering, logging in, staying logged in, logging out.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{self, Details};
use super::refresh::{GRACE, RefreshToken};
use super::{Auth, Client, locked};
use crate::clock::Millis;
use crate::config::Registration;
use crate::error::{Code, Fault, FieldError, Outcome};
use crate::model::session::{PresentedToken, RefreshFamily, Session};
use crate::model::user::{ApiKey, User};
use crate::plugin::auth_provider::{Attempt, Verdict};
use crate::service::audit::Actor;
use crate::service::principal::{Principal, Role};
use crate::store;
use crate::store::refresh::Rotation;

/// The provider of accounts that live here.
pub const PASSWORD: &str = "password";

/// What a successful sign-in gives.
pub struct SignedIn {
    /// JWT.
    pub access_token: String,
    /// Opaque, good once.
    pub refresh_token: String,
    /// Seconds the access token lives.
    pub expires_in: u32,
    /// Seconds the refresh token lives unused.
    pub refresh_expires_in: i64,
    /// Who it is.
    pub user: User,
}

/// What a person sends to log in.
pub struct Login {
    /// User name or e-mail.
    pub login: String,
    /// The password; only the host reads it.
    pub password: SecretString,
    /// Id of the provider.
    pub provider: String,
}

/// How a session begins.
struct Opening<'a> {
    provider: &'a str,
    /// What it may do at most; `None` = all that its person may.
    scopes: Option<Vec<String>>,
    expires_at: Millis,
}

impl Opening<'_> {
    /// Opened by a key: no more than the key may, no longer than it lives.
    fn by(self, key: &ApiKey) -> Self {
        let expires_at = key.expires_at.map_or(self.expires_at, |end| end.min(self.expires_at));
        Self { scopes: Some(key.scopes.clone()), expires_at, ..self }
    }
}

/// What a person sends to register.
pub struct Registrant {
    /// Unique, without regard to case.
    pub email: String,
    /// Unique, without regard to case.
    pub username: String,
    /// At least 12 characters.
    pub password: SecretString,
    /// Default: the user name.
    pub display_name: Option<String>,
    /// IANA zone. Default UTC.
    pub timezone: Option<String>,
}

impl Auth {
    /// Makes an account of one's own and logs in.
    ///
    /// # Errors
    /// Not permitted when registration is closed; validation with every bad field; conflict that names the taken field.
    pub async fn register(&self, new: Registrant, client: &Client) -> Outcome<SignedIn> {
        if self.settings.registration == Registration::Closed {
            return Err(Fault::new(Code::NotPermitted)
                .message("registration is closed")
                .hint("an operator makes accounts with `mnemosyne user add`"));
        }
        let details = Details { email: new.email, username: new.username, display_name: new.display_name, timezone: new.timezone };
        let mut fields = details.check();
        fields.extend(accounts::check_password("/password", &new.password, &[&details.username, &details.email]));
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        // before the hash: whoever fishes for taken names must not cost 28 ms a try
        if let Some(taken) = accounts::taken(&self.common.db, &details).await? {
            return Err(taken);
        }
        let hash = self.common.passwords.hash(new.password.expose_secret(), self.common.salt()).await?;
        let user = details.user(self.common.ids.id(), self.common.clock.now(), &[Role::User]);
        let mut tx = self.common.db.begin().await?;
        accounts::insert(&mut tx, &user, &hash, "registration").await?;
        let signed_in = self.open_session(&mut tx, user, self.opening(PASSWORD), client).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Logs in through the plugin bound to the named provider.
    ///
    /// # Errors
    /// Validation for an unknown provider, `RATE_001` after too many failures, `AUTH_001`, `AUTH_006` when the
    /// provider fails, `AUTH_007` for a locked account that proved itself.
    pub async fn login(&self, login: Login, client: &Client) -> Outcome<SignedIn> {
        let flow = self.providers.flow(&login.provider).await?;
        match flow.as_deref() {
            None => return Err(unknown_provider(&login.provider, &self.providers.ids())),
            Some("credentials") => {}
            Some(_) => {
                return Err(Fault::field(
                    "/provider",
                    "is not a provider that takes a password; GET /api/v1/auth/methods lists what each wants",
                ));
            }
        }
        // one account, one counter, whichever of its names is tried
        let known = store::users::find_by_login(&self.common.db, &login.login).await?;
        let account = known.as_ref().map_or_else(|| login.login.to_lowercase(), |user| user.id.to_string());
        let place = self.limit.reserve(client.address, &account).await?;
        let attempt = Attempt {
            provider: &login.provider,
            login: &login.login,
            password: login.password,
            locale: &client.locale,
            request_id: client.request_id.as_deref(),
        };
        let (subject, key) = match self.providers.finish(attempt).await {
            Ok(Verdict::Proven { user, key }) => {
                place.release();
                (user, key)
            }
            Ok(Verdict::Denied) => {
                place.fail().await;
                return Err(Fault::new(Code::BadCredentials));
            }
            Err(failure) => {
                place.release();
                if let Some(forgery) = &failure.forgery {
                    self.audit_forgery(&login.provider, forgery, client).await;
                }
                return Err(failure.into());
            }
        };
        let user = store::users::find(&self.common.db, subject).await?.ok_or_else(|| Fault::new(Code::BadCredentials))?;
        if !user.active {
            return Err(locked());
        }
        let mut opening = self.opening(&login.provider);
        if let Some(key) = key {
            let key = store::api_keys::find(&self.common.db, key).await?.filter(|key| key.revoked_at.is_none());
            opening = opening.by(&key.ok_or_else(|| Fault::new(Code::BadCredentials))?);
        }
        let mut tx = self.common.db.begin().await?;
        store::users::logged_in(&mut tx, user.id, self.common.clock.now()).await?;
        let signed_in = self.open_session(&mut tx, user, opening, client).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// A provider said more than its call proved. The log has it even when the database does not.
    async fn audit_forgery(&self, provider: &str, what: &str, client: &Client) {
        tracing::error!(provider, what, "an auth provider asserted what its call did not prove");
        let actor = Actor { request: client.request_id.clone(), ..Actor::host() };
        let written = async {
            let mut tx = self.common.db.begin().await?;
            self.common.audit(&mut tx, &actor, "auth.forged", format!("auth-provider/{provider}"), json!({"reason": what})).await?;
            Outcome::Ok(tx.commit().await?)
        };
        if let Err(fault) = written.await {
            tracing::error!(?fault, "the audit log could not be written");
        }
    }

    /// A session of a person who proved themselves.
    fn opening<'a>(&self, provider: &'a str) -> Opening<'a> {
        Opening { provider, scopes: None, expires_at: self.common.clock.now() + self.settings.refresh_life }
    }

    async fn open_session(&self, tx: &mut store::Tx, user: User, opening: Opening<'_>, client: &Client) -> Outcome<SignedIn> {
        let now = self.common.clock.now();
        let Opening { provider, scopes, expires_at } = opening;
        let session = Session {
            id: self.common.ids.id(),
            user_id: user.id,
            provider: provider.into(),
            scopes,
            user_agent: client.user_agent.as_deref().map(|text| text.chars().filter(|char| !char.is_control()).take(256).collect()),
            ip: Some(client.address.to_string()),
            created_at: now,
            authenticated_at: now,
            last_seen_at: now,
            expires_at,
            revoked_at: None,
            revoked_reason: None,
        };
        store::sessions::insert(&mut *tx, &session).await?;
        let token = RefreshToken::fresh(self.common.ids.as_ref());
        let family = RefreshFamily {
            id: self.common.ids.id(),
            session_id: session.id,
            user_id: user.id,
            generation: 0,
            token_hash: token.hash().to_vec(),
            previous_hash: None,
            created_at: now,
            rotated_at: now,
            expires_at,
            revoked_at: None,
        };
        store::refresh::insert(&mut *tx, &family).await?;
        self.signed_in(user, session.id, &token, expires_at).await
    }

    async fn signed_in(&self, user: User, session: Uuid, token: &RefreshToken, expires_at: Millis) -> Outcome<SignedIn> {
        let (seconds, now) = (self.settings.access_seconds, self.common.clock.now());
        let access_token = self.ring().await?.sign(user.id, session, self.common.ids.id(), now, seconds).map_err(Fault::internal)?;
        Ok(SignedIn {
            access_token,
            refresh_token: token.text(),
            expires_in: seconds,
            // rounded up: what was just made for 30 days says 30 days
            refresh_expires_in: (expires_at - now + 999) / 1_000,
            user,
        })
    }

    /// Exchanges a refresh token for its successor and a new access token.
    ///
    /// The current token is rotated by compare-and-set. Its predecessor still gets the same successor for 30 s after the
    /// rotation: two requests of one client may race. Any older use is theft, and ends the session.
    ///
    /// # Errors
    /// `AUTH_003` for a token that is none, has expired, or was ended; `AUTH_004` for reuse; `AUTH_007` for a locked account.
    pub async fn refresh(&self, presented: &SecretString) -> Outcome<SignedIn> {
        let refused = || Fault::new(Code::TokenInvalid).message("the refresh token is not valid").hint("log in again");
        let token = RefreshToken::read(presented.expose_secret()).ok_or_else(refused)?;
        // twice at most: the second time after losing the race
        for _ in 0..2 {
            let now = self.common.clock.now();
            let PresentedToken { generation, family } = store::refresh::find(&self.common.db, &token.hash()).await?.ok_or_else(refused)?;
            if family.revoked_at.is_some() || family.expires_at <= now {
                return Err(refused());
            }
            let user = store::users::find(&self.common.db, family.user_id).await?.ok_or_else(refused)?;
            if !user.active {
                return Err(locked());
            }
            let successor = self.refresh_key.successor(family.id, generation, &token);
            let again = generation + 1 == family.generation && now - family.rotated_at <= GRACE;
            // Staying signed in by a key does not outlast the key: its session keeps the end it began with.
            let by_key = store::sessions::find(&self.common.db, family.session_id).await?.is_some_and(|session| session.scopes.is_some());
            let until = if by_key { family.expires_at } else { now + self.settings.refresh_life };
            if again || (generation == family.generation && self.rotate(&family, &successor, now, until).await?) {
                return self.signed_in(user, family.session_id, &successor, until).await;
            }
            if generation != family.generation {
                return Err(self.reused(&family, now).await?);
            }
        }
        Err(refused())
    }

    async fn rotate(&self, family: &RefreshFamily, successor: &RefreshToken, now: Millis, expires_at: Millis) -> Outcome<bool> {
        let rotation = Rotation { family: family.id, from: family.generation, successor: &successor.hash(), now, expires_at };
        match store::refresh::rotate(&self.common.db, &rotation).await {
            Ok(()) => Ok(true),
            Err(store::Error::Stale) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn reused(&self, family: &RefreshFamily, now: Millis) -> Outcome<Fault> {
        let mut tx = self.common.db.begin().await?;
        match store::sessions::revoke(&mut tx, family.user_id, family.session_id, "refresh token reused", now).await {
            // two thieves at once: the first was enough
            Ok(()) | Err(store::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        let target = format!("session:{}", family.session_id);
        self.common
            .audit(&mut tx, &Actor::host(), "session.reuse", target, json!({"user": family.user_id, "generation": family.generation}))
            .await?;
        tx.commit().await?;
        self.common.forget(&[family.session_id]).await;
        Ok(Fault::new(Code::RefreshReused))
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// Not permitted for an API key, which has none.
    pub async fn logout(&self, caller: &Principal) -> Outcome<()> {
        let session = caller.session.ok_or_else(no_session)?;
        let mut tx = self.common.db.begin().await?;
        match store::sessions::revoke(&mut tx, caller.user, session, "logged out", self.common.clock.now()).await {
            // the session of this request was at most 0.8 s old: it may have ended meanwhile, which is what was asked for
            Ok(()) | Err(store::Error::NotFound) => tx.commit().await?,
            Err(error) => return Err(error.into()),
        }
        self.common.forget(&[session]).await;
        Ok(())
    }

    /// Ends all sessions of the caller.
    ///
    /// # Errors
    /// Not permitted for an API key.
    pub async fn logout_all(&self, caller: &Principal) -> Outcome<()> {
        caller.session.ok_or_else(no_session)?;
        let mut tx = self.common.db.begin().await?;
        let ended = store::sessions::revoke_all(&mut tx, caller.user, None, "logged out everywhere", self.common.clock.now()).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(())
    }

    /// The ways of logging in, as their plugins describe them; one that fails is left out.
    pub async fn methods(&self, locale: &str) -> Vec<crate::plugin::auth_provider::Method> {
        self.providers.methods(locale).await
    }
}

fn unknown_provider(id: &str, known: &[String]) -> Fault {
    let near = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, id));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Fault::invalid(vec![FieldError::new("/provider", format!("no such provider{near}"))])
}

pub(super) fn no_session() -> Fault {
    Fault::new(Code::NotPermitted).message("an API key has no session").hint("log in with a password for this")
}
