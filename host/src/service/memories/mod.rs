//! Memories: what a person keeps, and how it is found again.
//!
//! ```text
//! create    bounds → chunks and vectors made ready → one transaction: row, chunks, words, statistics, vectors or outbox
//! change    the same for what differs: text is cut and embedded anew only when the content changes
//! remove    softly (hidden from every search at once, restorable) or without a trace; restore
//! writing   Writing: the one transaction behind all of these, for one memory or for a batch
//! search    candidates by words → BM25; nearest by meaning; both fused
//! similar   near to a memory; related
//! batch     many changes at once · portable  export and import
//! reflect   what a set of memories says together · consolidate  near-duplicates, merged softly
//! words chunk bm25 text   pure functions: texts as words, content as chunks, scores, what counts as the same text
//! ```
//! A model is asked before the transaction begins and never within it; the text is durable and found by its words when the
//! answer leaves, whatever becomes of its vectors.

mod access;
mod batch;
mod bm25;
mod change;
mod chunk;
mod consolidate;
mod create;
mod keyword;
mod portable;
mod reflect;
mod remove;
mod search;
mod similar;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod words;
mod writing;

use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::embedding::Embeddings;
use super::principal::Principal;
use crate::clock::{Clock, IdSource};
use crate::error::{Code, Fault, Outcome};
use crate::model::Object;
use crate::model::memory::{Memory, MemoryFilter, MemorySort, MemoryStats, SourceType, StoredChunk};
use crate::model::page::{Page, Slice};
use crate::plugin::persona::Personas;
use crate::store::{self, Db, memories};

pub use batch::{Done, Op};
pub use bm25::Part;
pub use consolidate::{Consolidated, Consolidation, Proposal, Reason};
pub use portable::{Import, Line, LineFault, Report};
pub use reflect::{About, Reflected};
pub use search::{Details, Found, Hit, KeywordPart, Mode, Search, SemanticPart};
pub use similar::Like;

/// The service, cheap to clone.
#[derive(Clone)]
pub struct Memories(Arc<Rooms>);

struct Rooms {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    embeddings: Arc<Embeddings>,
    /// How many memories have a word: `(generation, memories)` by key.
    frequencies: moka::sync::Cache<u64, (i64, i64)>,
    accesses: access::Accesses,
    /// Who reflects, once it is named: it stands above the runtime, which stands above this.
    personas: OnceLock<Arc<Personas>>,
}

/// Words whose frequencies are remembered.
const FREQUENCIES: u64 = 100_000;

/// A memory that somebody wants to keep.
#[derive(Clone, Debug)]
pub struct NewMemory {
    /// At most 500 characters; may be empty.
    pub title: String,
    /// 1 byte to 256 KiB, no mere space.
    pub content: String,
    /// At most 50 of 64 characters.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub source_type: SourceType,
    /// What it comes from there, at most 500 characters.
    pub source_id: Option<String>,
    /// 0…1.
    pub importance: f64,
    /// At most 16 KiB.
    pub metadata: Object,
    /// The caller, if the client says who.
    pub user_id: Option<Uuid>,
}

impl Default for NewMemory {
    fn default() -> Self {
        Self {
            title: String::new(),
            content: String::new(),
            tags: Vec::new(),
            source_type: SourceType::Manual,
            source_id: None,
            importance: 0.5,
            metadata: Object::new(),
            user_id: None,
        }
    }
}

/// What to change of a memory; `None` leaves as it is, an inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct MemoryEdit {
    /// At most 500 characters.
    pub title: Option<String>,
    /// 1 byte to 256 KiB.
    pub content: Option<String>,
    /// At most 50 of 64 characters.
    pub tags: Option<Vec<String>>,
    /// Where it comes from.
    pub source_type: Option<SourceType>,
    /// What it comes from there.
    pub source_id: Option<Option<String>>,
    /// 0…1.
    pub importance: Option<f64>,
    /// Merged by RFC 7396; an inner `None` empties it.
    pub metadata: Option<Option<Object>>,
    /// The caller, if the client says who.
    pub user_id: Option<Uuid>,
}

/// What came of keeping a memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// The memory.
    pub memory: Memory,
    /// False: it was there already, and nothing has changed.
    pub fresh: bool,
}

