//! What the job does for answers under way: their events go to the database in batches, somebody's wish to stop is heeded on
//! whichever host it was made, this host's lease is kept, and runs whose host is gone are ended.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::live::{Live, Stop};
use super::{Chat, events};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::conversation::{ActionTaken, Context, EventKind, Message, Run, RunEvent, RunState, Speaker};
use crate::model::game::Rules;
use crate::store::{self, Dialect, Tx, conversations, jobs, messages, runs};

/// How long others leave this host's runs alone after its last sign of life.
const LEASE: Millis = 10_000;
/// A lease that lasts longer than this is not renewed.
const RENEWED: Millis = 7_000;
/// A run of this host without a maker is so old before it is ended: it is not just being begun.
const BEGINNING: Millis = 10_000;
/// How long answers get to end by themselves when the host stops, and then to be saved.
const LEAVING: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(4)];
/// What leases of hosts are called.
const HOSTS: &str = "chat-host:";

impl Chat {
    fn lease_name(&self) -> String {
        format!("{HOSTS}{}", self.desk.host)
    }

    /// Keeps this host's lease, with what begins under it.
    pub(super) async fn lease(&self, tx: &mut Tx, now: Millis) -> store::Result<()> {
        if self.desk.leased.load(Ordering::Acquire) < now + RENEWED {
            jobs::lease(tx, &self.lease_name(), &self.desk.host.to_string(), now, LEASE).await?;
            // if this transaction is not committed, the next one comes before the old lease is over
            self.desk.leased.store(now + LEASE, Ordering::Release);
        }
        Ok(())
    }

    /// Writes what answers told since the last time, all of them in one statement.
    ///
    /// # Errors
    /// The database's; the next time writes it.
    pub async fn flush(&self) -> Outcome<()> {
        let (mut blocks, mut held) = (Vec::new(), Vec::new());
        for live in self.desk.all() {
            // one that is being saved writes the rest itself
            let Ok(written) = Arc::clone(&live.written).try_lock_owned() else { continue };
            let events = live.after(*written);
            if let Some(last) = events.last() {
                held.push((written, last.number));
                blocks.push(runs::Block { run: live.id, events });
            }
        }
        if blocks.is_empty() {
            return Ok(());
        }
        runs::write(&self.db, &blocks).await?;
        for (mut written, last) in held {
            *written = last;
        }
        Ok(())
    }

