//! `mnemosyne migrate`: bring the database to this binary's schema, under a lock.

use clap::Args;
use serde_json::json;

use super::{Global, Stop};
use crate::app;

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
        let before = db.migration_status().await.map_err(crate::error::Fault::from)?;
        if !self.dry_run {
            db.migrate().await.map_err(crate::error::Fault::from)?;
        }
        let pending: Vec<String> = before.pending.iter().map(|step| format!("{} {}", step.version, step.description)).collect();
        let done = if self.dry_run { "to apply" } else { "applied" };
        global.output().show(&json!({"dry_run": self.dry_run, "migrations": pending, "current": before.applied}), |_| {
            if pending.is_empty() { "the database is up to date".into() } else { format!("{done}:\n  {}", pending.join("\n  ")) }
        });
        Ok(())
    }
}
