//! The back door: one background job a file, each of them safe to run twice and on every replica.

use tokio_util::sync::CancellationToken;

use crate::app::App;

mod count_accesses;
mod embed_outbox;
mod expire_sessions;
mod follow_routing;
mod keep_runs;
mod purge;
pub mod record_calls;
pub mod reembed;
mod score_pending;

/// Runs every job until `stop`. A job that fails says so in the log and goes on.
pub async fn run(app: App, stop: CancellationToken) {
    tokio::join!(
        score_pending::run(&app, &stop),
        follow_routing::run(&app, &stop),
        embed_outbox::run(&app, &stop),
        count_accesses::run(&app, &stop),
        reembed::run(&app, &stop),
        keep_runs::run(&app, &stop),
        purge::run(&app, &stop),
        expire_sessions::run(&app, &stop)
    );
}
