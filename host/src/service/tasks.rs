//! Tasks: what may become of one, what is recorded, what it gives.
//!
//! ```text
//! create    validate → parent and depth → quest type → preview of points → one transaction: row, log
//! change    read → apply → transition → one transaction: compare-and-set, log
//! complete  read, give the connection back → facts → award → one transaction: row, completion, ledger, log, achievements
//! reopen    one transaction: row, exact negation in the ledger (or the pending completion cancelled), log
//! ```
//! `intelligence` asks a plugin for help and commits what the person takes of it; `quick_add` reads a line of text;
//! `reminders` and `summary` look at the calendar.
//!
//! Rules are asked while no connection is held; whatever they do, the person's action succeeds. A change that meets another
//! one half-way is made again from what is there now, [`TRIES`] times; with `If-Match` it is refused instead.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::game::Game;
use super::principal::Principal;
use crate::clock::{Clock, IdSource, Millis};
use crate::error::{Code, Fault, Outcome};
use crate::model::Object;
use crate::model::page::Page;
use crate::model::task::{Priority, QuestType, Recurrence, Status, Task, TaskLog, TaskSort};
use crate::plugin::task_intelligence::TaskIntelligence;
use crate::service::bounds;
use crate::store::{self, Db, tasks};

mod change;
mod classify;
mod complete;
mod create;
pub mod intelligence;
mod list;
pub mod quick_add;
mod reminders;
mod remove;
mod reopen;
mod summary;
mod transition;
mod tree;
mod validate;

pub(super) use classify::classify;
pub use complete::{Completed, Completing};
pub use list::{Branch, Listing, Standing, View};
pub use reminders::Reminder;
pub use summary::{DailySummary, Insight};
pub(super) use tree::DEPTH;

/// How often a change is made again when another one came first.
const TRIES: usize = 12;

/// The service.
#[derive(Clone)]
pub struct Tasks {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    game: Game,
    intelligence: Arc<TaskIntelligence>,
}

/// A task that somebody wants to make.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// 1…500 characters.
    pub title: String,
    /// At most 256 KiB.
    pub description: String,
    /// Not `completed`.
    pub status: Status,
    /// How pressing.
    pub priority: Priority,
    /// Until when.
    pub due_date: Option<Millis>,
    /// From when.
    pub start_date: Option<Millis>,
    /// At most 50 of 64 characters.
    pub tags: Vec<String>,
    /// 1…5.
    pub difficulty: i64,
    /// Decided by the rules when absent.
    pub quest_type: Option<QuestType>,
    /// Minutes it should take.
    pub estimated_duration_minutes: Option<i64>,
    /// Minutes it took so far.
    pub actual_duration_minutes: Option<i64>,
    /// 0…100.
    pub progress: i64,
    /// The task it is a part of.
    pub parent_id: Option<Uuid>,
    /// At most 100 of 200 characters.
    pub assignees: Vec<String>,
    /// Done together.
    pub is_shared: bool,
    /// At most 32 keys, each −100…100.
    pub value_impact: BTreeMap<String, f64>,
    /// Completing it needs its parts completed.
    pub requires_all_complete: bool,
    /// How it comes again; its rule has been read by the host.
    pub recurrence: Option<Recurrence>,
    /// At most 16 KiB.
    pub metadata: Object,
    /// The caller, if the client says who.
    pub user_id: Option<Uuid>,
}

impl NewTask {
    /// A pending one of medium priority and difficulty 1, and nothing else.
    pub fn titled(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            status: Status::Pending,
            priority: Priority::Medium,
            due_date: None,
            start_date: None,
            tags: Vec::new(),
            difficulty: 1,
            quest_type: None,
            estimated_duration_minutes: None,
            actual_duration_minutes: None,
            progress: 0,
            parent_id: None,
            assignees: Vec::new(),
            is_shared: false,
            value_impact: BTreeMap::new(),
            requires_all_complete: false,
            recurrence: None,
            metadata: Object::new(),
            user_id: None,
        }
    }
}

