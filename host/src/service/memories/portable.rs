//! Export and import: a memory a line, with its id and times, so that what was exported comes back as it was.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Memories, NewMemory, validate};
use crate::clock::Millis;
use crate::error::{ErrorKind, Fault, FieldError, Outcome};
use crate::model::Object;
use crate::model::memory::{Memory, MemoryFilter, SourceType};
use crate::service::principal::Principal;
use crate::store::memories;

/// Lines of one transaction.
const BATCH: usize = 64;
/// Bytes of content of one transaction.
const BATCH_BYTES: usize = 1 << 20;
/// Faults that a report names.
const MOST_FAULTS: usize = 100;
/// Memories of one page of an export.
const PAGE: i64 = 100;

/// A memory as it is brought.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Its id; a new one if there is none, or if somebody else has it.
    pub id: Option<Uuid>,
    /// What [`NewMemory`] has.
    pub title: String,
    /// The same.
    pub content: String,
    /// The same.
    pub tags: Vec<String>,
    /// `import` unless it says.
    pub source_type: Option<SourceType>,
    /// The same.
    pub source_id: Option<String>,
    /// 0.5 unless it says.
    pub importance: Option<f64>,
    /// The same.
    pub metadata: Object,
    /// False: it is kept and not searched.
    pub is_active: bool,
    /// The memory that took its place.
    pub superseded_by: Option<Uuid>,
    /// Reads so far.
    pub access_count: i64,
    /// The last of them.
    pub last_accessed_at: Option<Millis>,
    /// Now, unless it says.
    pub created_at: Option<Millis>,
    /// When it was made, unless it says.
    pub updated_at: Option<Millis>,
    /// It is a tombstone.
    pub deleted_at: Option<Millis>,
    /// 1 unless it says.
    pub version: Option<i64>,
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Counts from 1.
    pub line: u64,
    /// Where in the line.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that were not empty.
    pub lines: u64,
    /// Memories that are new.
    pub created: u64,
    /// Lines whose id the person has already: those memories stay as they are.
    pub existing: u64,
    /// Lines whose content an active memory has already.
    pub duplicates: u64,
    /// Lines that were refused.
    pub failed: u64,
    /// Why, of the first hundred.
    pub faults: Vec<LineFault>,
}

/// An import under way: lines are taken one by one and written in batches.
pub struct Import<'a> {
    memories: &'a Memories,
    user: Uuid,
    dry_run: bool,
    waiting: Vec<(u64, Line)>,
    bytes: usize,
    /// Ids and contents that a dry run would have written.
    ids: HashSet<Uuid>,
    hashes: HashSet<[u8; 32]>,
    report: Report,
}

impl Memories {
    /// The next of the caller's memories after `number` (0 = from the beginning), oldest first, each with its number. Empty:
    /// that was all.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn export(&self, who: &Principal, filter: &MemoryFilter, number: i64) -> Outcome<Vec<(i64, Memory)>> {
        let rows = memories::walk(&self.0.db, who.user, filter, number, PAGE).await?;
        let (numbers, list): (Vec<i64>, Vec<Memory>) = rows.into_iter().unzip();
        Ok(numbers.into_iter().zip(self.dressed(who.user, list).await?).collect())
    }

    /// Begins an import. `dry_run`: everything is checked and nothing is kept.
    pub fn import(&self, who: &Principal, dry_run: bool) -> Import<'_> {
        Import {
            memories: self,
            user: who.user,
            dry_run,
            waiting: Vec::new(),
            bytes: 0,
            ids: HashSet::new(),
            hashes: HashSet::new(),
            report: Report::default(),
        }
    }
}

