//! One answer while it is made: what it told so far, who listens, and how it is told to stop.
//!
//! The log is the truth. Whoever makes the answer appends to it; whoever listens reads it from any number, at their own pace.
//! The maker waits for the listener that is furthest, so a slow client slows the plugin instead of filling memory; one that has
//! taken nothing for [`PATIENCE`] is not waited for any more until it moves, and the log as a whole is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::model::conversation::{ActionTaken, Context, EventKind, RunEvent};
use crate::model::game::Rules;

/// Events that the furthest listener may be behind before the maker waits.
const WINDOW: i64 = 64;
/// How long the maker waits for listeners that take nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// Operations that are kept with an answer.
const ACTIONS: usize = 100;
/// Bytes of a log beyond which what is no part of the answer is left out.
const BYTES: usize = 4 << 20;

/// Why an answer is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked for it, or the conversation was deleted.
    Asked,
    /// Nobody listens any more.
    Alone,
    /// The session that asked was ended.
    Revoked,
    /// The host is stopping.
    Leaving,
}

/// What becomes of an answer that nobody listens to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It goes on; after a while without anybody it is stopped.
    #[default]
    Continue,
    /// It is stopped at once.
    Cancel,
}

/// Who answers, and what they were shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering {
    /// Which persona.
    pub(super) persona: String,
    /// Which revision, as far as is known before the answer.
    pub(super) rules: Option<Rules>,
    /// The manifest, without what the answer adds.
    pub(super) context: Context,
}

/// An answer under way.
pub(super) struct Live {
    /// The run.
    pub(super) id: Uuid,
    /// Whose.
    pub(super) user: Uuid,
    /// Where.
    pub(super) conversation: Uuid,
    /// The id that the answer will have.
    pub(super) message: Uuid,
    /// Cancelled: whoever makes the answer stops.
    pub(super) stop: CancellationToken,
    /// How many events are in the database. Held while some are being written.
    pub(super) written: Arc<tokio::sync::Mutex<i64>>,
    why: OnceLock<Stop>,
    on_disconnect: OnDisconnect,
    begun: Instant,
    answering: OnceLock<Answering>,
    log: Mutex<Log>,
    told: watch::Sender<i64>,
    moved: Notify,
    stalled: AtomicBool,
}

#[derive(Default)]
struct Log {
    events: Vec<Arc<RunEvent>>,
    bytes: usize,
    /// The answer so far.
    text: String,
    /// The memories it named; each is the caller's.
    used: Vec<Uuid>,
    /// The operations that were asked for.
    actions: Vec<ActionTaken>,
    ended: bool,
    listeners: HashMap<u64, i64>,
    next_listener: u64,
    alone_since: Option<Instant>,
}

