//! The host's operations as personas may ask for them in agentic turns: the same services that serve REST, as the same
//! person. What is not the person's is not found, whatever id a model has chosen.

use async_trait::async_trait;
use mnemosyne_runtime::wit::types::errors::ErrorKind as Kind;
use mnemosyne_runtime::{BackendError, User};
use serde_json::{Value, json};
use uuid::Uuid;

use super::principal::{Permission, Permissions, Principal, Role};
use super::tasks::{Completing, Listing, NewTask, Tasks};
use crate::backend::actions::Performer;
use crate::clock::Clock;
use crate::error::{ErrorKind, Fault};
use crate::model::page::Page;
use crate::model::task::{Priority, Status, Task, TaskFilter, TaskSort};

/// Tasks of a list when nobody said how many.
const USUAL: i64 = 10;

/// The services, as personas act through them.
pub struct Acting {
    tasks: Tasks,
    clock: std::sync::Arc<dyn Clock>,
}

impl Acting {
    /// Through these.
    pub fn new(tasks: Tasks, clock: std::sync::Arc<dyn Clock>) -> Self {
        Self { tasks, clock }
    }

    /// The person, with exactly the permissions that the turn's own request had.
    fn principal(&self, user: &User) -> Principal {
        let permissions: Vec<Permission> = user.permissions.iter().filter_map(|text| text.parse().ok()).collect();
        Principal {
            user: user.id,
            display_name: user.display_name.clone(),
            roles: user.roles.iter().filter_map(|text| text.parse::<Role>().ok()).collect(),
            permissions: Permissions::of(&permissions),
            session: None,
            authenticated_at: self.clock.now(),
            api_key: None,
            timezone: user.timezone.clone(),
            locale: user.locale.clone(),
        }
    }

    async fn list(&self, person: &Principal, arguments: &Value) -> Result<Value, BackendError> {
        let status: Option<Status> = word(arguments, "status");
        let listing = Listing {
            filter: TaskFilter {
                statuses: status.into_iter().collect(),
                open_only: status.is_none(),
                search: text(arguments, "text"),
                ..TaskFilter::default()
            },
            view: None,
            sort: Some(TaskSort::Due(false)),
            tree: false,
            page: Page::skip(0, arguments["limit"].as_i64().unwrap_or(USUAL)),
        };
        let slice = self.tasks.list(person, listing).await.map_err(|fault| refused(&fault))?;
        let items: Vec<Value> = slice.items.iter().map(|branch| told(&branch.task)).collect();
        Ok(json!({ "tasks": items, "has_more": slice.has_more }))
    }

    async fn create(&self, person: &Principal, arguments: &Value) -> Result<Value, BackendError> {
        let tags = arguments["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let new = NewTask {
            description: text(arguments, "description").unwrap_or_default(),
            priority: word(arguments, "priority").unwrap_or(Priority::Medium),
            due_date: arguments["due_at"].as_i64(),
            tags: tags.collect(),
            difficulty: arguments["difficulty"].as_i64().unwrap_or(2),
            ..NewTask::titled(text(arguments, "title").unwrap_or_default())
        };
        Ok(told(&self.tasks.create(person, new).await.map_err(|fault| refused(&fault))?))
    }

    async fn complete(&self, person: &Principal, arguments: &Value) -> Result<Value, BackendError> {
        let id = arguments["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
        let id = id.ok_or_else(|| BackendError::invalid("actions-arguments", "`id` is no task's id"))?;
        let completing = Completing { actual_duration_minutes: arguments["actual_minutes"].as_i64(), ..Completing::default() };
        let done = self.tasks.complete(person, id, None, completing).await.map_err(|fault| refused(&fault))?;
        Ok(json!({ "task": told(&done.task), "experience_gained": done.points, "pending": done.rules.is_none() }))
    }
}

fn text(arguments: &Value, key: &str) -> Option<String> {
    arguments[key].as_str().map(str::to_owned)
}

fn word<T: std::str::FromStr>(arguments: &Value, key: &str) -> Option<T> {
    arguments[key].as_str()?.parse().ok()
}

/// As much of a task as a conversation needs.
fn told(task: &Task) -> Value {
    json!({
        "id": task.id, "title": task.title, "status": task.status.text(), "priority": task.priority.text(),
        "difficulty": task.difficulty, "due_at": task.due_date, "tags": task.tags,
    })
}

/// A fault in the contract's words; never its cause.
fn refused(fault: &Fault) -> BackendError {
    let kind = match fault.code.kind() {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::Forbidden | ErrorKind::Unauthenticated => Kind::Denied,
        ErrorKind::Conflict | ErrorKind::Stale => Kind::Conflict,
        ErrorKind::RateLimited => Kind::Quota,
        ErrorKind::Malformed | ErrorKind::Invalid | ErrorKind::TooLarge => Kind::Invalid,
        ErrorKind::TimedOut => Kind::Timeout,
        ErrorKind::Upstream | ErrorKind::Unavailable => Kind::Unavailable,
        ErrorKind::Internal => Kind::Internal,
    };
    BackendError::Refused { kind, code: "actions-refused", message: fault.code.message().to_owned() }
}

#[async_trait]
impl Performer for Acting {
    async fn perform(&self, user: &User, operation: &str, arguments: Value) -> Result<Value, BackendError> {
        let person = self.principal(user);
        match operation {
            "tasks.list" => self.list(&person, &arguments).await,
            "tasks.create" => self.create(&person, &arguments).await,
            "tasks.complete" => self.complete(&person, &arguments).await,
            _ => Err(BackendError::denied("actions-not-offered", "this operation is not offered here")),
        }
    }
}
