//! Many changes at once: one transaction, one question to the embedder.

use std::collections::HashMap;

use uuid::Uuid;

use super::text::Text;
use super::writing::Writing;
use super::{Created, Memories, MemoryEdit, NewMemory, validate};
use crate::error::{ErrorKind, Fault, Outcome};
use crate::model::memory::{Memory, MemoryFilter};
use crate::service::principal::Principal;
use crate::store::memories;

/// Memories that one operation deletes at most.
const MOST_DELETED: i64 = 10_000;

/// One of them.
#[derive(Clone, Debug)]
pub enum Op {
    /// Keep a new one.
    Create(Box<NewMemory>),
    /// Change one.
    Change {
        /// Which.
        id: Uuid,
        /// Only at this version.
        version: Option<i64>,
        /// What.
        edit: Box<MemoryEdit>,
    },
    /// Delete one.
    Delete {
        /// Which.
        id: Uuid,
        /// Only at this version.
        version: Option<i64>,
        /// Without a trace.
        hard: bool,
    },
    /// Delete all that pass a filter.
    DeleteWhere {
        /// Which.
        filter: Box<MemoryFilter>,
        /// Without a trace.
        hard: bool,
    },
    /// Bring one back.
    Restore {
        /// Which.
        id: Uuid,
        /// Only at this version.
        version: Option<i64>,
    },
}

/// What came of one.
#[derive(Clone, Debug)]
pub enum Done {
    /// It is there now, or was already.
    Created(Created),
    /// As it is now.
    Changed(Memory),
    /// So many are gone.
    Deleted(u64),
}

impl Memories {
    /// Does all of them in their order. `atomic`: all or none; otherwise each that cannot be done says why and the others are
    /// done.
    ///
    /// # Errors
    /// With `atomic` the first fault, its pointers below `/ops/{number}`; the database's.
    pub async fn batch(&self, who: &Principal, ops: Vec<Op>, atomic: bool) -> Outcome<Vec<Result<Done, Fault>>> {
        let mut wrong: HashMap<usize, Fault> = HashMap::new();
        for (at, op) in ops.iter().enumerate() {
            if let Err(fault) = op.validate(who.user) {
                if atomic {
                    return Err(placed(fault, at));
                }
                wrong.insert(at, fault);
            }
        }
        let contents = ops.iter().filter_map(Op::content);
        let mut texts = self.ready_all(contents, false).await.into_iter();
        let mut writing = self.writing(who.user).await?;
        let mut done = Vec::with_capacity(ops.len());
        for (at, op) in ops.into_iter().enumerate() {
            let text = if op.content().is_some() { texts.next() } else { None };
            let one = match wrong.remove(&at) {
                Some(fault) => Err(fault),
                None => writing.run(op, text).await,
            };
            match one {
                Err(fault) if atomic => return Err(placed(fault, at)),
                // the transaction itself has failed: nothing of it can stand
                Err(fault) if matches!(fault.code.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => return Err(fault),
                one => done.push(one.map_err(|fault| placed(fault, at))),
            }
        }
        writing.commit().await?;
        Ok(done)
    }
}

impl Op {
    fn validate(&self, user: Uuid) -> Outcome<()> {
        match self {
            Self::Create(new) => new.validate(user),
            Self::Change { edit, .. } => edit.validate(user),
            Self::Delete { .. } | Self::DeleteWhere { .. } | Self::Restore { .. } => Ok(()),
        }
    }

    /// What has to be cut and embedded for it.
    fn content(&self) -> Option<&str> {
        match self {
            Self::Create(new) => Some(&new.content),
            Self::Change { edit, .. } => edit.content.as_deref(),
            Self::Delete { .. } | Self::DeleteWhere { .. } | Self::Restore { .. } => None,
        }
    }
}

impl Writing<'_> {
    async fn run(&mut self, op: Op, text: Option<Text>) -> Outcome<Done> {
        Ok(match (op, text) {
            (Op::Create(new), text) => {
                let new = NewMemory { tags: validate::once(new.tags.clone()), ..*new };
                let text = text.unwrap_or_else(|| self.cut(&new.content));
                Done::Created(self.create(new, text).await?)
            }
            (Op::Change { id, version, edit }, text) => Done::Changed(self.change(id, version, *edit, text).await?),
            (Op::Delete { id, version, hard }, _) => {
                self.delete(id, version, hard).await?;
                Done::Deleted(1)
            }
            (Op::DeleteWhere { filter, hard }, _) => {
                let user = self.user();
                let ids = memories::ids(&mut self.tx, user, &filter, MOST_DELETED).await?;
                Done::Deleted(if hard { self.erase(&ids).await? } else { self.hide_all(&ids).await? })
            }
            (Op::Restore { id, version }, _) => Done::Changed(self.restore(id, version, None).await?),
        })
    }
}

/// A fault that names the operation it belongs to.
fn placed(mut fault: Fault, at: usize) -> Fault {
    for field in &mut fault.fields {
        field.pointer = format!("/ops/{at}/memory{}", field.pointer);
    }
    fault.param = Some(fault.fields.first().map_or_else(|| format!("/ops/{at}"), |field| field.pointer.clone()));
    fault
}
