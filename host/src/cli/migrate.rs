//! `mnemosyne migrate`: bring the database to this binary's schema, under a lock.

use clap::Args;
use serde_json::json;

use super::{Global, Stop};
use crate::app;
use crate::clock::{Clock as _, SystemClock};

#[derive(Args)]
pub(super) struct Migrate {
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub(super) async fn run(self, global: &Global) -> Result<(), Stop> {
        let config = global.load()?;
        let db = app::connect(&config).await?;
        let status = db.migration_status().await.map_err(crate::error::Fault::from)?;
        let waiting: Vec<&str> = status.iter().filter(|step| step.applied_at.is_none()).map(|step| step.name.as_str()).collect();
        if !self.dry_run {
            db.migrate(SystemClock.now()).await.map_err(|error| Stop::failed(error.to_string()))?;
        }
        let done = if self.dry_run { "to apply" } else { "applied" };
        global.output().show(&json!({"dry_run": self.dry_run, "migrations": waiting, "known": status.len()}), |_| {
            if waiting.is_empty() { "the database is up to date".into() } else { format!("{done}:\n  {}", waiting.join("\n  ")) }
        });
        db.close().await;
        Ok(())
    }
}
