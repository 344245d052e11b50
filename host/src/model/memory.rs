//! Memories and their chunks.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::vector::Space;
use super::{Object, text_enum};
use crate::clock::Millis;

text_enum! {
    /// Where a memory comes from.
    SourceType {
        /// Written by hand.
        Manual = "manual",
        /// Said in a conversation.
        Conversation = "conversation",
        /// Learnt from a task.
        Task = "task",
        /// Brought from elsewhere.
        Import = "import",
        /// Written by a plugin.
        Plugin = "plugin",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes the enum takes no attribute on a variant")]
impl Default for SourceType {
    fn default() -> Self {
        Self::Manual
    }
}

/// Something that a person wants to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// UUIDv7, or what an import brought.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// At most 500 characters; empty when there is none.
    pub title: String,
    /// 1 byte to 256 KiB, no mere space.
    pub content: String,
    /// Where it comes from.
    pub source_type: SourceType,
    /// What it comes from there, at most 500 characters.
    pub source_id: Option<String>,
    /// 0…1.
    pub importance: f64,
    /// At most 50 of 64 characters.
    pub tags: Vec<String>,
    /// The client's own object, at most 16 KiB.
    pub metadata: Object,
    /// Neither deleted nor superseded: only these are found by searches.
    pub is_active: bool,
    /// How often it was read by its id, or cited.
    pub access_count: i64,
    /// When it was last.
    pub last_accessed_at: Option<Millis>,
    /// The memory that took its place.
    pub superseded_by: Option<Uuid>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed.
    pub updated_at: Millis,
    /// When it was deleted; a tombstone then.
    pub deleted_at: Option<Millis>,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// Where its vectors live; `None` while it has none. The service fills it in.
    pub embedding: Option<Space>,
}

/// A piece of a memory's content, as large as is embedded at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Another text is another chunk, and another id.
    pub id: Uuid,
    /// Of which memory.
    pub memory_id: Uuid,
    /// Counts from 0.
    pub position: i64,
    /// Where it begins, in bytes of the content.
    pub begins: i64,
    /// Where it ends.
    pub ends: i64,
    /// As estimated.
    pub tokens: i64,
}

impl StoredChunk {
    /// Its text, if this is the content that it was cut from.
    pub fn of<'a>(&self, content: &'a str) -> &'a str {
        let (begins, ends) = (usize::try_from(self.begins).unwrap_or(0), usize::try_from(self.ends).unwrap_or(0));
        content.get(begins..ends).unwrap_or_default()
    }
}

/// Which memories are wanted; every given part must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryFilter {
    /// One of these; empty = any.
    pub source_types: Vec<SourceType>,
    /// From this source.
    pub source_id: Option<String>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// At least one of these tags; empty = any.
    pub tags_any: Vec<String>,
    /// Made at or after.
    pub created_after: Option<Millis>,
    /// Made before.
    pub created_before: Option<Millis>,
    /// 0…1.
    pub min_importance: Option<f64>,
    /// These fields of the metadata, each a text, a number, a boolean or null.
    pub metadata: BTreeMap<String, Value>,
    /// This text in title or content, case ignored.
    pub search: Option<String>,
    /// Changed after.
    pub updated_after: Option<Millis>,
    /// With those that are deleted or superseded.
    pub include_inactive: bool,
}

impl MemoryFilter {
    /// Whether every active memory passes.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// How a list of memories is ordered; ties by id. `true` = descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemorySort {
    /// When made.
    Created(bool),
    /// When changed.
    Updated(bool),
    /// How important.
    Importance(bool),
    /// How often read.
    Accessed(bool),
    /// By title and text, case ignored.
    Title(bool),
}

/// A person's memories in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryStats {
    /// All that are not erased.
    pub total: i64,
    /// Neither deleted nor superseded.
    pub active: i64,
    /// Chunks of active ones.
    pub chunks: i64,
    /// Mean importance of active ones; 0 without any.
    pub average_importance: f64,
    /// Active ones by source.
    pub by_source_type: BTreeMap<SourceType, i64>,
    /// Active ones by tag.
    pub by_tag: BTreeMap<String, i64>,
}
