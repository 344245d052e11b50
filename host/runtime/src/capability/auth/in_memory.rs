//! Accounts of tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::backend::{CredentialsBackend, KeyMatch, Presented, Secret};
use crate::capability::BackendError;

/// Passwords by login (subject, password), keys by text, codes by subject.
#[derive(Debug, Default)]
pub struct InMemoryCredentials {
    passwords: Mutex<BTreeMap<String, (String, String)>>,
    keys: Mutex<BTreeMap<String, KeyMatch>>,
    codes: Mutex<BTreeMap<String, String>>,
}

impl InMemoryCredentials {
    /// Adds an account.
    pub fn add_password(&self, login: &str, password: &str, subject: &str) {
        let mut passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        passwords.insert(login.to_owned(), (subject.to_owned(), password.to_owned()));
    }

    /// Adds an API key.
    pub fn add_key(&self, key: &str, owner: KeyMatch) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), owner);
    }

    /// Adds a one-time code.
    pub fn add_code(&self, subject: &str, code: &str) {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned(), code.to_owned());
    }
}

#[async_trait]
impl CredentialsBackend for InMemoryCredentials {
    async fn verify_password(&self, _: Presented<'_>, login: &str, password: &Secret) -> Result<Option<String>, BackendError> {
        let passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(passwords.get(login).filter(|(_, right)| right == password.expose()).map(|(subject, _)| subject.clone()))
    }

    async fn verify_api_key(&self, _: Presented<'_>, key: &Secret) -> Result<Option<KeyMatch>, BackendError> {
        Ok(self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(key.expose()).cloned())
    }

    async fn verify_code(&self, _: Presented<'_>, subject: &str, code: &Secret) -> Result<bool, BackendError> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let right = codes.get(subject).is_some_and(|right| right == code.expose());
        if right {
            codes.remove(subject);
        }
        Ok(right)
    }
}
