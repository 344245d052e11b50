//! Other hosts and the command line change what serves; this host notices within a second.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two looks; one primary-key read each.
const EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(fault) = app.slots.follow().await {
            tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "the routing could not be followed; what serves goes on serving");
        }
    }
}
