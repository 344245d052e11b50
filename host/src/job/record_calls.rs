//! Call records: taken without blocking on the thread of the call, written in batches outside everyone's transaction.
//!
//! A full queue drops records and counts them: the price of a slow database is a gap in the records, never a slow request.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mnemosyne_runtime::{CallRecord, Outcome, Recorder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Clock;
use crate::model::call::CallRecord as Row;
use crate::store::{self, Db};

/// Records that may wait.
const WAITING: usize = 4_096;
/// Rows of one batch at most.
const BATCH: usize = 512;
/// How long a batch gathers.
const GATHER: Duration = Duration::from_millis(250);
/// How often old records are trimmed.
const TRIM: Duration = Duration::from_mins(5);

/// The recorder that the runtime holds.
pub struct Queue {
    sender: mpsc::Sender<Arc<CallRecord>>,
    dropped: AtomicU64,
}

impl Queue {
    /// The queue and its other end, for [`run`].
    pub fn new() -> (Arc<Self>, mpsc::Receiver<Arc<CallRecord>>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Arc::new(Self { sender, dropped: AtomicU64::new(0) }), receiver)
    }
}

impl Recorder for Queue {
    fn record(&self, record: Arc<CallRecord>) {
        if self.sender.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes batches until `stop`, then what is left.
pub async fn run(db: Db, clock: Arc<dyn Clock>, queue: Arc<Queue>, mut receiver: mpsc::Receiver<Arc<CallRecord>>, stop: CancellationToken) {
    let mut trimmed = tokio::time::Instant::now();
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            taken = receiver.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            () = stop.cancelled() => {
                receiver.close();
                if receiver.recv_many(&mut batch, WAITING).await == 0 { return }
            }
        }
        if !stop.is_cancelled() && batch.len() < BATCH {
            // A little patience makes one transaction out of many calls.
            tokio::time::sleep(GATHER).await;
            while batch.len() < BATCH
                && let Ok(record) = receiver.try_recv()
            {
                batch.push(record);
            }
        }
        let rows = rows(batch);
        if let Err(error) = store::calls::insert(&db, &rows).await {
            tracing::warn!(%error, lost = rows.len(), "call records could not be written");
        }
        let dropped = queue.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "call records were dropped: the database is slower than the calls");
        }
        if trimmed.elapsed() > TRIM {
            trimmed = tokio::time::Instant::now();
            trim(&db, clock.as_ref(), &rows).await;
        }
    }
}

/// Ten thousand a slot, seven days.
async fn trim(db: &Db, clock: &dyn Clock, rows: &[Row]) {
    let mut slots: Vec<&str> = rows.iter().map(|row| row.slot.as_str()).collect();
    slots.sort_unstable();
    slots.dedup();
    let mut result = store::calls::trim_old(db, clock.now()).await;
    for slot in slots {
        result = result.and(store::calls::trim_slot(db, slot, store::calls::KEPT).await);
    }
    if let Err(error) = result {
        tracing::warn!(%error, "old call records could not be removed");
    }
}

/// The last record of an id stands: a refused answer corrects the record that was made when it came.
fn rows(batch: Vec<Arc<CallRecord>>) -> Vec<Row> {
    let mut order = Vec::with_capacity(batch.len());
    let mut last: HashMap<Uuid, Arc<CallRecord>> = HashMap::with_capacity(batch.len());
    for record in batch {
        let id = record.id;
        if last.insert(id, record).is_none() {
            order.push(id);
        }
    }
    order.iter().filter_map(|id| last.get(id)).map(|record| row(record)).collect()
}

fn row(record: &CallRecord) -> Row {
    let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let (code, detail) = match &record.outcome {
        Outcome::Failed(failure) => (Some(failure.code().to_owned()), Some(failure.to_string())),
        Outcome::Ok | Outcome::Cancelled => (None, None),
    };
    Row {
        id: record.id,
        slot: record.slot.to_string(),
        plugin: record.revision.plugin.clone(),
        plugin_version: record.revision.version.clone(),
        digest: record.revision.digest.clone(),
        generation: i64::try_from(record.generation).unwrap_or(i64::MAX),
        export: record.export.to_owned(),
        outcome: if code.is_some() { "failed".to_owned() } else { record.outcome.code().to_owned() },
        code,
        detail,
        cpu_us: micros(record.guest_cpu),
        wall_us: micros(record.wall),
        memory_bytes: i64::try_from(record.peak_memory).unwrap_or(i64::MAX),
        host_calls: i64::from(record.host_calls),
        grant_hash: record.revision.grant_hash.clone(),
        user_id: record.user,
        request_id: Some(record.request.to_string()).filter(|request| !request.is_empty()),
        logs: None,
        recording: None,
        created_at: record.started,
    }
}
