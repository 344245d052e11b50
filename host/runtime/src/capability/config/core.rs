//! The door of `config`. Granted to every kind.

use std::time::Duration;

use crate::call::Call;
use crate::capability::door::{HostFunction, at_once};
use crate::manifest::ConfigValue;
use crate::meter::LimitBroken;

/// Most bytes of a key or name.
const MAX_KEY: usize = 256;

const fn row(function: &'static str, name: &'static str) -> HostFunction {
    HostFunction {
        interface: "config/config",
        function,
        name,
        cost: 1,
        max_bytes_in: MAX_KEY,
        max_bytes_out: 64 << 10,
        deadline: Duration::ZERO,
        idempotent: true,
    }
}

pub(crate) const GET: HostFunction = row("get", "config/config.get");
pub(crate) const FOR_USER: HostFunction = row("for-user", "config/config.for-user");
pub(crate) const HAS_SECRET: HostFunction = row("has-secret", "config/config.has-secret");

/// The slot's value.
pub(crate) fn get<'c>(call: &'c Call, key: &str) -> Result<Option<&'c ConfigValue>, LimitBroken> {
    Ok(at_once(call, &GET, key.len(), || call.revision.config().values.get(key))?.flatten())
}

/// The caller's own value of a per-user key, else the slot's.
pub(crate) fn for_user<'c>(call: &'c Call, key: &str) -> Result<Option<&'c ConfigValue>, LimitBroken> {
    let own = || {
        let declared = call.revision.manifest().config.fields.get(key)?;
        if declared.per_user { call.caller.settings.as_ref()?.get(key) } else { None }
    };
    let answer = at_once(call, &FOR_USER, key.len(), || own().or_else(|| call.revision.config().values.get(key)))?;
    Ok(answer.flatten())
}

/// Whether a secret of this name is stored.
pub(crate) fn has_secret(call: &Call, name: &str) -> Result<bool, LimitBroken> {
    Ok(at_once(call, &HAS_SECRET, name.len(), || call.revision.config().secrets.contains(name))?.unwrap_or(false))
}
