//! Failed logins are counted before the password is looked at: per (address, account), per account, per address.
//!
//! A login takes a place in each of its three windows *before* the hash and gives it back when it succeeds, so that a
//! thousand attempts at once cannot pass a counter that still says nine. Attempts in flight are not failures yet: when they
//! and the failures together fill a window, the next one waits for them instead of being refused. That is delay, not
//! lock-out: a full window refuses for as long as its oldest failure is younger than a minute, and then lets one more in.
//!
//! Failures are written to the database too (`login_attempts`, fixed windows of a minute, names hashed under a key of this
//! installation), and looked up once a place is taken: so a restart forgets nothing, and hosts on one database count together.
//! When the database is away the counters of this host decide alone.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use crate::clock::{Clock, Millis};
use crate::config::Limits;
use crate::error::{Code, Fault, Outcome};
use crate::store::{self, Db};

/// How long a failure counts.
const WINDOW: Millis = 60_000;
/// How long a login waits for others of its window that are still being checked.
const PATIENCE: Duration = Duration::from_secs(5);
/// Windows kept at most before stale ones are swept.
const SWEEP_AT: usize = 16_384;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Pair(IpAddr, u64),
    Account(u64),
    Address(IpAddr),
}

#[derive(Default)]
struct Window {
    failures: VecDeque<Millis>,
    pending: usize,
}

impl Window {
    fn forget(&mut self, now: Millis) {
        while self.failures.front().is_some_and(|at| now - at >= WINDOW) {
            self.failures.pop_front();
        }
    }
}

/// The counters of this host.
pub struct LoginLimit {
    clock: Arc<dyn Clock>,
    limits: [usize; 3],
    /// Account names are hashed with it: nobody can aim at another account's counter by a chosen collision.
    seed: [u64; 2],
    shared: Option<Shared>,
    windows: Mutex<HashMap<Key, Window>>,
    changed: Notify,
}

/// What hosts on one database count together.
pub struct Shared {
    /// Where.
    pub db: Db,
    /// Names are hashed with it: what somebody typed as a name may be a password.
    pub key: [u8; 32],
}

impl Shared {
    fn names(&self, address: IpAddr, account: &str) -> [String; 3] {
        let address = aggregate(address).to_string();
        [["pair", &address, account], ["account", account, ""], ["address", &address, ""]].map(|[kind, first, second]| {
            let mut hash = Sha256::new_with_prefix(self.key);
            for part in [kind, first, second] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
            format!("{kind}:{}", hex::encode(&hash.finalize()[..16]))
        })
    }

    /// How long to wait, when failures anywhere fill a window.
    async fn full(&self, names: &[String; 3], limits: [usize; 3], now: Millis) -> store::Result<Option<Millis>> {
        let known = store::logins::failures(&self.db, &names.each_ref().map(String::as_str), now, WINDOW).await?;
        let full = known.into_iter().filter(|(name, failures, _)| {
            let limit = names.iter().position(|own| own == name).map_or(usize::MAX, |at| limits[at]);
            usize::try_from(*failures).is_ok_and(|failures| failures >= limit)
        });
        Ok(full.map(|(_, _, begun)| begun + WINDOW - now).max())
    }

    /// In one transaction, always in the order of the names: pairs before accounts before addresses.
    async fn failed(&self, names: &[String; 3], now: Millis) -> store::Result<()> {
        let mut tx = self.db.begin().await?;
        for name in names {
            store::logins::failed(&mut tx, name, now, WINDOW).await?;
        }
        tx.commit().await
    }
}

enum Place {
    Taken,
    Wait,
    Full(Millis),
}

