//! The bounds that a schema cannot say (`operations.md`, Bounds), as far as several kinds of things have the same.

use uuid::Uuid;

use crate::error::{Code, Fault, FieldError, Outcome};
use crate::model::Object;

/// Characters of a title.
const TITLE_CHARS: usize = 500;
/// Tags of one thing, and characters of each.
const MOST_TAGS: usize = 50;
const TAG_CHARS: usize = 64;
/// Bytes of an object of the client's own, as JSON.
const METADATA_BYTES: usize = 16 * 1024;

/// Collects what is wrong, so that one answer names all of it.
#[derive(Default)]
pub(super) struct Bad(Vec<FieldError>);

impl Bad {
    pub(super) fn when(&mut self, bad: bool, pointer: &str, message: impl Into<String>) {
        if bad {
            self.0.push(FieldError::new(pointer, message));
        }
    }

    pub(super) fn title(&mut self, title: &str) {
        self.when(title.chars().count() > TITLE_CHARS, "/title", format!("must have at most {TITLE_CHARS} characters"));
    }

    pub(super) fn texts(&mut self, list: &[String], pointer: &str, most: usize, chars: usize) {
        self.when(list.len() > most, pointer, format!("must have at most {most} items"));
        for (index, text) in list.iter().take(most).enumerate() {
            self.text(text, &format!("{pointer}/{index}"), chars);
        }
    }

    fn text(&mut self, text: &str, pointer: &str, chars: usize) {
        self.when(text.trim().is_empty(), pointer, "must not be blank");
        self.when(text.chars().count() > chars, pointer, format!("must have at most {chars} characters"));
    }

    pub(super) fn tags(&mut self, tags: &[String]) {
        self.when(tags.len() > MOST_TAGS, "/tags", format!("must have at most {MOST_TAGS} items"));
        for (index, tag) in tags.iter().take(MOST_TAGS).enumerate() {
            let pointer = format!("/tags/{index}");
            self.text(tag, &pointer, TAG_CHARS);
            self.when(tag.contains(','), &pointer, "must not contain a comma: lists of tags are separated by it");
        }
    }

    pub(super) fn metadata(&mut self, metadata: &Object) {
        self.0.extend(too_large(metadata, "/metadata"));
    }

    pub(super) fn done(self) -> Outcome<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::invalid(self.0)) }
    }
}

/// What is wrong with an object of the client's own, if anything is.
pub(super) fn too_large(metadata: &Object, pointer: &str) -> Option<FieldError> {
    let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
    (bytes > METADATA_BYTES).then(|| FieldError::new(pointer, "must have at most 16 KiB as JSON"))
}

/// A `user_id` in a body is the caller's own.
pub(super) fn owner(named: Option<Uuid>, caller: Uuid, of: &str) -> Outcome<()> {
    match named {
        Some(named) if named != caller => Err(Fault::new(Code::NotPermitted)
            .message("`user_id` is somebody else")
            .hint(format!("leave it out: a {of} is always the caller's own"))),
        _ => Ok(()),
    }
}
