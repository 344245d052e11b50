//! `POST /v1/chat/completions`

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::{ChatCompletion, Envelope};
use super::{persona, upstream};
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::{Body, Caller, RequestId};
use crate::service::openai::{Behind, refused};

/// A conversation to be continued. What is not listed here goes to models of the server behind as it came, and says nothing to
/// a persona.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatCompletionRequest {
    /// `persona:<id>`, or a model of the server behind.
    #[schema(min_length = 1, max_length = 256)]
    pub(super) model: String,
    /// Oldest first. A persona answers the last one, which must be a user's.
    #[schema(min_items = 1, max_items = 4096)]
    pub(super) messages: Vec<ChatCompletionMessage>,
    /// As server-sent events.
    pub(super) stream: Option<bool>,
    /// Only with `stream`.
    pub(super) stream_options: Option<ChatStreamOptions>,
    /// How freely; a persona has its own when this is left out.
    #[schema(minimum = 0, maximum = 2)]
    pub(super) temperature: Option<f32>,
    /// Tokens of the answer at most.
    #[schema(minimum = 1)]
    pub(super) max_tokens: Option<u32>,
    /// The same; wins over `max_tokens`.
    #[schema(minimum = 1)]
    pub(super) max_completion_tokens: Option<u32>,
    /// Where the answer ends; at most 4.
    pub(super) stop: Option<ChatStop>,
    /// Only 1.
    #[schema(minimum = 1)]
    pub(super) n: Option<u32>,
    /// For models of the server behind; personas have actions of their own.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) tools: Option<Vec<Value>>,
    /// For models of the server behind.
    pub(super) response_format: Option<ChatResponseFormat>,
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatCompletionMessage {
    /// Who says it.
    pub(super) role: ChatRole,
    /// What.
    pub(super) content: Option<ChatContent>,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChatRole {
    /// The program. A persona is told so, and remains who it is.
    System,
    /// The same.
    Developer,
    /// The person.
    User,
    /// The model or persona.
    Assistant,
    /// A tool.
    Tool,
    /// A tool, in an older word.
    Function,
}

/// What a message says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatContent {
    /// Text.
    Text(String),
    /// Parts; a persona reads those of type `text`.
    Parts(Vec<ChatPart>),
}

/// A part of a message.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatPart {
    /// `text`, or whatever the model behind knows.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Of a part of type `text`.
    pub(super) text: Option<String>,
}

/// How to stream.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatStreamOptions {
    /// A last chunk tells what it took.
    pub(super) include_usage: Option<bool>,
}

/// Where an answer ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatStop {
    /// At this.
    One(String),
    /// At any of these.
    Many(Vec<String>),
}

/// What the answer must be.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatResponseFormat {
    /// `text`, `json_object`, `json_schema`.
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl ChatCompletionRequest {
    /// Whether the client wants the chunk that tells what it took.
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or_default()
    }
    pub(super) fn streams(&self) -> bool {
        self.stream.unwrap_or_default()
    }
    pub(super) fn most_tokens(&self) -> Option<u32> {
        self.max_completion_tokens.or(self.max_tokens)
    }
}

/// Continue a conversation
///
/// By a persona (`persona:<id>`: its voice, the caller's memories, no tools of the client) or by a model of the server behind.
/// Nothing of it is stored. A client that leaves ends it. With `stream`, chunks follow as `data:` frames up to `data: [DONE]`;
/// what fails after the first of them is a frame `data: {"error": …}`.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "openai", operation_id = "openai_chat",
    request_body = ChatCompletionRequest,
    responses((status = 200, content((ChatCompletion = "application/json"), (String = "text/event-stream")))),
    extensions(("x-permission" = json!("chat:use")), ("x-deadline-seconds" = json!(900))),
)]
pub(super) async fn complete(State(app): State<App>, caller: Caller, request: RequestId, Body(raw): Body<Value>) -> Outcome<Response> {
    // What fits the schema fits the type.
    let ask = ChatCompletionRequest::deserialize(&raw).map_err(Fault::internal)?;
    if ask.n.is_some_and(|n| n != 1) {
        return Err(refused("n", "one answer at a time", "leave `n` out and ask again for another answer"));
    }
    let envelope =
        Envelope { id: format!("chatcmpl-{}", app.ids.id().simple()), created: app.clock.now() / 1000, model: ask.model.clone() };
    match app.openai.behind(&ask.model).await? {
        Behind::Persona(id) => persona::answer(&app, &caller, request, envelope, id, ask).await,
        Behind::Server => upstream::answer(&app, &caller, request, envelope, &ask, raw).await,
        Behind::Embedder => {
            Err(refused("model", format!("`{}` makes vectors and says nothing", ask.model), "`GET /v1/models` lists the personas"))
        }
    }
}
