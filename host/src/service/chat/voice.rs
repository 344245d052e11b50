//! Where a persona's answer goes while it is made: into the log of its run, at the pace of those who listen.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::events;
use super::live::Live;
use crate::model::conversation::{ActionTaken, EventKind};
use crate::plugin::persona::{Closed, Sink};
use crate::service::memories::Memories;

/// The persona's side of a run.
pub(super) struct Voice<'r> {
    live: &'r Live,
    memories: &'r Memories,
    /// Whether visible reasoning is told.
    reasoning: bool,
    /// Memories that were named and not looked up yet.
    cites: Mutex<Vec<Uuid>>,
}

impl<'r> Voice<'r> {
    pub(super) fn new(live: &'r Live, memories: &'r Memories, reasoning: bool) -> Self {
        Self { live, memories, reasoning, cites: Mutex::default() }
    }

    /// Tells the memories that were named since the last time, those that are the caller's: one look for all of them.
    pub(super) async fn settle_cites(&self) {
        let waiting = std::mem::take(&mut *self.cites.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return;
        }
        match self.memories.owned(self.live.user, &waiting).await {
            Ok(owned) => {
                for memory in owned.iter().filter(|memory| self.live.uses(memory.id)) {
                    self.live.tell(EventKind::Memory, &events::memory(memory.id, &memory.title));
                }
            }
            Err(fault) => tracing::warn!(?fault, "the memories that an answer names could not be looked up; it names none"),
        }
    }
}

#[async_trait]
impl Sink for Voice<'_> {
    async fn push(&self, text: &str) -> Result<(), Closed> {
        self.settle_cites().await;
        // PostgreSQL keeps no NUL, and nobody reads one
        if text.contains('\0') {
            self.live.say(&text.replace('\0', "\u{fffd}"));
        } else {
            self.live.say(text);
        }
        self.live.pace().await;
        if self.live.stop.is_cancelled() { Err(Closed::Gone) } else { Ok(()) }
    }

    async fn status(&self, text: &str) {
        self.live.tell(EventKind::Status, &events::status(text));
    }

    async fn reasoning(&self, text: &str) {
        if self.reasoning {
            self.live.tell(EventKind::Reasoning, &events::reasoning(text));
            self.live.pace().await;
        }
    }

    async fn action(&self, action: Value) {
        let text = |key: &str| action[key].as_str().map(str::to_owned);
        let proposed = action["proposed"].as_bool().unwrap_or_default();
        self.live.acted(ActionTaken { name: text("name").unwrap_or_default(), proposed, error: text("error") });
        self.live.tell(EventKind::Action, &events::action(action));
    }

    async fn cite(&self, memory: Uuid) {
        self.cites.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}
