//! Taking a task up again.

use uuid::Uuid;

use super::transition::{self, By};
use super::{TRIES, Tasks, expect, failed, lost};
use crate::error::Outcome;
use crate::model::Object;
use crate::model::task::{Status, Task};
use crate::service::principal::Principal;
use crate::store::{self, game};

impl Tasks {
    /// Makes a completed, failed or cancelled task pending. A completed one gives back exactly the points of that completion;
    /// if they are not known yet, they never come.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`; 409 for an open task.
    pub async fn reopen(&self, caller: &Principal, id: Uuid, if_version: Option<i64>) -> Outcome<Task> {
        let mut tries = TRIES;
        loop {
            let task = self.get(caller, id).await?;
            expect(&task, if_version)?;
            transition::check(task.status, Status::Pending, By::Reopen)?;
            match self.reopen_once(task).await {
                Ok(next) => return Ok(next),
                Err(error) if lost(&error, if_version, tries) => tries -= 1,
                Err(error) => return Err(failed(error, if_version)),
            }
        }
    }

    async fn reopen_once(&self, task: Task) -> store::Result<Task> {
        let now = self.clock.now().max(task.updated_at);
        if task.status != Status::Completed {
            return self.write(Task { status: Status::Pending, updated_at: now, ..task }, "reopened", Object::new()).await;
        }
        let mut log = self.log(&task, "reopened", Object::new());
        log.created_at = now;
        let reopened = game::reopen(&self.db, game::Reopening { task: &task, entry_id: self.ids.id(), now, log: &log }).await?;
        Ok(reopened.task)
    }
}