impl LoginLimit {
    /// Limits of zero are off.
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>, seed: [u64; 2], shared: Option<Shared>) -> Self {
        let of = |limit: u32| if limit == 0 { usize::MAX } else { limit as usize };
        Self {
            clock,
            limits: [of(limits.failed_logins_per_ip_and_account), of(limits.failed_logins_per_account), of(limits.failed_logins_per_ip)],
            seed,
            shared,
            windows: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Takes a place for one attempt. Dropping the place without a word counts as a failure: whoever hangs up
    /// before the answer must not try for free.
    ///
    /// # Errors
    /// `RATE_001` with the time to come again.
    pub async fn reserve(self: &Arc<Self>, address: IpAddr, account: &str) -> Outcome<Reservation> {
        let keys = self.keys(address, account);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // registered before looking, so that a change in between is not missed
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.take(&keys) {
                Place::Taken => {
                    let names = self.shared.as_ref().map(|shared| shared.names(address, account));
                    let place = Reservation { limit: Arc::clone(self), keys, names, open: true };
                    return place.unless_full_elsewhere().await;
                }
                Place::Full(after) => return Err(refused(after)),
                Place::Wait if tokio::time::timeout_at(deadline, changed).await.is_err() => return Err(refused(1_000)),
                Place::Wait => {}
            }
        }
    }

    fn keys(&self, address: IpAddr, account: &str) -> [Key; 3] {
        let address = aggregate(address);
        let mut hasher = std::hash::DefaultHasher::new();
        self.seed.hash(&mut hasher);
        account.hash(&mut hasher);
        let account = hasher.finish();
        [Key::Pair(address, account), Key::Account(account), Key::Address(address)]
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, keys: &[Key; 3]) -> Place {
        let now = self.clock.now();
        let mut windows = self.lock();
        if windows.len() >= SWEEP_AT {
            windows.retain(|_, window| {
                window.forget(now);
                window.pending > 0 || !window.failures.is_empty()
            });
        }
        let (mut wait, mut full) = (false, None);
        for (key, limit) in keys.iter().zip(self.limits) {
            let Some(window) = windows.get_mut(key) else { continue };
            window.forget(now);
            if window.failures.len() >= limit {
                let oldest = window.failures.front().copied().unwrap_or(now);
                full = full.max(Some(WINDOW - (now - oldest)));
            } else if window.failures.len() + window.pending >= limit {
                wait = true;
            }
        }
        if let Some(after) = full {
            return Place::Full(after);
        }
        if wait {
            return Place::Wait;
        }
        for key in keys {
            windows.entry(*key).or_default().pending += 1;
        }
        Place::Taken
    }

    fn settle(&self, keys: &[Key; 3], failed: bool) {
        let now = self.clock.now();
        {
            let mut windows = self.lock();
            for (key, limit) in keys.iter().zip(self.limits) {
                let Some(window) = windows.get_mut(key) else { continue };
                window.pending = window.pending.saturating_sub(1);
                if failed && limit != usize::MAX {
                    window.failures.push_back(now);
                } else if window.pending == 0 && window.failures.is_empty() {
                    windows.remove(key);
                }
            }
        }
        self.changed.notify_waiters();
    }
}

