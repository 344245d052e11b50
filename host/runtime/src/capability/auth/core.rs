//! The doors of `auth/identity` and `auth/credentials`.
//!
//! A check that succeeds leaves [`Evidence`] in the call; a guest can claim what it likes, the host compares.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};
use sha2::{Digest, Sha256};

use super::backend::{Evidence, KeyMatch, Presented, Secret};
use crate::call::Call;
use crate::caller::User;
use crate::capability::door::{Answer, HostFunction, at_once, denied, error, from_backend, invalid, waiting};
use crate::meter::LimitBroken;

/// Most bytes of a login.
const MAX_LOGIN: usize = 320;
/// Most checks of credentials in one call: a guest is no dictionary attack.
const MAX_CHECKS: u32 = 3;

const fn identity(function: &'static str, name: &'static str) -> HostFunction {
    HostFunction {
        interface: "auth/identity",
        function,
        name,
        cost: 1,
        max_bytes_in: 128,
        max_bytes_out: 4 << 10,
        deadline: Duration::ZERO,
        idempotent: true,
    }
}

const fn credentials(function: &'static str, name: &'static str, idempotent: bool) -> HostFunction {
    HostFunction {
        interface: "auth/credentials",
        function,
        name,
        cost: 4,
        max_bytes_in: MAX_LOGIN,
        max_bytes_out: 4 << 10,
        // Hashing waits for its turn on a bounded pool.
        deadline: Duration::from_secs(4),
        idempotent,
    }
}

pub(crate) const CURRENT: HostFunction = identity("current", "auth/identity.current");
pub(crate) const HAS_PERMISSION: HostFunction = identity("has-permission", "auth/identity.has-permission");
pub(crate) const VERIFY_PASSWORD: HostFunction = credentials("verify-password", "auth/credentials.verify-password", true);
pub(crate) const VERIFY_API_KEY: HostFunction = credentials("verify-api-key", "auth/credentials.verify-api-key", true);
pub(crate) const VERIFY_CODE: HostFunction = credentials("verify-code", "auth/credentials.verify-code", false);

/// The caller and the name this plugin may know them by; `None` without a caller or the grant.
pub(crate) fn current(call: &Call) -> Result<Option<(String, &User)>, LimitBroken> {
    let user = call.caller.user.as_deref().filter(|_| call.revision.powers().identity);
    Ok(at_once(call, &CURRENT, 0, || user.map(|user| (subject(&call.revision.id().plugin, user), user)))?.flatten())
}

/// Whether the caller may; `false` without a caller or the grant.
pub(crate) fn has_permission(call: &Call, permission: &str) -> Result<bool, LimitBroken> {
    let user = call.caller.user.as_deref().filter(|_| call.revision.powers().identity);
    let has = || user.is_some_and(|user| user.permissions.contains(permission));
    Ok(at_once(call, &HAS_PERMISSION, permission.len(), has)?.unwrap_or(false))
}

/// Stable for (plugin, user), and of no use to another plugin: account ids are random, so the hash cannot be undone.
pub(super) fn subject(plugin: &str, user: &User) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"mnemosyne subject\0");
    hasher.update(plugin.as_bytes());
    hasher.update([0]);
    hasher.update(user.id.as_bytes());
    hex::encode(&hasher.finalize()[..16])
}

/// What a call has checked so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    made: u32,
    evidence: Vec<Evidence>,
}

impl Checks {
    /// What was proved.
    pub(crate) fn into_evidence(self) -> Vec<Evidence> {
        self.evidence
    }

    fn one_more(&mut self, granted: bool) -> Result<(), Error> {
        if !granted {
            return Err(denied("credentials-not-granted", "this check is not granted"));
        }
        self.made += 1;
        if self.made > MAX_CHECKS {
            return Err(error(ErrorKind::Quota, "credentials-checks", "a call makes at most 3 checks", false));
        }
        Ok(())
    }
}

fn presented(call: &Call) -> Presented<'_> {
    Presented { plugin: &call.revision.id().plugin, slot: &call.caller.slot, request: &call.caller.request }
}

/// The subject, if the password fits.
pub(crate) async fn verify_password(call: &Call, checks: &mut Checks, login: &str, password: &Secret) -> Answer<Option<String>> {
    let check = checks.one_more(call.revision.powers().verify_password);
    let answer = waiting(call, &VERIFY_PASSWORD, login.len(), check, async {
        let verdict = call.backends().credentials.verify_password(presented(call), login, password).await;
        verdict.map_err(|problem| from_backend(&problem, "credentials"))
    })
    .await?;
    if let Ok(Some(subject)) = &answer {
        checks.evidence.push(Evidence::Password { subject: subject.clone() });
    }
    Ok(answer)
}

/// The account of a key.
pub(crate) async fn verify_api_key(call: &Call, checks: &mut Checks, key: &Secret) -> Answer<Option<KeyMatch>> {
    let check = checks.one_more(call.revision.powers().verify_api_key);
    let answer = waiting(call, &VERIFY_API_KEY, 0, check, async {
        let verdict = call.backends().credentials.verify_api_key(presented(call), key).await;
        verdict.map_err(|problem| from_backend(&problem, "credentials"))
    })
    .await?;
    if let Ok(Some(found)) = &answer {
        checks.evidence.push(Evidence::ApiKey(found.clone()));
    }
    Ok(answer)
}

/// Whether the code fits, of a subject that this login has proved: in this call, or in an earlier step (`proved`).
pub(crate) async fn verify_code(call: &Call, checks: &mut Checks, proved: Option<&str>, subject: &str, code: &Secret) -> Answer<bool> {
    let known = proved == Some(subject) || checks.evidence.iter().any(|evidence| evidence.proves(subject));
    let check = checks.one_more(call.revision.powers().verify_code).and_then(|()| {
        if subject.is_empty() {
            return Err(invalid("credentials-subject", "the subject is empty"));
        }
        if known { Ok(()) } else { Err(denied("credentials-not-proved", "this login has not proved that account")) }
    });
    let answer = waiting(call, &VERIFY_CODE, subject.len(), check, async {
        let verdict = call.backends().credentials.verify_code(presented(call), subject, code).await;
        verdict.map_err(|problem| from_backend(&problem, "credentials"))
    })
    .await?;
    if let Ok(true) = answer {
        checks.evidence.push(Evidence::Code { subject: subject.to_owned() });
    }
    Ok(answer)
}
