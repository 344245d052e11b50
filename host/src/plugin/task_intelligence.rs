//! The typed door to the kind `task-intelligence`, slot `task-intelligence`.
//!
//! Help never stands in the way: whatever the plugin does wrong, the answer is empty and carries the code of the reason.
//! What comes back is a proposal; the person decides, and the tasks' own service makes what they chose.

mod shapes;

use std::sync::Arc;

use mnemosyne_runtime::{Binding, CallError, Called, Registry, Runtime};

pub use self::shapes::{Draft, Effort, Helped, Origin, Ranked, Step, Suggestion};
use super::Caller;
use super::persona::Said;
use super::xp_rules::call::{code, moment, task};
use super::xp_rules::facts::{Moment, TaskFacts};
use crate::error::Code;
use crate::model::game::Rules;

/// The slot.
pub const SLOT: &str = "task-intelligence";
/// Most suggestions at once.
pub const MOST_SUGGESTIONS: u32 = 20;
/// Most messages that are read for tasks.
pub const MOST_MESSAGES: usize = 64;
/// Most tasks that are ordered at once.
pub const MOST_TASKS: usize = 200;

/// The door.
pub struct TaskIntelligence {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
}

/// The revision of one request, for one caller.
struct Bound {
    binding: Arc<Binding>,
    caller: mnemosyne_runtime::Caller,
}

impl TaskIntelligence {
    /// Over the runtime and what it serves.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Self {
        Self { runtime, registry }
    }

    fn bound(&self, caller: &Caller) -> Option<Bound> {
        let binding = self.registry.load().live(SLOT)?.clone();
        Some(Bound { caller: caller.through(&binding), binding })
    }

    fn calls<'b>(&'b self, bound: &'b Bound) -> mnemosyne_runtime::task_intelligence::TaskIntelligence<'b> {
        self.runtime.task_intelligence(&bound.binding.revision, bound.caller.clone())
    }

    /// What the caller might want to do: at most `limit`, 1…20.
    pub async fn suggest(&self, caller: &Caller, at: &Moment, limit: u32) -> Helped<Vec<Suggestion>> {
        let Some(bound) = self.bound(caller) else { return unbound() };
        let ended = self.calls(&bound).suggest(moment(at), limit.clamp(1, MOST_SUGGESTIONS)).await;
        helped(&bound, ended, |suggestions| suggestions.into_iter().map(shapes::suggestion).collect())
    }

    /// The parts of a task, in order: at most 20.
    pub async fn break_down(&self, caller: &Caller, of: &TaskFacts, at: &Moment) -> Helped<Vec<Step>> {
        let Some(bound) = self.bound(caller) else { return unbound() };
        let ended = self.calls(&bound).break_down(task(of), moment(at)).await;
        helped(&bound, ended, |steps| steps.iter().map(shapes::step).collect())
    }

    /// How long a task may take; `None` when nobody can tell.
    pub async fn estimate(&self, caller: &Caller, of: &TaskFacts, at: &Moment) -> Helped<Option<Effort>> {
        let Some(bound) = self.bound(caller) else { return unbound() };
        let ended = self.calls(&bound).estimate(task(of), moment(at)).await;
        helped(&bound, ended, |effort| Some(shapes::effort(&effort)))
    }

    /// Tasks found in messages, of which the newest 64 are read: at most 20.
    pub async fn extract(&self, caller: &Caller, messages: &[Said], at: &Moment) -> Helped<Vec<Draft>> {
        let Some(bound) = self.bound(caller) else { return unbound() };
        let newest = &messages[messages.len().saturating_sub(MOST_MESSAGES)..];
        let messages = newest.iter().map(super::persona::message).collect();
        let ended = self.calls(&bound).extract(messages, moment(at)).await;
        helped(&bound, ended, |drafts| drafts.into_iter().map(shapes::draft).collect())
    }

    /// The first 200 of these tasks, most urgent first; each of them once.
    pub async fn prioritize(&self, caller: &Caller, tasks: &[TaskFacts], at: &Moment) -> Helped<Vec<Ranked>> {
        let Some(bound) = self.bound(caller) else { return unbound() };
        let tasks = tasks.iter().take(MOST_TASKS).map(task).collect();
        let ended = self.calls(&bound).prioritize(tasks, moment(at)).await;
        helped(&bound, ended, |ranked| ranked.into_iter().map(shapes::ranked).collect())
    }
}

fn unbound<T: Default>() -> Helped<T> {
    Helped { value: T::default(), origin: Origin::none(), revision: None, reason: Some(Code::NothingBound) }
}

type Answer<T> = Result<Called<(T, mnemosyne_runtime::wit::task_intelligence::Origin)>, CallError>;

fn helped<T, U: Default>(bound: &Bound, ended: Answer<T>, shape: impl FnOnce(T) -> U) -> Helped<U> {
    let id = bound.binding.revision.id();
    let revision = Some(Rules { plugin: id.plugin.clone(), version: id.version.clone(), digest: id.digest.clone() });
    let record = match &ended {
        Ok(ended) => &ended.record,
        Err(error) => &error.record,
    };
    crate::timings::plugin(&id.plugin, &id.version, record.waited + record.wall);
    match ended {
        Ok(ended) => {
            let (value, origin) = ended.value;
            Helped { value: shape(value), origin: shapes::origin(origin), revision, reason: None }
        }
        Err(error) => {
            tracing::warn!(slot = SLOT, failure = error.failure.code(), detail = %error.failure, "task intelligence gave no answer");
            Helped { value: U::default(), origin: Origin::none(), revision, reason: Some(code(&error.failure)) }
        }
    }
}
