//! One call: its state, and the way from the caller's task to a fresh instance and back.
//!
//! [`Call`] is what is fixed for the call and shared with its record; [`CallState`] is the store's data, dropped with the
//! store. An [`Export`] is one typed export of one kind.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::Instrument;
use uuid::Uuid;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower};
use wasmtime::{Store, UpdateDeadline};

use crate::caller::Caller;
use crate::capability::Backends;
use crate::capability::auth::{Evidence, Secret, core::Checks};
use crate::conversation::Conversation;
use crate::error::{CallError, Failure};
use crate::limits::{HOSTCALL_FUEL, Limits, MAX_HANDLES};
use crate::meter::{Meter, Tick};
use crate::record::{CallRecord, HostEvent, Outcome};
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::verdict;

/// An answer within every limit, with what it cost. The breaker hears of it when its holder has judged it: dropped without
/// a word, or taken apart, it was a good one.
#[derive(Debug)]
pub struct Called<T> {
    /// What the guest answered: a proposal, checked for shape and size, not yet for sense.
    pub value: T,
    /// What it cost; the recorder has it too.
    pub record: Arc<CallRecord>,
    /// What this very call proved. An auth provider's assertion is believed only if its subject stands here.
    pub evidence: Vec<Evidence>,
    pub(crate) unsettled: Unsettled,
}

/// A call whose answer is not judged yet. Had the breaker heard "good" first and "refused" later, a row of refused answers
/// would never be a row of failures.
#[derive(Debug)]
pub(crate) struct Unsettled(Arc<Call>, bool);

impl Drop for Unsettled {
    fn drop(&mut self) {
        if !self.1 {
            self.0.settle(None);
        }
    }
}

impl<T> Called<T> {
    /// What `judge` makes of the answer; with its objection the answer is refused, as by [`Self::reject`].
    ///
    /// # Errors
    /// [`Failure::BadOutput`] with the objection.
    pub fn judged<U, E: std::fmt::Display>(self, judge: impl FnOnce(T) -> Result<U, E>) -> Result<U, CallError> {
        let Self { value, record, evidence, unsettled } = self;
        judge(value).map_err(|objection| Called { value: (), record, evidence, unsettled }.reject(&objection.to_string()))
    }

    /// Refuses the answer after all: the host's own validator found it senseless, or the evidence does not fit. It counts
    /// against the revision, and a second record with the same id corrects the first.
    pub fn reject(mut self, reason: &str) -> CallError {
        let failure = Failure::BadOutput(crate::text::scrub(reason, 200));
        let record = Arc::new(CallRecord { outcome: Outcome::Failed(failure.clone()), ..(*self.record).clone() });
        let Unsettled(call, settled) = &mut self.unsettled;
        *settled = true;
        call.settle(Some(&failure));
        call.runtime.recorder().record(record.clone());
        CallError { failure, record }
    }
}

/// What is fixed for one call. It outlives the store, for the record.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: Uuid,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) revision: Arc<Revision>,
    pub(crate) caller: Caller,
    pub(crate) meter: Meter,
    export: &'static str,
    started: i64,
}

impl Call {
    pub(crate) fn new(runtime: Arc<Runtime>, revision: Arc<Revision>, caller: Caller, export: &'static str) -> Self {
        let clock = &runtime.backends().clock;
        let (id, started) = (clock.new_id(), clock.now());
        let meter = Meter::new(revision.limits(), runtime.tick());
        Self { id, runtime, revision, caller, meter, export, started }
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.revision.limits()
    }

    pub(crate) fn backends(&self) -> &Backends {
        self.runtime.backends()
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.backends().clock.now()
    }

    /// Whether the breaker lets the call through; `Err`: for how long it does not.
    fn breaker_allows(&self) -> Result<(), Duration> {
        self.revision.breaker().allow(Instant::now(), self.caller.user_id())
    }

    /// Tells the breaker how the call ended.
    fn settle(&self, failure: Option<&Failure>) {
        let failed = failure.is_some_and(Failure::counts_against_the_revision);
        self.revision.breaker().settle(Instant::now(), self.caller.user_id(), failed, || rand::random_range(-0.2..=0.2));
    }

    /// Hands the record over: once for each call, whatever happened.
    pub(crate) fn record(&self, outcome: Outcome, output_bytes: usize) -> Arc<CallRecord> {
        let record = Arc::new(self.figures(outcome, output_bytes, self.meter.take_events()));
        self.runtime.recorder().record(record.clone());
        record
    }

