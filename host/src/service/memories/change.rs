//! Changing a memory (PATCH and PUT).

use uuid::Uuid;

use super::{Memories, MemoryEdit, validate};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::memory::Memory;
use crate::model::{Object, merge_patch};
use crate::service::principal::Principal;

impl MemoryEdit {
    /// The memory after this change; the very same one when nothing differs.
    ///
    /// # Errors
    /// 422 for metadata that grew too large.
    pub(super) fn apply(self, memory: &Memory, now: Millis) -> Outcome<Memory> {
        let mut next = memory.clone();
        macro_rules! set {
            ($($field:ident),+) => { $( if let Some(value) = self.$field { next.$field = value; } )+ };
        }
        set!(title, content, source_type, source_id, importance);
        if let Some(tags) = self.tags {
            next.tags = validate::once(tags);
        }
        match self.metadata {
            None => {}
            Some(None) => next.metadata = Object::new(),
            Some(Some(patch)) => merge_patch(&mut next.metadata, patch),
        }
        if next == *memory {
            return Ok(next);
        }
        validate::whole(&next)?;
        next.updated_at = now.max(memory.updated_at);
        Ok(next)
    }
}

impl Memories {
    /// Changes what is given and leaves the rest. Another content is cut, indexed and embedded anew; nothing else is.
    ///
    /// # Errors
    /// 404; 422 for a bound; 412 for another version than `if_version`; 409 for the content of another active memory.
    pub async fn change(&self, who: &Principal, id: Uuid, if_version: Option<i64>, edit: MemoryEdit) -> Outcome<Memory> {
        let memory = self.get(who, id).await?;
        edit.validate(who.user)?;
        let text = match &edit.content {
            Some(content) if *content != memory.content => Some(self.ready(content).await),
            _ => None,
        };
        let mut writing = self.writing(who.user).await?;
        let version = memory.version;
        let changed = writing.change(id, if_version, edit, text).await?;
        if changed.version == version {
            return Ok(memory);
        }
        writing.commit().await?;
        self.dressed_one(changed).await
    }
}
