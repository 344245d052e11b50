//! What every host function has in common: its row, and the passage through it.

use std::future::Future;
use std::time::{Duration, Instant};

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::BackendError;
use crate::call::Call;
use crate::meter::LimitBroken;
use crate::record::HostEvent;

/// The row of one host function.
#[derive(Debug, PartialEq, Eq)]
pub struct HostFunction {
    /// Interface without namespace and version, for example `storage/kv`.
    pub interface: &'static str,
    /// Function as the WIT spells it.
    pub function: &'static str,
    /// `interface.function`, for records and spans.
    pub name: &'static str,
    /// How many host calls it counts as; what works more costs more.
    pub cost: u32,
    /// Most bytes of arguments.
    pub max_bytes_in: usize,
    /// Most bytes of the answer.
    pub max_bytes_out: usize,
    /// How long it may wait for its backend; zero: answered from memory.
    pub deadline: Duration,
    /// Whether doing it twice is the same as doing it once.
    pub idempotent: bool,
}

/// Every host function that can be linked. A test compares it with the WIT.
pub const FUNCTIONS: &[&HostFunction] = &[
    &super::log::core::LOG,
    &super::config::core::GET,
    &super::config::core::FOR_USER,
    &super::config::core::HAS_SECRET,
    &super::storage::core::GET,
    &super::storage::core::GET_TEXT,
    &super::storage::core::PUT,
    &super::storage::core::PUT_TEXT,
    &super::storage::core::DELETE,
    &super::storage::core::LIST,
    &super::storage::core::INCREMENT,
    &super::storage::memories::core::SEARCH,
    &super::storage::memories::core::LIST,
    &super::storage::memories::core::GET,
    &super::storage::tasks::core::LIST,
    &super::storage::tasks::core::GET,
    &super::vector::core::UPSERT,
    &super::vector::core::UPSERT_TEXT,
    &super::vector::core::SEARCH,
    &super::vector::core::SEARCH_TEXT,
    &super::vector::core::REMOVE,
    &super::llm::core::COMPLETE,
    &super::llm::core::OPEN,
    &super::llm::core::NEXT,
    &super::llm::core::USAGE,
    &super::llm::core::SPACE,
    &super::llm::core::EMBED,
    &super::actions::core::OFFERED,
    &super::actions::core::PERFORM,
    &super::http::core::SEND,
    &super::reply::core::PUSH,
    &super::reply::core::STATUS,
    &super::reply::core::CITE,
    &super::auth::core::CURRENT,
    &super::auth::core::HAS_PERMISSION,
    &super::auth::core::VERIFY_PASSWORD,
    &super::auth::core::VERIFY_API_KEY,
    &super::auth::core::VERIFY_CODE,
];

/// What a host function gives: an answer, an error for the guest, or the end of the guest.
pub(crate) type Answer<T> = Result<Result<T, Error>, LimitBroken>;

/// Passes a function that is answered from memory. Its time counts as the guest's: it is CPU time spent for the guest,
/// and a pair of clock readings would cost more than the function. `None`: the arguments are larger than the row allows;
/// these functions cannot fail, so the guest sees what it would see for an unknown name.
pub(crate) fn at_once<T>(
    call: &Call,
    row: &'static HostFunction,
    bytes: usize,
    work: impl FnOnce() -> T,
) -> Result<Option<T>, LimitBroken> {
    count(call, row)?;
    let fits = bytes <= row.max_bytes_in;
    let answer = fits.then(work);
    let outcome = if fits { "ok" } else { "invalid" };
    tracing::debug!(target: "mnemosyne::host_call", function = row.name, bytes, outcome, "host call");
    call.meter.note(HostEvent { function: row.name, bytes: small(bytes), micros: 0, outcome });
    Ok(answer)
}

