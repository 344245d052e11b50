//! The breaker: a revision that keeps failing is not called for a while.
//!
//! First for the user whose calls fail (one person's odd data must not take the rules from everybody), for all users once
//! several agree. Time and jitter come in as arguments. A healthy revision costs one relaxed load a call: a circuit
//! exists only from a user's first failure on, so its window begins there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// When it opens and closes.
#[derive(Clone, Debug)]
pub struct BreakerSettings {
    /// So many failures in a row open it.
    pub consecutive: u32,
    /// Length of the window in which failures are compared with calls.
    pub window: Duration,
    /// Fewer calls in a window open nothing.
    pub min_calls: u32,
    /// This share of failures, in percent, opens it.
    pub percent: u32,
    /// How long it stays open the first time; doubled each time after.
    pub open: Duration,
    /// The longest it stays open.
    pub longest: Duration,
    /// So many probes must succeed to close it again.
    pub probes: u32,
    /// Time between probes.
    pub probe_every: Duration,
    /// So many users whose circuit is open open it for all.
    pub users_agree: usize,
    /// Most users that are watched; beyond it the calmest are forgotten.
    pub max_users: usize,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            consecutive: 5,
            window: Duration::from_secs(30),
            min_calls: 20,
            percent: 20,
            open: Duration::from_secs(5),
            longest: Duration::from_mins(5),
            probes: 3,
            probe_every: Duration::from_millis(200),
            users_agree: 3,
            max_users: 10_000,
        }
    }
}

/// The breaker of one revision.
#[derive(Debug)]
pub struct Breaker {
    settings: Option<BreakerSettings>,
    /// Circuits that exist. Zero: nothing to look up.
    watched: AtomicUsize,
    circuits: Mutex<Circuits>,
}

#[derive(Debug, Default)]
struct Circuits {
    users: HashMap<Option<Uuid>, Circuit>,
    everybody: Option<Circuit>,
}

#[derive(Debug)]
struct Circuit {
    state: State,
    in_a_row: u32,
    window_began: Instant,
    calls: u32,
    failures: u32,
    /// How often it has opened since it was last healthy.
    opened: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { succeeded: u32, next_probe: Instant },
}

impl Breaker {
    /// A closed breaker; `None`: one that never opens.
    pub fn new(settings: Option<BreakerSettings>) -> Self {
        Self { settings, watched: AtomicUsize::new(0), circuits: Mutex::default() }
    }

    /// Whether a call may be made. `Err`: not for so long.
    ///
    /// # Errors
    /// The time until the next try.
    pub fn allow(&self, now: Instant, user: Option<Uuid>) -> Result<(), Duration> {
        let Some(settings) = &self.settings else { return Ok(()) };
        if self.watched.load(Relaxed) == 0 {
            return Ok(());
        }
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(everybody) = &mut circuits.everybody {
            everybody.allow(now, settings)?;
        }
        circuits.users.get_mut(&user).map_or(Ok(()), |circuit| circuit.allow(now, settings))
    }

    /// Hears how a call ended. `jitter` gives −0.2…0.2 and is asked only when a circuit opens.
    pub fn settle(&self, now: Instant, user: Option<Uuid>, failed: bool, jitter: impl Fn() -> f64) {
        let Some(settings) = &self.settings else { return };
        if !failed && self.watched.load(Relaxed) == 0 {
            return;
        }
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        circuits.settle(now, user, failed, settings, &jitter);
        self.watched.store(circuits.users.len() + usize::from(circuits.everybody.is_some()), Relaxed);
    }

    /// Whether it is open for everybody.
    pub fn open_for_everybody(&self, now: Instant) -> bool {
        let circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        circuits.everybody.as_ref().is_some_and(|circuit| matches!(circuit.state, State::Open { until } if until > now))
    }
}

