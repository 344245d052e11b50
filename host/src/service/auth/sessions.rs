//! Sessions as requests see them: at most 0.8 s old, so that what ends a session bites within a second on every replica,
//! and an active person costs about one query a second and not one a request.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use uuid::Uuid;

use super::login::no_session;
use super::{Auth, Common, permissions, roles, scopes};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::session::Session;
use crate::model::user::User;
use crate::service::principal::Principal;
use crate::store;

/// How old a session in memory may be.
pub(super) const STALENESS: Duration = Duration::from_millis(800);
const MOST: u64 = 100_000;
const DAY: Millis = 86_400_000;

/// A session and whose it is.
pub(super) struct Live {
    pub(super) session: Session,
    pub(super) user: User,
    principal: Principal,
}

impl Live {
    fn new(session: Session, user: User) -> Self {
        let roles = roles(&user.roles);
        let own = permissions(&roles);
        let principal = Principal {
            user: user.id,
            display_name: user.display_name.clone(),
            permissions: session.scopes.as_deref().map_or(own, |texts| own.intersection(scopes(texts))),
            roles,
            session: Some(session.id),
            authenticated_at: session.authenticated_at,
            api_key: None,
            timezone: user.timezone.clone(),
            locale: user.locale.clone(),
        };
        Self { session, user, principal }
    }

    pub(super) fn principal(&self) -> Principal {
        self.principal.clone()
    }
}

/// The sessions in memory.
pub(super) struct LiveSessions(Cache<Uuid, Option<Arc<Live>>>);

impl Default for LiveSessions {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(STALENESS).build())
    }
}

impl Common {
    /// The session as it was at most 0.8 s ago; `None` when there is none. Requests that miss together read once.
    pub(super) async fn live(&self, id: Uuid) -> Outcome<Option<Arc<Live>>> {
        let read = async {
            let found = store::sessions::find_with_user(&self.db, id).await?;
            Ok(found.map(|(session, user)| Arc::new(Live::new(session, user))))
        };
        self.live.0.try_get_with(id, read).await.map_err(|error: Arc<store::Error>| shared(&error))
    }

    /// Forgets sessions, so that what was just written bites here at once.
    pub(super) async fn forget(&self, sessions: &[Uuid]) {
        for session in sessions {
            self.live.0.invalidate(session).await;
        }
    }
}

/// A failure that several requests share: the same code, the cause as text.
pub(super) fn shared(error: &Arc<store::Error>) -> Fault {
    use crate::error::Failure as _;
    Fault::new(error.code()).cause(error.to_string())
}

impl Auth {
    /// The caller's live sessions, newest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sessions(&self, caller: &Principal) -> Outcome<Vec<Session>> {
        Ok(store::sessions::list(&self.common.db, caller.user, self.common.clock.now()).await?)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// Not found when it is not the caller's or has ended; not permitted for an API key.
    pub async fn end_session(&self, caller: &Principal, id: Uuid) -> Outcome<()> {
        caller.session.ok_or_else(no_session)?;
        let mut tx = self.common.db.begin().await?;
        store::sessions::revoke(&mut tx, caller.user, id, "ended", self.common.clock.now()).await?;
        tx.commit().await?;
        self.common.forget(&[id]).await;
        Ok(())
    }

    /// Removes sessions that ended more than 30 days ago, with their refresh tokens, and signing keys that retired more than
    /// a day ago; tells how many. Until then a stolen refresh token is still recognised as used.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sweep(&self) -> Outcome<u64> {
        let (db, now) = (&self.common.db, self.common.clock.now());
        Ok(store::sessions::purge(db, now - 30 * DAY).await? + store::keys::purge(db, now - DAY).await?)
    }
}