impl Import<'_> {
    /// Takes the next line, or what is wrong with it.
    ///
    /// # Errors
    /// Only the database's: a line that breaks a rule is a fault of the report.
    pub async fn take(&mut self, line: u64, read: Result<Line, Vec<FieldError>>) -> Outcome<()> {
        self.report.lines += 1;
        let checked = read.and_then(|read| check(&read, self.user).map(|()| read));
        match checked {
            Err(fields) => self.refuse(line, fields),
            Ok(read) => {
                self.bytes += read.content.len();
                self.waiting.push((line, read));
            }
        }
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES { self.write().await } else { Ok(()) }
    }

    /// Writes what is left, and tells what came of it all.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn finish(mut self) -> Outcome<Report> {
        self.write().await?;
        Ok(self.report)
    }

    fn refuse(&mut self, line: u64, fields: Vec<FieldError>) {
        self.report.failed += 1;
        let left = MOST_FAULTS.saturating_sub(self.report.faults.len());
        let faults = fields.into_iter().map(|field| LineFault { line, pointer: field.pointer, message: field.message });
        self.report.faults.extend(faults.take(left));
    }

    async fn write(&mut self) -> Outcome<()> {
        let lines = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        if lines.is_empty() {
            return Ok(());
        }
        let of = self.memories;
        let texts = if self.dry_run {
            lines.iter().map(|(_, line)| of.cut(&line.content)).collect()
        } else {
            of.ready_all(lines.iter().map(|(_, line)| line.content.as_str()), true).await
        };
        let named = |line: &Line| [line.id, line.superseded_by];
        let ids: Vec<Uuid> = lines.iter().flat_map(|(_, line)| named(line)).flatten().collect();
        let ids: Vec<Uuid> = ids.iter().copied().chain(ids.iter().map(|id| own_of(self.user, *id))).collect();
        let mut writing = of.writing(self.user).await?;
        let owners: HashMap<Uuid, Uuid> = memories::owners(&mut writing.tx, &ids).await?.into_iter().collect();
        // somebody else's id: theirs stays theirs, and this memory has one of its own, the same whenever the file is read again
        let me = self.user;
        let mine = |id: Uuid| if owners.get(&id).is_some_and(|owner| *owner != me) { own_of(me, id) } else { id };
        for ((number, mut line), text) in lines.into_iter().zip(texts) {
            line.superseded_by = line.superseded_by.map(mine);
            let id = line.id.map(mine);
            let again = id.is_some_and(|id| !self.ids.insert(id));
            if again || id.is_some_and(|id| owners.get(&id) == Some(&me)) {
                self.report.existing += 1;
                continue;
            }
            let id = id.unwrap_or_else(|| of.id());
            let again = line.is_active && !self.hashes.insert(text.hash);
            if again {
                self.report.duplicates += 1;
                continue;
            }
            let memory = memory(line, id, self.user, writing.now);
            match writing.insert(memory, text).await {
                Ok(created) if created.fresh => self.report.created += 1,
                Ok(_) => self.report.duplicates += 1,
                Err(fault) if matches!(fault.code.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => return Err(fault),
                Err(fault) => self.refuse(number, vec![FieldError::new("", fault.public_message())]),
            }
        }
        if self.dry_run { Ok(()) } else { writing.commit().await }
    }
}

/// The id that a memory of somebody else has when this person imports it: of the same time, and always the same.
fn own_of(user: Uuid, id: Uuid) -> Uuid {
    let hash = Sha256::new().chain_update(user.as_bytes()).chain_update(id.as_bytes()).finalize();
    let mut bytes = *id.as_bytes();
    bytes[6..].copy_from_slice(&hash[..10]);
    uuid::Builder::from_bytes(bytes).with_variant(uuid::Variant::RFC4122).with_version(uuid::Version::SortRand).into_uuid()
}

/// The bounds of a memory that somebody makes, and of what only a line has.
fn check(line: &Line, user: Uuid) -> Result<(), Vec<FieldError>> {
    let new = NewMemory {
        title: line.title.clone(),
        content: line.content.clone(),
        tags: line.tags.clone(),
        source_id: line.source_id.clone(),
        importance: line.importance.unwrap_or(0.5),
        metadata: line.metadata.clone(),
        ..NewMemory::default()
    };
    let mut fields = new.validate(user).map_or_else(|fault: Fault| fault.fields, |()| Vec::new());
    if line.access_count < 0 {
        fields.push(FieldError::new("/access_count", "must be at least 0"));
    }
    if line.version.is_some_and(|version| version < 1) {
        fields.push(FieldError::new("/version", "must be at least 1"));
    }
    if fields.is_empty() { Ok(()) } else { Err(fields) }
}

fn memory(line: Line, id: Uuid, user: Uuid, now: Millis) -> Memory {
    let created_at = line.created_at.unwrap_or(now);
    Memory {
        id,
        user_id: user,
        title: line.title,
        content: line.content,
        source_type: line.source_type.unwrap_or(SourceType::Import),
        source_id: line.source_id,
        importance: line.importance.unwrap_or(0.5),
        tags: validate::once(line.tags),
        metadata: line.metadata,
        is_active: line.is_active && line.deleted_at.is_none() && line.superseded_by.is_none(),
        access_count: line.access_count,
        last_accessed_at: line.last_accessed_at,
        superseded_by: line.superseded_by,
        created_at,
        updated_at: line.updated_at.unwrap_or(created_at),
        deleted_at: line.deleted_at,
        version: line.version.unwrap_or(1),
        embedding: None,
    }
}
