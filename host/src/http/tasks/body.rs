//! Tasks as they look on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Time;
use crate::model::Object;
use crate::model::task::{Priority, QuestType, Recurrence, Status, Task, TaskLog};
use crate::service::tasks::Branch;

/// A task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskBody {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// What is to be done.
    pub title: String,
    /// More about it; empty when there is no more.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// How pressing it is.
    pub priority: Priority,
    /// What sort of quest it is.
    pub quest_type: QuestType,
    /// 1…5.
    pub difficulty: i64,
    /// What completing it gave, or would give by the rules of its last change.
    pub experience_points: i64,
    /// Until when.
    #[schema(required)]
    pub due_date: Option<Time>,
    /// From when.
    #[schema(required)]
    pub start_date: Option<Time>,
    /// When it was begun.
    #[schema(required)]
    pub started_at: Option<Time>,
    /// When it was completed.
    #[schema(required)]
    pub completed_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed.
    pub updated_at: Time,
    /// The task it is a part of.
    #[schema(required)]
    pub parent_id: Option<Uuid>,
    /// Minutes it should take.
    #[schema(required)]
    pub estimated_duration_minutes: Option<i64>,
    /// Minutes it took.
    #[schema(required)]
    pub actual_duration_minutes: Option<i64>,
    /// 0…100.
    pub progress: i64,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Who takes part.
    pub assignees: Vec<String>,
    /// Done together.
    pub is_shared: bool,
    /// What it gives to, or takes from, each value: −100…100.
    pub value_impact: BTreeMap<String, f64>,
    /// Completing it needs its subtasks completed.
    pub requires_all_complete: bool,
    /// How it comes again.
    #[schema(required)]
    pub recurrence: Option<RecurrenceBody>,
    /// When its series is due next.
    #[schema(required)]
    pub next_due: Option<Time>,
    /// The client's own object.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub metadata: Object,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// When it was deleted: only in lists with `include_deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
}

/// How a task comes again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recurrence)]
pub struct RecurrenceBody {
    /// RFC 5545 rule.
    pub rrule: String,
    /// The words it was given in.
    #[schema(required)]
    pub text: Option<String>,
    /// IANA zone.
    pub timezone: String,
    /// `schedule` or `completion`.
    pub anchor: String,
}

impl From<Recurrence> for RecurrenceBody {
    fn from(recurrence: Recurrence) -> Self {
        Self { rrule: recurrence.rrule, text: recurrence.text, timezone: recurrence.timezone, anchor: recurrence.anchor }
    }
}

impl From<Task> for TaskBody {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            user_id: task.user_id,
            title: task.title,
            description: task.description,
            status: task.status,
            priority: task.priority,
            quest_type: task.quest_type,
            difficulty: task.difficulty,
            experience_points: task.experience_points,
            due_date: task.due_date.map(Time),
            start_date: task.start_date.map(Time),
            started_at: task.started_at.map(Time),
            completed_at: task.completed_at.map(Time),
            created_at: Time(task.created_at),
            updated_at: Time(task.updated_at),
            parent_id: task.parent_id,
            estimated_duration_minutes: task.estimated_duration_minutes,
            actual_duration_minutes: task.actual_duration_minutes,
            progress: task.progress,
            tags: task.tags,
            assignees: task.assignees,
            is_shared: task.is_shared,
            value_impact: task.value_impact,
            requires_all_complete: task.requires_all_complete,
            recurrence: task.recurrence.map(Into::into),
            next_due: task.next_due.map(Time),
            metadata: task.metadata,
            version: task.version,
            deleted_at: task.deleted_at.map(Time),
        }
    }
}

/// A task of a list; with `tree=true` it carries its parts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ListedTask)]
pub struct ListedTask {
    /// The task.
    #[serde(flatten)]
    pub task: TaskBody,
    /// Its parts, each with theirs; only with `tree=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub subtasks: Option<Vec<ListedTask>>,
}

impl From<Branch> for ListedTask {
    fn from(branch: Branch) -> Self {
        let subtasks = branch.subtasks.map(|parts| parts.into_iter().map(Self::from).collect());
        Self { task: branch.task.into(), subtasks }
    }
}

/// One line of a task's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TaskLog)]
pub struct LogBody {
    /// Its id.
    pub id: Uuid,
    /// Of which task.
    pub task_id: Uuid,
    /// `created`, `updated`, `started`, `completed`, `reopened`, `deleted`, `note`, `progress`.
    pub kind: String,
    /// For people's eyes.
    pub message: String,
    /// What changed.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub metadata: Object,
    /// When.
    pub created_at: Time,
}

impl From<TaskLog> for LogBody {
    fn from(log: TaskLog) -> Self {
        Self {
            id: log.id,
            task_id: log.task_id,
            kind: log.kind,
            message: log.message,
            metadata: log.metadata,
            created_at: Time(log.created_at),
        }
    }
}
