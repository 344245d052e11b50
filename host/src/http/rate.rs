//! `limits.requests_per_minute`, per principal, off by default: one token bucket each that refills evenly, so that a
//! client that keeps to the rate is never refused and one that does not learns when to come again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use moka::sync::Cache;
use uuid::Uuid;

use crate::error::{Code, Fault};

/// As many principals as are remembered; the least recently seen are forgotten first.
const MOST_PRINCIPALS: u64 = 100_000;

/// The buckets of all principals.
pub(super) struct Limiter {
    limit: u32,
    buckets: Cache<Uuid, Arc<Mutex<Bucket>>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// What is left after a request, for the `RateLimit-*` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    limit: u32,
    remaining: u32,
    reset_seconds: u32,
}

impl Limiter {
    /// `None` when the limit is 0: off.
    pub(super) fn new(per_minute: u32) -> Option<Self> {
        let buckets = Cache::builder().max_capacity(MOST_PRINCIPALS).time_to_idle(Duration::from_mins(2)).build();
        (per_minute > 0).then_some(Self { limit: per_minute, buckets })
    }

    /// Takes one request out of a principal's bucket at `now`.
    ///
    /// # Errors
    /// 429 `RATE_001` with the time at which one more fits, and what the headers say then.
    pub(super) fn take(&self, principal: Uuid, now: Instant) -> Result<Left, (Fault, Left)> {
        let limit = f64::from(self.limit);
        let bucket = self.buckets.get_with(principal, || Arc::new(Mutex::new(Bucket { tokens: limit, at: now })));
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let per_second = limit / 60.0;
        bucket.tokens = limit.min(bucket.tokens + now.saturating_duration_since(bucket.at).as_secs_f64() * per_second);
        bucket.at = now;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the limit, and at most 60 seconds")]
        let left = |tokens: f64| Left {
            limit: self.limit,
            remaining: tokens as u32,
            reset_seconds: ((limit - tokens) / per_second).ceil() as u32,
        };
        if bucket.tokens < 1.0 {
            let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / per_second);
            return Err((Fault::new(Code::TooMany).retry_after(wait), left(bucket.tokens)));
        }
        bucket.tokens -= 1.0;
        Ok(left(bucket.tokens))
    }
}

impl Left {
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(self.limit));
        headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(self.remaining));
        headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(self.reset_seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_is_spent_and_refills_evenly() {
        let limiter = Limiter::new(60).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let now = Instant::now();
        for _ in 0..60 {
            limiter.take(one, now).unwrap();
        }
        let (refused, left) = limiter.take(one, now).unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::TooMany, Some(Duration::from_secs(1))));
        assert_eq!(left, Left { limit: 60, remaining: 0, reset_seconds: 60 });
        assert!(limiter.take(other, now).is_ok());
        let later = now + Duration::from_millis(1100);
        assert!(limiter.take(one, later).is_ok());
        assert!(limiter.take(one, later).is_err());
    }

    #[test]
    fn zero_is_off() {
        assert!(Limiter::new(0).is_none());
    }
}
