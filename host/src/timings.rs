//! Where the time of one request went: the front door opens a [`Timings`] for each request, the rooms below add to it,
//! and the answer carries it as `Server-Timing`.
//!
//! A task-local rather than an argument: a figure for people must not show up in the signature of every service. Work that
//! is spawned elsewhere is not counted, on purpose: the request did not wait for it.

use std::fmt::Write as _;
use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

tokio::task_local! {
    static CURRENT: Arc<Timings>;
}

/// What one request waited for.
#[derive(Debug, Default)]
pub struct Timings {
    request: Arc<str>,
    database: AtomicU64,
    queries: AtomicU32,
    plugins: Mutex<Vec<PluginTime>>,
}

#[derive(Debug)]
struct PluginTime {
    plugin: String,
    revision: String,
    took: Duration,
}

/// Adds the time of database work to the current request, if there is one.
pub fn database(took: Duration) {
    let _ = CURRENT.try_with(|timings| {
        timings.database.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        timings.queries.fetch_add(1, Ordering::Relaxed);
    });
}

/// Measures one piece of database work from now until it is dropped.
pub fn watch_database() -> DatabaseWatch {
    DatabaseWatch(Instant::now())
}

/// See [`watch_database`].
#[must_use = "it measures until it is dropped"]
pub struct DatabaseWatch(Instant);

impl Drop for DatabaseWatch {
    fn drop(&mut self) {
        database(self.0.elapsed());
    }
}

/// Adds one plugin call to the current request, if there is one: `plugin("xp-rules-classic", "1.0.0", …)`.
pub fn plugin(plugin: &str, revision: &str, took: Duration) {
    let _ = CURRENT.try_with(|timings| {
        timings.plugins.lock().unwrap_or_else(PoisonError::into_inner).push(PluginTime {
            plugin: plugin.to_owned(),
            revision: revision.to_owned(),
            took,
        });
    });
}

/// The id of the current request; empty outside of one. Call records carry it.
pub fn request() -> Arc<str> {
    CURRENT.try_with(|timings| timings.request.clone()).unwrap_or_default()
}

/// Runs `work` with these timings as the current ones.
pub fn scope<F: Future>(timings: Arc<Timings>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(timings, work)
}

/// The current request's timings, to carry them into a spawned task that the request waits for.
pub fn current() -> Arc<Timings> {
    CURRENT.try_with(Arc::clone).unwrap_or_default()
}

impl Timings {
    /// Of the request with this id.
    pub fn of(request: Arc<str>) -> Self {
        Self { request, ..Self::default() }
    }
    /// The value of `Server-Timing`, milliseconds with three digits: `db;dur=0.412;desc="3", plugin;dur=0.090;desc="xp-rules-classic@1.0.0", total;dur=1.200`.
    pub fn header(&self, total: Duration) -> String {
        let mut text = String::with_capacity(96);
        let queries = self.queries.load(Ordering::Relaxed);
        if queries > 0 {
            let micros = self.database.load(Ordering::Relaxed);
            let _ = write!(text, "db;dur={}.{:03};desc=\"{queries}\", ", micros / 1000, micros % 1000);
        }
        for call in self.plugins.lock().unwrap_or_else(PoisonError::into_inner).iter().take(8) {
            let _ = write!(text, "plugin;dur={:.3};desc=\"{}@{}\", ", millis(call.took), call.plugin, call.revision);
        }
        let _ = write!(text, "total;dur={:.3}", millis(total));
        text
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_below_adds_to_the_request_it_belongs_to() {
        let timings = Arc::new(Timings::default());
        scope(timings.clone(), async {
            database(Duration::from_micros(1500));
            database(Duration::from_micros(250));
            plugin("xp-rules-classic", "1.0.0", Duration::from_micros(90));
        })
        .await;
        database(Duration::from_secs(9));
        assert_eq!(
            timings.header(Duration::from_millis(2)),
            "db;dur=1.750;desc=\"2\", plugin;dur=0.090;desc=\"xp-rules-classic@1.0.0\", total;dur=2.000"
        );
    }
}
