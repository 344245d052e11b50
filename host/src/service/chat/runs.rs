//! Answers as streams: begun, followed from anywhere, cancelled. A run belongs to no connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::Instrument as _;
use uuid::Uuid;

use super::answer::apart;
use super::follow::Follow;
use super::live::{Live, OnDisconnect, Stop};
use super::turn::Asked;
use super::{Chat, NewTurn, events};
use crate::error::{Code, Fault, Outcome};
use crate::model::conversation::Run;
use crate::service::principal::Principal;
use crate::service::streams::Permit;
use crate::store::runs;
use crate::timings;

impl Chat {
    /// Saves what somebody says and begins to answer it; the answer is followed from its first event on. `permit`: its place
    /// among the person's streams, for as long as it is made.
    ///
    /// # Errors
    /// 404, 422 as [`Chat::message`]; 429 with too many answers under way; 503 while the host is stopping. Nothing is changed then.
    pub async fn stream(&self, who: &Principal, turn: NewTurn, on_disconnect: OnDisconnect, permit: Permit) -> Outcome<Follow> {
        if self.desk.closing.load(Ordering::Acquire) {
            return Err(events::leaving());
        }
        let following = self.desk.following.enter(who.user)?;
        let (most, elsewhere) = (self.desk.most, runs::count_running(&self.db, who.user).await?);
        if most > 0 && elsewhere >= i64::from(most) {
            return Err(Fault::new(Code::TooMany).message("too many streams at once").retry_after(Duration::from_secs(1)));
        }
        let (chat, who) = (self.clone(), who.clone());
        // a task of its own: once the person's words are saved somebody must answer them, whoever leaves
        let begun = apart(async move {
            let (live, asked) = chat.say(who, turn, Some(on_disconnect)).await?;
            chat.desk.add(Arc::clone(&live));
            let (listener, who) = (live.listen(0), asked.who.clone());
            let place = Place { chat: chat.clone(), live, _permit: permit };
            tokio::spawn(timings::scope(timings::current(), place.run(asked)).in_current_span());
            Ok(Follow::live(chat, who, listener, following))
        });
        begun.await
    }

    /// Follows a run after an event: what it told, and what it tells. `None`: it has ended, and nothing follows.
    ///
    /// # Errors
    /// 404 for a run that is not theirs; 410 when its events are no longer kept; 429 with too many connections.
    pub async fn follow(&self, who: &Principal, id: Uuid, after: i64) -> Outcome<Option<Follow>> {
        let own = self.desk.find(id).filter(|live| live.user == who.user);
        if let Some(live) = own {
            let seat = self.desk.following.enter(who.user)?;
            return Ok(Some(Follow::live(self.clone(), who.clone(), live.listen(after), seat)));
        }
        let run = self.run(who, id).await?;
        if let Some(ended) = run.ended_at {
            if ended.saturating_add(self.desk.kept) <= self.clock.now() {
                return Err(Fault::new(Code::Gone).message("the events of this run are no longer kept"));
            }
            if runs::events(&self.db, id, after).await?.is_empty() {
                return Ok(None);
            }
        }
        let seat = self.desk.following.enter(who.user)?;
        Ok(Some(Follow::stored(self.clone(), who.clone(), id, after, seat)))
    }

    /// Whether a run is theirs.
    ///
    /// # Errors
    /// 404.
    pub async fn run(&self, who: &Principal, id: Uuid) -> Outcome<Run> {
        runs::find(&self.db, who.user, id).await?.ok_or_else(Fault::not_found)
    }

    /// Stops a run, on whichever host it is made, within a second. One that has ended stays as it is.
    ///
    /// # Errors
    /// 404 for a run that is not theirs.
    pub async fn cancel(&self, who: &Principal, id: Uuid) -> Outcome<()> {
        if let Some(live) = self.desk.find(id).filter(|live| live.user == who.user) {
            live.halt(Stop::Asked);
            return Ok(());
        }
        let run = self.run(who, id).await?;
        if run.ended_at.is_none() {
            runs::ask_to_cancel(&self.db, who.user, id).await?;
        }
        Ok(())
    }
}

/// A run's place on this host; given back when the run is over, however it ends.
struct Place {
    chat: Chat,
    live: Arc<Live>,
    _permit: Permit,
}

impl Place {
    async fn run(self, asked: Asked) {
        let (chat, live) = (&self.chat, &self.live);
        let made = chat.make(live, &asked, Some(chat.desk.grace)).await;
        chat.settle(live, &asked, made, true).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // ended already, unless something panicked: whoever listens must not wait for ever
        self.live.end(Vec::new());
        self.chat.desk.remove(self.live.id);
    }
}
