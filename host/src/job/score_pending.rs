//! Scores completions that were pending because the rules did not answer. A completion is claimed before it is scored and
//! its points are written only while it is still pending, so that replicas do not meet and nothing counts twice.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two looks, when there is nothing to do.
const IDLE: Duration = Duration::from_secs(1);
/// Completions of one look.
const BATCH: i64 = 32;

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        let more = match app.game.score_pending(BATCH).await {
            Ok(claimed) => i64::try_from(claimed).is_ok_and(|claimed| claimed == BATCH),
            Err(fault) => {
                tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "pending completions could not be read");
                false
            }
        };
        if more {
            if stop.is_cancelled() {
                return;
            }
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}
