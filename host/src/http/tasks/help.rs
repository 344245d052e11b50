//! What answers of the task intelligence share: where they come from, and drafts of tasks.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::RecurrenceBody;
use crate::http::Time;
use crate::http::chat::body::PluginBody;
use crate::model::task::Priority;
use crate::service::tasks::intelligence::{Drafted, Helped};

/// Where an answer comes from, and why there may be none. A plugin that fails leaves an empty answer and a reason, never an
/// error: what a person does with their tasks does not depend on it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TaskHelp)]
pub struct HelpBody {
    /// `rules` or `model`; null when there is no answer.
    #[schema(required)]
    pub source: Option<String>,
    /// A model would have been asked but was not there, or there is no answer.
    pub degraded: bool,
    /// The code of why there is no answer, e.g. `PLG_001`; null when there is one.
    #[schema(required)]
    pub reason: Option<&'static str>,
    /// More about it, for people; may be empty.
    pub note: String,
    /// Which plugin was asked; null when none is bound.
    #[schema(required)]
    pub plugin: Option<PluginBody>,
}

impl HelpBody {
    /// The value, and where it comes from.
    pub(super) fn split<T>(helped: Helped<T>) -> (T, Self) {
        let answered = helped.reason.is_none();
        let note = helped.reason.map_or(helped.origin.note, |reason| reason.message().to_owned());
        let help = Self {
            source: answered.then_some(helped.origin.source),
            degraded: helped.origin.degraded,
            reason: helped.reason.map(crate::error::Code::text),
            note,
            plugin: helped.revision.map(Into::into),
        };
        (helped.value, help)
    }
}

/// A task that could be made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TaskDraft)]
pub struct DraftBody {
    /// What is to be done.
    pub title: String,
    /// More about it; may be empty.
    pub description: String,
    /// How pressing it is.
    pub priority: Priority,
    /// 1…5.
    pub difficulty: i64,
    /// Until when.
    #[schema(required)]
    pub due_date: Option<Time>,
    /// How it comes again.
    #[schema(required)]
    pub recurrence: Option<RecurrenceBody>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How sure it is, 0…1.
    pub confidence: f64,
    /// The words it was read from; may be empty.
    pub evidence: String,
    /// The open task of the same title, if there is one: then it is not made again.
    #[schema(required)]
    pub duplicate_of: Option<Uuid>,
}

impl From<Drafted> for DraftBody {
    fn from(draft: Drafted) -> Self {
        Self {
            title: draft.title,
            description: draft.description,
            priority: draft.priority,
            difficulty: draft.difficulty,
            due_date: draft.due_date.map(Time),
            recurrence: draft.recurrence.map(Into::into),
            tags: draft.tags,
            confidence: draft.confidence,
            evidence: draft.evidence,
            duplicate_of: draft.duplicate_of,
        }
    }
}
