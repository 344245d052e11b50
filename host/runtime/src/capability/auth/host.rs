//! `mnemosyne:auth/{identity,secrets,credentials}` on a call's store.
//!
//! A `secret` handle is an index into the call's secrets. No function takes one but the checks, and none gives a byte of it.

use mnemosyne_bindings::capability::auth::{credentials, identity, secrets};
use mnemosyne_bindings::capability::types::errors::Error;
use wasmtime::component::Resource;

use super::backend::Secret;
use super::core;
use crate::call::CallState;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl identity::Host for CallState {
    fn current(&mut self) -> wasmtime::Result<Option<identity::Caller>> {
        Ok(core::current(&self.call)?.map(|(subject, user)| identity::Caller {
            subject,
            display_name: user.display_name.clone(),
            roles: user.roles.clone(),
            timezone: user.timezone.clone(),
            locale: user.locale.clone(),
        }))
    }

    fn has_permission(&mut self, permission: String) -> wasmtime::Result<bool> {
        Ok(core::has_permission(&self.call, &permission)?)
    }
}

impl secrets::Host for CallState {}

impl secrets::HostSecret for CallState {
    fn drop(&mut self, handle: Resource<secrets::Secret>) -> wasmtime::Result<()> {
        if let Some(secret) = self.login.secrets.get_mut(handle.rep() as usize) {
            *secret = None;
        }
        Ok(())
    }
}

impl CallState {
    fn secret(&self, handle: &Resource<secrets::Secret>) -> wasmtime::Result<Secret> {
        let found = self.login.secrets.get(handle.rep() as usize).cloned().flatten();
        found.ok_or_else(|| wasmtime::Error::msg("the secret is gone"))
    }
}

impl credentials::Host for CallState {
    async fn verify_password(&mut self, login: String, password: Resource<secrets::Secret>) -> Answer<Option<String>> {
        let password = self.secret(&password)?;
        Ok(core::verify_password(&self.call, &mut self.login.checks, &login, &password).await?)
    }

    async fn verify_api_key(&mut self, key: Resource<secrets::Secret>) -> Answer<Option<credentials::KeyMatch>> {
        let key = self.secret(&key)?;
        let answer = core::verify_api_key(&self.call, &mut self.login.checks, &key).await?;
        Ok(answer
            .map(|found| found.map(|found| credentials::KeyMatch { subject: found.subject, key_id: found.key_id, scopes: found.scopes })))
    }

    async fn verify_code(&mut self, subject: String, code: Resource<secrets::Secret>) -> Answer<bool> {
        let code = self.secret(&code)?;
        let login = &mut self.login;
        Ok(core::verify_code(&self.call, &mut login.checks, login.proved.as_deref(), &subject, &code).await?)
    }
}
