//! The host's own keys, `mn_<id>_<secret>`: how one is written, and whether it works. One answer for both doors: the
//! header of a request, and `verify-api-key` of an auth provider.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::Millis;
use crate::model::user::ApiKey;

/// A key as its owner gets it.
pub fn text(id: Uuid, secret: &[u8; 32]) -> String {
    format!("mn_{}_{}", id.simple(), hex::encode(secret))
}

/// Id and secret of a key; `None` for what is none.
pub fn read(text: &str) -> Option<(Uuid, Zeroizing<[u8; 32]>)> {
    let (id, secret) = text.strip_prefix("mn_")?.split_once('_')?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(secret, bytes.as_mut()).ok()?;
    (id.len() == 32).then_some(())?;
    Some((Uuid::try_parse(id).ok()?, bytes))
}

/// Whether `secret` is this key's and the key has neither expired nor been revoked. What its owner may is another question.
pub fn works(key: &ApiKey, secret: &[u8; 32], now: Millis) -> bool {
    verify_slices_are_equal(&Sha256::digest(secret), &key.secret_hash).is_ok()
        && key.revoked_at.is_none()
        && key.expires_at.is_none_or(|at| at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is() {
        let id = Uuid::from_u128(7);
        let key = text(id, &[9; 32]);
        assert_eq!(read(&key).map(|(id, secret)| (id, *secret)), Some((id, [9; 32])));
        for bad in
            ["", "mn_", "mn__", "mn_x_y", &key[..key.len() - 1], &format!("{key}0"), &key.replace("mn_", "xx_"), &key.replacen('0', "-", 1)]
        {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
