//! `GET /api/v1/tasks/suggestions`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::RecurrenceBody;
use super::help::HelpBody;
use crate::app::App;
use crate::error::Outcome;
use crate::http::{Caller, Query, Time};
use crate::model::task::Priority;
use crate::service::tasks::intelligence::Suggested;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestionQuery {
    /// Suggestions at most.
    #[serde(default = "usual")]
    #[param(minimum = 1, maximum = 20, default = 5, required = false)]
    limit: u32,
}

const fn usual() -> u32 {
    5
}

/// Something that the person might want to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskSuggestion)]
pub struct SuggestionBody {
    /// What to do.
    title: String,
    /// More about it; may be empty.
    description: String,
    /// How pressing it is.
    priority: Priority,
    /// 1…5.
    difficulty: i64,
    /// Until when.
    #[schema(required)]
    due_date: Option<Time>,
    /// How it comes again.
    #[schema(required)]
    recurrence: Option<RecurrenceBody>,
    /// Words to find it by.
    tags: Vec<String>,
    /// Why, for the person.
    reason: String,
    /// What it rests on: `habit`, `follow-up`, `memory`, `rhythm`, or another word of the plugin.
    source: String,
    /// How sure it is, 0…1.
    confidence: f64,
    /// The words it was read from; may be empty.
    evidence: String,
}

impl From<Suggested> for SuggestionBody {
    fn from(one: Suggested) -> Self {
        let draft = one.draft;
        Self {
            title: draft.title,
            description: draft.description,
            priority: draft.priority,
            difficulty: draft.difficulty,
            due_date: draft.due_date.map(Time),
            recurrence: draft.recurrence.map(Into::into),
            tags: draft.tags,
            reason: one.reason,
            source: one.source,
            confidence: draft.confidence,
            evidence: draft.evidence,
        }
    }
}

/// Suggestions, best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskSuggestions {
    /// At most as many as asked for.
    suggestions: Vec<SuggestionBody>,
    #[serde(flatten)]
    help: HelpBody,
}

/// What might be done next
///
/// Habits that are due again, what follows from what was done, intentions in memories, the rhythm of the week. Nothing is
/// made: create the ones you like.
#[utoipa::path(
    get, path = "/api/v1/tasks/suggestions", tag = "tasks", operation_id = "tasks_suggestions",
    params(SuggestionQuery),
    responses((status = 200, body = TaskSuggestions)),
    extensions(("x-permission" = json!("task:read")), ("x-deadline-seconds" = json!(60))),
)]
pub async fn suggestions(State(app): State<App>, caller: Caller, Query(query): Query<SuggestionQuery>) -> Outcome<Json<TaskSuggestions>> {
    let (suggestions, help) = HelpBody::split(app.tasks.suggest(&caller, query.limit).await?);
    Ok(Json(TaskSuggestions { suggestions: suggestions.into_iter().map(Into::into).collect(), help }))
}
