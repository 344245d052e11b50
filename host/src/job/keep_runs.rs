//! Keeps answers under way: what they told goes to the database several times a second, so that any host can go on telling it;
//! wishes to stop are heeded within a second; runs whose host is gone are ended, at start and then every few seconds.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Fault;

/// Between two rounds.
const EVERY: Duration = Duration::from_millis(200);
/// Rounds between two looks at wishes, and at other hosts' runs.
const HEED: u32 = 2;
const ADOPT: u32 = 20;

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    for round in (0..ADOPT).cycle() {
        if round == 0 {
            say("runs without a host could not be ended", app.chat.adopt().await);
        }
        if round % HEED == 0 {
            say("wishes to stop an answer could not be read", app.chat.heed().await);
        }
        say("events of answers could not be written; they will be", app.chat.flush().await);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    app.chat.close().await;
}

fn say(what: &str, done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::warn!(%fault, cause = fault.cause.as_ref().map(ToString::to_string), "{what}");
    }
}
