//! The one transaction behind every change of memories.
//!
//! It begins by taking the person's own row of statistics, so two writers of one person never meet half-way: what is read in
//! it is what is changed. Vectors of new memories are written together at its end.

use uuid::Uuid;

use super::text::Text;
use super::{Created, Memories, MemoryEdit, NewMemory, expect, failed, same_content};
use crate::clock::Millis;
use crate::error::{Fault, Outcome};
use crate::model::memory::Memory;
use crate::model::vector::Chunk;
use crate::service::embedding::Ahead;
use crate::store::memories::Indexed;
use crate::store::{Tx, idempotency, memories};

/// A transaction of one person's memories. Dropped without [`Writing::commit`] nothing has happened.
pub(super) struct Writing<'a> {
    of: &'a Memories,
    user: Uuid,
    pub(super) tx: Tx,
    pub(super) now: Millis,
    /// What the statistics gain.
    documents: i64,
    words: i64,
    /// Vectors of new memories, written at the end.
    new: Vec<(Uuid, Vec<Chunk>, Ahead)>,
    /// Whether no vector was left to the outbox.
    written: bool,
}

impl Memories {
    /// Begins a change.
    pub(super) async fn writing(&self, user: Uuid) -> Outcome<Writing<'_>> {
        let mut tx = self.0.db.begin().await?;
        memories::open(&mut tx, user).await?;
        let now = self.0.clock.now();
        Ok(Writing { of: self, user, tx, now, documents: 0, words: 0, new: Vec::new(), written: true })
    }
}