impl Memories {
    /// Over these.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, embeddings: Arc<Embeddings>) -> Self {
        Self(Arc::new(Rooms {
            db,
            clock,
            ids,
            embeddings,
            frequencies: moka::sync::Cache::new(FREQUENCIES),
            accesses: access::Accesses::default(),
            personas: OnceLock::new(),
        }))
    }

    /// Names who reflects. Once; until then reflections are made by rules.
    pub fn with_personas(&self, personas: Arc<Personas>) {
        let _ = self.0.personas.set(personas);
    }

    /// One of the caller's memories, superseded or not.
    ///
    /// # Errors
    /// 404 when it is not there, deleted, or somebody else's.
    pub async fn get(&self, who: &Principal, id: Uuid) -> Outcome<Memory> {
        let memory = memories::find(&self.0.db, who.user, id).await?.ok_or_else(Fault::not_found)?;
        self.dressed_one(memory).await
    }

    /// As [`Memories::get`], counted as an access.
    ///
    /// # Errors
    /// 404 as there.
    pub async fn read(&self, who: &Principal, id: Uuid) -> Outcome<Memory> {
        let memory = memories::find(&self.0.db, who.user, id).await?.ok_or_else(Fault::not_found)?;
        self.0.accesses.count(id, self.0.clock.now());
        self.dressed_one(memory).await
    }

    /// The active ones of a user among these, in the order asked for.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn owned(&self, user: Uuid, ids: &[Uuid]) -> Outcome<Vec<Memory>> {
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(500) {
            found.extend(memories::owned(&self.0.db, user, part).await?);
        }
        let mut found: std::collections::HashMap<Uuid, Memory> = found.into_iter().map(|memory| (memory.id, memory)).collect();
        let ordered = ids.iter().filter_map(|id| found.remove(id)).collect();
        self.dressed(user, ordered).await
    }

    /// Counts accesses of memories that an answer rests on.
    pub fn cited(&self, ids: &[Uuid]) {
        let now = self.0.clock.now();
        for id in ids {
            self.0.accesses.count(*id, now);
        }
    }

    /// A page of the caller's memories.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn list(&self, who: &Principal, filter: &MemoryFilter, sort: Option<MemorySort>, page: &Page) -> Outcome<Slice<Memory>> {
        let sort = sort.unwrap_or(MemorySort::Created(true));
        let Slice { items, total, has_more, next } = memories::list(&self.0.db, who.user, filter, sort, page).await?;
        Ok(Slice { items: self.dressed(who.user, items).await?, total, has_more, next })
    }

    /// The caller's memories in figures.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn stats(&self, who: &Principal) -> Outcome<MemoryStats> {
        Ok(memories::stats(&self.0.db, who.user).await?)
    }

    /// The tags of the caller's active memories by name, and how many have each.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn tags(&self, who: &Principal) -> Outcome<Vec<(String, i64)>> {
        Ok(memories::tags(&self.0.db, who.user).await?.into_iter().collect())
    }

    /// A memory and its pieces, in order.
    ///
    /// # Errors
    /// 404 as [`Memories::get`].
    pub async fn chunks(&self, who: &Principal, id: Uuid) -> Outcome<(Memory, Vec<StoredChunk>)> {
        let memory = self.get(who, id).await?;
        let chunks = memories::chunks(&self.0.db, id).await?;
        Ok((memory, chunks))
    }

    /// Memories with what the rows do not tell: where their vectors live, and accesses that are still to be written.
    async fn dressed(&self, user: Uuid, mut list: Vec<Memory>) -> Outcome<Vec<Memory>> {
        let ids: Vec<Uuid> = list.iter().map(|memory| memory.id).collect();
        if ids.is_empty() {
            return Ok(list);
        }
        let mut spaces = self.0.embeddings.spaces(user, &ids).await?;
        for memory in &mut list {
            memory.embedding = spaces.remove(&memory.id);
            self.0.accesses.add_to(memory);
        }
        Ok(list)
    }

    async fn dressed_one(&self, memory: Memory) -> Outcome<Memory> {
        let user = memory.user_id;
        let mut list = self.dressed(user, vec![memory]).await?;
        list.pop().ok_or_else(|| Fault::internal("a memory was lost on the way"))
    }
}

/// What `If-Match` demands.
fn expect(memory: &Memory, if_version: Option<i64>) -> Outcome<()> {
    match if_version {
        Some(version) if version != memory.version => Err(Fault::new(Code::VersionMismatch)),
        _ => Ok(()),
    }
}

/// Another active memory has the same content.
fn same_content(other: Uuid) -> Fault {
    Fault::conflict("another memory has this content already")
        .detail(format!("it is {other}"))
        .hint("change or delete that one; two active memories never have the same content")
}

/// A failed write as its caller should see it: whoever writes waits for others, so a stale row is a conflict.
fn failed(error: store::Error) -> Fault {
    match error {
        store::Error::Stale => Fault::conflict("the memory is being changed by others at the same time"),
        store::Error::Conflict { ref constraint } if constraint == "memories_user_id_content_hash_key" => {
            Fault::conflict("another memory has this content already")
        }
        other => other.into(),
    }
}