    /// Stops the answers that somebody asked to stop, and those whose conversation was deleted; keeps the lease.
    ///
    /// # Errors
    /// The database's.
    pub async fn heed(&self) -> Outcome<()> {
        let making: HashMap<Uuid, Arc<Live>> = self.desk.all().into_iter().map(|live| (live.id, live)).collect();
        if making.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let stored = runs::of_host(&self.db, self.desk.host).await?;
        for run in &stored {
            match making.get(&run.id) {
                Some(live) if run.cancel => live.halt(Stop::Asked),
                None if run.started_at < now - BEGINNING && self.desk.find(run.id).is_none() => self.end_orphan(run).await?,
                _ => {}
            }
        }
        let known: HashSet<Uuid> = stored.iter().map(|run| run.id).collect();
        making.values().filter(|live| !known.contains(&live.id)).for_each(|live| live.halt(Stop::Asked));
        if self.desk.leased.load(Ordering::Acquire) < now + RENEWED {
            let mut tx = self.db.begin().await?;
            self.lease(&mut tx, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Ends the runs whose host is gone: what was said is kept as the answer, marked degraded.
    ///
    /// # Errors
    /// The database's.
    pub async fn adopt(&self) -> Outcome<()> {
        let mut alive = vec![self.desk.host];
        // a SQLite file has one host: every other one is gone
        if self.db.dialect() == Dialect::Postgres {
            let names = jobs::leased(&self.db, HOSTS, self.clock.now()).await?;
            alive.extend(names.iter().filter_map(|name| name.strip_prefix(HOSTS)?.parse::<Uuid>().ok()));
        }
        for run in runs::orphans(&self.db, &alive).await? {
            tracing::info!(run = %run.id, "an answer whose host is gone is ended");
            self.end_orphan(&run).await?;
        }
        Ok(())
    }

    async fn end_orphan(&self, run: &Run) -> Outcome<()> {
        let told = runs::events(&self.db, run.id, 0).await?;
        let now = self.clock.now();
        let mut message = partial(run, &told, now);
        let mut tx = self.db.begin().await?;
        match runs::end(&mut tx, run.id, RunState::Failed, now).await {
            // another host was first, or the conversation is gone
            Err(store::Error::Stale) => return Ok(()),
            other => other?,
        }
        if let Some(message) = &mut message {
            let said = conversations::Said { title: None, persona: message.persona.as_deref(), more: 1, places: 1 };
            message.place = conversations::take_place(&mut tx, run.user_id, run.conversation_id, said, now).await?;
            messages::insert(&mut tx, std::slice::from_ref(message)).await?;
        }
        let last = [events::error(&events::leaving()), events::done(RunState::Failed, message.as_ref())];
        let first = told.last().map_or(1, |event| event.number + 1);
        let events = (first..).zip(last).map(|(number, (kind, data))| RunEvent { number, kind, data }).collect();
        runs::write(&mut tx, &[runs::Block { run: run.id, events }]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The host stops: answers get a while to end by themselves, then they are stopped, and what was said is kept.
    pub async fn close(&self) {
        self.desk.closing.store(true, Ordering::Release);
        for (round, patience) in LEAVING.into_iter().enumerate() {
            if round > 0 {
                self.desk.all().iter().for_each(|live| live.halt(Stop::Leaving));
            }
            let emptied = async {
                while !self.desk.all().is_empty() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            if tokio::time::timeout(patience, emptied).await.is_ok() {
                break;
            }
        }
        if let Err(error) = jobs::release(&self.db, &self.lease_name(), &self.desk.host.to_string()).await {
            tracing::debug!(%error, "the lease was not given back; it ends by itself");
        }
    }

    /// Removes events that are no longer kept, and runs that nobody asks about any more; tells how many rows.
    ///
    /// # Errors
    /// The database's.
    pub async fn purge(&self) -> store::Result<u64> {
        let now = self.clock.now();
        runs::purge(&self.db, now - self.desk.kept, now - self.desk.kept - DAY).await
    }
}

/// How long after its events a run is still known: its followers are told that it is gone, then that there is none.
const DAY: Millis = 86_400_000;

/// The answer as far as its events tell; `None` when nothing of it was said.
fn partial(run: &Run, told: &[RunEvent], now: Millis) -> Option<Message> {
    let data = |event: &RunEvent| serde_json::from_str::<Value>(&event.data).unwrap_or_default();
    let text = |event: &RunEvent| data(event)["text"].as_str().map(str::to_owned);
    let content: String = told.iter().filter(|event| event.kind == EventKind::Delta).filter_map(text).collect();
    if content.is_empty() {
        return None;
    }
    let meta = told.iter().find(|event| event.kind == EventKind::Meta).map(data).unwrap_or_default();
    let plugin = |key: &str| meta["plugin"][key].as_str().map(str::to_owned);
    let rules = || Some(Rules { plugin: plugin("name")?, version: plugin("version")?, digest: plugin("digest")? });
    let id = |event: &RunEvent| data(event)["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let memories: Vec<Uuid> = told.iter().filter(|event| event.kind == EventKind::Memory).filter_map(id).collect();
    let action = |event: &RunEvent| serde_json::from_str::<ActionTaken>(&event.data).ok();
    let actions: Vec<ActionTaken> = told.iter().filter(|event| event.kind == EventKind::Action).filter_map(action).collect();
    let shown: Option<Context> = serde_json::from_value(meta["context"].clone()).ok();
    Some(Message {
        id: run.message_id,
        conversation_id: run.conversation_id,
        user_id: run.user_id,
        place: 0,
        role: Speaker::Assistant,
        content,
        persona: meta["persona"].as_str().map(str::to_owned),
        rules: rules(),
        memories_used: memories.clone(),
        model: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        duration_ms: now - run.started_at,
        degraded: true,
        context: shown.map(|shown| Context { memories, actions, ..shown }),
        created_at: now,
    })
}