/// Passes a function that waits for a backend: with a deadline, and its waiting not counted as the guest's CPU time.
/// `check` is the grant and the quota; it runs before anything else and answers the guest.
pub(crate) async fn waiting<T>(
    call: &Call,
    row: &'static HostFunction,
    bytes: usize,
    check: Result<(), Error>,
    work: impl Future<Output = Result<T, Error>> + Send,
) -> Answer<T> {
    count(call, row)?;
    let begun = Instant::now();
    let answer = match check {
        Err(refused) => Err(refused),
        Ok(()) if bytes > row.max_bytes_in => Err(too_large(row)),
        Ok(()) => {
            call.meter.enter_host();
            let answer = within(call, row, work).await;
            call.meter.leave_host();
            answer
        }
    };
    let outcome = answer.as_ref().map_or_else(|error| kind_word(error.kind), |_| "ok");
    let micros = small(usize::try_from(begun.elapsed().as_micros()).unwrap_or(usize::MAX));
    tracing::debug!(target: "mnemosyne::host_call", function = row.name, bytes, micros, outcome, "host call");
    call.meter.note(HostEvent { function: row.name, bytes: small(bytes), micros, outcome });
    Ok(answer)
}

/// The row's deadline. What may wait as long as the whole call is ended by the call's own deadline: it needs no second timer,
/// which a streamed answer would set for each of its words.
async fn within<T>(call: &Call, row: &'static HostFunction, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    if row.deadline >= Duration::from_millis(call.limits().deadline_ms) {
        return work.await;
    }
    let answer = tokio::time::timeout(row.deadline, work).await;
    answer.unwrap_or_else(|_| Err(error(ErrorKind::Timeout, "backend-timeout", "the host's backend did not answer in time", true)))
}

/// Counts the call. One too many ends the guest: it is a flood, not a mistake it could handle.
fn count(call: &Call, row: &'static HostFunction) -> Result<(), LimitBroken> {
    call.meter.count_host_call(row.cost, call.limits()).map_err(|failure| {
        call.meter.breaks(failure);
        LimitBroken
    })
}

fn too_large(row: &HostFunction) -> Error {
    let room = row.interface.rsplit('/').next().unwrap_or(row.interface);
    invalid(&format!("{room}-too-large"), "the arguments are larger than this function takes")
}

/// A verdict in the two parts that [`waiting`] takes. The work never runs without what the verdict gives.
pub(crate) fn split<T>(verdict: Result<T, Error>) -> (Option<T>, Result<(), Error>) {
    match verdict {
        Ok(given) => (Some(given), Ok(())),
        Err(error) => (None, Err(error)),
    }
}

/// `limit` of a listing or search within 1 and `most`.
pub(crate) fn good_limit(limit: u32, most: u32, code: &str) -> Result<(), Error> {
    if (1..=most).contains(&limit) { Ok(()) } else { Err(invalid(code, &format!("a limit is 1 to {most}"))) }
}

/// An error for the guest.
pub(crate) fn error(kind: ErrorKind, code: &str, message: &str, retryable: bool) -> Error {
    Error { kind, code: code.to_owned(), message: message.to_owned(), retryable, retry_after_ms: None }
}

/// `denied`, which never looks like "not found".
pub(crate) fn denied(code: &str, message: &str) -> Error {
    error(ErrorKind::Denied, code, message, false)
}

/// `invalid`.
pub(crate) fn invalid(code: &str, message: &str) -> Error {
    error(ErrorKind::Invalid, code, message, false)
}

/// What a backend could not do, in the guest's words.
pub(crate) fn from_backend(problem: &BackendError, prefix: &str) -> Error {
    match problem {
        BackendError::Unavailable { retry_after_ms } => Error {
            retry_after_ms: *retry_after_ms,
            ..error(ErrorKind::Unavailable, &format!("{prefix}-unavailable"), "the host's backend is away", true)
        },
        BackendError::Conflict => error(ErrorKind::Conflict, &format!("{prefix}-conflict"), "the version is not the expected one", true),
        BackendError::Quota => error(ErrorKind::Quota, &format!("{prefix}-full"), "there is no room left", false),
        BackendError::NotANumber => invalid(&format!("{prefix}-not-a-number"), "the value is no number, or the sum leaves 64 bits"),
        BackendError::Timeout => error(ErrorKind::Timeout, &format!("{prefix}-timeout"), "it took longer than it may", true),
        BackendError::Refused { kind, code, message } => {
            let retryable = matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Conflict);
            error(*kind, code, &crate::text::scrub(message, 1 << 10), retryable)
        }
    }
}

fn kind_word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "denied",
        ErrorKind::Quota => "quota",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Internal => "internal",
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
