//! Skips what has just failed several times, for a while; then lets one try through. Of embedders and of models.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::clock::Millis;

/// Misses in a row that open an embedder's.
pub const MISSES: u32 = 2;
/// How long it stays open, in milliseconds.
pub const OPEN: Millis = 30_000;

/// Counts misses. The time comes in as an argument.
#[derive(Debug)]
pub struct Breaker {
    most: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    misses: u32,
    open_until: Millis,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::after(MISSES)
    }
}

impl Breaker {
    /// Opens after so many misses in a row.
    pub fn after(misses: u32) -> Self {
        Self { most: misses, state: Mutex::default() }
    }

    /// Whether to try now. After its time an open breaker lets one try through at a time.
    pub fn lets_through(&self, now: Millis) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.misses < self.most {
            return true;
        }
        if now < state.open_until {
            return false;
        }
        // the others wait for what this try tells
        state.open_until = now + OPEN;
        true
    }

    /// It worked: whatever failed before is over.
    pub fn hit(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// It failed or took too long.
    pub fn missed(&self, now: Millis) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.misses = state.misses.saturating_add(1);
        if state.misses >= self.most {
            state.open_until = now + OPEN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_misses_open_it_and_one_try_closes_it() {
        let breaker = Breaker::default();
        assert!(breaker.lets_through(0));
        breaker.missed(0);
        assert!(breaker.lets_through(1));
        breaker.missed(1);
        assert!(!breaker.lets_through(2) && !breaker.lets_through(OPEN));
        assert!(breaker.lets_through(OPEN + 1), "one may try");
        assert!(!breaker.lets_through(OPEN + 1), "the next waits for it");
        breaker.missed(OPEN + 2);
        assert!(!breaker.lets_through(2 * OPEN + 1), "one miss is enough now");
        assert!(breaker.lets_through(2 * OPEN + 2));
        breaker.hit();
        assert!(breaker.lets_through(2 * OPEN + 3) && breaker.lets_through(2 * OPEN + 3));
    }
}