impl Live {
    pub(super) fn new(id: Uuid, user: Uuid, conversation: Uuid, message: Uuid, on_disconnect: OnDisconnect) -> Self {
        Self {
            id,
            user,
            conversation,
            message,
            stop: CancellationToken::new(),
            written: Arc::default(),
            why: OnceLock::new(),
            on_disconnect,
            begun: Instant::now(),
            answering: OnceLock::new(),
            log: Mutex::default(),
            told: watch::Sender::new(0),
            moved: Notify::new(),
            stalled: AtomicBool::new(false),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event. What is no part of the answer is left out of a log that is too large.
    pub(super) fn tell(&self, kind: EventKind, data: &Value) {
        let aside = matches!(kind, EventKind::Status | EventKind::Reasoning | EventKind::Action);
        let data = data.to_string();
        let mut log = self.log();
        if log.ended || (aside && log.bytes + data.len() > BYTES) {
            return;
        }
        log.append(kind, data);
        let last = log.last();
        drop(log);
        self.told.send_replace(last);
    }

    /// Appends a piece of the answer.
    pub(super) fn say(&self, text: &str) {
        self.log().text.push_str(text);
        self.tell(EventKind::Delta, &serde_json::json!({ "type": "delta", "text": text }));
    }

    /// Appends the last events; nothing follows.
    pub(super) fn end(&self, events: Vec<(EventKind, String)>) {
        let mut log = self.log();
        for (kind, data) in events {
            log.append(kind, data);
        }
        log.ended = true;
        let last = log.last();
        drop(log);
        // notifies even when nothing was appended
        self.told.send_replace(last);
    }

    /// Notes who answers; once.
    pub(super) fn answered_by(&self, answering: Answering) {
        let _ = self.answering.set(answering);
    }

    /// Who answers; nobody while that is not decided.
    pub(super) fn answering(&self) -> Answering {
        self.answering.get().cloned().unwrap_or_default()
    }

    /// Since when.
    pub(super) fn lasted(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Notes a memory that the answer names; tells whether it is the first time.
    pub(super) fn uses(&self, memory: Uuid) -> bool {
        let mut log = self.log();
        let fresh = !log.used.contains(&memory);
        if fresh {
            log.used.push(memory);
        }
        fresh
    }

    /// The memories that the answer rests on; each is the caller's.
    pub(super) fn used(&self) -> Vec<Uuid> {
        self.log().used.clone()
    }

    /// Notes an operation; the first [`ACTIONS`] are kept with the answer.
    pub(super) fn acted(&self, action: ActionTaken) {
        let mut log = self.log();
        if log.actions.len() < ACTIONS {
            log.actions.push(action);
        }
    }

    /// The operations that were asked for.
    pub(super) fn actions(&self) -> Vec<ActionTaken> {
        self.log().actions.clone()
    }

    /// The answer so far.
    pub(super) fn text(&self) -> String {
        self.log().text.clone()
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> i64 {
        self.log().last()
    }

    /// Events after a number.
    pub(super) fn after(&self, number: i64) -> Vec<RunEvent> {
        let log = self.log();
        let from = usize::try_from(number).unwrap_or_default().min(log.events.len());
        log.events[from..].iter().map(|event| RunEvent::clone(event)).collect()
    }

    /// Waits while the furthest listener is too far behind.
    pub(super) async fn pace(&self) {
        loop {
            let moved = self.moved.notified();
            if self.stalled.load(Ordering::Acquire) || self.lag().is_none_or(|lag| lag <= WINDOW) {
                return;
            }
            if tokio::time::timeout(PATIENCE, moved).await.is_err() {
                self.stalled.store(true, Ordering::Release);
            }
        }
    }

    fn lag(&self) -> Option<i64> {
        let log = self.log();
        log.listeners.values().max().map(|at| log.last() - at)
    }

    /// Stops it; the first reason stands.
    pub(super) fn halt(&self, why: Stop) {
        let _ = self.why.set(why);
        self.stop.cancel();
    }

    /// Why it was stopped, if it was.
    pub(super) fn why(&self) -> Option<Stop> {
        self.why.get().copied()
    }

    /// How long nobody has listened.
    pub(super) fn alone(&self) -> Duration {
        self.log().alone_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Listens from after a number on.
    pub(super) fn listen(self: &Arc<Self>, after: i64) -> Listener {
        let mut log = self.log();
        let number = log.next_listener;
        log.next_listener += 1;
        log.alone_since = None;
        let at = after.clamp(0, log.last());
        log.listeners.insert(number, at);
        drop(log);
        Listener { live: Arc::clone(self), number, at, skip: after, told: self.told.subscribe() }
    }
}

impl Log {
    fn last(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    fn append(&mut self, kind: EventKind, data: String) {
        self.bytes += data.len();
        let number = self.last() + 1;
        self.events.push(Arc::new(RunEvent { number, kind, data }));
    }
}

/// Somebody who listens. Dropped: they left.
pub(super) struct Listener {
    live: Arc<Live>,
    number: u64,
    at: i64,
    /// What they know already, even if it has not happened yet.
    skip: i64,
    told: watch::Receiver<i64>,
}

impl Listener {
    /// The next event; `None` when nothing follows. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Option<Arc<RunEvent>> {
        loop {
            match self.take() {
                (Some(event), _) if event.number > self.skip => return Some(event),
                (Some(_), _) => {}
                (None, true) => return None,
                (None, false) => self.told.changed().await.ok()?,
            }
        }
    }

    /// The next event that is there, and whether the log has ended.
    fn take(&mut self) -> (Option<Arc<RunEvent>>, bool) {
        let mut log = self.live.log();
        let event = log.events.get(usize::try_from(self.at).unwrap_or_default()).map(Arc::clone);
        if event.is_none() {
            return (None, log.ended);
        }
        self.at += 1;
        log.listeners.insert(self.number, self.at);
        drop(log);
        self.live.stalled.store(false, Ordering::Release);
        self.live.moved.notify_waiters();
        (event, false)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut log = self.live.log();
        log.listeners.remove(&self.number);
        let (alone, ended) = (log.listeners.is_empty(), log.ended);
        if alone {
            log.alone_since = Some(Instant::now());
        }
        drop(log);
        self.live.moved.notify_waiters();
        if alone && !ended && self.live.on_disconnect == OnDisconnect::Cancel {
            self.live.halt(Stop::Alone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(on_disconnect: OnDisconnect) -> Arc<Live> {
        Arc::new(Live::new(Uuid::nil(), Uuid::nil(), Uuid::nil(), Uuid::nil(), on_disconnect))
    }

    async fn all(mut listener: Listener) -> Vec<i64> {
        let mut numbers = Vec::new();
        while let Some(event) = listener.next().await {
            numbers.push(event.number);
        }
        numbers
    }

    #[tokio::test]
    async fn whoever_listens_from_anywhere_hears_everything_after_it_once_and_in_order() {
        let live = live(OnDisconnect::Continue);
        let (early, middle) = (live.listen(0), live.listen(7));
        let (maker, readers) = (Arc::clone(&live), tokio::spawn(async move { tokio::join!(all(early), all(middle)) }));
        for number in 0..500 {
            maker.say(&number.to_string());
            maker.pace().await;
            tokio::task::yield_now().await;
        }
        maker.end(vec![(EventKind::Done, "{}".into())]);
        let (early, middle) = readers.await.unwrap();
        assert_eq!((early, middle), ((1..=501).collect(), (8..=501).collect()));
        assert_eq!(all(live.listen(499)).await, [500, 501]);
        assert!(all(live.listen(501)).await.is_empty() && all(live.listen(9_000)).await.is_empty());
        assert_eq!(live.text(), (0..500).map(|number: i32| number.to_string()).collect::<String>());
    }

    #[tokio::test]
    async fn the_maker_waits_for_a_slow_listener_and_not_for_one_that_left() {
        let live = live(OnDisconnect::Continue);
        let mut slow = live.listen(0);
        for _ in 0..=WINDOW {
            live.say("x");
        }
        let waiting = tokio::time::timeout(Duration::from_millis(20), live.pace());
        assert!(waiting.await.is_err());
        slow.next().await.unwrap();
        live.pace().await;
        live.say("x");
        let (paced, ()) = tokio::join!(tokio::time::timeout(PATIENCE / 2, live.pace()), async { drop(slow) });
        paced.unwrap();
        assert_eq!(live.why(), None);
    }

    #[test]
    fn the_last_listener_that_leaves_ends_an_answer_only_where_it_was_wished() {
        let (stays, goes) = (live(OnDisconnect::Continue), live(OnDisconnect::Cancel));
        for live in [&stays, &goes] {
            let (one, other) = (live.listen(0), live.listen(0));
            drop(one);
            assert_eq!(live.why(), None);
            drop(other);
        }
        assert_eq!((stays.why(), goes.why()), (None, Some(Stop::Alone)));
        let over = live(OnDisconnect::Cancel);
        let listener = over.listen(0);
        over.end(Vec::new());
        drop(listener);
        assert_eq!(over.why(), None);
    }

    #[test]
    fn what_is_no_part_of_the_answer_cannot_fill_memory() {
        let live = live(OnDisconnect::Continue);
        let large = serde_json::json!({ "text": "x".repeat(1 << 20) });
        for _ in 0..9 {
            live.tell(EventKind::Reasoning, &large);
        }
        live.say("still said");
        assert_eq!((live.last(), live.text().as_str()), (4, "still said"));
    }
}
