//! Every request passes here: a credential becomes a [`Principal`], or a reason why not. No query when it is in memory.

use secrecy::{ExposeSecret as _, SecretString};

use super::sessions::Live;
use super::tokens::{Claims, TokenError};
use super::{Auth, locked};
use crate::error::{Code, Fault, Outcome};
use crate::service::principal::Principal;

impl Auth {
    /// Whose access token this is.
    ///
    /// # Errors
    /// `AUTH_002` only when the token has expired and its session lives, `AUTH_007` when the account is locked, else `AUTH_003`.
    pub async fn access_token(&self, token: &SecretString) -> Outcome<Principal> {
        let (claims, expired) = match self.claims(token.expose_secret()).await? {
            Ok(claims) => (claims, false),
            Err(TokenError::Expired(claims)) => (*claims, true),
            Err(error) => return Err(invalid(error)),
        };
        let live = self.common.live(claims.sid).await?.ok_or_else(|| invalid(TokenError::Invalid("session")))?;
        let session = &live.session;
        if live.user.id != claims.sub {
            return Err(invalid(TokenError::Invalid("sub")));
        }
        if !live.user.active {
            return Err(locked());
        }
        if session.revoked_at.is_some() || session.expires_at <= self.common.clock.now() {
            return Err(invalid(TokenError::Invalid("session")));
        }
        if expired { Err(Fault::new(Code::TokenExpired)) } else { Ok(Live::principal(&live)) }
    }

    async fn claims(&self, token: &str) -> Outcome<Result<Claims, TokenError>> {
        let now = self.common.clock.now();
        match self.ring().await?.verify(token, now) {
            Err(TokenError::UnknownKey) => Ok(self.ring_for_unknown().await?.verify(token, now)),
            verdict => Ok(verdict),
        }
    }
}

fn invalid(error: TokenError) -> Fault {
    Fault::new(Code::TokenInvalid).cause(error)
}
