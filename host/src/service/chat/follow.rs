//! One who follows an answer: from the log of this host, or from the database when another host makes it or it has ended.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use uuid::Uuid;

use super::Chat;
use super::events::{self, Told};
use super::live::{Listener, Stop};
use crate::error::Fault;
use crate::model::conversation::{RunEvent, RunState};
use crate::service::principal::Principal;
use crate::service::streams::Permit;
use crate::store::{self, runs};

/// Between two looks at the session of who follows.
const WATCH: Duration = Duration::from_secs(1);
/// Between two looks into the database for what another host tells.
const LOOK: Duration = Duration::from_millis(200);

/// One who follows. Dropped: they left.
pub struct Follow {
    chat: Chat,
    who: Principal,
    source: Source,
    /// When the session is looked at next. One timer for the whole stream, not one for each event.
    watch: Pin<Box<Sleep>>,
    _seat: Permit,
}

enum Source {
    Live(Listener),
    Stored(Stored),
    /// What is still to be told before the end.
    Last(VecDeque<Told>),
}

struct Stored {
    run: Uuid,
    after: i64,
    waiting: VecDeque<RunEvent>,
}

impl Follow {
    pub(super) fn live(chat: Chat, who: Principal, listener: Listener, seat: Permit) -> Self {
        Self { chat, who, source: Source::Live(listener), watch: Box::pin(tokio::time::sleep(WATCH)), _seat: seat }
    }

    pub(super) fn stored(chat: Chat, who: Principal, run: Uuid, after: i64, seat: Permit) -> Self {
        let source = Source::Stored(Stored { run, after, waiting: VecDeque::new() });
        Self { chat, who, source, watch: Box::pin(tokio::time::sleep(WATCH)), _seat: seat }
    }

    /// The next event; `None` after the last one. An event with the number 0 belongs to this connection and not to the run.
    pub async fn next(&mut self) -> Option<Arc<RunEvent>> {
        loop {
            // the clock first: a stream that never pauses is looked at too
            let told = tokio::select! {
                biased;
                () = &mut self.watch => None,
                told = self.source.next(&self.chat, self.who.user) => Some(told),
            };
            match told {
                Some(Ok(event)) => return event,
                Some(Err(why)) => self.cut(why.as_ref()),
                None => {
                    self.watch.as_mut().reset(Instant::now() + WATCH);
                    if self.chat.revoked(&self.who).await {
                        self.cut(events::stopped(Stop::Revoked).as_ref());
                    } else if self.chat.desk.closing.load(Ordering::Acquire) && matches!(self.source, Source::Stored(_)) {
                        // made elsewhere: the client goes on from another host
                        return None;
                    }
                }
            }
        }
    }

    /// The run goes on or has gone; this connection ends, and says why.
    fn cut(&mut self, why: Option<&Fault>) {
        if matches!(self.source, Source::Last(_)) {
            return;
        }
        let mut told: VecDeque<Told> = why.into_iter().map(events::error).collect();
        told.push_back(events::done(RunState::Cancelled, None));
        self.source = Source::Last(told);
    }
}

impl Source {
    /// The next event; `None` after the last one; an error when the run is gone, or cannot be read. May be dropped while it waits.
    async fn next(&mut self, chat: &Chat, user: Uuid) -> Result<Option<Arc<RunEvent>>, Option<Fault>> {
        match self {
            Self::Live(listener) => Ok(listener.next().await),
            Self::Stored(stored) => stored.next(chat, user).await,
            Self::Last(told) => Ok(told.pop_front().map(|(kind, data)| Arc::new(RunEvent { number: 0, kind, data }))),
        }
    }
}

impl Stored {
    /// The next event; an error when the run is gone, or cannot be read.
    async fn next(&mut self, chat: &Chat, user: Uuid) -> Result<Option<Arc<RunEvent>>, Option<Fault>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(Arc::new(event)));
            }
            // in this order: what was told before the end is there when the end is
            let fault = |error: store::Error| Some(error.into());
            let run = runs::find(&chat.db, user, self.run).await.map_err(fault)?.ok_or(None)?;
            self.waiting = runs::events(&chat.db, self.run, self.after).await.map_err(fault)?.into();
            if let Some(last) = self.waiting.back() {
                self.after = last.number;
            } else if run.ended_at.is_some() {
                return Ok(None);
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
