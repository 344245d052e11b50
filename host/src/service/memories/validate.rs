//! The bounds of a memory that its schema cannot say (`operations.md`, Bounds), all of them at once.

use uuid::Uuid;

use super::{MemoryEdit, NewMemory};
use crate::error::Outcome;
use crate::model::memory::Memory;
use crate::service::bounds::{Bad, owner};

const CONTENT_BYTES: usize = 256 * 1024;
const SOURCE_CHARS: usize = 500;

impl Bad {
    fn content(&mut self, content: &str) {
        self.when(content.trim().is_empty(), "/content", "must not be blank");
        self.when(content.len() > CONTENT_BYTES, "/content", "must have at most 256 KiB");
    }

    fn source(&mut self, source: &str) {
        self.when(source.chars().count() > SOURCE_CHARS, "/source_id", format!("must have at most {SOURCE_CHARS} characters"));
    }

    fn importance(&mut self, importance: f64) {
        self.when(!(0.0..=1.0).contains(&importance), "/importance", "must be a number from 0 to 1");
    }
}

impl NewMemory {
    /// Checks every bound.
    ///
    /// # Errors
    /// 403 for somebody else's `user_id`; 422 with every bad field.
    pub fn validate(&self, caller: Uuid) -> Outcome<()> {
        owner(self.user_id, caller, "memory")?;
        let mut bad = Bad::default();
        bad.title(&self.title);
        bad.content(&self.content);
        self.source_id.iter().for_each(|source| bad.source(source));
        bad.importance(self.importance);
        bad.tags(&self.tags);
        bad.metadata(&self.metadata);
        bad.done()
    }
}

impl MemoryEdit {
    /// Checks every bound of what is given. Metadata is checked as a whole when it is merged.
    ///
    /// # Errors
    /// 403 for somebody else's `user_id`; 422 with every bad field.
    pub fn validate(&self, caller: Uuid) -> Outcome<()> {
        owner(self.user_id, caller, "memory")?;
        let mut bad = Bad::default();
        self.title.iter().for_each(|title| bad.title(title));
        self.content.iter().for_each(|content| bad.content(content));
        self.source_id.iter().flatten().for_each(|source| bad.source(source));
        self.importance.iter().for_each(|importance| bad.importance(*importance));
        self.tags.iter().for_each(|tags| bad.tags(tags));
        bad.done()
    }
}

/// The bounds that concern a whole memory after a change.
pub(super) fn whole(memory: &Memory) -> Outcome<()> {
    let mut bad = Bad::default();
    bad.metadata(&memory.metadata);
    bad.done()
}

/// Each tag once, in the order given.
pub(super) fn once(mut tags: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Object;

    #[test]
    fn one_answer_names_every_bad_field() {
        let bad = NewMemory {
            title: "x".repeat(501),
            content: " \n".into(),
            tags: vec!["y".repeat(65), "a,b".into(), " ".into()],
            source_id: Some("z".repeat(501)),
            importance: f64::NAN,
            metadata: Object::from_iter([("big".to_owned(), "x".repeat(17_000).into())]),
            ..NewMemory::default()
        };
        let fault = bad.validate(Uuid::nil()).unwrap_err();
        let pointers: Vec<&str> = fault.fields.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(pointers, ["/title", "/content", "/source_id", "/importance", "/tags/0", "/tags/1", "/tags/2", "/metadata"]);
        let fits = NewMemory { content: "ä".repeat(128 * 1024), ..NewMemory::default() };
        assert!(fits.validate(Uuid::nil()).is_ok());
        assert!(NewMemory { content: format!("{}x", fits.content), ..fits }.validate(Uuid::nil()).is_err());
    }
}
