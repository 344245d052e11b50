//! From how a guest ended to what the host hears: one place that reads wasmtime's errors.

use mnemosyne_bindings::capability::types::errors::ErrorKind;
use wasmtime::{Trap, WasmBacktrace};

use crate::call::{Call, Export, GuestError};
use crate::error::{Failure, GuestErrorKind, Resource};
use crate::limits::Limits;
use crate::text::scrub;

/// Most bytes of a trap's text.
const MAX_TRAP: usize = 300;

/// Why instantiation or the call failed.
pub(crate) fn of_error(error: &wasmtime::Error, call: &Call) -> Failure {
    // What the meter noted is the cause; the trap is only how it reached the guest.
    if let Some(failure) = call.meter.broken() {
        return failure;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Failure::StackExceeded,
        Some(Trap::Interrupt) => return call.meter.too_late(),
        _ => {}
    }
    let text = format!("{:#}", error.root_cause());
    // wasmtime gives these no type of their own; a test holds each text in place.
    if text.contains("handle limit exceeded") {
        return Failure::ResourceExceeded(Resource::Handles);
    }
    let in_guest = error.downcast_ref::<WasmBacktrace>().is_some_and(|trace| !trace.frames().is_empty());
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        let arguments = Failure::ResourceExceeded(Resource::Arguments);
        return if in_guest { arguments } else { Failure::OutputTooLarge(call.limits().output_bytes) };
    }
    if text.contains("resource limit exceeded") {
        let what = if text.contains("table") { Resource::Tables } else { Resource::Instances };
        return Failure::ResourceExceeded(what);
    }
    let text = scrub(&text, MAX_TRAP);
    let trapped = in_guest || error.downcast_ref::<Trap>().is_some();
    if trapped { Failure::Trapped(text) } else { Failure::BadOutput(text) }
}

/// An error that the guest answered.
pub(crate) fn of_guest(error: &GuestError) -> Failure {
    let kind = match error.kind {
        ErrorKind::Denied => GuestErrorKind::Denied,
        ErrorKind::Quota => GuestErrorKind::Quota,
        ErrorKind::NotFound => GuestErrorKind::NotFound,
        ErrorKind::Conflict => GuestErrorKind::Conflict,
        ErrorKind::Invalid => GuestErrorKind::Invalid,
        ErrorKind::Timeout => GuestErrorKind::Timeout,
        ErrorKind::Unavailable => GuestErrorKind::Unavailable,
        ErrorKind::Internal => GuestErrorKind::Internal,
    };
    Failure::GuestError { kind, code: scrub(&error.code, 64), message: scrub(&error.message, 500) }
}

/// The answer's size, if it keeps the contract.
pub(crate) fn of_answer<E: Export>(value: &E::Output, limits: &Limits) -> Result<usize, Failure> {
    let bytes = E::bytes(value);
    if bytes as u64 > limits.output_bytes {
        return Err(Failure::OutputTooLarge(limits.output_bytes));
    }
    E::check(value).map_err(|what| Failure::BadOutput(what.to_owned())).map(|()| bytes)
}