impl Circuits {
    fn settle(&mut self, now: Instant, user: Option<Uuid>, failed: bool, settings: &BreakerSettings, jitter: &impl Fn() -> f64) {
        if let Some(everybody) = &mut self.everybody
            && everybody.settle(now, failed, settings, jitter) == Verdict::Healthy
        {
            // What everybody's probes have shown holds for each user too.
            self.everybody = None;
            self.users.clear();
            return;
        }
        if failed && !self.users.contains_key(&user) {
            if self.users.len() >= settings.max_users {
                self.users.retain(|_, circuit| circuit.state != State::Closed);
            }
            self.users.insert(user, Circuit::new(now));
        }
        let Some(circuit) = self.users.get_mut(&user) else { return };
        match circuit.settle(now, failed, settings, jitter) {
            Verdict::Healthy => drop(self.users.remove(&user)),
            Verdict::Opened => self.perhaps_for_everybody(now, settings, jitter),
            Verdict::Watched => {}
        }
    }

    /// A job or a login is nobody in particular: it does not count as an agreeing user.
    fn perhaps_for_everybody(&mut self, now: Instant, settings: &BreakerSettings, jitter: &impl Fn() -> f64) {
        let agree = self.users.iter().filter(|(user, circuit)| user.is_some() && circuit.state != State::Closed).count();
        if agree >= settings.users_agree && self.everybody.is_none() {
            let mut circuit = Circuit::new(now);
            circuit.open(now, settings, jitter);
            self.everybody = Some(circuit);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Healthy,
    Watched,
    Opened,
}

impl Circuit {
    fn new(now: Instant) -> Self {
        Self { state: State::Closed, in_a_row: 0, window_began: now, calls: 0, failures: 0, opened: 0 }
    }

    fn allow(&mut self, now: Instant, settings: &BreakerSettings) -> Result<(), Duration> {
        if let State::Open { until } = self.state {
            if until > now {
                return Err(until - now);
            }
            self.state = State::HalfOpen { succeeded: 0, next_probe: now };
        }
        if let State::HalfOpen { next_probe, succeeded } = self.state {
            if next_probe > now {
                return Err(next_probe - now);
            }
            self.state = State::HalfOpen { succeeded, next_probe: now + settings.probe_every };
        }
        Ok(())
    }

    fn settle(&mut self, now: Instant, failed: bool, settings: &BreakerSettings, jitter: &impl Fn() -> f64) -> Verdict {
        match self.state {
            // A call that began before it opened.
            State::Open { .. } => Verdict::Watched,
            State::HalfOpen { .. } if failed => {
                self.open(now, settings, jitter);
                Verdict::Opened
            }
            State::HalfOpen { succeeded, .. } if succeeded + 1 >= settings.probes => Verdict::Healthy,
            State::HalfOpen { succeeded, next_probe } => {
                self.state = State::HalfOpen { succeeded: succeeded + 1, next_probe };
                Verdict::Watched
            }
            State::Closed => self.count(now, failed, settings, jitter),
        }
    }

    fn count(&mut self, now: Instant, failed: bool, settings: &BreakerSettings, jitter: &impl Fn() -> f64) -> Verdict {
        if now.duration_since(self.window_began) > settings.window {
            if self.failures == 0 && !failed {
                return Verdict::Healthy;
            }
            (self.window_began, self.calls, self.failures) = (now, 0, 0);
        }
        self.calls += 1;
        self.failures += u32::from(failed);
        self.in_a_row = if failed { self.in_a_row + 1 } else { 0 };
        let too_many = self.calls >= settings.min_calls && self.failures * 100 >= settings.percent * self.calls;
        if self.in_a_row >= settings.consecutive || too_many {
            self.open(now, settings, jitter);
            return Verdict::Opened;
        }
        Verdict::Watched
    }

    fn open(&mut self, now: Instant, settings: &BreakerSettings, jitter: &impl Fn() -> f64) {
        let grown = settings.open.saturating_mul(1 << self.opened.min(16)).min(settings.longest);
        self.state = State::Open { until: now + grown.mul_f64(1.0 + jitter().clamp(-0.2, 0.2)) };
        self.opened += 1;
        (self.in_a_row, self.calls, self.failures) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests;
