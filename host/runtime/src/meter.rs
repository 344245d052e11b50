//! What a call uses, counted where it is used, and the first limit it broke.
//!
//! The meter lives beside the store, not in it: when a deadline drops future and store, the record still needs the figures.
//! Only one thread works for a call at a time, so relaxed atomics are enough; they only make sharing safe.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiter;

use crate::call::CallState;
use crate::error::{Failure, Resource};
use crate::limits::Limits;
use crate::record::{HostEvent, MAX_EVENTS};

/// No reading of the thread's CPU clock.
const UNREAD: u64 = u64::MAX;

/// CPU time of this thread in nanoseconds.
pub(crate) fn thread_cpu() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Most pieces of one call that raise what it may use; each takes a token or more of an answer of at most 16 k tokens.
const MAX_PIECES: u32 = 16_384;

/// What becomes of a guest that the ticker has reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// It broke a limit.
    Ends(Failure),
    /// It has had its turn: others of the same worker come first.
    Yields,
    /// Its turn has just begun. One and a half ticks are the most it goes on for.
    GoesOn,
}

/// What one call used of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelUse {
    /// Requests.
    pub calls: u32,
    /// Tokens of prompts.
    pub input_tokens: u32,
    /// Tokens of answers, reasoning included.
    pub output_tokens: u32,
    /// The model that answered last, if it told its name.
    pub model: Option<std::sync::Arc<str>>,
    /// Its answer ended because it came to the end of its tokens.
    pub cut: bool,
}

impl ModelUse {
    fn tokens(&self) -> u64 {
        u64::from(self.input_tokens) + u64::from(self.output_tokens)
    }
}

/// Use of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    cpu_budget: u64,
    cpu_used: AtomicU64,
    /// When the running stretch began, in nanoseconds from `begun`.
    stretch_wall: AtomicU64,
    /// Thread CPU time at which it began, or [`UNREAD`].
    stretch_cpu: AtomicU64,
    two_ticks: u64,
    /// The ticker has met the call: it is no short one.
    ticked: AtomicBool,
    /// A worker is polling the call.
    polled: AtomicBool,
    /// Since when, in nanoseconds from `begun`.
    polled_since: AtomicU64,
    half_a_tick: u64,
    /// The call waits in a host function: its time counts to the deadline only.
    in_host: AtomicBool,
    begun: Instant,
    /// Nanoseconds from `begun` until the call was admitted; the deadline runs from there.
    waited: AtomicU64,
    time_allowed: Duration,
    memory_now: AtomicU64,
    memory_peak: AtomicU64,
    host_calls: AtomicU32,
    log_bytes: AtomicU32,
    log_dropped: AtomicU32,
    /// Pieces that were streamed out: each raises CPU time and host calls.
    pieces_out: AtomicU32,
    cpu_per_piece: u64,
    /// Pieces that came in from a model: each is a host call that costs nothing.
    pieces_in: AtomicU32,
    /// Settled and reserved use of models.
    models: Mutex<(ModelUse, u64)>,
    events: Mutex<Vec<HostEvent>>,
    broken: Mutex<Option<Failure>>,
}

impl Meter {
    /// A fresh meter; waiting to be admitted begins.
    pub(crate) fn new(limits: &Limits, tick: Duration) -> Self {
        Self {
            cpu_budget: limits.cpu_ms.saturating_mul(1_000_000),
            cpu_used: AtomicU64::new(0),
            stretch_wall: AtomicU64::new(0),
            stretch_cpu: AtomicU64::new(UNREAD),
            two_ticks: u64::try_from(tick.as_nanos()).unwrap_or(u64::MAX).saturating_mul(2),
            ticked: AtomicBool::new(false),
            polled: AtomicBool::new(false),
            polled_since: AtomicU64::new(0),
            half_a_tick: u64::try_from(tick.as_nanos() / 2).unwrap_or(u64::MAX),
            in_host: AtomicBool::new(false),
            begun: Instant::now(),
            waited: AtomicU64::new(0),
            time_allowed: Duration::from_millis(limits.deadline_ms),
            memory_now: AtomicU64::new(0),
            memory_peak: AtomicU64::new(0),
            host_calls: AtomicU32::new(0),
            log_bytes: AtomicU32::new(0),
            log_dropped: AtomicU32::new(0),
            pieces_out: AtomicU32::new(0),
            cpu_per_piece: limits.cpu_ms_per_piece.saturating_mul(1_000_000),
            pieces_in: AtomicU32::new(0),
            models: Mutex::default(),
            events: Mutex::new(Vec::new()),
            broken: Mutex::new(None),
        }
    }

