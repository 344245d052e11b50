//! The signing keys in the database: made at first start, sealed with the master key, rotated by `key rotate`.
//!
//! A new key is published two minutes before it signs, so that every replica and every reader of the JWK set knows it when
//! its first token arrives; replicas read the keys again every half minute, and at once for an unknown `kid`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Auth;
use super::tokens::{KeyRing, TokenError, key_of};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::session::SigningKey;
use crate::service::audit::Actor;
use crate::store;

/// How long a key is published before it signs.
const PUBLISHED_BEFORE: Millis = 120_000;
/// How old the ring may be.
const READ_EVERY: Millis = 30_000;
/// How often an unknown `kid` may cause a read.
const UNKNOWN_EVERY: Millis = 1_000;

fn place(kid: &str) -> String {
    format!("signing_keys/{kid}")
}

impl Auth {
    pub(super) async fn first_signing_key(&self) -> Outcome<()> {
        self.read_ring().await?;
        let now = self.common.clock.now();
        if !self.ring.load().can_sign(now) {
            let key = self.new_key(now, now)?;
            let mut tx = self.common.db.begin().await?;
            store::keys::insert(&mut tx, &key).await?;
            self.common.audit(&mut tx, &Actor::host(), "key.make", format!("signing-key:{}", key.kid), json!({})).await?;
            tx.commit().await?;
            self.read_ring().await?;
        }
        Ok(())
    }

    /// Makes a new signing key, published now and used in two minutes; the old ones stop signing then and stay published
    /// past the longest token. Returns its `kid`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn rotate_signing_key(&self) -> Outcome<String> {
        let now = self.common.clock.now();
        let from = now + PUBLISHED_BEFORE;
        let key = self.new_key(now, from)?;
        let mut tx = self.common.db.begin().await?;
        for old in store::keys::list(&mut tx).await? {
            store::keys::retire(&mut tx, &old.kid, from).await?;
        }
        store::keys::insert(&mut tx, &key).await?;
        self.common
            .audit(&mut tx, &Actor::command_line(), "key.rotate", format!("signing-key:{}", key.kid), json!({"active_from": from}))
            .await?;
        tx.commit().await?;
        self.read_ring().await?;
        Ok(key.kid)
    }

    /// The JWK set, RFC 7517.
    ///
    /// # Errors
    /// When the keys are old and the database is away.
    pub async fn jwks(&self) -> Outcome<Value> {
        Ok(self.ring().await?.jwks(self.common.clock.now()))
    }

    /// The ring, read again when it is older than half a minute.
    pub(super) async fn ring(&self) -> Outcome<Arc<KeyRing>> {
        self.refresh_ring(READ_EVERY).await?;
        Ok(self.ring.load_full())
    }

    /// The ring after an unknown `kid`.
    pub(super) async fn ring_for_unknown(&self) -> Outcome<Arc<KeyRing>> {
        self.refresh_ring(UNKNOWN_EVERY).await?;
        Ok(self.ring.load_full())
    }

    async fn refresh_ring(&self, age: Millis) -> Outcome<()> {
        let (now, read_at) = (self.common.clock.now(), self.ring_read_at.load(Ordering::Relaxed));
        // whoever moves the time reads; the others go on with what is there
        let due = now - read_at >= age && self.ring_read_at.compare_exchange(read_at, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due { self.read_ring().await } else { Ok(()) }
    }

    async fn read_ring(&self) -> Outcome<()> {
        self.ring_read_at.store(self.common.clock.now(), Ordering::Relaxed);
        let mut ring = KeyRing::new(self.settings.issuer.clone());
        for key in store::keys::list(&self.common.db).await? {
            let seed = self.vault.unseal(&place(&key.kid), &key.private_key)?;
            let seed = <&[u8; 32]>::try_from(seed.as_slice()).map_err(|_| broken(TokenError::Key))?;
            ring.add(seed, key.active_from, key.retired_at).map_err(broken)?;
        }
        self.ring.store(Arc::new(ring));
        Ok(())
    }

    fn new_key(&self, now: Millis, active_from: Millis) -> Outcome<SigningKey> {
        let mut seed = Zeroizing::new([0; 32]);
        self.common.ids.fill(seed.as_mut());
        let (kid, public_key) = key_of(&seed).map_err(broken)?;
        let private_key = self.vault.seal(&place(&kid), seed.as_ref())?;
        Ok(SigningKey { kid, public_key, private_key, created_at: now, active_from, retired_at: None })
    }
}

fn broken(error: TokenError) -> Fault {
    Fault::internal(error)
}