    fn figures(&self, outcome: Outcome, output_bytes: usize, events: Vec<HostEvent>) -> CallRecord {
        let (waited, wall) = self.meter.times();
        CallRecord {
            id: self.id,
            slot: self.caller.slot.clone(),
            generation: self.caller.generation,
            revision: self.revision.id().clone(),
            export: self.export,
            user: self.caller.user_id(),
            request: self.caller.request.clone(),
            outcome,
            started: self.started,
            waited,
            wall,
            guest_cpu: self.meter.cpu(),
            peak_memory: self.meter.peak_memory(),
            host_calls: self.meter.host_calls(),
            output_bytes: u32::try_from(output_bytes).unwrap_or(u32::MAX),
            models: self.meter.models(),
            log_dropped: self.meter.log_dropped(),
            events,
        }
    }

    /// The end of a call that gave no answer: the breaker hears of it, the record is written.
    fn failed(&self, failure: Failure) -> CallError {
        self.settle(Some(&failure));
        let record = self.record(Outcome::Failed(failure.clone()), 0);
        CallError { failure, record }
    }
}

/// Data of a call's store.
#[derive(Debug)]
pub(crate) struct CallState {
    pub(crate) call: Arc<Call>,
    pub(crate) login: LoginState,
    pub(crate) conversation: Conversation,
}

/// What a login brings into a call, and what the call proves of it. Empty for other kinds; costs no allocation then.
#[derive(Debug, Default)]
pub(crate) struct LoginState {
    /// Behind the guest's handles, by index.
    pub(crate) secrets: Vec<Option<Secret>>,
    /// The account that earlier steps of this login have proved.
    pub(crate) proved: Option<String>,
    pub(crate) checks: Checks,
}

/// One typed export.
pub(crate) trait Export: Send + 'static {
    /// `kind.function`, for the record.
    const NAME: &'static str;
    /// What it answers.
    type Output: Send + 'static;

    /// What the store needs to know of the input.
    fn login(&mut self) -> LoginState {
        LoginState::default()
    }

    /// What a turn brings into the call.
    fn conversation(&mut self) -> Conversation {
        Conversation::default()
    }

    /// Instantiates and calls.
    fn invoke(
        self,
        store: &mut Store<CallState>,
        revision: &Revision,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Output, GuestError>>> + Send;

    /// Size of the answer in bytes: texts and the places of lists.
    fn bytes(output: &Self::Output) -> usize;

    /// Whether it keeps the caps of the WIT.
    fn check(output: &Self::Output) -> Result<(), &'static str>;
}

/// A fresh instance, and a call of the function at this place of its kind's list.
pub(crate) async fn invoke<Arguments, Answer>(
    store: &mut Store<CallState>,
    revision: &Revision,
    place: usize,
    arguments: Arguments,
) -> wasmtime::Result<Answer>
where
    Arguments: ComponentNamedList + Lower + Send + Sync,
    Answer: ComponentNamedList + Lift + Send + Sync + 'static,
{
    invoke_at(store, revision, revision.exports().function(place)?, arguments).await
}

/// As [`invoke`], of any function of the component.
pub(crate) async fn invoke_at<Arguments, Answer>(
    store: &mut Store<CallState>,
    revision: &Revision,
    function: &ComponentExportIndex,
    arguments: Arguments,
) -> wasmtime::Result<Answer>
where
    Arguments: ComponentNamedList + Lower + Send + Sync,
    Answer: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let instance = revision.exports().linked.instantiate_async(&mut *store).await?;
    let function = instance.get_typed_func::<Arguments, Answer>(&mut *store, function)?;
    function.call_async(store, arguments).await
}

pub(crate) use mnemosyne_bindings::capability::types::errors::Error as GuestError;

/// Ends the guest's task when its caller goes away.
struct EndWithCaller(tokio::task::AbortHandle);

impl Drop for EndWithCaller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Writes the record of a call that ends in the middle: its caller went away, or host code panicked.
struct Unfinished<'a>(Option<&'a Call>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.0 {
            let panicked = std::thread::panicking();
            call.record(if panicked { Outcome::Failed(panic_failure()) } else { Outcome::Cancelled }, 0);
        }
    }
}

fn panic_failure() -> Failure {
    Failure::Internal("host code panicked".to_owned())
}

