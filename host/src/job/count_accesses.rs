//! Writes how often memories were read, in batches.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        if let Err(fault) = app.memories.write_accesses().await {
            tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "accesses of memories were not counted");
        }
        if last {
            return;
        }
    }
}
