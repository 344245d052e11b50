//! `POST /api/v1/chat/agentic/stream`, `/agentic/complete`: turns in which a persona may have operations performed.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::runs::{Events, events};
use super::say::AnswerBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller};
use crate::model::conversation::Speaker;
use crate::service::chat::{Manner, NewTurn, OnDisconnect};

/// Rounds of operations when nothing is said.
const ROUNDS: u32 = 3;

/// Something to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgenticTurn {
    /// What was said so far, oldest first; the last one is the person's and is answered. A new conversation begins with them.
    #[schema(min_items = 1, max_items = 100)]
    messages: Vec<AgenticMessage>,
    /// Rounds of operations at most, 1…10; 3 when left out.
    #[schema(minimum = 1, maximum = 10)]
    max_iterations: Option<u32>,
    /// Whether visible reasoning is told; it is when left out.
    include_reasoning: Option<bool>,
    /// Who must answer; whoever suits best when left out.
    #[schema(min_length = 1, max_length = 100)]
    persona: Option<String>,
}

/// One thing that was said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgenticMessage {
    // nobody speaks for the host: there is no `system`
    role: AgenticRole,
    /// The words.
    #[schema(min_length = 1, max_length = 262_144)]
    content: String,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgenticRole {
    /// The person.
    User,
    /// A persona.
    Assistant,
}

impl AgenticTurn {
    fn turn(self) -> Outcome<NewTurn> {
        let mut before: Vec<(Speaker, String)> = self.messages.into_iter().map(|one| (one.role.into(), one.content)).collect();
        let last = before.pop().filter(|(role, _)| *role == Speaker::User);
        let (_, message) = last.ok_or_else(|| Fault::field("/messages", "must end with what the person (`user`) says"))?;
        let manner = Manner {
            persona: self.persona,
            rounds: Some(self.max_iterations.unwrap_or(ROUNDS)),
            reasoning: self.include_reasoning.unwrap_or(true),
            ..Manner::default()
        };
        Ok(NewTurn { message, conversation: None, before, manner })
    }
}

impl From<AgenticRole> for Speaker {
    fn from(role: AgenticRole) -> Self {
        match role {
            AgenticRole::User => Self::User,
            AgenticRole::Assistant => Self::Assistant,
        }
    }
}

/// Have something done, and hear the answer while it is made
///
/// As `/chat/stream`; the persona may have the host's own operations performed on the way, with the caller's permissions and on
/// what is the caller's, each told as an `action`.
#[utoipa::path(
    post, path = "/api/v1/chat/agentic/stream", tag = "chat", operation_id = "chat_agentic_stream",
    request_body = AgenticTurn,
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 429, description = "Too many answers under way (RATE_001)")),
    extensions(("x-permission" = json!("chat:use"))),
)]
pub async fn stream(State(app): State<App>, caller: Caller, Body(body): Body<AgenticTurn>) -> Outcome<Events> {
    let turn = body.turn()?;
    let permit = app.streams.enter(caller.user)?;
    Ok(events(app.chat.stream(&caller, turn, OnDisconnect::Continue, permit).await?))
}

/// Have something done
///
/// As `/chat/message`, with operations on the way; `context.actions` names them.
#[utoipa::path(
    post, path = "/api/v1/chat/agentic/complete", tag = "chat", operation_id = "chat_agentic_complete",
    request_body = AgenticTurn,
    responses((status = 200, body = AnswerBody)),
    extensions(("x-permission" = json!("chat:use")), ("x-deadline-seconds" = json!(150))),
)]
pub async fn complete(State(app): State<App>, caller: Caller, Body(body): Body<AgenticTurn>) -> Outcome<Json<AnswerBody>> {
    Ok(Json(app.chat.message(&caller, body.turn()?).await?.into()))
}
