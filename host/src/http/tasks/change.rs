//! `PATCH` and `PUT /api/v1/tasks/{id}`: both change what is given and leave the rest (RFC 7396).

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use super::ignored::{Warned, given};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, IfMatch, Patch, Path, Time, Versioned, found_first};
use crate::model::Object;
use crate::model::task::{Priority, QuestType, Status};
use crate::service::tasks::TaskEdit;

/// What to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskChange)]
pub struct ChangeTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    title: Option<String>,
    /// More about it.
    #[serde(default)]
    #[schema(required = false, max_length = 262_144, value_type = Option<String>)]
    description: Patch<String>,
    /// Where it stands: pending ↔ in_progress ↔ blocked, any of them → failed or cancelled, and back to pending.
    #[schema(nullable = false)]
    status: Option<Status>,
    /// How pressing it is.
    #[schema(nullable = false)]
    priority: Option<Priority>,
    /// Until when.
    #[serde(default)]
    #[schema(required = false, value_type = Option<Time>)]
    due_date: Patch<Time>,
    /// From when.
    #[serde(default)]
    #[schema(required = false, value_type = Option<Time>)]
    start_date: Patch<Time>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(required = false, max_items = 50, value_type = Option<Vec<String>>)]
    tags: Patch<Vec<String>>,
    /// How hard, 1…5.
    #[schema(minimum = 1, maximum = 5, nullable = false)]
    difficulty: Option<i64>,
    /// What sort of quest it is.
    #[schema(nullable = false)]
    quest_type: Option<QuestType>,
    /// Minutes it should take, at most 5 256 000.
    #[serde(default)]
    #[schema(required = false, value_type = Option<i64>)]
    estimated_duration_minutes: Patch<i64>,
    /// Minutes it took, at most 5 256 000.
    #[serde(default)]
    #[schema(required = false, value_type = Option<i64>)]
    actual_duration_minutes: Patch<i64>,
    /// 0…100.
    #[schema(minimum = 0, maximum = 100, nullable = false)]
    progress: Option<i64>,
    /// The task it is a part of; not itself and none of its own parts.
    #[serde(default)]
    #[schema(required = false, value_type = Option<Uuid>)]
    parent_id: Patch<Uuid>,
    /// Who takes part.
    #[serde(default)]
    #[schema(required = false, max_items = 100, value_type = Option<Vec<String>>)]
    assignees: Patch<Vec<String>>,
    /// Done together.
    #[schema(nullable = false)]
    is_shared: Option<bool>,
    /// What it gives to each value, merged by RFC 7396: `null` takes a value out.
    #[serde(default)]
    #[schema(required = false, value_type = Option<BTreeMap<String, Option<f64>>>)]
    value_impact: Patch<BTreeMap<String, Option<f64>>>,
    /// Completing it needs its subtasks completed.
    #[schema(nullable = false)]
    requires_all_complete: Option<bool>,
    /// The client's own object, merged by RFC 7396.
    #[serde(default)]
    #[schema(required = false, value_type = Option<std::collections::HashMap<String, Value>>)]
    metadata: Patch<Object>,
    /// The caller's own id, or left out.
    user_id: Option<Uuid>,
    /// Ignored.
    #[schema(deprecated)]
    agent_id: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    visibility_mask: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    skill_development: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    context: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    recurrence_rule: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    is_recurring: Option<Value>,
}

impl ChangeTask {
    fn ignored(&self) -> Vec<&'static str> {
        given([
            ("agent_id", &self.agent_id),
            ("visibility_mask", &self.visibility_mask),
            ("skill_development", &self.skill_development),
            ("context", &self.context),
            ("recurrence_rule", &self.recurrence_rule),
            ("is_recurring", &self.is_recurring),
        ])
    }
}

impl From<ChangeTask> for TaskEdit {
    fn from(body: ChangeTask) -> Self {
        Self {
            title: body.title,
            description: body.description.into_change().map(Option::unwrap_or_default),
            status: body.status,
            priority: body.priority,
            due_date: body.due_date.map(Time::millis).into_change(),
            start_date: body.start_date.map(Time::millis).into_change(),
            tags: body.tags.into_change().map(Option::unwrap_or_default),
            difficulty: body.difficulty,
            quest_type: body.quest_type,
            estimated_duration_minutes: body.estimated_duration_minutes.into_change(),
            actual_duration_minutes: body.actual_duration_minutes.into_change(),
            progress: body.progress,
            parent_id: body.parent_id.into_change(),
            assignees: body.assignees.into_change().map(Option::unwrap_or_default),
            is_shared: body.is_shared,
            value_impact: body.value_impact.into_change(),
            requires_all_complete: body.requires_all_complete,
            metadata: body.metadata.into_change(),
            user_id: body.user_id,
        }
    }
}

/// Change a task
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "tasks_change",
    request_body = ChangeTask,
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<ChangeTask>, Fault>,
) -> Outcome<Warned<Versioned<TaskBody>>> {
    let body = found_first(body, app.tasks.get(&caller, id)).await?;
    let ignored = body.ignored();
    let task = app.tasks.change(&caller, id, if_match.version(), body.into()).await?;
    Ok(Warned(ignored, Versioned(task.version, task.into())))
}

/// Change a task
///
/// The same as PATCH: what is left out stays.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "tasks_put",
    request_body = ChangeTask,
    params(IfMatch),
    responses((status = 200, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn put(
    state: State<App>,
    caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<ChangeTask>, Fault>,
) -> Outcome<Warned<Versioned<TaskBody>>> {
    change(state, caller, id, if_match, body).await
}