/// One subscriber holds a /64: addresses within it are one.
fn aggregate(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

fn refused(after: Millis) -> Fault {
    let after = Duration::from_millis(u64::try_from(after).unwrap_or(1_000).max(1_000));
    Fault::new(Code::TooMany).message("too many failed logins").retry_after(after)
}

/// A place in the three windows of one attempt.
pub struct Reservation {
    limit: Arc<LoginLimit>,
    keys: [Key; 3],
    /// What the database calls the windows, until the failure is written there.
    names: Option<[String; 3]>,
    open: bool,
}

impl Reservation {
    async fn unless_full_elsewhere(self) -> Outcome<Self> {
        let (Some(shared), Some(names)) = (&self.limit.shared, &self.names) else { return Ok(self) };
        match shared.full(names, self.limit.limits, self.limit.clock.now()).await {
            Ok(None) => Ok(self),
            Ok(Some(after)) => {
                self.release();
                Err(refused(after))
            }
            Err(error) => {
                tracing::warn!(%error, "failed logins of other hosts could not be counted");
                Ok(self)
            }
        }
    }

    /// Not a wrong credential: the place is given back.
    pub fn release(mut self) {
        self.open = false;
        self.limit.settle(&self.keys, false);
    }
    /// A wrong credential.
    pub async fn fail(mut self) {
        if let (Some(shared), Some(names)) = (&self.limit.shared, &self.names) {
            written(shared.failed(names, self.limit.clock.now()).await);
        }
        self.names = None;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.limit.settle(&self.keys, true);
        let (Some(names), Ok(runtime)) = (self.names.take(), tokio::runtime::Handle::try_current()) else { return };
        let limit = Arc::clone(&self.limit);
        runtime.spawn(async move {
            if let Some(shared) = &limit.shared {
                written(shared.failed(&names, limit.clock.now()).await);
            }
        });
    }
}

fn written(outcome: store::Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "a failed login is counted by this host only");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::config::Config;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn limit() -> (Arc<FixedClock>, Arc<LoginLimit>) {
        let clock = Arc::new(FixedClock::at(1_000_000));
        (Arc::clone(&clock), Arc::new(LoginLimit::new(&Config::default().limits, clock, [1, 2], None)))
    }

    #[tokio::test]
    async fn ten_failures_a_minute_from_one_address_and_then_a_time_to_come_again() {
        let (clock, limit) = limit();
        for _ in 0..10 {
            limit.reserve(HERE, "ada").await.unwrap().fail().await;
            clock.advance(1_000);
        }
        let fault = limit.reserve(HERE, "ada").await.err().unwrap();
        assert_eq!((fault.code, fault.retry_after), (Code::TooMany, Some(Duration::from_secs(50))));
        limit.reserve(HERE, "grace").await.unwrap().release();
        clock.advance(50_000);
        limit.reserve(HERE, "ada").await.unwrap().fail().await;
        assert!(limit.reserve(HERE, "ada").await.is_err(), "one more was let in, not ten");
    }

    #[tokio::test]
    async fn one_account_from_everywhere_and_one_address_at_everybody_are_bounded() {
        let (_, limit) = limit();
        for last in 0..30 {
            limit.reserve(IpAddr::from([198, 51, 100, last]), "ada").await.unwrap().fail().await;
        }
        assert!(limit.reserve(IpAddr::from([203, 0, 113, 1]), "ada").await.is_err());
        for name in 0..100 {
            limit.reserve(HERE, &name.to_string()).await.unwrap().fail().await;
        }
        assert!(limit.reserve(HERE, "someone").await.is_err());
    }

    #[tokio::test]
    async fn successes_do_not_count() {
        let (_, limit) = limit();
        for _ in 0..500 {
            limit.reserve(HERE, "ada").await.unwrap().release();
        }
        assert!(limit.lock().is_empty());
    }

    #[tokio::test]
    async fn attempts_at_once_cannot_pass_the_counter_and_good_ones_only_wait() {
        let (_, limit) = limit();
        let tries = (0..200).map(|number| {
            let limit = Arc::clone(&limit);
            async move {
                let place = limit.reserve(HERE, "ada").await?;
                tokio::task::yield_now().await;
                if number % 2 == 0 {
                    place.fail().await;
                } else {
                    place.release();
                }
                Outcome::Ok(number)
            }
        });
        let results = futures::future::join_all(tries.map(tokio::spawn)).await;
        let failed = results.into_iter().filter(|result| matches!(result, Ok(Ok(number)) if number % 2 == 0)).count();
        assert_eq!(failed, 10);
    }

    #[tokio::test]
    async fn hanging_up_counts_as_a_failure_and_neighbours_of_one_64_are_one() {
        let (_, limit) = limit();
        for last in 0..10_u16 {
            drop(limit.reserve(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last)), "ada").await.unwrap());
        }
        assert!(limit.reserve(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0xffff, 0, 0, 1)), "ada").await.is_err());
    }
}
