//! `POST /api/v1/tasks/extract`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TaskBody;
use super::help::{DraftBody, HelpBody};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller};
use crate::service::tasks::intelligence::{Extracted, Source};

/// Where to look for tasks: a text or a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractTasks {
    /// The caller's own words, at most 256 KiB.
    #[schema(min_length = 1, max_length = 262_144)]
    text: Option<String>,
    /// One of the caller's conversations; what the caller said in its newest 64 messages is read. Needs `chat:use` too.
    conversation_id: Option<Uuid>,
    /// Make what was found.
    #[serde(default)]
    #[schema(required = false, default = false)]
    auto_create: bool,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExtractedTasks {
    /// Each with the words it was read from, at most 20.
    tasks: Vec<DraftBody>,
    /// The tasks made; empty without `auto_create`.
    created: Vec<TaskBody>,
    #[serde(flatten)]
    help: HelpBody,
}

/// Find tasks in words
///
/// With `auto_create` those are made, all of them or none, whose confidence is at least 0.5 and whose title no open task has:
/// the same text twice makes nothing twice. What a task was read from stands in its `metadata.extracted`.
#[utoipa::path(
    post, path = "/api/v1/tasks/extract", tag = "tasks", operation_id = "tasks_extract",
    request_body = ExtractTasks,
    responses((status = 200, body = ExtractedTasks)),
    extensions(("x-permission" = json!("task:write")), ("x-deadline-seconds" = json!(60))),
)]
pub async fn extract(State(app): State<App>, caller: Caller, Body(body): Body<ExtractTasks>) -> Outcome<Json<ExtractedTasks>> {
    let source = match (body.text, body.conversation_id) {
        (Some(text), None) => Source::Text(text),
        (None, Some(conversation)) => Source::Conversation(conversation),
        (None, None) => return Err(Fault::field("/text", "is required, or `conversation_id`")),
        (Some(_), Some(_)) => return Err(Fault::field("/conversation_id", "does not go with `text`: name one of them")),
    };
    let Extracted { drafts, created } = app.tasks.extract(&caller, source, body.auto_create).await?;
    let (drafts, help) = HelpBody::split(drafts);
    let tasks = drafts.into_iter().map(Into::into).collect();
    Ok(Json(ExtractedTasks { tasks, created: created.into_iter().map(Into::into).collect(), help }))
}
