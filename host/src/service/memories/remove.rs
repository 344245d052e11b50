//! Deleting memories, softly or without a trace, and bringing back.

use uuid::Uuid;

use super::text::Text;
use super::writing::Writing;
use super::{Memories, expect, same_content};
use crate::error::{Fault, Outcome};
use crate::model::memory::Memory;
use crate::service::principal::Principal;
use crate::store::memories;

impl Memories {
    /// Deletes a memory. Softly: no search, list or plugin finds it from now on, [`Memories::restore`] brings it back. Hard:
    /// text, chunks, words, vectors and kept answers go; it also finds what was softly deleted.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`.
    pub async fn delete(&self, who: &Principal, id: Uuid, if_version: Option<i64>, hard: bool) -> Outcome<()> {
        let mut writing = self.writing(who.user).await?;
        writing.delete(id, if_version, hard).await?;
        writing.commit().await
    }

    /// Brings a deleted or superseded memory back. One that is active stays as it is.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`; 409 when another active memory has its content by now.
    pub async fn restore(&self, who: &Principal, id: Uuid, if_version: Option<i64>) -> Outcome<Memory> {
        let memory = memories::find_any(&self.0.db, who.user, id).await?.ok_or_else(Fault::not_found)?;
        expect(&memory, if_version)?;
        if memory.is_active {
            return self.dressed_one(memory).await;
        }
        let text = self.ready(&memory.content).await;
        let mut writing = self.writing(who.user).await?;
        let restored = writing.restore(id, if_version, Some(text)).await?;
        writing.commit().await?;
        self.dressed_one(restored).await
    }
}

impl Writing<'_> {
    /// [`Memories::delete`] within a transaction.
    pub(super) async fn delete(&mut self, id: Uuid, if_version: Option<i64>, hard: bool) -> Outcome<()> {
        let user = self.user();
        if hard {
            let memory = memories::find_any(&mut self.tx, user, id).await?.ok_or_else(Fault::not_found)?;
            expect(&memory, if_version)?;
            return self.erase(&[id]).await.map(drop);
        }
        let memory = self.at(id, if_version).await?;
        let now = self.now.max(memory.updated_at);
        self.hide(Memory { deleted_at: Some(now), updated_at: now, ..memory }).await.map(drop)
    }

    /// [`Memories::restore`] within a transaction. `text`: of its content, if it was made ready.
    pub(super) async fn restore(&mut self, id: Uuid, if_version: Option<i64>, text: Option<Text>) -> Outcome<Memory> {
        let user = self.user();
        let memory = memories::find_any(&mut self.tx, user, id).await?.ok_or_else(Fault::not_found)?;
        expect(&memory, if_version)?;
        if memory.is_active {
            return Ok(memory);
        }
        let text = match text {
            Some(text) if text.hash == super::text::hash(&memory.content) => text,
            _ => self.cut(&memory.content),
        };
        if let Some(other) = memories::by_hash(&mut self.tx, user, &text.hash).await? {
            return Err(same_content(other.id));
        }
        let updated_at = self.now.max(memory.updated_at);
        self.rewrite(Memory { is_active: true, deleted_at: None, superseded_by: None, updated_at, ..memory }, text).await
    }
}
