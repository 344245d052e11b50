//! All answers that this host is making.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::live::Live;
use crate::clock::Millis;
use crate::config::Chat as Config;
use crate::service::streams::Streams;

/// Connections that may follow for each answer that a person may have under way: one that was lost is not noticed at once.
const FOLLOWERS: u32 = 4;

/// This host's answers.
pub(super) struct Desk {
    /// Tells this host from others, and from itself before a restart.
    pub(super) host: Uuid,
    /// How long an answer goes on without a listener.
    pub(super) grace: Duration,
    /// How long events are kept after the end.
    pub(super) kept: Millis,
    /// Until when others leave this host's runs alone.
    pub(super) leased: AtomicI64,
    /// The host is stopping: nothing new is begun.
    pub(super) closing: AtomicBool,
    /// Answers that a person may have under way on all hosts together; 0 = any number.
    pub(super) most: u32,
    /// Places for connections that follow them.
    pub(super) following: Streams,
    live: Mutex<HashMap<Uuid, Arc<Live>>>,
}

impl Desk {
    pub(super) fn new(host: Uuid, config: &Config, most: u32) -> Self {
        Self {
            host,
            grace: Duration::from_secs(config.grace_seconds),
            kept: Millis::try_from(config.kept_seconds.saturating_mul(1_000)).unwrap_or(Millis::MAX),
            leased: AtomicI64::new(0),
            closing: AtomicBool::new(false),
            most,
            following: Streams::new(most.saturating_mul(FOLLOWERS)),
            live: Mutex::default(),
        }
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, live: Arc<Live>) {
        self.live().insert(live.id, live);
    }

    pub(super) fn remove(&self, run: Uuid) {
        self.live().remove(&run);
    }

    pub(super) fn find(&self, run: Uuid) -> Option<Arc<Live>> {
        self.live().get(&run).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.live().values().cloned().collect()
    }
}