    /// The wait is over: admitted, and a guest worker has it. The deadline runs from here.
    pub(crate) fn begins(&self) {
        self.waited.store(u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Time spent waiting, and wall time since.
    pub(crate) fn times(&self) -> (Duration, Duration) {
        let waited = Duration::from_nanos(self.waited.load(Relaxed));
        (waited, self.begun.elapsed().saturating_sub(waited))
    }

    /// A worker begins to poll the call.
    pub(crate) fn resume(&self) {
        self.polled.store(true, Relaxed);
        self.polled_since.store(self.since_begun(), Relaxed);
        if !self.in_host.load(Relaxed) {
            self.begin_stretch();
        }
    }

    /// The worker's poll ends.
    pub(crate) fn pause(&self) {
        if !self.in_host.load(Relaxed) {
            self.end_stretch();
        }
        self.polled.store(false, Relaxed);
    }

    /// The guest calls a host function that may wait.
    pub(crate) fn enter_host(&self) {
        self.end_stretch();
        self.in_host.store(true, Relaxed);
    }

    /// The host function is done. Always within a poll.
    pub(crate) fn leave_host(&self) {
        self.in_host.store(false, Relaxed);
        self.begin_stretch();
    }

    /// A stretch is a piece of work on one thread. Reading the thread's CPU clock is a system call (0.2–0.6 µs, and two
    /// of them would be a tenth of a short call), so it is read only once a call has lived through a tick. Before that, a
    /// stretch is charged with its wall time, but with no more than two ticks: had it worked for longer, a tick would
    /// have found it; what is more is the thread waiting for a processor.
    fn begin_stretch(&self) {
        self.stretch_wall.store(self.since_begun(), Relaxed);
        self.stretch_cpu.store(if self.ticked.load(Relaxed) { thread_cpu() } else { UNREAD }, Relaxed);
    }

    fn end_stretch(&self) {
        self.cpu_used.fetch_add(self.running(), Relaxed);
    }

    fn running(&self) -> u64 {
        match self.stretch_cpu.load(Relaxed) {
            UNREAD => self.since_begun().saturating_sub(self.stretch_wall.load(Relaxed)).min(self.two_ticks),
            since => thread_cpu().saturating_sub(since),
        }
    }

    fn since_begun(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The ticker reached the guest: what becomes of it.
    pub(crate) fn tick(&self) -> Tick {
        match self.limit_broken_by_now() {
            Some(failure) => Tick::Ends(failure),
            // the ticks of a wait are met when it is over: a guest that has just begun has nothing to give up yet
            None if self.since_begun().saturating_sub(self.polled_since.load(Relaxed)) < self.half_a_tick => Tick::GoesOn,
            None => Tick::Yields,
        }
    }

    fn limit_broken_by_now(&self) -> Option<Failure> {
        self.ticked.store(true, Relaxed);
        if self.polled.load(Relaxed) {
            self.end_stretch();
            self.begin_stretch();
        }
        let budget = self.cpu_budget + u64::from(self.pieces_out.load(Relaxed).min(MAX_PIECES)) * self.cpu_per_piece;
        if self.cpu_used.load(Relaxed) > budget {
            return Some(Failure::CpuExceeded(Duration::from_nanos(budget)));
        }
        // The timer outside does the same; this also holds when every worker spins and no timer is served.
        (Instant::now() > self.deadline()).then(|| self.too_late())
    }

    /// What a missed deadline is called.
    pub(crate) fn too_late(&self) -> Failure {
        Failure::DeadlineExceeded(self.time_allowed)
    }

    /// CPU time so far, without waiting in host calls.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_used.load(Relaxed))
    }

    /// When the call must be over.
    pub(crate) fn deadline(&self) -> Instant {
        self.begun + Duration::from_nanos(self.waited.load(Relaxed)) + self.time_allowed
    }

    /// Largest sum of linear memories, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory_peak.load(Relaxed)
    }

    /// Counts a host call of `cost`.
    ///
    /// # Errors
    /// [`Failure::HostCallsExceeded`] when it was one too many.
    pub(crate) fn count_host_call(&self, cost: u32, limits: &Limits) -> Result<(), Failure> {
        let so_far = self.host_calls.fetch_add(cost, Relaxed).saturating_add(cost);
        let pieces = self.pieces_out.load(Relaxed).min(MAX_PIECES) + self.pieces_in.load(Relaxed).min(MAX_PIECES);
        let allowed = limits.host_calls + u64::from(pieces) * limits.host_calls_per_piece;
        if u64::from(so_far) > allowed { Err(Failure::HostCallsExceeded(allowed)) } else { Ok(()) }
    }

    /// A piece of the answer went out.
    pub(crate) fn piece_out(&self) {
        self.pieces_out.fetch_add(1, Relaxed);
    }

    /// A piece of a model's answer came in.
    pub(crate) fn piece_in(&self) {
        self.pieces_in.fetch_add(1, Relaxed);
    }

    /// Takes one model call and `tokens` of the budget, as far as they are left: how many were taken. `None`: no call or no
    /// token is left.
    pub(crate) fn reserve_model(&self, tokens: u64, limits: &Limits) -> Option<u64> {
        let mut models = self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (used, reserved) = &mut *models;
        let left = limits.model_tokens.saturating_sub(used.tokens()).saturating_sub(*reserved);
        if u64::from(used.calls) >= limits.model_calls || left == 0 {
            return None;
        }
        used.calls += 1;
        let taken = tokens.min(left);
        *reserved += taken;
        Some(taken)
    }

    /// Gives a reservation back and books what was really used.
    pub(crate) fn settle_model(&self, taken: u64, input_tokens: u32, output_tokens: u32) {
        let mut models = self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (used, reserved) = &mut *models;
        *reserved = reserved.saturating_sub(taken);
        used.input_tokens = used.input_tokens.saturating_add(input_tokens);
        used.output_tokens = used.output_tokens.saturating_add(output_tokens);
    }

    /// Notes why the last answer of a model ended.
    pub(crate) fn model_ended(&self, finish_reason: &str) {
        self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0.cut = finish_reason == "length";
    }

    /// Notes which model answers.
    pub(crate) fn model_answers(&self, name: &str) {
        let mut models = self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if models.0.model.as_deref() != Some(name) {
            models.0.model = Some(name.into());
        }
    }

    /// What models cost so far.
    pub(crate) fn models(&self) -> ModelUse {
        self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0.clone()
    }

    /// What is left of the call's time.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline().saturating_duration_since(Instant::now())
    }

