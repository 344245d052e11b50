//! Help with tasks, by what is bound to `task-intelligence`.
//!
//! ```text
//! draft.rs      what a plugin drafts, read by the host: due dates in the person's zone, bounds, what is open already
//! breakdown.rs  the parts of a task; on request they become its subtasks, in one transaction
//! extract.rs    tasks in a text or a conversation; on request they are made
//! ```
//! A plugin's answer is a proposal. Whatever goes wrong with it the answer is empty and says why, and nothing else of tasks
//! notices: no connection is held while it is asked.

mod breakdown;
mod draft;
mod extract;

use std::collections::HashMap;

use uuid::Uuid;

pub use self::breakdown::{Breakdown, Part};
pub use self::draft::Drafted;
pub use self::extract::{Extracted, Source};
use super::Tasks;
use crate::clock::Millis;
use crate::error::{Fault, FieldError, Outcome};
use crate::model::page::Page;
use crate::model::task::{Task, TaskFilter, TaskSort};
use crate::plugin::task_intelligence::MOST_TASKS;
pub use crate::plugin::task_intelligence::{Effort, Helped, MOST_SUGGESTIONS, Origin};
use crate::plugin::xp_rules::facts::{Moment, TaskFacts};
use crate::service::moment::Calendar;
use crate::service::principal::Principal;
use crate::store::tasks;

/// Something that the person might want to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggested {
    /// What to do.
    pub draft: Drafted,
    /// Why.
    pub reason: String,
    /// `habit`, `follow-up`, `memory`, `rhythm` …
    pub source: String,
}

/// A task in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The task.
    pub task: Task,
    /// 0…1, highest first.
    pub score: f64,
    /// Why.
    pub reason: String,
}

/// The caller's time, as plugins are told of it.
pub(super) struct Here {
    pub(super) now: Millis,
    pub(super) calendar: Calendar,
    pub(super) moment: Moment,
}

impl Tasks {
    /// Reads what is known of the caller's time.
    pub(super) async fn here(&self, caller: &Principal) -> Outcome<Here> {
        let now = self.clock.now();
        let settings = self.game.settings_of(caller.user).await?;
        let calendar = settings.calendar();
        let mut seed = [0; 4];
        self.ids.fill(&mut seed);
        let moment = calendar.moment(now, u32::from_le_bytes(seed), &settings.locale);
        Ok(Here { now, calendar, moment })
    }

    /// What the caller might want to do: at most `limit`, 1…20.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn suggest(&self, caller: &Principal, limit: u32) -> Outcome<Helped<Vec<Suggested>>> {
        let here = self.here(caller).await?;
        let helped = self.intelligence.suggest(&caller.into(), &here.moment, limit).await;
        let suggested = helped.map(|all| {
            let read = |one: crate::plugin::task_intelligence::Suggestion| {
                Some(Suggested { draft: draft::read(one.draft, &here)?, reason: one.reason, source: one.source })
            };
            all.into_iter().filter_map(read).collect()
        });
        Ok(suggested)
    }

    /// How long one of the caller's tasks may take; nothing is stored.
    ///
    /// # Errors
    /// 404.
    pub async fn estimate(&self, caller: &Principal, id: Uuid) -> Outcome<Helped<Option<Effort>>> {
        let task = self.get(caller, id).await?;
        let here = self.here(caller).await?;
        Ok(self.intelligence.estimate(&caller.into(), &TaskFacts::of(&task), &here.moment).await)
    }

    /// The caller's tasks, most urgent first: these, or the 200 open ones that are due soonest.
    ///
    /// # Errors
    /// 404, naming the place in the list, for an id that is not one of the caller's tasks.
    pub async fn prioritize(&self, caller: &Principal, ids: Option<Vec<Uuid>>) -> Outcome<Helped<Vec<Placed>>> {
        let tasks = if let Some(ids) = ids {
            self.these(caller, &ids).await?
        } else {
            let filter = TaskFilter { open_only: true, ..TaskFilter::default() };
            let most = i64::try_from(MOST_TASKS).unwrap_or(i64::MAX);
            tasks::list(&self.db, caller.user, &filter, TaskSort::Due(false), &Page::skip(0, most)).await?.items
        };
        let here = self.here(caller).await?;
        let facts: Vec<TaskFacts> = tasks.iter().map(TaskFacts::of).collect();
        let helped = self.intelligence.prioritize(&caller.into(), &facts, &here.moment).await;
        let mut by_id: HashMap<String, Task> = tasks.into_iter().map(|task| (task.id.to_string(), task)).collect();
        // Each once, and none that was not given.
        Ok(helped.map(|ranked| {
            let place = |one: crate::plugin::task_intelligence::Ranked| {
                let task = by_id.remove(&one.id)?;
                Some(Placed { task, score: share(one.score), reason: one.reason })
            };
            ranked.into_iter().filter_map(place).collect()
        }))
    }

    /// These tasks in the order given, each once.
    async fn these(&self, caller: &Principal, ids: &[Uuid]) -> Outcome<Vec<Task>> {
        let found = tasks::many(&self.db, caller.user, ids).await?;
        let mut by_id: HashMap<Uuid, Task> = found.into_iter().map(|task| (task.id, task)).collect();
        let missing = |(at, id): (usize, &Uuid)| {
            (!by_id.contains_key(id)).then(|| FieldError::new(format!("/task_ids/{at}"), "is none of your tasks"))
        };
        let fields: Vec<FieldError> = ids.iter().enumerate().filter_map(missing).collect();
        if !fields.is_empty() {
            let mut fault = Fault::not_found();
            fault.fields = fields;
            return Err(fault);
        }
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }
}

/// A share for the wire: 0…1, two digits, never a thing that is no number.
fn share(value: f32) -> f64 {
    if value.is_finite() { (f64::from(value.clamp(0.0, 1.0)) * 100.0).round() / 100.0 } else { 0.0 }
}
