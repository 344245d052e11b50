//! Refresh tokens: 256 random bits, stored as SHA-256 only, each good once.
//!
//! The successor of a token is HMAC-SHA256(key, family ‖ generation ‖ token). So two requests that present the same token
//! at the same time get the *same* successor, without the host keeping it anywhere: a browser with two tabs stays
//! signed in, and a thief still cannot make it without the key.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::{IdSource, Millis};

/// How long a token's second use still gets the same successor.
pub const GRACE: Millis = 30_000;

/// A refresh token. No `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Zeroizing<[u8; 32]>);

impl RefreshToken {
    /// The first of a family.
    pub fn fresh(ids: &dyn IdSource) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        ids.fill(bytes.as_mut());
        Self(bytes)
    }

    /// What a client presents; `None` when it cannot be one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// What a client gets: 43 characters.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_ref())
    }

    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_ref()).into()
    }
}

/// The key that makes successors; derived from the master key, the same on every replica.
pub struct RefreshKey(hmac::Key);

impl RefreshKey {
    /// From 32 derived bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token that follows `token`, which is number `generation` of `family`.
    pub fn successor(&self, family: Uuid, generation: i64, token: &RefreshToken) -> RefreshToken {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(family.as_bytes());
        context.update(&generation.to_be_bytes());
        context.update(token.0.as_ref());
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(context.sign().as_ref());
        RefreshToken(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemIds;

    #[test]
    fn a_successor_depends_on_everything_and_only_on_that() {
        let (key, other) = (RefreshKey::new(&[1; 32]), RefreshKey::new(&[2; 32]));
        let (first, second) = (RefreshToken::fresh(&SystemIds), RefreshToken::fresh(&SystemIds));
        let family = Uuid::from_u128(1);
        let next = key.successor(family, 0, &first);
        assert!(next == key.successor(family, 0, &RefreshToken::read(&first.text()).unwrap()));
        for another in [
            key.successor(Uuid::from_u128(2), 0, &first),
            key.successor(family, 1, &first),
            key.successor(family, 0, &second),
            other.successor(family, 0, &first),
        ] {
            assert!(next != another);
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_not_read() {
        for text in ["", "x", &"A".repeat(42), &"A".repeat(44), "ä", &format!("{}=", "A".repeat(43))] {
            assert!(RefreshToken::read(text).is_none(), "{text}");
        }
    }
}
