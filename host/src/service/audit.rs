//! Who did it: every privileged write carries an actor into the audit log, in the same transaction as the write.

use serde_json::Value;
use uuid::Uuid;

use super::principal::Principal;
use crate::clock::Millis;
use crate::model::audit::AuditEvent;

/// Who changes something, and in which request.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `user:<id>`, `key:<id>`, `cli`, `host`.
    pub name: String,
    /// The account, where there is one.
    pub user: Option<Uuid>,
    /// The request's id, where there is one.
    pub request: Option<String>,
}

impl Actor {
    /// The caller of a request.
    pub fn of(caller: &Principal, request: &str) -> Self {
        let name = match caller.api_key {
            Some(key) if key == LOCAL_KEY => "cli".to_owned(),
            Some(key) => format!("key:{key}"),
            None => format!("user:{}", caller.user),
        };
        Self { name, user: Some(caller.user), request: Some(request.to_owned()) }
    }

    /// The host itself: first start, upgrades of bundled plugins, jobs.
    pub fn host() -> Self {
        Self { name: "host".into(), user: None, request: None }
    }

    /// The operator at the host's own machine.
    pub fn command_line() -> Self {
        Self { name: "cli".into(), user: None, request: None }
    }

    /// The row for the log. `detail` never holds a secret.
    pub fn event(&self, at: Millis, action: &str, target: impl Into<String>, detail: Value) -> AuditEvent {
        AuditEvent {
            at,
            actor: self.name.clone(),
            action: action.to_owned(),
            target: target.into(),
            detail,
            request_id: self.request.clone(),
        }
    }
}

/// The id of the key that the command line holds when it works on the data folder in this process.
pub const LOCAL_KEY: Uuid = Uuid::from_u128(1);