/// What to change of a task; `None` leaves as it is, an inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct TaskEdit {
    /// 1…500 characters.
    pub title: Option<String>,
    /// At most 256 KiB.
    pub description: Option<String>,
    /// Along the table of transitions.
    pub status: Option<Status>,
    /// How pressing.
    pub priority: Option<Priority>,
    /// Until when.
    pub due_date: Option<Option<Millis>>,
    /// From when.
    pub start_date: Option<Option<Millis>>,
    /// At most 50 of 64 characters.
    pub tags: Option<Vec<String>>,
    /// 1…5.
    pub difficulty: Option<i64>,
    /// What sort.
    pub quest_type: Option<QuestType>,
    /// Minutes it should take.
    pub estimated_duration_minutes: Option<Option<i64>>,
    /// Minutes it took.
    pub actual_duration_minutes: Option<Option<i64>>,
    /// 0…100.
    pub progress: Option<i64>,
    /// The task it is a part of.
    pub parent_id: Option<Option<Uuid>>,
    /// At most 100 of 200 characters.
    pub assignees: Option<Vec<String>>,
    /// Done together.
    pub is_shared: Option<bool>,
    /// Merged; an inner `None` takes a value out, the outer one all of them.
    pub value_impact: Option<Option<BTreeMap<String, Option<f64>>>>,
    /// Completing it needs its parts completed.
    pub requires_all_complete: Option<bool>,
    /// Merged by RFC 7396; an inner `None` empties it.
    pub metadata: Option<Option<Object>>,
    /// The caller, if the client says who.
    pub user_id: Option<Uuid>,
}

impl Tasks {
    /// Over the same database, clock and rules as the game, with help from what is bound to `task-intelligence`.
    pub fn new(game: Game, intelligence: Arc<TaskIntelligence>) -> Self {
        Self { db: game.db.clone(), clock: game.clock.clone(), ids: game.ids.clone(), game, intelligence }
    }

    /// One of the caller's tasks.
    ///
    /// # Errors
    /// 404 when it is not there, deleted, or somebody else's.
    pub async fn get(&self, caller: &Principal, id: Uuid) -> Outcome<Task> {
        tasks::find(&self.db, caller.user, id).await?.ok_or_else(Fault::not_found)
    }

    /// A task's history, newest first.
    ///
    /// # Errors
    /// Only the database's: the task was looked up before.
    pub async fn logs(&self, caller: &Principal, id: Uuid, page: &Page) -> Outcome<crate::model::page::Slice<TaskLog>> {
        Ok(tasks::logs(&self.db, caller.user, id, page).await?)
    }

    /// Adds a line to a task's history.
    ///
    /// # Errors
    /// 404; 422 for metadata over 16 KiB.
    pub async fn add_log(&self, caller: &Principal, id: Uuid, kind: &str, message: String, metadata: Object) -> Outcome<TaskLog> {
        bounds::too_large(&metadata, "/metadata").map_or(Ok(()), |field| Err(Fault::invalid(vec![field])))?;
        let task = self.get(caller, id).await?;
        let log = TaskLog { message, created_at: self.clock.now(), ..self.log(&task, kind, metadata) };
        tasks::log(&self.db, &log).await?;
        Ok(log)
    }

    /// A line for the history of `task`, with the host's own words for `kind`.
    fn log(&self, task: &Task, kind: &str, metadata: Object) -> TaskLog {
        let message = match kind {
            "created" => "task created",
            "divided" => "task divided into parts",
            "updated" => "task changed",
            "started" => "task begun",
            "completed" => "task completed",
            "reopened" => "task taken up again",
            "deleted" => "task deleted",
            _ => "",
        };
        TaskLog {
            id: self.ids.id(),
            task_id: task.id,
            user_id: task.user_id,
            kind: kind.to_owned(),
            message: message.to_owned(),
            metadata,
            created_at: task.updated_at,
        }
    }
}

/// What `If-Match` demands.
fn expect(task: &Task, if_version: Option<i64>) -> Outcome<()> {
    match if_version {
        Some(version) if version != task.version => Err(Fault::new(Code::VersionMismatch)),
        _ => Ok(()),
    }
}

/// Whether a write lost against another one, and may be tried again: only when the client did not insist on a version.
fn lost(error: &store::Error, if_version: Option<i64>, tries: usize) -> bool {
    matches!(error, store::Error::Stale) && if_version.is_none() && tries > 1
}

/// A failed write as its caller should see it: too much competition is a conflict, not a stale version.
fn failed(error: store::Error, if_version: Option<i64>) -> Fault {
    match error {
        store::Error::Stale if if_version.is_none() => Fault::conflict("the task is being changed by others at the same time"),
        other => other.into(),
    }
}

/// The order of a list when nobody says: newest first.
const fn newest_first() -> TaskSort {
    TaskSort::Created(true)
}
