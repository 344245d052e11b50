//! When the breaker opens, for whom, and when it closes again.

use super::*;

fn breaker() -> Breaker {
    Breaker::new(Some(BreakerSettings::default()))
}

#[expect(clippy::unnecessary_wraps, reason = "the breaker is asked for a person or nobody")]
fn user(number: u128) -> Option<Uuid> {
    Some(Uuid::from_u128(number))
}

fn fail(breaker: &Breaker, now: Instant, user: Option<Uuid>, times: u32) {
    for _ in 0..times {
        breaker.settle(now, user, true, || 0.0);
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn five_failures_in_a_row_suspend_the_revision_for_that_user_only() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, now, user(1), 4);
    assert_eq!(breaker.allow(now, user(1)), Ok(()));
    fail(&breaker, now, user(1), 1);
    assert_eq!(breaker.allow(now, user(1)), Err(seconds(5)));
    assert_eq!(breaker.allow(now, user(2)), Ok(()));
    assert!(!breaker.open_for_everybody(now));
}

#[test]
fn a_success_between_failures_starts_the_row_again() {
    let (breaker, now) = (breaker(), Instant::now());
    for _ in 0..4 {
        fail(&breaker, now, user(1), 4);
        breaker.settle(now, user(1), false, || 0.0);
    }
    // Sixteen of twenty failed: the share opens it, though never five in a row.
    assert!(breaker.allow(now, user(1)).is_err());
}

#[test]
fn a_fifth_of_twenty_calls_in_the_window_opens_it_and_less_does_not() {
    let (breaker, now) = (breaker(), Instant::now());
    for call in 0..20 {
        breaker.settle(now, user(1), call % 5 == 0, || 0.0);
    }
    assert!(breaker.allow(now, user(1)).is_err(), "4 of 20");
    let breaker = self::breaker();
    for call in 0..60 {
        breaker.settle(now, user(1), call % 7 == 0, || 0.0);
    }
    assert!(breaker.allow(now, user(1)).is_ok(), "9 of 60");
}

#[test]
fn failures_of_an_old_window_are_forgotten() {
    let (breaker, mut now) = (breaker(), Instant::now());
    for _ in 0..10 {
        fail(&breaker, now, user(1), 3);
        breaker.settle(now, user(1), false, || 0.0);
        now += seconds(31);
    }
    assert_eq!(breaker.allow(now, user(1)), Ok(()));
}

#[test]
fn three_users_who_agree_suspend_it_for_everybody() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, now, user(1), 5);
    fail(&breaker, now, user(2), 5);
    assert!(breaker.allow(now, user(9)).is_ok());
    fail(&breaker, now, user(3), 5);
    assert!(breaker.open_for_everybody(now));
    assert!(breaker.allow(now, user(9)).is_err());
}

#[test]
fn logins_and_jobs_without_a_user_never_agree_for_everybody() {
    let (breaker, now) = (breaker(), Instant::now());
    fail(&breaker, now, None, 50);
    assert!(breaker.allow(now, None).is_err());
    assert!(breaker.allow(now, user(1)).is_ok());
}

#[test]
fn probes_close_it_and_a_failed_probe_opens_it_for_longer() {
    let (breaker, mut now) = (breaker(), Instant::now());
    fail(&breaker, now, user(1), 5);
    now += seconds(5);
    assert_eq!(breaker.allow(now, user(1)), Ok(()), "the first probe");
    assert_eq!(breaker.allow(now, user(1)), Err(Duration::from_millis(200)), "one probe at a time");
    fail(&breaker, now, user(1), 1);
    assert_eq!(breaker.allow(now, user(1)), Err(seconds(10)), "twice as long");
    now += seconds(10);
    for _ in 0..3 {
        assert_eq!(breaker.allow(now, user(1)), Ok(()));
        breaker.settle(now, user(1), false, || 0.0);
        now += Duration::from_millis(200);
    }
    assert_eq!(breaker.allow(now, user(1)), Ok(()));
    assert_eq!(breaker.allow(now, user(1)), Ok(()), "closed: no probes any more");
    assert_eq!(breaker.watched.load(Relaxed), 0);
}

#[test]
fn suspension_grows_to_its_longest_and_is_jittered() {
    let (breaker, mut now) = (breaker(), Instant::now());
    fail(&breaker, now, user(1), 5);
    for _ in 0..12 {
        let wait = breaker.allow(now, user(1)).unwrap_err();
        assert!(wait <= seconds(300));
        now += wait;
        assert!(breaker.allow(now, user(1)).is_ok());
        fail(&breaker, now, user(1), 1);
    }
    assert_eq!(breaker.allow(now, user(1)), Err(seconds(300)));
    let jittered = self::breaker();
    (0..5).for_each(|_| jittered.settle(now, user(1), true, || 0.2));
    assert_eq!(jittered.allow(now, user(1)), Err(seconds(6)));
}

#[test]
fn successes_alone_are_not_watched() {
    let (breaker, now) = (breaker(), Instant::now());
    (0..1000).for_each(|number| breaker.settle(now, user(number), false, || 0.0));
    assert_eq!(breaker.watched.load(Relaxed), 0);
}
