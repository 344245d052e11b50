//! The enums of tasks in the OpenAPI document: their texts come from the model, so the two cannot differ.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::task::{Priority, QuestType, Status, TaskSort, Urgency};
use crate::service::tasks::quick_add::TokenKind;

fn words(texts: impl IntoIterator<Item = &'static str>, about: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(texts)).into()
}

macro_rules! documented {
    ($($name:ident: $about:literal,)+) => { $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> { words($name::ALL.iter().map(|value| value.text()), $about) }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> { Cow::Borrowed(stringify!($name)) }
        }
    )+ };
}
documented! {
    Status: "Where a task stands.",
    Priority: "How pressing a task is.",
    QuestType: "What sort of quest a task is.",
    Urgency: "How soon a task is due: `urgent` within the hour, `soon` within four, `today` within a day, then `upcoming`.",
    TokenKind: "What words of a line were recognised as.",
}

const SORTS: [(&str, TaskSort); 12] = [
    ("created_at", TaskSort::Created(false)),
    ("-created_at", TaskSort::Created(true)),
    ("updated_at", TaskSort::Updated(false)),
    ("-updated_at", TaskSort::Updated(true)),
    ("due_date", TaskSort::Due(false)),
    ("-due_date", TaskSort::Due(true)),
    ("priority", TaskSort::Priority(false)),
    ("-priority", TaskSort::Priority(true)),
    ("difficulty", TaskSort::Difficulty(false)),
    ("-difficulty", TaskSort::Difficulty(true)),
    ("title", TaskSort::Title(false)),
    ("-title", TaskSort::Title(true)),
];

/// The order of a list: a field, with `-` before it for the other direction. Newest first when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortWord(pub TaskSort);

impl SortWord {
    /// As a client writes it: what a cursor of this order carries. Nothing said is newest first.
    pub(super) fn text(word: Option<Self>) -> &'static str {
        let sort = word.map_or(TaskSort::Created(true), |word| word.0);
        SORTS.iter().find(|(_, known)| *known == sort).map_or("", |(text, _)| text)
    }
}

impl<'de> Deserialize<'de> for SortWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let found = SORTS.iter().find(|(word, _)| *word == text);
        found.map(|(_, sort)| Self(*sort)).ok_or_else(|| D::Error::custom("not a field to sort by"))
    }
}

impl PartialSchema for SortWord {
    fn schema() -> RefOr<Schema> {
        words(SORTS.iter().map(|(word, _)| *word), "A field to sort by; `-` turns the order round.")
    }
}

impl ToSchema for SortWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TaskSort")
    }
}
