//! Tokens of a day: reserved before a model is asked, settled by what it really used.
//!
//! The database counts, so that several hosts share one budget. What a call that is dropped in the middle used is booked in the
//! background by the estimate of what was heard; what a host that died had reserved comes free when the longest answer would
//! have ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::error::ModelError;
use crate::clock::{Clock, IdSource, Millis};
use crate::config::Llm;
use crate::store::llm::{DayLimits, Wanted};
use crate::store::{self, Db};

/// Milliseconds of a day.
const DAY: Millis = 24 * 3_600_000;
/// Fewest tokens of an answer that are worth asking for.
const LEAST: u32 = 16;
/// Beyond the longest answer, until a reservation counts as dead.
const GRACE: Millis = 60_000;

/// See the module.
pub(super) struct Budget {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: DayLimits,
    lease: Millis,
    settling: TaskTracker,
}

/// A promise of tokens. Dropped without [`Reservation::settle`], it books what [`Reservation::heard`] was told last.
pub(super) struct Reservation {
    of: Option<(Arc<Budget>, Booking, Handle)>,
    used: u64,
}

#[derive(Clone, Copy)]
struct Booking {
    id: Uuid,
    day: i64,
    user: Option<Uuid>,
}

impl Budget {
    pub(super) fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, config: &Llm) -> Self {
        let limit = |tokens: u64| (tokens > 0).then(|| i64::try_from(tokens).unwrap_or(i64::MAX));
        let limits = DayLimits { all: limit(config.tokens_per_day), user: limit(config.user_tokens_per_day) };
        let lease = i64::try_from(config.answer_seconds).unwrap_or(3_600) * 1_000 + GRACE;
        Self { db, clock, ids, limits, lease, settling: TaskTracker::new() }
    }

    /// Whether anything is counted for this person.
    pub(super) fn counts(&self, user: Option<Uuid>) -> bool {
        self.limits.all.is_some() || (self.limits.user.is_some() && user.is_some())
    }

    /// Reserves a prompt and as much of an answer as there is room for; tells how much of the answer.
    pub(super) async fn reserve(self: &Arc<Self>, user: Option<Uuid>, prompt: u32, answer: u32) -> Result<(Reservation, u32), ModelError> {
        if !self.counts(user) {
            return Ok((Reservation { of: None, used: 0 }, answer));
        }
        let now = self.clock.now();
        let booking = Booking { id: self.ids.id(), day: now.div_euclid(DAY), user };
        let wanted = Wanted {
            id: booking.id,
            day: booking.day,
            user,
            least: i64::from(prompt) + i64::from(answer.min(LEAST)),
            most: i64::from(prompt) + i64::from(answer),
            expires_at: now.saturating_add(self.lease),
        };
        let reserved = store::llm::reserve(&self.db, &wanted, self.limits, now).await.map_err(|error| {
            tracing::warn!(%error, "tokens could not be reserved");
            ModelError::unavailable("its budget cannot be read")
        })?;
        let until_tomorrow = Duration::from_millis(u64::try_from(DAY - now.rem_euclid(DAY)).unwrap_or(0));
        let reserved = reserved.ok_or(ModelError::Quota { retry_after: until_tomorrow })?;
        let granted = u32::try_from(reserved - i64::from(prompt)).unwrap_or(answer);
        Ok((Reservation { of: Some((Arc::clone(self), booking, Handle::current())), used: 0 }, granted))
    }

    async fn book(&self, booking: Booking, used: u64) {
        let used = i64::try_from(used).unwrap_or(i64::MAX);
        if let Err(error) = store::llm::settle(&self.db, booking.id, booking.day, booking.user, used).await {
            tracing::warn!(%error, used, "tokens of a model could not be booked; what was reserved for them comes free by itself");
        }
    }

    /// Waits until everything is booked. Nothing is booked afterwards.
    pub(super) async fn close(&self) {
        self.settling.close();
        self.settling.wait().await;
    }
}

impl Reservation {
    /// What was used so far, should it end here.
    pub(super) fn heard(&mut self, used: u64) {
        self.used = used;
    }

    /// Books what was used and gives the rest back.
    pub(super) async fn settle(mut self, used: u64) {
        self.used = used;
        if let Some((budget, booking, _)) = self.of.take() {
            budget.book(booking, used).await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some((budget, booking, handle)) = self.of.take() {
            let (used, settling) = (self.used, budget.settling.clone());
            settling.spawn_on(async move { budget.book(booking, used).await }, &handle);
        }
    }
}
