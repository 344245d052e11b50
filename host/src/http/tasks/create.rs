//! `POST /api/v1/tasks`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use super::ignored::{Warned, given};
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Body, Caller, Created, Time};
use crate::model::Object;
use crate::model::task::{Priority, QuestType, Status};
use crate::service::tasks::NewTask;

/// A new task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTask)]
pub struct CreateTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 500)]
    title: String,
    /// More about it.
    #[schema(max_length = 262_144)]
    description: Option<String>,
    /// `pending` when left out; a task is completed by completing it, not by being made.
    status: Option<Status>,
    /// `medium` when left out.
    priority: Option<Priority>,
    /// Until when.
    due_date: Option<Time>,
    /// From when.
    start_date: Option<Time>,
    /// Words to find it by.
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
    /// How hard, 1…5; 1 when left out.
    #[schema(minimum = 1, maximum = 5)]
    difficulty: Option<i64>,
    /// Decided by the rules when left out.
    quest_type: Option<QuestType>,
    /// Minutes it should take.
    #[schema(minimum = 0, maximum = 5_256_000)]
    estimated_duration_minutes: Option<i64>,
    /// Minutes it took so far.
    #[schema(minimum = 0, maximum = 5_256_000)]
    actual_duration_minutes: Option<i64>,
    /// 0…100.
    #[schema(minimum = 0, maximum = 100)]
    progress: Option<i64>,
    /// The task it is a part of.
    parent_id: Option<Uuid>,
    /// Who takes part, by any name.
    #[schema(max_items = 100)]
    assignees: Option<Vec<String>>,
    /// Done together.
    is_shared: Option<bool>,
    /// What it gives to, or takes from, each value: at most 32, each −100…100.
    value_impact: Option<BTreeMap<String, f64>>,
    /// Completing it needs its subtasks completed.
    requires_all_complete: Option<bool>,
    /// The client's own object, at most 16 KiB of JSON.
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    metadata: Option<Object>,
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

impl CreateTask {
    pub(super) fn ignored(&self) -> Vec<&'static str> {
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

impl From<CreateTask> for NewTask {
    fn from(body: CreateTask) -> Self {
        Self {
            title: body.title,
            description: body.description.unwrap_or_default(),
            status: body.status.unwrap_or(Status::Pending),
            priority: body.priority.unwrap_or(Priority::Medium),
            due_date: body.due_date.map(Time::millis),
            start_date: body.start_date.map(Time::millis),
            tags: body.tags.unwrap_or_default(),
            difficulty: body.difficulty.unwrap_or(1),
            quest_type: body.quest_type,
            estimated_duration_minutes: body.estimated_duration_minutes,
            actual_duration_minutes: body.actual_duration_minutes,
            progress: body.progress.unwrap_or(0),
            parent_id: body.parent_id,
            assignees: body.assignees.unwrap_or_default(),
            is_shared: body.is_shared.unwrap_or(false),
            value_impact: body.value_impact.unwrap_or_default(),
            requires_all_complete: body.requires_all_complete.unwrap_or(false),
            recurrence: None,
            metadata: body.metadata.unwrap_or_default(),
            user_id: body.user_id,
        }
    }
}

/// Make a task
///
/// `experience_points` of the answer is what completing it would give by the rules of this moment; 0 when they do not answer.
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks", operation_id = "tasks_create",
    request_body = CreateTask,
    responses((status = 201, body = TaskBody)),
    extensions(("x-permission" = json!("task:write"))),
)]
pub async fn create(State(app): State<App>, caller: Caller, Body(body): Body<CreateTask>) -> Outcome<Warned<Created<TaskBody>>> {
    let ignored = body.ignored();
    let task = app.tasks.create(&caller, body.into()).await?;
    Ok(Warned(ignored, Created { location: format!("/api/v1/tasks/{}", task.id), version: Some(task.version), body: task.into() }))
}