impl Writing<'_> {
    /// Whose memories.
    pub(super) fn user(&self) -> Uuid {
        self.user
    }

    /// Cuts a content; its vectors follow through the outbox.
    pub(super) fn cut(&self, content: &str) -> Text {
        self.of.cut(content)
    }

    /// Makes it durable.
    pub(super) async fn commit(mut self) -> Outcome<()> {
        let embeddings = &self.of.0.embeddings;
        if !self.new.is_empty() {
            let new = std::mem::take(&mut self.new);
            self.written &= embeddings.attach_new(&mut self.tx, self.user, new).await?;
        }
        memories::account(&mut self.tx, self.user, self.documents, self.words).await?;
        self.tx.commit().await?;
        embeddings.committed(self.written).await;
        Ok(())
    }

    /// Keeps a new memory, unless an active one has its content.
    pub(super) async fn create(&mut self, new: NewMemory, text: Text) -> Outcome<Created> {
        let memory = Memory {
            id: self.of.id(),
            user_id: self.user,
            title: new.title,
            content: new.content,
            source_type: new.source_type,
            source_id: new.source_id,
            importance: new.importance,
            tags: new.tags,
            metadata: new.metadata,
            is_active: true,
            access_count: 0,
            last_accessed_at: None,
            superseded_by: None,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
            version: 1,
            embedding: None,
        };
        self.insert(memory, text).await
    }

    /// Keeps a memory as it is given.
    pub(super) async fn insert(&mut self, mut memory: Memory, text: Text) -> Outcome<Created> {
        let indexed = text.indexed(&memory);
        if memories::insert(&mut self.tx, &memory, &indexed).await.map_err(failed)?.is_none() {
            let there = memories::by_hash(&mut self.tx, self.user, &text.hash).await?;
            let memory = there.ok_or_else(|| Fault::conflict("a memory with this content was deleted at this moment"))?;
            return Ok(Created { memory, fresh: false });
        }
        if memory.is_active {
            self.count(1, indexed.length);
            memory.embedding = text.ahead.is_ready().then(|| self.of.0.embeddings.space().clone());
            self.new.push((memory.id, text.chunks, text.ahead));
        }
        Ok(Created { memory, fresh: true })
    }

    /// The memory as it is now, at the version that the client saw.
    pub(super) async fn at(&mut self, id: Uuid, if_version: Option<i64>) -> Outcome<Memory> {
        let memory = memories::find(&mut self.tx, self.user, id).await?.ok_or_else(Fault::not_found)?;
        expect(&memory, if_version)?;
        Ok(memory)
    }

    /// Changes what is given. `text`: of the new content, if it was made ready.
    pub(super) async fn change(&mut self, id: Uuid, if_version: Option<i64>, edit: MemoryEdit, text: Option<Text>) -> Outcome<Memory> {
        let memory = self.at(id, if_version).await?;
        let next = edit.apply(&memory, self.now)?;
        if next == memory {
            return Ok(memory);
        }
        if next.content != memory.content {
            let text = text.unwrap_or_else(|| self.of.cut(&next.content));
            return self.rewrite(next, text).await;
        }
        let retitled = next.title != memory.title;
        let indexed = retitled.then(|| self.of.cut(&next.content).indexed(&next));
        // the content is the same, so its chunks and vectors stay; only its words count anew
        self.update(next, indexed.as_ref()).await
    }

    /// Writes a memory with another content: chunks and vectors are new.
    pub(super) async fn rewrite(&mut self, next: Memory, text: Text) -> Outcome<Memory> {
        if next.is_active
            && let Some(other) = memories::by_hash(&mut self.tx, self.user, &text.hash).await?.filter(|other| other.id != next.id)
        {
            return Err(same_content(other.id));
        }
        let indexed = text.indexed(&next);
        self.forget_new(&[next.id]);
        memories::drop_chunks(&mut self.tx, next.id).await?;
        memories::put_chunks(&mut self.tx, &indexed.chunks).await?;
        let mut next = self.update(next, Some(&indexed)).await?;
        if next.is_active {
            let ready = self.of.0.embeddings.attach(&mut self.tx, self.user, next.id, &text.chunks, text.ahead).await?;
            next.embedding = ready.then(|| self.of.0.embeddings.space().clone());
            self.written &= ready;
        }
        Ok(next)
    }

    /// Writes a row; the statistics follow from what was active before and what is now.
    pub(super) async fn update(&mut self, next: Memory, text: Option<&Indexed>) -> Outcome<Memory> {
        let before = memories::weight(&mut self.tx, self.user, &[next.id]).await?;
        memories::update(&mut self.tx, &next, text).await.map_err(failed)?;
        let after = memories::weight(&mut self.tx, self.user, &[next.id]).await?;
        self.count(after.0 - before.0, after.1 - before.1);
        Ok(Memory { version: next.version + 1, ..next })
    }

    /// Hides a memory: no search finds it from the commit on.
    pub(super) async fn hide(&mut self, next: Memory) -> Outcome<Memory> {
        self.forget_new(&[next.id]);
        self.of.0.embeddings.detach(&mut self.tx, self.user, &[next.id]).await?;
        self.update(Memory { is_active: false, embedding: None, ..next }, None).await
    }

    /// Deletes many softly; tells how many were there to be deleted.
    pub(super) async fn hide_all(&mut self, ids: &[Uuid]) -> Outcome<u64> {
        let (mut documents, mut words, mut hidden) = (0, 0, 0);
        self.forget_new(ids);
        self.of.0.embeddings.detach(&mut self.tx, self.user, ids).await?;
        for part in ids.chunks(500) {
            let weight = memories::weight(&mut self.tx, self.user, part).await?;
            (documents, words) = (documents + weight.0, words + weight.1);
            hidden += memories::hide(&mut self.tx, self.user, part, self.now).await?;
        }
        self.count(-documents, -words);
        Ok(hidden)
    }

    /// Vectors that were to be written for memories that are gone or have another content.
    fn forget_new(&mut self, ids: &[Uuid]) {
        self.new.retain(|(memory, ..)| !ids.contains(memory));
    }

    /// Removes memories without a trace; tells how many there were.
    pub(super) async fn erase(&mut self, ids: &[Uuid]) -> Outcome<u64> {
        let (mut documents, mut words) = (0, 0);
        for part in ids.chunks(500) {
            let weight = memories::weight(&mut self.tx, self.user, part).await?;
            (documents, words) = (documents + weight.0, words + weight.1);
        }
        self.forget_new(ids);
        self.of.0.embeddings.detach(&mut self.tx, self.user, ids).await?;
        let erased = memories::erase(&mut self.tx, self.user, ids).await?;
        idempotency::forget(&mut self.tx, &self.user.to_string(), ids).await?;
        self.count(-documents, -words);
        Ok(erased)
    }

    fn count(&mut self, documents: i64, words: i64) {
        self.documents += documents;
        self.words += words;
    }
}
