//! Parts of tasks: at most [`DEPTH`] levels, and no task is a part of itself.

use super::Tasks;
use crate::error::{Fault, Outcome};
use crate::model::task::Task;
use crate::store::tasks;

/// Levels, the top one counted.
pub(crate) const DEPTH: usize = 8;

impl Tasks {
    /// Whether `task` may be a part of its parent, as it is now.
    ///
    /// # Errors
    /// 404 for a parent that is not the caller's; 422 for a cycle or too many levels.
    pub(super) async fn check_parent(&self, task: &Task) -> Outcome<()> {
        let Some(parent) = task.parent_id else { return Ok(()) };
        let above = tasks::ancestors(&self.db, task.user_id, parent).await?;
        if above.is_empty() {
            return Err(Fault::not_found());
        }
        if above.contains(&task.id) {
            return Err(Fault::field("/parent_id", "is this task or one of its own parts"));
        }
        let below = tasks::height(&self.db, task.user_id, task.id).await?;
        if above.len() + 1 + usize::try_from(below).unwrap_or(DEPTH) > DEPTH {
            return Err(Fault::field("/parent_id", format!("would make more than {DEPTH} levels")));
        }
        Ok(())
    }
}
