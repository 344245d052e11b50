//! Removes what has expired: idempotency answers, plugins' entries, unfinished logins, counted tokens.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store;

/// Between two rounds.
const EVERY: Duration = Duration::from_mins(10);
/// How long counted logins and unfinished ones are kept, in milliseconds.
const KEPT: i64 = DAY;
/// How long a day's tokens are known, in milliseconds.
const KEPT_TOKENS: i64 = 92 * DAY;
const DAY: i64 = 24 * 3_600_000;
/// How long a deleted conversation is told to clients that sync, in milliseconds.
const TOMBSTONES: i64 = 90 * DAY;

pub(super) async fn run(app: &App, stop: &CancellationToken) {
    loop {
        if let Err(error) = round(app).await {
            tracing::warn!(%error, "what has expired could not be removed; it will be tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &App) -> store::Result<()> {
    let now = app.clock.now();
    let removed = store::idempotency::purge(&app.db, now).await?
        + store::kv::purge(&app.db, now).await?
        + app.chat.purge().await?
        + store::conversations::purge(&app.db, now - TOMBSTONES).await?
        + store::logins::purge(&app.db, now - KEPT).await?
        + store::logins::purge_pending(&app.db, now - KEPT).await?
        + store::llm::purge(&app.db, (now - KEPT_TOKENS) / DAY, now).await?;
    if removed > 0 {
        tracing::debug!(removed, "expired rows removed");
    }
    Ok(())
}
