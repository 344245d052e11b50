//! A job as operators see it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Time;
use crate::service::jobs::JobView;

/// Long work, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct JobBody {
    /// The job's id.
    pub id: Uuid,
    /// What it does: `reembed`.
    pub kind: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// How far it has come.
    pub progress: ProgressBody,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
}

/// How far a move of vectors has come.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ProgressBody {
    /// Model of the vectors it makes.
    pub model: String,
    /// Floats in each.
    pub dimension: u32,
    /// Memories and plugins' texts to move.
    pub total: u64,
    /// Those that are moved.
    pub moved: u64,
    /// Those that the embedder refuses; they keep their old vectors.
    pub skipped: u64,
    /// Why it waits, as when the embedder is away; it goes on by itself.
    pub waiting: Option<String>,
}

impl From<JobView> for JobBody {
    fn from(job: JobView) -> Self {
        let progress = ProgressBody {
            model: job.progress.space.model,
            dimension: job.progress.space.dimension,
            total: job.progress.total,
            moved: job.progress.moved,
            skipped: job.progress.skipped,
            waiting: job.progress.waiting,
        };
        Self {
            id: job.id,
            kind: job.kind,
            state: job.state,
            progress,
            error: job.error,
            created_at: Time(job.created_at),
            finished_at: job.finished_at.map(Time),
        }
    }
}
