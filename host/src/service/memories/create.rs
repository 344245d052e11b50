//! Keeping a memory.

use super::{Created, Memories, NewMemory, validate};
use crate::error::Outcome;
use crate::service::principal::Principal;

impl Memories {
    /// Keeps a memory: durable and found by its words when this returns; found by meaning when its embedder answers within
    /// 200 ms, else soon after. The same content again (spaces apart) gives the memory that is there, unchanged.
    ///
    /// # Errors
    /// 422 for a bound; 403 for somebody else's `user_id`.
    pub async fn create(&self, who: &Principal, new: NewMemory) -> Outcome<Created> {
        new.validate(who.user)?;
        let new = NewMemory { tags: validate::once(new.tags), ..new };
        let text = self.ready(&new.content).await;
        let mut writing = self.writing(who.user).await?;
        let created = writing.create(new, text).await?;
        if created.fresh {
            writing.commit().await?;
            return Ok(created);
        }
        drop(writing);
        Ok(Created { memory: self.dressed_one(created.memory).await?, fresh: false })
    }
}
