//! Moves vectors to the space of new ones when an operator asked for it. The job's row is held by one host at a time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Between two looks, when nothing was asked for on this host: another may have asked, or may have died over it.
const IDLE: Duration = Duration::from_secs(1);

/// Works until `stop`; what is not done then goes on with the next host.
pub async fn run(app: &App, stop: &CancellationToken) {
    let holder = app.ids.id().to_string();
    loop {
        match app.embeddings.move_vectors(&holder, stop).await {
            Ok(true) => tracing::info!("a move of vectors was worked on"),
            Ok(false) => {}
            Err(fault) => {
                tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "vectors could not be moved on; it will be tried again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.jobs.asked(IDLE) => {}
        }
    }
}
