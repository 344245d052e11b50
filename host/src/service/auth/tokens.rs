//! Access tokens: JWT (RFC 9068) signed with Ed25519. The algorithm is compiled in, not configured and not read from the token.
//!
//! jsonwebtoken checks signature, issuer and audience; what it does not know (`typ`, `kid`, `crit`, the claims that are ours,
//! the time as our clock tells it) is checked here. A token says who and which session; what the session may still do
//! is asked of the session's row, see `sessions.rs`.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::Millis;

/// The `aud` of every token.
pub const AUDIENCE: &str = "mnemosyne";
/// The `typ` of every token (RFC 9068, 2.1).
const TYPE: &str = "at+jwt";
/// The longest life of a token; a key is published so long after it stopped signing.
pub const LONGEST_LIFE: Millis = 15 * 60_000;
/// How far the clocks of two replicas may differ.
const LEEWAY_SECONDS: i64 = 30;
/// No token of ours is longer; a longer one is not even decoded.
const MOST_BYTES: usize = 2_048;

/// What a token says. Every claim is required: a missing or wrongly typed one makes the token invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `server.public_url`.
    pub iss: String,
    /// [`AUDIENCE`]; a list is refused.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// The token itself.
    pub jti: Uuid,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
}

/// Why a token is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours, or changed.
    #[error("the token is invalid: {0}")]
    Invalid(&'static str),
    /// Signed by a key that this host has not seen (yet).
    #[error("the token names an unknown key")]
    UnknownKey,
    /// Right in everything but its time.
    #[error("the token has expired")]
    Expired(Box<Claims>),
    /// A key in the database does not work.
    #[error("a signing key does not work")]
    Key,
}

/// A signing key, opened.
struct Key {
    kid: String,
    x: String,
    verifies: DecodingKey,
    signs: EncodingKey,
    active_from: Millis,
    retired_at: Option<Millis>,
}

/// A new key: its `kid` (RFC 7638 thumbprint) and raw public half, from 32 random bytes.
pub fn key_of(seed: &[u8; 32]) -> Result<(String, Vec<u8>), TokenError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| TokenError::Key)?;
    let public = pair.public_key().as_ref().to_vec();
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(&public));
    Ok((URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)), public))
}

/// The keys of one moment. Immutable: a rotation makes a new ring.
pub struct KeyRing {
    issuer: String,
    keys: Vec<Key>,
    validation: Validation,
}

