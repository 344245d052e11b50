//! Making a task: bounds, parent, quest type, preview of its points.

use serde_json::json;
use uuid::Uuid;

use super::{DEPTH, NewTask, Tasks};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::Object;
use crate::model::task::{QuestType, Status, Task, TaskFilter, TaskLog};
use crate::plugin::xp_rules::{Bound, Failed};
use crate::service::game::{Decided, Known};
use crate::service::principal::Principal;
use crate::store::tasks;

impl NewTask {
    /// The task as it would be stored. Its quest type stands for "not decided" until it is.
    pub(crate) fn draft(self, id: Uuid, user: Uuid, now: Millis) -> Task {
        Task {
            id,
            user_id: user,
            parent_id: self.parent_id,
            title: self.title,
            description: self.description,
            status: self.status,
            priority: self.priority,
            quest_type: self.quest_type.unwrap_or(QuestType::Solo),
            difficulty: self.difficulty,
            experience_points: 0,
            due_date: self.due_date,
            start_date: self.start_date,
            started_at: (self.status == Status::InProgress).then_some(now),
            completed_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            estimated_duration_minutes: self.estimated_duration_minutes,
            actual_duration_minutes: self.actual_duration_minutes,
            progress: self.progress,
            tags: self.tags,
            assignees: self.assignees,
            is_shared: self.is_shared,
            value_impact: self.value_impact,
            requires_all_complete: self.requires_all_complete,
            recurrence: self.recurrence,
            series_id: None,
            next_due: None,
            metadata: self.metadata,
            completion_id: None,
            version: 1,
        }
    }
}

impl Tasks {
    /// Makes a task. Its `experience_points` are what completing it now would give; when the rules do not answer it is made
    /// all the same, with 0, and its log says so.
    ///
    /// # Errors
    /// 422 for a bound or a depth over 8; 404 for a parent that is not the caller's; 403 for somebody else's `user_id`.
    pub async fn create(&self, caller: &Principal, new: NewTask) -> Outcome<Task> {
        new.validate(caller.user)?;
        if let Some(parent) = new.parent_id {
            let above = tasks::ancestors(&self.db, caller.user, parent).await?.len();
            if above == 0 {
                return Err(Fault::not_found());
            }
            if above >= DEPTH {
                return Err(Fault::field("/parent_id", format!("is on level {DEPTH} already: a task has at most {DEPTH} levels")));
            }
        }
        let mut made = self.prepare(caller, vec![new]).await?;
        let Some((task, log)) = made.pop() else { return Err(Fault::internal("one task was prepared")) };
        let mut tx = self.db.begin().await?;
        super::tree::check_parent_in(&mut tx, &task).await?;
        tasks::insert(&mut tx, &task).await?;
        tasks::log(&mut tx, &log).await?;
        tx.commit().await?;
        Ok(task)
    }

    /// Tasks with their first lines of history, ready to be stored: bounds, quest types, previews of points. Asks rules, so no
    /// connection is held meanwhile.
    ///
    /// # Errors
    /// 422 for a bound; 403 for somebody else's `user_id`.
    pub(super) async fn prepare(&self, caller: &Principal, new: Vec<NewTask>) -> Outcome<Vec<(Task, TaskLog)>> {
        for one in &new {
            one.validate(caller.user)?;
        }
        let now = self.clock.now();
        let known = self.game.known(caller.user, now).await?;
        let bound = self.game.rules.bound(&caller.into());
        let mut made = None;
        let mut prepared = Vec::with_capacity(new.len());
        for one in new {
            let given = one.quest_type;
            let mut task = one.draft(self.ids.id(), caller.user, now);
            let decided = if let Some(value) = given {
                Decided::Given(value)
            } else {
                let before = match made {
                    Some(count) => count,
                    None => self.made(caller.user).await?,
                };
                made = Some(before + 1);
                self.game.quest_type(bound.as_ref(), &task, &known, before).await
            };
            task.quest_type = decided.value();
            let mut note = Object::new();
            if let Decided::ByHost(_) = decided {
                note.insert("quest_type".into(), json!("decided by the host: the rules did not answer"));
            }
            match self.preview(bound.as_ref(), &task, &known).await {
                Ok(points) => task.experience_points = points,
                Err(()) => {
                    note.insert("experience_points".into(), json!("not known: the rules did not answer"));
                }
            }
            let log = self.log(&task, "created", note);
            prepared.push((task, log));
        }
        Ok(prepared)
    }

    /// How many tasks somebody has ever made, deleted ones included.
    async fn made(&self, user: Uuid) -> Outcome<i64> {
        let filter = TaskFilter { include_deleted: true, ..TaskFilter::default() };
        Ok(tasks::count(&self.db, user, &filter).await?)
    }

    /// What completing `task` now would give.
    pub(super) async fn preview(&self, bound: Result<&Bound, &Failed>, task: &Task, known: &Known) -> Result<i64, ()> {
        let bound = bound.map_err(|_| ())?;
        let completion = known.completion(task, super::complete::occurrence(task));
        bound.award(&completion, self.game.bounds(known)).await.map(|points| points.total).map_err(|_| ())
    }
}
