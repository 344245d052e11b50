//! The enums of memories in the OpenAPI document: their texts come from the model, so the two cannot differ.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::memory::{MemorySort, SourceType};
use crate::service::memories::Mode;

fn words(texts: impl IntoIterator<Item = &'static str>, about: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(texts)).into()
}

impl PartialSchema for SourceType {
    fn schema() -> RefOr<Schema> {
        words(Self::ALL.iter().map(|value| value.text()), "Where a memory comes from.")
    }
}

impl ToSchema for SourceType {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SourceType")
    }
}

impl PartialSchema for Mode {
    fn schema() -> RefOr<Schema> {
        words(Self::ALL.iter().map(|value| value.text()), "How to look: by words, by meaning, or both.")
    }
}

impl ToSchema for Mode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SearchMode")
    }
}

const SORTS: [(&str, MemorySort); 10] = [
    ("created_at", MemorySort::Created(false)),
    ("-created_at", MemorySort::Created(true)),
    ("updated_at", MemorySort::Updated(false)),
    ("-updated_at", MemorySort::Updated(true)),
    ("importance", MemorySort::Importance(false)),
    ("-importance", MemorySort::Importance(true)),
    ("access_count", MemorySort::Accessed(false)),
    ("-access_count", MemorySort::Accessed(true)),
    ("title", MemorySort::Title(false)),
    ("-title", MemorySort::Title(true)),
];

/// The order of a list: a field, with `-` before it for the other direction. Newest first when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySortWord(pub MemorySort);

impl MemorySortWord {
    /// As a client writes it: what a cursor of this order carries. Nothing said is newest first.
    pub(super) fn text(word: Option<Self>) -> &'static str {
        let sort = word.map_or(MemorySort::Created(true), |word| word.0);
        SORTS.iter().find(|(_, known)| *known == sort).map_or("", |(text, _)| text)
    }
}

impl<'de> Deserialize<'de> for MemorySortWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let found = SORTS.iter().find(|(word, _)| *word == text);
        found.map(|(_, sort)| Self(*sort)).ok_or_else(|| D::Error::custom("not a field to sort by"))
    }
}

impl PartialSchema for MemorySortWord {
    fn schema() -> RefOr<Schema> {
        words(SORTS.iter().map(|(word, _)| *word), "A field to sort by; `-` turns the order round.")
    }
}

impl ToSchema for MemorySortWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("MemorySort")
    }
}
