//! The door of `log`. Granted to every kind; what exceeds the call's budget is dropped and counted, never an error.

use std::time::Duration;

use super::backend::{Level, LogLine};
use crate::call::Call;
use crate::capability::door::{HostFunction, at_once};
use crate::meter::LimitBroken;
use crate::text::scrub;

/// Most fields of a line; the rest is dropped.
const MAX_FIELDS: usize = 16;
/// Most bytes of a field's name.
const MAX_NAME: usize = 64;

pub(crate) const LOG: HostFunction = HostFunction {
    interface: "log/log",
    function: "log",
    name: "log/log.log",
    cost: 1,
    max_bytes_in: 64 << 10,
    max_bytes_out: 0,
    deadline: Duration::ZERO,
    idempotent: false,
};

/// Writes one line, if it fits the budget.
pub(crate) fn log(call: &Call, level: Level, message: &str, fields: &[(String, String)]) -> Result<(), LimitBroken> {
    let bytes = message.len() + fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let written = at_once(call, &LOG, bytes, || {
        if !call.meter.take_log(bytes, call.limits().log_bytes) {
            return;
        }
        call.backends().log.write(LogLine {
            call: call.id,
            revision: call.revision.id().clone(),
            slot: call.caller.slot.clone(),
            request: call.caller.request.clone(),
            level,
            message: scrub(message, bytes),
            fields: fields.iter().take(MAX_FIELDS).map(|(name, value)| (scrub(name, MAX_NAME), scrub(value, bytes))).collect(),
        });
    })?;
    if written.is_none() {
        call.meter.take_log(bytes, 0);
    }
    Ok(())
}
