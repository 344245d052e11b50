//! The parts of a task. Applied, they become its subtasks: all of them or none.

use serde_json::json;
use uuid::Uuid;

use super::Tasks;
use crate::error::{Fault, Outcome};
use crate::model::Object;
use crate::model::task::{Status, Task};
use crate::plugin::task_intelligence::{Helped, Step};
use crate::plugin::xp_rules::facts::TaskFacts;
use crate::service::principal::Principal;
use crate::service::tasks::{DEPTH, NewTask};
use crate::store::tasks;

/// Most minutes of a part.
const MOST_MINUTES: i64 = 5_256_000;

/// A part of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1…500 characters.
    pub title: String,
    /// At most 16 KiB.
    pub description: String,
    /// `None` = unknown.
    pub estimate_minutes: Option<i64>,
    /// 1…5.
    pub difficulty: i64,
}

/// How a task may be divided, and what was made of it.
#[derive(Clone, Debug)]
pub struct Breakdown {
    /// In order.
    pub parts: Helped<Vec<Part>>,
    /// The subtasks made; none unless asked for.
    pub created: Vec<Task>,
}

impl Tasks {
    /// How one of the caller's tasks may be divided; with `apply` the parts become its subtasks, in one transaction.
    ///
    /// # Errors
    /// 404; with `apply` 409 when the task has parts already, is over, or lies too deep. The plugin is not asked then.
    pub async fn break_down(&self, caller: &Principal, id: Uuid, apply: bool) -> Outcome<Breakdown> {
        let task = self.get(caller, id).await?;
        if apply {
            may_divide(&task, tasks::children(&self.db, caller.user, id).await?.len())?;
            if tasks::ancestors(&self.db, caller.user, id).await?.len() >= DEPTH {
                return Err(Fault::conflict(format!("the task is on level {DEPTH}, the last one: it cannot have parts")));
            }
        }
        let here = self.here(caller).await?;
        let helped = self.intelligence.break_down(&caller.into(), &TaskFacts::of(&task), &here.moment).await;
        let parts = helped.map(|steps| steps.into_iter().filter_map(part).collect::<Vec<Part>>());
        let created = if apply { self.divide(caller, &task, &parts.value).await? } else { Vec::new() };
        Ok(Breakdown { parts, created })
    }

    /// Makes the parts. Whoever was faster with parts of their own wins: then nothing is made.
    async fn divide(&self, caller: &Principal, task: &Task, parts: &[Part]) -> Outcome<Vec<Task>> {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let new = parts.iter().map(|part| NewTask {
            description: part.description.clone(),
            difficulty: part.difficulty,
            estimated_duration_minutes: part.estimate_minutes,
            parent_id: Some(task.id),
            priority: task.priority,
            tags: task.tags.clone(),
            ..NewTask::titled(part.title.clone())
        });
        let (made, logs): (Vec<_>, Vec<_>) = self.prepare(caller, new.collect()).await?.into_iter().unzip();
        let mut tx = self.db.begin().await?;
        let Some(first) = made.first() else { return Ok(Vec::new()) };
        // Locks the person's tree, so that two of these meet one another.
        crate::service::tasks::tree::check_parent_in(&mut tx, first).await?;
        let now = tasks::get(&mut tx, caller.user, task.id).await?;
        may_divide(&now, tasks::children(&mut tx, caller.user, task.id).await?.len())?;
        tasks::insert_all(&mut tx, &made).await?;
        let note = Object::from_iter([("subtasks".to_owned(), json!(made.len()))]);
        let divided = self.log(&Task { updated_at: first.created_at, ..now }, "divided", note);
        tasks::log_all(&mut tx, &logs).await?;
        tasks::log(&mut tx, &divided).await?;
        tx.commit().await?;
        Ok(made)
    }
}

fn may_divide(task: &Task, parts: usize) -> Outcome<()> {
    if parts > 0 {
        let what = if parts == 1 { "the task has a part already".to_owned() } else { format!("the task has {parts} parts already") };
        return Err(Fault::conflict(what).hint("leave `apply` out to see proposals, or delete the parts first"));
    }
    if matches!(task.status, Status::Completed | Status::Failed | Status::Cancelled) {
        return Err(Fault::conflict(format!("the task is over: it is {}", task.status)).hint("take it up again first"));
    }
    Ok(())
}

/// `None` for a step without a title.
fn part(step: Step) -> Option<Part> {
    let title: String = step.title.trim().chars().take(500).collect();
    (!title.is_empty()).then(|| Part {
        title,
        description: step.description,
        estimate_minutes: step.estimate_minutes.map(|minutes| i64::from(minutes).min(MOST_MINUTES)),
        difficulty: i64::from(step.difficulty).clamp(1, 5),
    })
}
