//! Changing a task (PATCH and PUT), and beginning it.

use serde_json::json;
use uuid::Uuid;

use super::transition::{self, By, is_open};
use super::tree::check_parent_in;
use super::{TRIES, TaskEdit, Tasks, expect, failed, lost, validate};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::task::{Status, Task};
use crate::model::{Object, merge_patch};
use crate::service::principal::Principal;
use crate::store::{self, Tx, tasks};

impl TaskEdit {
    /// The task after this change, and the names of the fields that differ.
    fn apply(self, task: &Task, now: Millis) -> (Task, Vec<&'static str>) {
        let mut next = task.clone();
        let mut changed = Vec::new();
        macro_rules! set {
            ($($field:ident),+) => { $(
                if let Some(value) = self.$field && value != next.$field {
                    next.$field = value;
                    changed.push(stringify!($field));
                }
            )+ };
        }
        set!(title, description, status, priority, due_date, start_date, tags, difficulty, quest_type);
        set!(estimated_duration_minutes, actual_duration_minutes, progress, parent_id, assignees, is_shared);
        set!(requires_all_complete);
        if let Some(values) = self.value_impact {
            let before = next.value_impact.clone();
            match values {
                None => next.value_impact.clear(),
                Some(patch) => patch.into_iter().for_each(|(name, value)| match value {
                    None => drop(next.value_impact.remove(&name)),
                    Some(value) => drop(next.value_impact.insert(name, value)),
                }),
            }
            if before != next.value_impact {
                changed.push("value_impact");
            }
        }
        if let Some(metadata) = self.metadata {
            let before = next.metadata.clone();
            match metadata {
                None => next.metadata = Object::new(),
                Some(patch) => merge_patch(&mut next.metadata, patch),
            }
            if before != next.metadata {
                changed.push("metadata");
            }
        }
        if next.status == Status::InProgress && next.started_at.is_none() {
            next.started_at = Some(now);
        }
        next.updated_at = now.max(task.updated_at);
        (next, changed)
    }
}

/// Fields that the worth of a task may depend on.
const WORTH: [&str; 11] = [
    "title",
    "priority",
    "due_date",
    "tags",
    "difficulty",
    "quest_type",
    "estimated_duration_minutes",
    "parent_id",
    "assignees",
    "is_shared",
    "value_impact",
];

impl Tasks {
    /// Changes what is given and leaves the rest.
    ///
    /// # Errors
    /// 404; 422 for a bound, a cycle or a depth over 8; 412 for another version than `if_version`; 409 for a transition that
    /// is not in the table.
    pub async fn change(&self, caller: &Principal, id: Uuid, if_version: Option<i64>, edit: TaskEdit) -> Outcome<Task> {
        let mut task = self.get(caller, id).await?;
        edit.validate(caller.user)?;
        let mut tries = TRIES;
        loop {
            expect(&task, if_version)?;
            let (mut next, changed) = edit.clone().apply(&task, self.clock.now());
            if changed.is_empty() {
                return Ok(task);
            }
            validate::whole(&next)?;
            let moves = changed.contains(&"parent_id");
            if moves {
                self.check_parent(&next).await?;
            }
            if changed.contains(&"status") {
                transition::check(task.status, next.status, By::Change)?;
            }
            if is_open(next.status) && changed.iter().any(|field| WORTH.contains(field)) {
                self.preview_again(caller, &mut next).await?;
            }
            let mut note = Object::new();
            note.insert("changed".into(), json!(changed));
            if task.status != next.status {
                note.insert("status".into(), json!({ "from": task.status, "to": next.status }));
            }
            let mut tx = self.db.begin().await?;
            if moves {
                check_parent_in(&mut tx, &next).await?;
            }
            match self.write_in(tx, next, "updated", note).await {
                Ok(next) => return Ok(next),
                Err(error) if lost(&error, if_version, tries) => task = self.get(caller, id).await?,
                Err(error) => return Err(failed(error, if_version)),
            }
            tries -= 1;
        }
    }

    /// Begins a task.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`; 409 unless it is pending or blocked.
    pub async fn start(&self, caller: &Principal, id: Uuid, if_version: Option<i64>) -> Outcome<Task> {
        let mut tries = TRIES;
        loop {
            let task = self.get(caller, id).await?;
            expect(&task, if_version)?;
            transition::check(task.status, Status::InProgress, By::Start)?;
            let now = self.clock.now().max(task.updated_at);
            let next = Task { status: Status::InProgress, started_at: task.started_at.or(Some(now)), updated_at: now, ..task };
            match self.write(next, "started", Object::new()).await {
                Ok(next) => return Ok(next),
                Err(error) if lost(&error, if_version, tries) => tries -= 1,
                Err(error) => return Err(failed(error, if_version)),
            }
        }
    }

    /// What the rules would give for the task as it is now. When they do not answer, the old figure stays.
    async fn preview_again(&self, caller: &Principal, task: &mut Task) -> Outcome<()> {
        let known = self.game.known(caller.user, task.updated_at).await?;
        let bound = self.game.rules.bound(&caller.into());
        if let Ok(points) = self.preview(bound.as_ref(), task, &known).await {
            task.experience_points = points;
        }
        Ok(())
    }

    /// One transaction: the row, if it is still at the version of `next`, and its log.
    pub(super) async fn write(&self, next: Task, kind: &str, note: Object) -> store::Result<Task> {
        let tx = self.db.begin().await?;
        self.write_in(tx, next, kind, note).await
    }

    /// As [`Tasks::write`], in a transaction that has begun.
    async fn write_in(&self, mut tx: Tx, next: Task, kind: &str, note: Object) -> store::Result<Task> {
        let next = tasks::update(&mut tx, next).await?;
        tasks::log(&mut tx, &self.log(&next, kind, note)).await?;
        tx.commit().await?;
        Ok(next)
    }
}
