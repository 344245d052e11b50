//! The plugin runtime: everything between a component's bytes and a checked answer. Nothing of the product.
//!
//! # The map
//! Admission, from bytes to a compiled artefact: [`check`] reads the bytes before wasmtime sees them, with [`manifest`],
//! [`needs`] and [`limits`]; [`difference`] tells what changed; [`capability::grant`] narrows what is asked by what the
//! operator allows; [`compile`] runs Cranelift in a disposable child; [`artifact`] keeps its output.
//!
//! Serving: [`engine`] (switches, pool, ticker) → [`runtime`] (workers, admission) → [`revision`] (linked once by
//! `linker`) → [`registry`] and [`swap`] (slots) → [`xp_rules`], [`auth_provider`], [`persona`], [`task_intelligence`],
//! [`lifecycle`] (typed doors) → `call` (one call, `conversation` beside it when somebody is answered), with
//! `meter` (limits), [`capability`] (what a guest may do), `verdict` and [`error`] (how it ended), [`record`] (what is
//! kept), [`breaker`] (who is not called for a while).
//!
//! # Three lifetimes
//! | | type | made by | holds |
//! |---|---|---|---|
//! | process | [`Runtime`] | [`Runtime::start`] | engine, ticker thread, guest workers, semaphores, backends |
//! | plugin | [`Revision`] | [`Runtime::prepare`] | compiled code linked to one grant, configuration, breaker |
//! | call | `Call` and its store | a typed door | caller, meter, secrets; nothing survives into the next call |
//!
//! # The life of a call
//! ```text
//! let routing  = registry.load();                     // once for each request: it ends on what it began with
//! let binding  = routing.live("xp-rules")?;
//! let caller   = Caller::person(user, "xp-rules", request_id);
//! let proposal = runtime.xp_rules(&binding.revision, caller).award(completion).await?;
//! ```
//! 1. The breaker: a revision that keeps failing answers [`Failure::Suspended`] at once.
//! 2. Admission: a place of the kind, within its waiting time, else [`Failure::Overloaded`].
//! 3. On a guest worker: a fresh store with every limit set, a fresh instance, the export. The ticker makes a running guest
//!    yield and holds it against its CPU time; the deadline drops future and store together.
//! 4. Each host call passes its capability's `core`: counted, granted?, within quota?, namespaced by the caller, backend.
//! 5. The answer is weighed and held against the WIT's caps. It is a proposal: the host validates, clamps, commits.
//! 6. The record goes to the [`Recorder`], whatever happened, and comes back beside the answer or the error.
//!
//! No lock, connection or transaction is held while a guest runs. wasmtime's types never leave this crate.

pub mod artifact;
pub mod auth_provider;
pub mod breaker;
mod bytes;
mod call;
mod caller;
pub mod capability;
pub mod check;
pub mod compile;
mod conversation;
pub mod difference;
pub mod engine;
pub mod error;
#[cfg(test)]
mod kit;
pub mod lifecycle;
pub mod limits;
mod linker;
pub mod manifest;
mod meter;
pub mod needs;
pub mod persona;
pub mod record;
pub mod registry;
pub mod revision;
pub mod runtime;
pub mod swap;
pub mod task_intelligence;
mod text;
mod verdict;
mod weigh;
pub mod wit;
pub mod xp_rules;

pub use self::auth_provider::LoginInput;
pub use self::call::Called;
pub use self::caller::{Caller, User};
pub use self::capability::reply::{ActionEvent, ReplyEvent, ReplySink, ReplyStream, channel};
pub use self::capability::{Asking, BackendError, Backends, Clock, SystemClock};
pub use self::error::{CallError, Failure, GuestErrorKind, Reason, Refused, StartError};
pub use self::linker::interfaces;
pub use self::record::{CallRecord, ModelUse, NoRecorder, Outcome, Recorder, RevisionId};
pub use self::registry::Registry;
pub use self::revision::Revision;
pub use self::runtime::{Admission, Compile, Runtime, Settings};
pub use self::swap::{Binding, Mode, Routing, SwapError};
pub use self::text::scrub;
