//! Sweeps what sign-in leaves behind: sessions long over, signing keys whose tokens are all dead. Deleting what is old twice
//! deletes it once, so replicas need no lease.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two sweeps.
const EVERY: Duration = Duration::from_hours(1);

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        match app.auth.sweep().await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "sessions and keys long over were removed"),
            Err(fault) => tracing::warn!(?fault, "sessions long over could not be removed"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