impl Runtime {
    /// Makes one call: suspended? → admitted? → fresh store and instance on a guest worker → checked answer → record.
    pub(crate) async fn call<E: Export>(
        self: &Arc<Self>,
        revision: &Arc<Revision>,
        caller: Caller,
        span: tracing::Span,
        export: E,
    ) -> Result<Called<E::Output>, CallError> {
        let call = Arc::new(Call::new(self.clone(), revision.clone(), caller, E::NAME));
        if let Err(wait) = call.breaker_allows() {
            return Err(call.failed(Failure::Suspended(wait)));
        }
        let Some(permit) = self.admit(revision.kind(), Duration::from_millis(call.limits().admission_ms)).await else {
            return Err(call.failed(Failure::Overloaded));
        };
        let (answer, answered) = oneshot::channel();
        let task = self.guests().spawn(perform(call.clone(), export, permit, answer).instrument(span));
        let _end = EndWithCaller(task.abort_handle());
        answered.await.unwrap_or_else(|_| {
            // Nobody is left to answer: host code panicked, or the process ends. The record was written where it
            // happened; these are only its figures.
            let failure = panic_failure();
            let record = call.figures(Outcome::Failed(failure.clone()), 0, Vec::new());
            Err(CallError { failure, record: Arc::new(record) })
        })
    }
}

/// The part of a call that runs on a guest worker. The answer goes out before the store is torn down: nobody waits for
/// its memory to be wiped. The place is given back last, so that the pool never holds more stores than places.
async fn perform<E: Export>(call: Arc<Call>, export: E, permit: OwnedSemaphorePermit, answer: oneshot::Sender<Answer<E::Output>>) {
    let mut unfinished = Unfinished(Some(&call));
    call.meter.begins();
    // The deadline is outside: on expiry future and store go together, and nothing of them is used again.
    let ended = tokio::time::timeout_at(call.meter.deadline().into(), metered(&call, run(call.clone(), export))).await;
    let (verdict, store) = match ended {
        Err(_) => (Err(call.meter.broken().unwrap_or_else(|| call.meter.too_late())), None),
        Ok(Err(error)) => (Err(verdict::of_error(&error, &call)), None),
        Ok(Ok((Err(error), store))) => (Err(verdict::of_guest(&error)), Some(store)),
        Ok(Ok((Ok(value), store))) => (verdict::of_answer::<E>(&value, call.limits()).map(|bytes| (value, bytes)), Some(store)),
    };
    unfinished.0 = None;
    let (result, store) = match (verdict, store) {
        (Ok((value, bytes)), Some(mut store)) => {
            let record = call.record(Outcome::Ok, bytes);
            let evidence = std::mem::take(&mut store.data_mut().login.checks).into_evidence();
            (Ok(Called { value, record, evidence, unsettled: Unsettled(call.clone(), false) }), Some(store))
        }
        (Ok(_), None) => (Err(call.failed(Failure::Internal("an answer without its store".to_owned()))), None),
        (Err(failure), store) => (Err(call.failed(failure)), store),
    };
    // Nobody may be waiting any more; the record is written all the same.
    let _ = answer.send(result);
    drop(store);
    drop(permit);
}

/// Polls `work` with the call's CPU clock running.
async fn metered<T>(call: &Call, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        call.meter.resume();
        let polled = work.as_mut().poll(context);
        call.meter.pause();
        polled
    })
    .await
}

type Answer<T> = Result<Called<T>, CallError>;
type Ended<T> = wasmtime::Result<(Result<T, GuestError>, Store<CallState>)>;

/// A fresh store with every limit set before the component's first instruction, a fresh instance, one call.
async fn run<E: Export>(call: Arc<Call>, mut export: E) -> Ended<E::Output> {
    let (login, conversation) = (export.login(), export.conversation());
    let mut store = Store::new(call.runtime.engine(), CallState { call: call.clone(), login, conversation });
    store.limiter(|state| state);
    store.set_hostcall_fuel(HOSTCALL_FUEL);
    store.set_max_component_handles(MAX_HANDLES);
    store.set_epoch_deadline(1);
    // Captures nothing, so that it costs no allocation.
    store.epoch_deadline_callback(|store| {
        let call = &store.data().call;
        match call.meter.tick() {
            Tick::Ends(failure) => {
                call.meter.breaks(failure);
                Ok(UpdateDeadline::Interrupt)
            }
            Tick::Yields => Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))),
            Tick::GoesOn => Ok(UpdateDeadline::Continue(1)),
        }
    });
    let answer = export.invoke(&mut store, &call.revision).await?;
    Ok((answer, store))
}

#[cfg(test)]
mod bundled;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod equality;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod tests;