impl KeyRing {
    /// An empty ring.
    pub fn new(issuer: String) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&issuer]);
        // the time is checked below, by our clock
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { issuer, keys: Vec::new(), validation }
    }

    /// Adds a key from its seed.
    ///
    /// # Errors
    /// [`TokenError::Key`] when the seed does not give a key.
    pub fn add(&mut self, seed: &[u8; 32], active_from: Millis, retired_at: Option<Millis>) -> Result<(), TokenError> {
        let (kid, public) = key_of(seed)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| TokenError::Key)?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| TokenError::Key)?;
        self.keys.push(Key {
            kid,
            x: URL_SAFE_NO_PAD.encode(&public),
            verifies: DecodingKey::from_ed_der(&public),
            signs: EncodingKey::from_ed_der(pkcs8.as_ref()),
            active_from,
            retired_at,
        });
        Ok(())
    }

    /// The key that signs now: the youngest of those in use.
    fn signing(&self, now: Millis) -> Option<&Key> {
        let used = |key: &&Key| key.active_from <= now && key.retired_at.is_none_or(|at| now < at);
        self.keys.iter().filter(used).max_by_key(|key| key.active_from)
    }

    /// Whether it can sign.
    pub fn can_sign(&self, now: Millis) -> bool {
        self.signing(now).is_some()
    }

    /// Signs a token that lives for `seconds`.
    ///
    /// # Errors
    /// [`TokenError::Key`] when no key signs now.
    pub fn sign(&self, sub: Uuid, sid: Uuid, jti: Uuid, now: Millis, seconds: u32) -> Result<String, TokenError> {
        let key = self.signing(now).ok_or(TokenError::Key)?;
        let second = now.div_euclid(1_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.into(),
            sub,
            sid,
            jti,
            iat: second,
            nbf: second,
            exp: second + i64::from(seconds),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, &claims, &key.signs).map_err(|_| TokenError::Key)
    }

    /// What a token says, if it is ours and its time is now.
    ///
    /// # Errors
    /// [`TokenError::Expired`] only when everything else is right.
    pub fn verify(&self, token: &str, now: Millis) -> Result<Claims, TokenError> {
        if token.len() > MOST_BYTES {
            return Err(TokenError::Invalid("length"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid("form"))?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(TokenError::Invalid("header"));
        }
        let kid = header.kid.as_deref().ok_or(TokenError::Invalid("kid"))?;
        let key = self.keys.iter().find(|key| key.kid == kid).ok_or(TokenError::UnknownKey)?;
        if key.retired_at.is_some_and(|at| now >= at + LONGEST_LIFE + LEEWAY_SECONDS * 1_000) {
            return Err(TokenError::Invalid("key"));
        }
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key.verifies, &self.validation).map_err(|_| TokenError::Invalid("claims"))?.claims;
        let second = now.div_euclid(1_000);
        let life = claims.exp.saturating_sub(claims.iat);
        if claims.nbf > second + LEEWAY_SECONDS || claims.iat > second + LEEWAY_SECONDS || !(0..=LONGEST_LIFE / 1_000).contains(&life) {
            return Err(TokenError::Invalid("time"));
        }
        if second >= claims.exp {
            return Err(TokenError::Expired(Box::new(claims)));
        }
        Ok(claims)
    }

    /// The JWK set (RFC 7517): keys that sign, will sign, and those whose tokens may still live.
    pub fn jwks(&self, now: Millis) -> Value {
        let shown = |key: &&Key| key.retired_at.is_none_or(|at| now < at + LONGEST_LIFE + LEEWAY_SECONDS * 1_000);
        let jwk = |key: &Key| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x});
        json!({"keys": self.keys.iter().filter(shown).map(jwk).collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const SEED: [u8; 32] = [7; 32];

    fn ring() -> KeyRing {
        let mut ring = KeyRing::new("http://127.0.0.1:8080".into());
        ring.add(&SEED, 0, None).unwrap();
        ring
    }

    fn good(ring: &KeyRing) -> (Value, Value) {
        let header = json!({"typ": TYPE, "alg": "EdDSA", "kid": ring.keys[0].kid});
        let second = NOW / 1000;
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3)];
        let claims = json!({"iss": ring.issuer, "aud": AUDIENCE, "sub": ids[0], "sid": ids[1], "jti": ids[2], "iat": second, "nbf": second, "exp": second + 900});
        (header, claims)
    }

    fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn ours(message: &[u8]) -> Vec<u8> {
        Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap().sign(message).as_ref().to_vec()
    }

    fn with(mut value: Value, key: &str, to: Value) -> Value {
        if to.is_null() {
            value.as_object_mut().unwrap().remove(key);
        } else {
            value[key] = to;
        }
        value
    }

    #[test]
    fn the_hand_made_token_is_accepted_so_the_corpus_below_means_something() {
        let ring = ring();
        let (header, claims) = good(&ring);
        assert!(ring.verify(&signed(&header, &claims, ours), NOW).is_ok());
        let token = ring.sign(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), NOW, 900).unwrap();
        assert_eq!(ring.verify(&token, NOW).unwrap(), serde_json::from_value(claims).unwrap());
    }

    #[test]
    fn nothing_of_the_corpus_is_accepted_or_called_expired() {
        let ring = ring();
        let (header, claims) = good(&ring);
        let public = key_of(&SEED).unwrap().1;
        let hs256 = |message: &[u8]| {
            aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public), message).as_ref().to_vec()
        };
        let other = |message: &[u8]| Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap().sign(message).as_ref().to_vec();
        let second = NOW / 1000;
        let mut corpus = vec![
            ("none", signed(&with(header.clone(), "alg", json!("none")), &claims, |_| Vec::new())),
            ("None", signed(&with(header.clone(), "alg", json!("None")), &claims, |_| Vec::new())),
            ("no signature", signed(&header, &claims, |_| Vec::new())),
            ("HS256 with the public key", signed(&with(header.clone(), "alg", json!("HS256")), &claims, hs256)),
            ("RS256", signed(&with(header.clone(), "alg", json!("RS256")), &claims, ours)),
            ("another key under our kid", signed(&header, &claims, other)),
            ("unknown kid", signed(&with(header.clone(), "kid", json!("x")), &claims, other)),
            ("path as kid", signed(&with(header.clone(), "kid", json!("../../dev/null")), &claims, other)),
            ("no kid", signed(&with(header.clone(), "kid", Value::Null), &claims, ours)),
            ("typ JWT", signed(&with(header.clone(), "typ", json!("JWT")), &claims, ours)),
            ("no typ", signed(&with(header.clone(), "typ", Value::Null), &claims, ours)),
            ("crit", signed(&with(header.clone(), "crit", json!(["exp"])), &claims, ours)),
            (
                "key inside",
                signed(
                    &with(with(header.clone(), "kid", json!("y")), "jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})),
                    &claims,
                    other,
                ),
            ),
            ("wrong aud", signed(&header, &with(claims.clone(), "aud", json!("other")), ours)),
            ("aud list", signed(&header, &with(claims.clone(), "aud", json!([AUDIENCE, "other"])), ours)),
            ("wrong iss", signed(&header, &with(claims.clone(), "iss", json!("http://evil.example")), ours)),
            ("string exp", signed(&header, &with(claims.clone(), "exp", json!((second + 900).to_string())), ours)),
            ("endless exp", signed(&header, &with(claims.clone(), "exp", json!(i64::MAX)), ours)),
            ("fractional exp", signed(&header, &with(claims.clone(), "exp", json!(1e300)), ours)),
            ("negative exp", signed(&header, &with(claims.clone(), "exp", json!(-1)), ours)),
            ("not yet", signed(&header, &with(claims.clone(), "nbf", json!(second + 3_600)), ours)),
            ("from the future", signed(&header, &with(with(claims.clone(), "iat", json!(second + 600)), "exp", json!(second + 900)), ours)),
            ("sub no uuid", signed(&header, &with(claims.clone(), "sub", json!("admin")), ours)),
            ("claims no object", signed(&header, &json!([1]), ours)),
            ("empty", String::new()),
            ("dots", "..".into()),
            ("long", format!("{}.a.a", "A".repeat(100_000))),
        ];
        for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
            corpus.push(("missing claim", signed(&header, &with(claims.clone(), claim, Value::Null), ours)));
        }
        let token = signed(&header, &claims, ours);
        for at in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            corpus.push(("one byte changed", String::from_utf8(bytes).unwrap()));
        }
        for (name, token) in corpus {
            match ring.verify(&token, NOW) {
                Err(TokenError::Invalid(_) | TokenError::UnknownKey) => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_an_expired_token_that_is_right_otherwise_is_called_expired() {
        let ring = ring();
        let token = ring.sign(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), NOW, 900).unwrap();
        assert!(ring.verify(&token, NOW + 899_000).is_ok());
        assert!(matches!(ring.verify(&token, NOW + 900_000), Err(TokenError::Expired(_))));
        let (header, claims) = good(&ring);
        let wrong = signed(&header, &with(claims, "aud", json!("other")), ours);
        assert!(matches!(ring.verify(&wrong, NOW + 900_000), Err(TokenError::Invalid(_))));
    }

    #[test]
    fn a_new_key_is_published_before_it_signs_and_the_old_one_is_kept_past_the_longest_token() {
        let mut ring = KeyRing::new("i".into());
        ring.add(&[1; 32], 0, Some(NOW + 120_000)).unwrap();
        ring.add(&[2; 32], NOW + 120_000, None).unwrap();
        let kids = |now| ring.jwks(now)["keys"].as_array().unwrap().len();
        let token = ring.sign(Uuid::nil(), Uuid::nil(), Uuid::nil(), NOW, 900).unwrap();
        assert_eq!((ring.signing(NOW).unwrap().kid == ring.keys[0].kid, kids(NOW)), (true, 2));
        assert!(ring.signing(NOW + 120_000).unwrap().kid == ring.keys[1].kid);
        assert!(ring.verify(&token, NOW + 899_000).is_ok());
        assert_eq!((kids(NOW + 1_000_000), kids(NOW + 1_100_000)), (2, 1));
    }
}
