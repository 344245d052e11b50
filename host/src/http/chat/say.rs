//! `POST /api/v1/chat/message`, `/stream`, `/conversations/{id}/regenerate`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{ContextBody, PluginBody, UsageBody, owner};
use super::runs::{Events, events};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, Path, found_first};
use crate::plugin::persona::MemoryDraft;
use crate::service::chat::{Answer, Manner, NewTurn, OnDisconnect};

/// Something to be answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMessage)]
pub struct Say {
    /// The words, at most 256 KiB.
    #[schema(min_length = 1, max_length = 262_144)]
    message: String,
    /// Where; a new conversation when left out.
    conversation_id: Option<Uuid>,
    /// Who must answer; the conversation's or the caller's own persona, or whoever suits best, when left out.
    #[schema(min_length = 1, max_length = 100)]
    persona: Option<String>,
    /// Whether memories may be looked at; they may when left out.
    include_memories: Option<bool>,
    /// How freely, 0…2; the persona's own when left out. 0 counts.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Which model, as the model server names it.
    #[schema(min_length = 1, max_length = 200)]
    model: Option<String>,
    /// Of a stream: what becomes of the answer when nobody listens. A message that is not streamed always ends with its request.
    #[schema(inline)]
    on_disconnect: Option<DisconnectWord>,
    /// The caller's own id, or left out.
    user_id: Option<Uuid>,
}

/// What becomes of an answer that nobody listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DisconnectWord {
    /// It goes on for a minute, then it is stopped.
    Continue,
    /// It is stopped at once.
    Cancel,
}

impl Say {
    fn turn(self, caller: &Caller) -> Outcome<(NewTurn, OnDisconnect)> {
        owner(self.user_id, caller)?;
        let manner = Manner {
            persona: self.persona,
            include_memories: self.include_memories.unwrap_or(true),
            temperature: self.temperature,
            model: self.model,
            ..Manner::default()
        };
        let on_disconnect = match self.on_disconnect {
            Some(DisconnectWord::Cancel) => OnDisconnect::Cancel,
            Some(DisconnectWord::Continue) | None => OnDisconnect::Continue,
        };
        Ok((NewTurn { message: self.message, conversation: self.conversation_id, before: Vec::new(), manner }, on_disconnect))
    }
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerBody {
    /// The words.
    response: String,
    /// Where they were said.
    conversation_id: Uuid,
    /// The answer's id.
    message_id: Uuid,
    /// The caller's memories that it rests on.
    memories_used: Vec<Uuid>,
    /// Who answered.
    #[schema(required)]
    persona: Option<String>,
    /// Which revision of it.
    #[schema(required)]
    plugin: Option<PluginBody>,
    /// What it cost.
    usage: UsageBody,
    /// Made without something it needs (a model, the newest revision), or not whole.
    degraded: bool,
    /// What the persona was shown, and what was left out.
    #[schema(required)]
    context: Option<ContextBody>,
    /// What the caller might say next.
    suggestions: Vec<String>,
    /// What the persona proposes to keep; nothing is kept by itself.
    proposed_memories: Vec<DraftBody>,
    /// Why it is not whole; absent of a whole one.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<BrokenBody>,
}

/// A memory that a persona proposes to keep.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProposedMemory)]
pub struct DraftBody {
    /// What it is about.
    title: String,
    /// The words.
    content: String,
    /// Words to find it by.
    tags: Vec<String>,
    /// 0…1.
    importance: f32,
}

/// Why an answer is not whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnswerBroken)]
pub struct BrokenBody {
    /// A row of the code table.
    code: &'static str,
    /// One sentence.
    message: String,
}

impl From<MemoryDraft> for DraftBody {
    fn from(draft: MemoryDraft) -> Self {
        Self { title: draft.title, content: draft.content, tags: draft.tags, importance: draft.importance }
    }
}

impl From<Answer> for AnswerBody {
    fn from(answer: Answer) -> Self {
        let message = answer.message;
        Self {
            usage: UsageBody::of(&message),
            response: message.content,
            conversation_id: message.conversation_id,
            message_id: message.id,
            memories_used: message.memories_used,
            persona: message.persona,
            plugin: message.rules.map(Into::into),
            degraded: message.degraded,
            context: message.context.map(Into::into),
            suggestions: answer.suggestions,
            proposed_memories: answer.drafts.into_iter().map(Into::into).collect(),
            error: answer.fault.map(|fault| BrokenBody { code: fault.code.text(), message: fault.public_message().to_owned() }),
        }
    }
}

/// Say something
///
/// The words are kept before anybody is asked. A client that leaves stops the answer within a second; what was said of it by
/// then is kept among the messages, marked degraded. With an `Idempotency-Key` the answer is made whole instead, for the
/// repetition.
#[utoipa::path(
    post, path = "/api/v1/chat/message", tag = "chat", operation_id = "chat_message",
    request_body = Say,
    responses((status = 200, body = AnswerBody)),
    extensions(("x-permission" = json!("chat:use")), ("x-deadline-seconds" = json!(150))),
)]
pub async fn message(State(app): State<App>, caller: Caller, Body(body): Body<Say>) -> Outcome<Json<AnswerBody>> {
    let (turn, _) = body.turn(&caller)?;
    Ok(Json(app.chat.message(&caller, turn).await?.into()))
}

/// Say something, and hear the answer while it is made
///
/// Server-sent events, each with `id` and `event`; the data is a JSON object with its `type`: `meta` first (with `run_id`), then
/// `status`, `memory`, `action`, `reasoning`, `delta` (pieces of the answer in `text`), `suggestions`, `usage`, `error`, and
/// exactly one `done` as the last, also after `error`. The answer is kept before `done` is told. The run belongs to no connection:
/// `GET /api/v1/chat/runs/{run_id}/events` goes on from any event.
#[utoipa::path(
    post, path = "/api/v1/chat/stream", tag = "chat", operation_id = "chat_stream",
    request_body = Say,
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 429, description = "Too many answers under way (RATE_001)")),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn stream(State(app): State<App>, caller: Caller, Body(body): Body<Say>) -> Outcome<Events> {
    let (turn, on_disconnect) = body.turn(&caller)?;
    let permit = app.streams.enter(caller.user)?;
    Ok(events(app.chat.stream(&caller, turn, on_disconnect, permit).await?))
}

/// How the last message is to be answered now.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Regenerate {
    /// Who must answer; as for a new message when left out.
    #[schema(min_length = 1, max_length = 100)]
    persona: Option<String>,
    /// Whether memories may be looked at; they may when left out.
    include_memories: Option<bool>,
    /// How freely, 0…2.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Which model.
    #[schema(min_length = 1, max_length = 200)]
    model: Option<String>,
}

/// Answer the last message again
///
/// The new answer takes the place of the old one when it is whole; until then, and when it fails, the old one stays.
#[utoipa::path(
    post, path = "/api/v1/chat/conversations/{id}/regenerate", tag = "chat", operation_id = "chat_regenerate",
    request_body = Regenerate,
    responses((status = 200, body = AnswerBody)),
    extensions(("x-permission" = json!("chat:use")), ("x-deadline-seconds" = json!(150))),
)]
pub async fn regenerate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Result<Body<Regenerate>, Fault>,
) -> Outcome<Json<AnswerBody>> {
    let body = found_first(body, app.chat.get(&caller, id)).await?;
    let manner = Manner {
        persona: body.persona,
        include_memories: body.include_memories.unwrap_or(true),
        temperature: body.temperature,
        model: body.model,
        ..Manner::default()
    };
    Ok(Json(app.chat.regenerate(&caller, id, manner).await?.into()))
}
