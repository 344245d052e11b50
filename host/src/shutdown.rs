//! One signal for everything that must end: SIGINT and SIGTERM start it, tests start it by hand.

use tokio_util::sync::CancellationToken;

/// Cancelled by the first SIGINT or SIGTERM. A second one is left to the system's default only by `kill -9`.
pub fn on_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be watched");
                return;
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: open requests end first, at most 20 s");
        stop.cancel();
    });
    token
}
