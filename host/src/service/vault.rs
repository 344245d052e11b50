//! The master key and what hangs on it: signing keys, operator secrets and recorded inputs are sealed with it in the
//! database, so that replicas share them; everything that needs a key of its own (refresh tokens, compiled components,
//! cursors) derives one by a label and never sees the master.
//!
//! Source: `MNEMOSYNE_SECRETS_KEY` (32 bytes, base64) or `<data>/master.key` (mode 0600, made at first start).

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{Code, Failure};

/// First byte of what [`Vault::seal`] returns: AES-256-GCM, random 96-bit nonce, tag of 128 bits.
const FORMAT: u8 = 1;

/// Holds the master key. No `Debug`, no `Clone`: it is shared by reference.
pub struct Vault {
    master: Zeroizing<[u8; 32]>,
}

/// Why a vault could not be opened or a value not be unsealed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file is readable by others, too short, or not ours to read.
    #[error("the master key `{path}` {problem}")]
    KeyFile {
        /// Where it lies.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// `MNEMOSYNE_SECRETS_KEY` is not 32 bytes in base64.
    #[error("`MNEMOSYNE_SECRETS_KEY` is not 32 bytes in base64; make one with `openssl rand -base64 32`")]
    KeyText,
    /// Sealed with another master key, for another purpose, or changed.
    #[error("a sealed value does not open with this master key; restore the `master.key` that belongs to this database")]
    Sealed,
    /// The random source or the cipher failed.
    #[error("the cipher failed")]
    Cipher,
}

impl Failure for VaultError {
    fn code(&self) -> Code {
        Code::Internal
    }
}

impl Vault {
    /// Opens the key from the configuration's text, else from the data folder; makes it when `data` has none.
    ///
    /// # Errors
    /// [`VaultError`] in words for the operator.
    pub fn open(key: Option<&SecretString>, data: &Path) -> Result<Self, VaultError> {
        if let Some(text) = key {
            let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret().trim()).map_err(|_| VaultError::KeyText)?);
            return Self::from_bytes(&bytes).ok_or(VaultError::KeyText);
        }
        let path = data.join("master.key");
        let refuse = |problem: String| VaultError::KeyFile { path: path.display().to_string(), problem };
        match fs::read(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let mode = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(refuse("can be read by others; `chmod 600` it".into()));
                }
                let bytes = Zeroizing::new(
                    STANDARD.decode(text.trim_ascii()).map_err(|_| refuse("is not base64; restore it from a backup".into()))?,
                );
                Self::from_bytes(&bytes).ok_or_else(|| refuse("is not 32 bytes long; restore it from a backup".into()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut master = Zeroizing::new([0_u8; 32]);
                aws_lc_rs::rand::fill(master.as_mut()).map_err(|_| VaultError::Cipher)?;
                let text = Zeroizing::new(STANDARD.encode(master.as_ref()));
                // `create_new`: two hosts that start at once on one folder must not each believe in their own key.
                let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
                match made {
                    Ok(mut file) => {
                        writeln!(file, "{}", text.as_str()).and_then(|()| file.sync_all()).map_err(|error| refuse(error.to_string()))?;
                        Ok(Self { master })
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::open(None, data),
                    Err(error) => Err(refuse(format!("cannot be made: {error}"))),
                }
            }
            Err(error) => Err(refuse(format!("cannot be read: {error}"))),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self { master: Zeroizing::new(bytes.try_into().ok()?) })
    }

    /// A key of its own for one purpose: HMAC-SHA256(master, `mnemosyne/` ‖ label). The same label gives the same key on every replica.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.master.as_ref());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"mnemosyne/");
        context.update(label.as_bytes());
        let mut derived = Zeroizing::new([0; 32]);
        derived.copy_from_slice(context.sign().as_ref());
        derived
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, VaultError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.derive("seal").as_ref()).map_err(|_| VaultError::Cipher)
    }

    /// Seals `plain` for one place (`secrets/CRM_TOKEN`): it opens nowhere else.
    ///
    /// # Errors
    /// [`VaultError::Cipher`].
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut body = plain.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut body).map_err(|_| VaultError::Cipher)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what [`Vault::seal`] made for the same place.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] for another key, another place or changed bytes.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&FORMAT, rest) = sealed.split_first().ok_or(VaultError::Sealed)? else { return Err(VaultError::Sealed) };
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Sealed)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.cipher()?.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| VaultError::Sealed)?.len();
        body.truncate(length);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place_and_with_its_own_key() {
        let data = tempfile::tempdir().unwrap();
        let vault = Vault::open(None, data.path()).unwrap();
        let sealed = vault.seal("secrets/A", b"hush").unwrap();
        let again = Vault::open(None, data.path()).unwrap();
        assert_eq!(&**again.unseal("secrets/A", &sealed).unwrap(), b"hush");
        assert!(again.unseal("secrets/B", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(again.unseal("secrets/A", &bent).is_err(), "byte {at} was changed unnoticed");
        }
        let other = tempfile::tempdir().unwrap();
        assert!(Vault::open(None, other.path()).unwrap().unseal("secrets/A", &sealed).is_err());
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        Vault::open(None, data.path()).unwrap();
        let path = data.path().join("master.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let Err(error) = Vault::open(None, data.path()) else { panic!("it opened") };
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
