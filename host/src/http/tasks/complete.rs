//! `POST /api/v1/tasks/{id}/complete` (and PATCH, the predecessor's verb)

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::game::body::{LevelProgress, Points, RulesBody, UnlockedAchievement};
use crate::http::{Body, Caller, IfMatch, Path, Versioned, found_first};
use crate::model::Object;
use crate::service::tasks::{Completed, Completing};

/// What there is to say about a completion; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTask {
    /// What shows that it is done: text, or an object of the client's own, at most 16 KiB. Goes into the task's log.
    evidence: Option<Value>,
    /// Minutes it took.
    #[schema(minimum = 0, maximum = 5_256_000)]
    actual_duration_minutes: Option<i64>,
    /// What was learnt. Goes into the task's log.
    #[schema(max_length = 10_000)]
    reflection: Option<String>,
}

/// What completing a task gave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completion)]
pub struct CompletionBody {
    /// The task as it is now.
    pub task: TaskBody,
    /// Points that stand in the ledger for it; 0 while `pending`.
    pub experience_gained: i64,
    /// Why; the sum is `experience_gained`.
    pub xp_breakdown: Vec<Points>,
    /// Unlocked by this completion.
    pub achievements_unlocked: Vec<UnlockedAchievement>,
    /// Where the person stands now.
    pub level_progress: LevelProgress,
    /// The one revision whose rules gave the points; `null` while `pending`.
    #[schema(required)]
    pub rules: Option<RulesBody>,
    /// The rules did not answer: the points follow, once.
    pub pending: bool,
}

impl From<CompleteTask> for Completing {
    fn from(body: CompleteTask) -> Self {
        let mut note = Object::new();
        if let Some(evidence) = body.evidence {
            note.insert("evidence".into(), evidence);
        }
        if let Some(reflection) = body.reflection {
            note.insert("reflection".into(), reflection.into());
        }
        Self { actual_duration_minutes: body.actual_duration_minutes, note }
    }
}

impl From<Completed> for CompletionBody {
    fn from(done: Completed) -> Self {
        Self {
            task: done.task.into(),
            experience_gained: done.points,
            xp_breakdown: done.breakdown.into_iter().map(Into::into).collect(),
            achievements_unlocked: done.achievements.into_iter().map(Into::into).collect(),
            level_progress: LevelProgress::new(done.total, done.level),
            pending: done.rules.is_none(),
            rules: done.rules.map(Into::into),
        }
    }
}

/// Complete a task
///
/// Experience points come from the rules bound to the slot `xp-rules`, clamped by the host; what was cut stands as
/// `clamped`. When the rules fail the task is completed all the same and `pending` is true. Twice is 409.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/complete", tag = "tasks", operation_id = "tasks_complete",
    request_body = CompleteTask,
    params(IfMatch),
    responses((status = 200, body = CompletionBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn complete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<CompleteTask>, Fault>,
) -> Outcome<Versioned<CompletionBody>> {
    let body = found_first(body, app.tasks.get(&caller, id)).await?;
    let done = app.tasks.complete(&caller, id, if_match.version(), body.into()).await?;
    Ok(Versioned(done.task.version, done.into()))
}

/// Complete a task
///
/// The predecessor's verb for `POST …/complete`.
#[deprecated]
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}/complete", tag = "tasks", operation_id = "tasks_complete_patch",
    request_body = CompleteTask,
    params(IfMatch),
    responses((status = 200, body = CompletionBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn complete_patch(
    state: State<App>,
    caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<CompleteTask>, Fault>,
) -> Outcome<Versioned<CompletionBody>> {
    complete(state, caller, id, if_match, body).await
}
