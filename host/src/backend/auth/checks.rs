//! The runtime's side of [`Credentials`]: what a guest asks to be checked.

use async_trait::async_trait;
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::auth::{CredentialsBackend, KeyMatch, Presented, Secret};
use secrecy::SecretString;

use super::Credentials;
use crate::error::Fault;

fn failed(fault: &Fault) -> BackendError {
    let after = fault.retry_after.and_then(|after| u32::try_from(after.as_millis()).ok());
    tracing::warn!(?fault, "a credential could not be checked");
    BackendError::Unavailable { retry_after_ms: after.or(Some(1_000)) }
}

#[async_trait]
impl CredentialsBackend for Credentials {
    async fn verify_password(&self, _: Presented<'_>, login: &str, password: &Secret) -> Result<Option<String>, BackendError> {
        let password = SecretString::from(password.expose().to_owned());
        let account = Self::verify_password(self, login, &password).await.map_err(|fault| failed(&fault))?;
        Ok(account.map(|id| id.to_string()))
    }

    async fn verify_api_key(&self, _: Presented<'_>, key: &Secret) -> Result<Option<KeyMatch>, BackendError> {
        // Guessing is slowed down where a login takes its place in the windows, before the guest is asked.
        let key = SecretString::from(key.expose().to_owned());
        let found = Self::verify_api_key(self, &key).await.map_err(|fault| failed(&fault))?;
        Ok(found.map(|(owner, key)| KeyMatch { subject: owner.to_string(), key_id: key.id.to_string(), scopes: key.scopes }))
    }

    async fn verify_code(&self, _: Presented<'_>, _: &str, _: &Secret) -> Result<bool, BackendError> {
        // Accounts have no second factor in this version, so no code is right: the contract's answer for a wrong one.
        Ok(false)
    }
}
