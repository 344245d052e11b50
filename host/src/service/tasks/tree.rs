//! Parts of tasks: at most [`DEPTH`] levels, and no task is a part of itself.

use uuid::Uuid;

use super::Tasks;
use crate::error::{Fault, Outcome};
use crate::model::task::Task;
use crate::store::{Tx, tasks};

/// Levels, the top one counted.
pub(crate) const DEPTH: usize = 8;

impl Tasks {
    /// Whether `task` may be a part of its parent, as things are now.
    ///
    /// # Errors
    /// 404 for a parent that is not the caller's; 422 for a cycle or too many levels.
    pub(super) async fn check_parent(&self, task: &Task) -> Outcome<()> {
        let Some(parent) = task.parent_id else { return Ok(()) };
        let above = tasks::ancestors(&self.db, task.user_id, parent).await?;
        let below = tasks::height(&self.db, task.user_id, task.id).await?;
        fits(task, &above, below)
    }
}

/// The same inside the transaction that writes it: until that ends nobody else moves this person's tasks. Two moves that are
/// good each by itself could close a circle together.
///
/// # Errors
/// As [`Tasks::check_parent`].
pub(super) async fn check_parent_in(tx: &mut Tx, task: &Task) -> Outcome<()> {
    let Some(parent) = task.parent_id else { return Ok(()) };
    tasks::lock_tree(tx, task.user_id).await?;
    let above = tasks::ancestors(&mut *tx, task.user_id, parent).await?;
    let below = tasks::height(&mut *tx, task.user_id, task.id).await?;
    fits(task, &above, below)
}

/// `above`: the parent and everything over it; `below`: levels under the task.
fn fits(task: &Task, above: &[Uuid], below: i64) -> Outcome<()> {
    if above.is_empty() {
        return Err(Fault::not_found());
    }
    if above.contains(&task.id) {
        return Err(Fault::field("/parent_id", "is this task or one of its own parts"));
    }
    if above.len() + 1 + usize::try_from(below).unwrap_or(DEPTH) > DEPTH {
        return Err(Fault::field("/parent_id", format!("would make more than {DEPTH} levels")));
    }
    Ok(())
}
