//! Sessions, refresh families, logins of several steps, signing keys.

use uuid::Uuid;

use crate::clock::Millis;

/// A person signed in on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The `sid` of its access tokens.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Provider it was opened with.
    pub provider: String,
    /// What it may do at most; `None` = all that its user may.
    pub scopes: Option<Vec<String>>,
    /// As the client said.
    pub user_agent: Option<String>,
    /// Address it was opened from.
    pub ip: Option<String>,
    /// When it was opened.
    pub created_at: Millis,
    /// When the person last proved who they are.
    pub authenticated_at: Millis,
    /// When it was last used (to the minute).
    pub last_seen_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// When it was ended.
    pub revoked_at: Option<Millis>,
    /// Why.
    pub revoked_reason: Option<String>,
}

/// A chain of refresh tokens, of which only the newest is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    /// UUIDv7.
    pub id: Uuid,
    /// The session it keeps alive.
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Number of the current token, from 0.
    pub generation: i64,
    /// SHA-256 of the current token.
    pub token_hash: Vec<u8>,
    /// SHA-256 of the token before.
    pub previous_hash: Option<Vec<u8>>,
    /// When the first was issued.
    pub created_at: Millis,
    /// When the current one was issued.
    pub rotated_at: Millis,
    /// When the current one ends by itself.
    pub expires_at: Millis,
    /// When the chain was ended.
    pub revoked_at: Option<Millis>,
}

/// A refresh token found by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedToken {
    /// Its number in the family; less than `family.generation` = used before.
    pub generation: i64,
    /// The family.
    pub family: RefreshFamily,
}

/// A login that takes several steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogin {
    /// UUIDv7, told to the client.
    pub id: Uuid,
    /// Which provider.
    pub provider: String,
    /// Which step comes next.
    pub step: i64,
    /// What the provider wants to see again (encrypted).
    pub state: Vec<u8>,
    /// The host's nonce.
    pub nonce: Option<Vec<u8>>,
    /// Set when it links an identity to an account.
    pub user_id: Option<Uuid>,
    /// When it began.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
}

/// A key that signs access tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid` of its tokens.
    pub kid: String,
    /// Public half, raw.
    pub public_key: Vec<u8>,
    /// Private half, encrypted with the master key.
    pub private_key: Vec<u8>,
    /// When it was made and published.
    pub created_at: Millis,
    /// From when it signs.
    pub active_from: Millis,
    /// Since when it no longer signs.
    pub retired_at: Option<Millis>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
