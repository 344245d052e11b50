//! `GET`, `POST /api/v1/chat/conversations`; `GET`, `PATCH`, `DELETE /api/v1/chat/conversations/{id}`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::body::ConversationBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Created, IfMatch, ListQuery, NoContent, Page, Patch, Path, Query, Time, Versioned, found_first};
use crate::service::chat::ConversationEdit;
use crate::store::conversations::Filter;

/// Which of the caller's conversations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// This text in the title or in a message, whatever its case.
    #[param(max_length = 500, nullable = false)]
    search: Option<String>,
}

/// List conversations
///
/// The one in which something was said last comes first.
#[utoipa::path(
    get, path = "/api/v1/chat/conversations", tag = "chat", operation_id = "chat_conversations",
    params(ListQuery, ConversationQuery),
    responses((status = 200, body = Page<ConversationBody>)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(list): Query<ListQuery>,
    Query(query): Query<ConversationQuery>,
) -> Outcome<Json<Page<ConversationBody>>> {
    let filter =
        Filter { search: query.search, updated_after: list.updated_after.map(Time::millis), include_deleted: list.include_deleted };
    let slice = app.chat.list(&caller, &filter, &list.page()?).await?;
    Ok(Json(Page::of(slice, &list).map(Into::into)))
}

/// A new conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    /// What it is about; the first message names it when left out.
    #[schema(min_length = 1, max_length = 500)]
    title: Option<String>,
    /// Who must answer; whoever suits best when left out.
    #[schema(min_length = 1, max_length = 100)]
    persona: Option<String>,
    /// The caller's own id, or left out.
    user_id: Option<Uuid>,
}

/// Begin a conversation
///
/// A message without a conversation begins one by itself.
#[utoipa::path(
    post, path = "/api/v1/chat/conversations", tag = "chat", operation_id = "chat_conversation_create",
    request_body = NewConversation,
    responses((status = 201, body = ConversationBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn create(State(app): State<App>, caller: Caller, Body(body): Body<NewConversation>) -> Outcome<Created<ConversationBody>> {
    super::body::owner(body.user_id, &caller)?;
    let conversation = app.chat.create(&caller, body.title, body.persona).await?;
    Ok(created(conversation))
}

pub(super) fn created(conversation: crate::model::conversation::Conversation) -> Created<ConversationBody> {
    let location = format!("/api/v1/chat/conversations/{}", conversation.id);
    Created { location, version: Some(conversation.version), body: conversation.into() }
}

/// Read a conversation
#[utoipa::path(
    get, path = "/api/v1/chat/conversations/{id}", tag = "chat", operation_id = "chat_conversation",
    responses((status = 200, body = ConversationBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn read(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>) -> Outcome<Versioned<ConversationBody>> {
    let conversation = app.chat.get(&caller, id).await?;
    Ok(Versioned(conversation.version, conversation.into()))
}

/// What to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationChange {
    /// What it is about.
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    title: Option<String>,
    /// Who must answer from now on; `null`: whoever suits best.
    #[serde(default)]
    #[schema(required = false, max_length = 100, value_type = Option<String>)]
    persona: Patch<String>,
}

/// Change a conversation
#[utoipa::path(
    patch, path = "/api/v1/chat/conversations/{id}", tag = "chat", operation_id = "chat_conversation_change",
    params(IfMatch),
    request_body = ConversationChange,
    responses((status = 200, body = ConversationBody)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<ConversationChange>, Fault>,
) -> Outcome<Versioned<ConversationBody>> {
    let body = found_first(body, app.chat.get(&caller, id)).await?;
    let edit = ConversationEdit { title: body.title, persona: body.persona.into_change() };
    let conversation = app.chat.change(&caller, id, edit, if_match.version()).await?;
    Ok(Versioned(conversation.version, conversation.into()))
}

/// Delete a conversation
///
/// What was said in it goes with it, answers under way too.
#[utoipa::path(
    delete, path = "/api/v1/chat/conversations/{id}", tag = "chat", operation_id = "chat_conversation_delete",
    params(IfMatch),
    responses((status = 204)),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn remove(State(app): State<App>, caller: Caller, Path(id): Path<Uuid>, if_match: IfMatch) -> Outcome<NoContent> {
    app.chat.delete(&caller, id, if_match.version()).await?;
    Ok(NoContent)
}
