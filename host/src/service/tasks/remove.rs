//! Deleting a task: softly, with a tombstone for clients that sync, or without a trace.

use uuid::Uuid;

use super::{Tasks, expect};
use crate::error::Outcome;
use crate::model::Object;
use crate::service::principal::Principal;
use crate::store::tasks;

impl Tasks {
    /// Deletes a task and its parts. Hard deletion also finds tombstones. The ledger keeps what the task gave.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`.
    pub async fn delete(&self, caller: &Principal, id: Uuid, if_version: Option<i64>, hard: bool) -> Outcome<()> {
        if hard {
            return Ok(tasks::erase(&self.db, caller.user, id, if_version).await?);
        }
        let mut task = self.get(caller, id).await?;
        expect(&task, if_version)?;
        task.updated_at = self.clock.now().max(task.updated_at);
        let mut tx = self.db.begin().await?;
        tasks::delete(&mut tx, caller.user, id, if_version, task.updated_at).await?;
        tasks::log(&mut tx, &self.log(&task, "deleted", Object::new())).await?;
        tx.commit().await?;
        Ok(())
    }
}
