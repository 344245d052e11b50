//! What is being answered for minutes asks again and again whether its reader may still read.

use super::{Auth, locked};
use crate::error::{Code, Fault, Outcome};
use crate::service::audit::LOCAL_KEY;
use crate::service::principal::Principal;

impl Auth {
    /// Whether the session or the key that somebody came in with still stands; as it was at most a second ago. That an access
    /// token has meanwhile expired is no reason to cut what it began.
    ///
    /// # Errors
    /// `AUTH_003` after a logout or when the key is gone, `AUTH_007` when the account is locked.
    pub async fn still_in(&self, who: &Principal) -> Outcome<()> {
        let (now, gone) = (self.common.clock.now(), || Fault::new(Code::TokenInvalid));
        let active = if let Some(session) = who.session {
            let live = self.common.live(session).await?.ok_or_else(gone)?;
            if live.session.revoked_at.is_some() || live.session.expires_at <= now {
                return Err(gone());
            }
            live.user.active
        } else if let Some(key) = who.api_key.filter(|key| *key != LOCAL_KEY) {
            let known = self.known_key(key).await?.ok_or_else(gone)?;
            let (key, user) = (&known.0, known.1.as_ref());
            if key.revoked_at.is_some() || key.expires_at.is_some_and(|at| at <= now) || (key.user_id.is_some() && user.is_none()) {
                return Err(gone());
            }
            user.is_none_or(|user| user.active)
        } else {
            true
        };
        if active { Ok(()) } else { Err(locked()) }
    }
}
