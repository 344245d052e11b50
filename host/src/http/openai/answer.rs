//! Answers as OpenAI's clients read them: whole, or as chunks of one stream.

use std::future::ready;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::Span;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Code, Fault, Outcome};
use crate::http::RequestId;
use crate::http::error::{self, Style};
use crate::http::sse::{Frame, Sse};
use crate::service::principal::Principal;
use crate::service::streams::Permit;

/// How long the head of a stream waits for the first word: what fails before has its own status.
pub(super) const FIRST: Duration = Duration::from_secs(10);

/// What every part of one answer shares.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) model: String,
}

impl Envelope {
    /// A chunk of it. `usage` stands in every chunk for those who asked for it, empty until the last one.
    pub(super) fn chunk(&self, choices: &Value, usage: Option<&Value>) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage.clone();
        }
        chunk
    }
}

/// A whole answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatCompletion {
    /// Its id.
    pub(super) id: String,
    /// `chat.completion`.
    pub(super) object: &'static str,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// As asked for.
    pub(super) model: String,
    /// Exactly one.
    pub(super) choices: Vec<ChatChoice>,
    /// What it took; zeros when no model was asked.
    pub(super) usage: ChatUsage,
    /// Of a persona's answer.
    pub(super) x_mnemosyne: Option<ChatOrigin>,
}

/// The answer itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatChoice {
    /// 0.
    pub(super) index: u32,
    /// What was said.
    pub(super) message: ChatAnswer,
    /// `stop`, or `length` when it came to the end of its tokens.
    pub(super) finish_reason: &'static str,
}

/// What was said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatAnswer {
    /// `assistant`.
    pub(super) role: &'static str,
    /// The text.
    pub(super) content: String,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct ChatUsage {
    /// Of everything that the model was told.
    pub(super) prompt_tokens: u64,
    /// Of everything that it said.
    pub(super) completion_tokens: u64,
    /// Both.
    pub(super) total_tokens: u64,
}

/// Who answered in truth.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ChatOrigin {
    /// The plugin.
    pub(super) plugin: String,
    /// Its version.
    pub(super) version: String,
    /// SHA-256 of its bytes.
    pub(super) digest: String,
    /// The model that it asked; `offline` when it answered without one.
    pub(super) model: String,
    /// It answered without what it needs.
    pub(super) degraded: bool,
}

/// A chunk as a frame.
pub(super) fn frame(chunk: &Value) -> Frame {
    Frame::data(chunk.to_string())
}

/// The frame that every good stream ends with.
pub(super) fn done() -> Frame {
    Frame::data("[DONE]")
}

/// The frame that ends a stream that failed.
fn failed(fault: &Fault, request: &RequestId) -> Frame {
    error::log(fault);
    Frame::data(serde_json::to_string(&error::answer(fault, &request.0, Style::OpenAi)).unwrap_or_default())
}

/// Something that gives frames until it has none left.
pub(super) trait Frames: Send + 'static {
    /// The next ones; `None`: it has none left. A fault is the last.
    fn next(&mut self) -> impl Future<Output = Option<Outcome<Vec<Frame>>>> + Send;
}

/// Between two looks at whether the reader may still read.
const LOOK: Duration = Duration::from_secs(1);

/// Everything that an answer needs to be streamed.
pub(super) struct Listener {
    app: App,
    who: Principal,
    request: RequestId,
    span: Span,
    permit: Permit,
}

impl Listener {
    /// Room for one more stream of this caller.
    ///
    /// # Errors
    /// 429.
    pub(super) fn enter(app: &App, who: &Principal, request: RequestId) -> Outcome<Self> {
        Ok(Self { permit: app.streams.enter(who.user)?, app: app.clone(), who: who.clone(), request, span: Span::current() })
    }

    /// All frames as an answer, for as long as the caller may read them: a logout or a lock ends it with a reason.
    pub(super) fn hear(self, frames: impl Frames) -> Response {
        let Self { app, who, request, span, permit } = self;
        let fail = move |fault: &Fault| span.in_scope(|| failed(fault, &request));
        let cut = fail.clone();
        let all = stream::unfold(frames, |mut frames| async move { frames.next().await.map(|some| (some, frames)) });
        let said = all.flat_map(move |said| stream::iter(said.unwrap_or_else(|fault| vec![fail(&fault)])));
        let said = said.map(Some).chain(stream::iter([None]));
        let gone = stream::once(until_gone(app, who)).flat_map(move |fault| stream::iter([Some(cut(&fault)), None]));
        let heard = stream::select(said, gone).take_while(|frame| ready(frame.is_some()));
        // The room is taken until the last frame is read.
        let heard = heard.filter_map(move |frame| {
            let _ = &permit;
            ready(frame)
        });
        Sse(heard).into_response()
    }
}

/// Ends when the caller may not read any more, with the reason.
async fn until_gone(app: App, who: Principal) -> Fault {
    loop {
        tokio::time::sleep(LOOK).await;
        match app.auth.still_in(&who).await {
            Err(fault) if matches!(fault.code, Code::TokenInvalid | Code::AccountLocked) => return fault,
            // A database that is away for a moment cuts nobody off.
            Ok(()) | Err(_) => {}
        }
    }
}
