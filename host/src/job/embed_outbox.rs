//! Makes the vectors of memories that could not be embedded when they were written. Rows are claimed, so that replicas do
//! not meet, and vectors are written only if the text is still the one that was embedded.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two looks, when this host left nothing there itself: other hosts may have, and pauses end.
const IDLE: Duration = Duration::from_secs(1);

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    let holder = app.ids.id().to_string();
    loop {
        let more = match app.embeddings.drain(&holder).await {
            Ok(drained) => drained.written > 0,
            Err(fault) => {
                tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "the outbox of embeddings could not be read");
                false
            }
        };
        if stop.is_cancelled() {
            return;
        }
        if more {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.embeddings.woken(IDLE) => {}
        }
    }
}