    /// Host calls so far, by cost.
    pub(crate) fn host_calls(&self) -> u32 {
        self.host_calls.load(Relaxed)
    }

    /// Takes `bytes` of the log budget; `false`: it is used up, the line is dropped and counted.
    pub(crate) fn take_log(&self, bytes: usize, allowed: u64) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let used = self.log_bytes.load(Relaxed).saturating_add(bytes);
        let fits = u64::from(used) <= allowed;
        if fits {
            self.log_bytes.store(used, Relaxed);
        } else {
            let dropped = self.log_dropped.load(Relaxed).saturating_add(bytes);
            self.log_dropped.store(dropped, Relaxed);
        }
        fits
    }

    /// Log bytes that were dropped.
    pub(crate) fn log_dropped(&self) -> u32 {
        self.log_dropped.load(Relaxed)
    }

    /// Notes a host call, up to [`MAX_EVENTS`].
    pub(crate) fn note(&self, event: HostEvent) {
        let mut events = self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push(event);
        }
    }

    /// Takes the noted host calls.
    pub(crate) fn take_events(&self) -> Vec<HostEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Notes the limit that was broken. The first one stands: what follows is its consequence.
    pub(crate) fn breaks(&self, failure: Failure) {
        let mut broken = self.broken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        broken.get_or_insert(failure);
    }

    /// The limit that was broken, if any.
    pub(crate) fn broken(&self) -> Option<Failure> {
        self.broken.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// The error that ends a guest whose limit the meter has noted; it never leaves the runtime.
#[derive(Debug, thiserror::Error)]
#[error("a limit of the call was broken")]
pub(crate) struct LimitBroken;

// Memory, tables and instances of one store. It traps instead of answering "could not grow": a guest that runs on
// without its memory fails later and less clearly.
impl ResourceLimiter for CallState {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let (meter, allowed) = (&self.call.meter, self.call.limits().memory_bytes);
        let growth = (desired - current.min(desired)) as u64;
        let total = meter.memory_now.load(Relaxed) + growth;
        if total > allowed {
            meter.breaks(Failure::MemoryExceeded(allowed));
            return Err(LimitBroken.into());
        }
        meter.memory_now.store(total, Relaxed);
        meter.memory_peak.fetch_max(total, Relaxed);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // Beyond the memory's own declared maximum, or beyond the pool's slot: the guest may ask, the answer is -1. What
        // `memory_growing` added stays counted, on the safe side.
        tracing::debug!(%error, "a guest's memory did not grow");
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired as u64 > self.call.limits().table_elements {
            self.call.meter.breaks(Failure::ResourceExceeded(Resource::Tables));
            return Err(LimitBroken.into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        usize::try_from(self.call.limits().core_instances).unwrap_or(usize::MAX)
    }

    fn tables(&self) -> usize {
        usize::try_from(self.call.limits().tables).unwrap_or(usize::MAX)
    }

    fn memories(&self) -> usize {
        usize::try_from(self.call.limits().memories).unwrap_or(usize::MAX)
    }
}
