//! The host's operations as personas may ask for them in agentic turns: the same services that serve REST, as the same
//! person. What is not the person's is not found, whatever id a model has chosen. Each one leaves a row in `actions`, refused
//! ones too.

use std::sync::Arc;

use async_trait::async_trait;
use mnemosyne_runtime::wit::types::errors::ErrorKind as Kind;
use mnemosyne_runtime::{Asking, BackendError, User};
use serde_json::{Value, json};
use uuid::Uuid;

use super::memories::{Memories, NewMemory, Search};
use super::principal::{Permission, Permissions, Principal, Role};
use super::tasks::{Completing, Listing, NewTask, Tasks};
use crate::backend::actions::Performer;
use crate::clock::{Clock, IdSource};
use crate::error::{ErrorKind, Fault};
use crate::model::action::Action;
use crate::model::memory::{Memory, SourceType};
use crate::model::page::Page;
use crate::model::task::{Priority, Status, Task, TaskFilter, TaskSort};
use crate::store::{self, Db};

/// Tasks of a list when nobody said how many.
const USUAL: i64 = 10;
/// Memories of a search when nobody said how many.
const USUAL_MEMORIES: u64 = 5;
/// Bytes of one memory's text in a result, and of all results: an answer to a plugin has at most 64 KiB.
const EXCERPT: usize = 2 << 10;
const RESULTS: usize = 40 << 10;

/// The services, as personas act through them.
pub struct Acting {
    db: Db,
    tasks: Tasks,
    memories: Memories,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Acting {
    /// Through these.
    pub fn new(db: Db, tasks: Tasks, memories: Memories, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { db, tasks, memories, clock, ids }
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
        let new = NewTask {
            description: text(arguments, "description").unwrap_or_default(),
            priority: word(arguments, "priority").unwrap_or(Priority::Medium),
            due_date: arguments["due_at"].as_i64(),
            tags: texts(arguments, "tags"),
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

    async fn search(&self, person: &Principal, arguments: &Value) -> Result<Value, BackendError> {
        let limit = arguments["limit"].as_u64().unwrap_or(USUAL_MEMORIES);
        let mut search = Search::hybrid(text(arguments, "query").unwrap_or_default(), usize::try_from(limit).unwrap_or(1));
        search.filter.tags = texts(arguments, "tags");
        let found = self.memories.search(person, search).await.map_err(|fault| refused(&fault))?;
        let (mut memories, mut bytes) = (Vec::new(), 0);
        for hit in found.hits {
            let mut memory = recalled(&hit.memory);
            memory["score"] = json!(hit.score);
            bytes += memory.to_string().len();
            if bytes > RESULTS {
                break;
            }
            memories.push(memory);
        }
        Ok(json!({ "memories": memories, "degraded": found.degraded }))
    }

    async fn keep(&self, of: &Asking<'_>, person: &Principal, arguments: &Value) -> Result<Value, BackendError> {
        let new = NewMemory {
            title: text(arguments, "title").unwrap_or_default(),
            content: text(arguments, "content").unwrap_or_default(),
            tags: texts(arguments, "tags"),
            source_type: SourceType::Plugin,
            source_id: Some(of.plugin.to_owned()),
            importance: arguments["importance"].as_f64().unwrap_or(0.5),
            ..NewMemory::default()
        };
        let made = self.memories.create(person, new).await.map_err(|fault| refused(&fault))?;
        Ok(json!({ "memory": recalled(&made.memory), "fresh": made.fresh }))
    }

    /// The row of an action. That it cannot be written undoes nothing that was done.
    async fn write_down(&self, of: &Asking<'_>, user: Uuid, operation: &str, arguments: &Value, result: &Result<Value, BackendError>) {
        let id = |value: &Value| value.as_str().and_then(|id| Uuid::try_parse(id).ok());
        let made = result
            .as_ref()
            .ok()
            .and_then(|value| ["/id", "/task/id", "/memory/id"].iter().find_map(|place| id(value.pointer(place).unwrap_or(&Value::Null))));
        let outcome = match result {
            Ok(_) => "ok",
            Err(BackendError::Refused { kind, .. }) => word_of(*kind),
            Err(_) => "unavailable",
        };
        let action = Action {
            id: self.ids.id(),
            user_id: user,
            plugin: of.plugin.to_owned(),
            slot: of.slot.to_owned(),
            call_id: of.call,
            request_id: of.request.to_owned(),
            operation: operation.to_owned(),
            subject: made.or_else(|| id(&arguments["id"])),
            outcome: outcome.to_owned(),
            created_at: self.clock.now(),
        };
        if let Err(error) = store::actions::insert(&self.db, &action).await {
            tracing::error!(operation, plugin = of.plugin, call = %of.call, %error, "an action is not in the log");
        }
    }
}

fn text(arguments: &Value, key: &str) -> Option<String> {
    arguments[key].as_str().map(str::to_owned)
}

fn texts(arguments: &Value, key: &str) -> Vec<String> {
    arguments[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
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

/// As much of a memory as a conversation needs.
fn recalled(memory: &Memory) -> Value {
    let content = &memory.content[..memory.content.floor_char_boundary(EXCERPT)];
    json!({ "id": memory.id, "title": memory.title, "content": content, "tags": memory.tags, "created_at": memory.created_at })
}

/// As the contract spells it.
const fn word_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Denied => "denied",
        Kind::Quota => "quota",
        Kind::NotFound => "not-found",
        Kind::Conflict => "conflict",
        Kind::Invalid => "invalid",
        Kind::Timeout => "timeout",
        Kind::Unavailable => "unavailable",
        Kind::Internal => "internal",
    }
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
    async fn perform(&self, of: &Asking<'_>, user: &User, operation: &str, arguments: Value) -> Result<Value, BackendError> {
        let person = self.principal(user);
        let result = match operation {
            "tasks.list" => self.list(&person, &arguments).await,
            "tasks.create" => self.create(&person, &arguments).await,
            "tasks.complete" => self.complete(&person, &arguments).await,
            "memories.search" => self.search(&person, &arguments).await,
            "memories.create" => self.keep(of, &person, &arguments).await,
            _ => Err(BackendError::denied("actions-not-offered", "this operation is not offered here")),
        };
        self.write_down(of, user.id, operation, &arguments, &result).await;
        result
    }
}
