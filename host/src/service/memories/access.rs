//! How often memories are read. Reading must not wait for a write, so accesses are gathered and written in batches; until
//! then they are added to what the rows say. A host that is killed forgets those of its last second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::Memories;
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::memory::Memory;
use crate::store::memories;

/// Memories of one statement.
const BATCH: usize = 200;

/// How often, and when last.
type Counts = HashMap<Uuid, (i64, Millis)>;

/// Accesses that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Accesses(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    counted: Counts,
    /// On their way to the database.
    leaving: Counts,
}

impl Accesses {
    /// One more.
    pub(super) fn count(&self, memory: Uuid, now: Millis) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting.counted.entry(memory).or_insert((0, now));
        *entry = (entry.0 + 1, entry.1.max(now));
    }

    /// Adds what is not written yet.
    pub(super) fn add_to(&self, memory: &mut Memory) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for counts in [&waiting.leaving, &waiting.counted] {
            if let Some((times, at)) = counts.get(&memory.id) {
                memory.access_count += times;
                memory.last_accessed_at = memory.last_accessed_at.max(Some(*at));
            }
        }
    }

    fn leave(&self) -> Vec<(Uuid, i64, Millis)> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.leaving = std::mem::take(&mut waiting.counted);
        waiting.leaving.iter().map(|(memory, (times, at))| (*memory, *times, *at)).collect()
    }

    fn left(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).leaving.clear();
    }
}

impl Memories {
    /// Writes what was counted. Run by one job.
    ///
    /// # Errors
    /// Only the database's; what was not written is lost.
    pub async fn write_accesses(&self) -> Outcome<()> {
        let mut all = self.0.accesses.leave();
        all.sort_unstable();
        let mut written = Ok(());
        for part in all.chunks(BATCH) {
            written = written.and(memories::accessed(&self.0.db, part).await);
        }
        self.0.accesses.left();
        Ok(written?)
    }
}
