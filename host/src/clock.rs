//! Time, ids and randomness come in as arguments, never from the air.
//!
//! [`Clock`] tells the time in milliseconds since 1970-01-01T00:00:00Z, [`IdSource`] gives ids and random bytes. The host
//! uses [`SystemClock`] and [`SystemIds`]; tests use [`FixedClock`] and [`FixedIds`], so that a run can be repeated.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Milliseconds since 1970-01-01T00:00:00Z; negative before.
pub type Millis = i64;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since the epoch.
    fn now(&self) -> Millis;
}

/// Where ids and randomness come from.
pub trait IdSource: Send + Sync {
    /// A new id: UUIDv7, so that ids order by the time they were made.
    fn id(&self) -> Uuid;
    /// Fills `bytes` with randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }
}

/// Ids of the machine's clock and randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids come from")]
    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system's randomness does not fail after start");
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Stands at `now`.
    pub const fn at(now: Millis) -> Self {
        Self(AtomicI64::new(now))
    }
    /// Moves on by `by` milliseconds (back, if negative).
    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
    /// Moves to `now`.
    pub fn set(&self, now: Millis) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// Ids and bytes that count up: the same in every run. Never for secrets.
#[derive(Debug, Default)]
pub struct FixedIds(AtomicU64);

impl IdSource for FixedIds {
    fn id(&self) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(1_767_225_600_000 + count, &tail).into_uuid()
    }
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // the low byte of a counter, on purpose
            *byte = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes()[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_order_by_time_and_never_repeat() {
        for source in [&SystemIds as &dyn IdSource, &FixedIds::default()] {
            let ids: Vec<Uuid> = (0..1000).map(|_| source.id()).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(ids.iter().all(|id| id.get_version_num() == 7));
        }
    }

    #[test]
    fn a_fixed_clock_stands_until_moved() {
        let clock = FixedClock::at(5);
        assert_eq!((clock.now(), clock.now()), (5, 5));
        clock.advance(10);
        assert_eq!(clock.now(), 15);
    }
}
