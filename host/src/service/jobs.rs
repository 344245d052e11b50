//! Long work that outlives a request: asked for here, done by the background job of any host on the database, looked at here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::audit::Actor;
use crate::clock::{Clock, IdSource, Millis};
use crate::error::{Fault, Outcome};
use crate::model::vector::Space;
use crate::store::{self, Db, audit, jobs, vectors};

/// The kind of a move of vectors.
pub const REEMBED: &str = "reembed";

/// How far it has come; kept on the job's row, so that every host tells the same and a host that takes over goes on counting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where vectors move.
    pub space: Space,
    /// Memories and plugins' texts that were of another space when it began, and those found since.
    pub total: u64,
    /// Those of the space now.
    pub moved: u64,
    /// Those that the embedder refuses; they stay where they are.
    pub skipped: u64,
    /// Why it waits, if it does.
    pub waiting: Option<String>,
}

/// A job as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// Which.
    pub id: Uuid,
    /// What it does.
    pub kind: String,
    /// `waiting`, `running`, `done`, `failed`.
    pub state: String,
    /// How far it has come.
    pub progress: Progress,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it ended.
    pub finished_at: Option<Millis>,
}

/// Jobs.
pub struct Jobs {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    space: Space,
    /// Rings when a job was asked for on this host.
    asked: tokio::sync::Notify,
}

impl Jobs {
    /// `space`: that of new vectors.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, space: Space) -> Self {
        Self { db, clock, ids, space, asked: tokio::sync::Notify::new() }
    }

    /// Asks for all vectors to be moved to the space of new ones. While such a job is not finished, it is the answer.
    ///
    /// # Errors
    /// 409 when there is nothing to move.
    pub async fn reembed(&self, actor: &Actor) -> Outcome<JobView> {
        let dedup = self.space.to_string();
        if let Some(job) = jobs::unfinished(&self.db, REEMBED, &dedup).await? {
            return view(job);
        }
        let total = vectors::outside(&self.db, &self.space).await?.total();
        if total == 0 {
            return Err(Fault::conflict(format!("every vector is of the space `{}` already: there is nothing to move", self.space)).hint(
                "name another embedder in the configuration (`llm.embedding_model`, `embedding.folder`), restart the host, and ask again",
            ));
        }
        let (id, now) = (self.ids.id(), self.clock.now());
        let progress = Progress { space: self.space.clone(), total, moved: 0, skipped: 0, waiting: None };
        let mut tx = self.db.begin().await?;
        match jobs::enqueue(&mut tx, id, REEMBED, Some(&dedup), &json!(progress), now, now).await {
            // another asked at the same moment
            Err(store::Error::Conflict { .. }) => {
                tx.rollback().await?;
                let job = jobs::unfinished(&self.db, REEMBED, &dedup).await?;
                return job.map_or_else(|| Err(Fault::conflict("it has just ended; ask again")), view);
            }
            asked => asked?,
        }
        let event = actor.event(now, "jobs.reembed", id.to_string(), json!({"space": dedup, "total": total}));
        audit::append(&mut tx, &event).await?;
        tx.commit().await?;
        self.asked.notify_one();
        self.get(id).await
    }

    /// A job.
    ///
    /// # Errors
    /// 404.
    pub async fn get(&self, id: Uuid) -> Outcome<JobView> {
        view(jobs::find(&self.db, id).await?.ok_or_else(Fault::not_found)?)
    }

    /// Waits until a job is asked for on this host, at most `limit`.
    pub async fn asked(&self, limit: std::time::Duration) {
        let _ = tokio::time::timeout(limit, self.asked.notified()).await;
    }
}

fn view(job: jobs::Job) -> Outcome<JobView> {
    let progress = serde_json::from_value(job.payload).map_err(Fault::internal)?;
    Ok(JobView {
        id: job.id,
        kind: job.kind,
        state: job.state,
        progress,
        error: job.error,
        created_at: job.created_at,
        finished_at: job.finished_at,
    })
}
