//! A persona as a model.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::{ChatAnswer, ChatChoice, ChatCompletion, ChatOrigin, ChatUsage, Envelope, FIRST, Frames, Listener, done, frame};
use super::chat::{ChatCompletionMessage, ChatCompletionRequest, ChatContent, ChatRole, ChatStop};
use crate::app::App;
use crate::error::Outcome;
use crate::http::sse::Frame;
use crate::http::{Caller, RequestId};
use crate::plugin::persona::{Answered, Wishes};
use crate::service::openai::{Line, Speaker, Talk, refused};

/// Lets the persona answer, whole or as a stream.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    request: RequestId,
    envelope: Envelope,
    persona: String,
    ask: ChatCompletionRequest,
) -> Outcome<Response> {
    let wishes = wishes(&ask)?;
    let (streams, usage) = (ask.streams(), ask.wants_usage());
    let lines = ask.messages.into_iter().map(line).collect::<Outcome<_>>()?;
    let listener = if streams { Some(Listener::enter(app, caller, request)?) } else { None };
    let mut talk = app.openai.talk(caller, persona, lines, wishes).await?;
    let Some(listener) = listener else {
        let mut text = String::new();
        while let Some(piece) = talk.piece().await {
            text.push_str(&piece);
        }
        return Ok(Json(whole(envelope, text, &talk.end().await?)).into_response());
    };
    let mut first = None;
    if let Ok(piece) = tokio::time::timeout(FIRST, talk.piece()).await {
        if piece.is_none() {
            // It ended without a word: whatever went wrong has its status.
            let answered = talk.end().await?;
            return Ok(listener.hear(Answer { envelope, usage, first, state: State::Over(answered) }));
        }
        first = piece;
    }
    Ok(listener.hear(Answer { envelope, usage, first, state: State::Silent(talk) }))
}

fn wishes(ask: &ChatCompletionRequest) -> Outcome<Wishes> {
    let own = "personas act through operations of their own";
    if ask.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
        return Err(refused("tools", "a persona takes no tools", own));
    }
    if ask.response_format.as_ref().is_some_and(|format| format.kind != "text") {
        return Err(refused("response_format", "a persona answers in text", "ask a model of the server behind for JSON"));
    }
    let stop = match &ask.stop {
        None => Vec::new(),
        Some(ChatStop::One(one)) => vec![one.clone()],
        Some(ChatStop::Many(many)) => many.clone(),
    };
    if stop.len() > 4 || stop.iter().any(|one| one.is_empty() || one.len() > 64) {
        return Err(refused("stop", "at most 4 texts of 1 to 64 bytes", "leave the longer ones out"));
    }
    Ok(Wishes { temperature: ask.temperature, max_tokens: ask.most_tokens(), stop, max_iterations: 1, ..Wishes::default() })
}

fn line(message: ChatCompletionMessage) -> Outcome<Line> {
    let speaker = match message.role {
        ChatRole::System | ChatRole::Developer => Speaker::Program,
        ChatRole::User => Speaker::Person,
        ChatRole::Assistant => Speaker::Persona,
        ChatRole::Tool | ChatRole::Function => Speaker::Tool,
    };
    let text = match message.content {
        None => String::new(),
        Some(ChatContent::Text(text)) => text,
        Some(ChatContent::Parts(parts)) => {
            if let Some(other) = parts.iter().find(|part| part.kind != "text") {
                let shown: String = other.kind.chars().take(40).collect();
                return Err(refused("messages", format!("a persona reads text, not `{shown}`"), "send parts of type `text` only"));
            }
            parts.into_iter().filter_map(|part| part.text).collect::<Vec<_>>().join("\n")
        }
    };
    Ok(Line { speaker, text })
}

fn used(answered: &Answered) -> ChatUsage {
    let (prompt_tokens, completion_tokens) = (answered.prompt_tokens, answered.completion_tokens);
    ChatUsage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

fn origin(answered: &Answered) -> ChatOrigin {
    ChatOrigin {
        plugin: answered.revision.plugin.clone(),
        version: answered.revision.version.clone(),
        digest: answered.revision.digest.clone(),
        model: answered.model.clone().unwrap_or_else(|| "offline".to_owned()),
        degraded: answered.degraded,
    }
}

/// As the model's last answer ended; an answer without a model is whole.
const fn finish(answered: &Answered) -> &'static str {
    if answered.cut { "length" } else { "stop" }
}

fn whole(envelope: Envelope, text: String, answered: &Answered) -> ChatCompletion {
    let message = ChatAnswer { role: "assistant", content: text };
    ChatCompletion {
        id: envelope.id,
        object: "chat.completion",
        created: envelope.created,
        model: envelope.model,
        choices: vec![ChatChoice { index: 0, message, finish_reason: finish(answered) }],
        usage: used(answered),
        x_mnemosyne: Some(origin(answered)),
    }
}

/// A stream of a persona's words.
struct Answer {
    envelope: Envelope,
    usage: bool,
    first: Option<String>,
    state: State,
}

enum State {
    /// Nothing is sent yet.
    Silent(Talk),
    /// It is over, and nothing is sent yet.
    Over(Answered),
    Speaking(Talk),
    Ended,
}

impl Answer {
    fn delta(&self, delta: &Value, finish: Option<&str>) -> Value {
        let choice = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        self.envelope.chunk(&choice, self.usage.then_some(&Value::Null))
    }

    fn text(&self, text: &str) -> Frame {
        frame(&self.delta(&json!({ "content": text }), None))
    }

    /// The role, and the first words if they are there.
    fn beginning(&mut self) -> Vec<Frame> {
        let mut frames = vec![frame(&self.delta(&json!({ "role": "assistant", "content": "" }), None))];
        frames.extend(self.first.take().map(|text| self.text(&text)));
        frames
    }

    fn end(&self, answered: &Answered) -> Vec<Frame> {
        let mut last = self.delta(&json!({}), Some(finish(answered)));
        last["x_mnemosyne"] = serde_json::to_value(origin(answered)).unwrap_or_default();
        let mut frames = vec![frame(&last)];
        if self.usage {
            let usage = serde_json::to_value(used(answered)).unwrap_or_default();
            frames.push(frame(&self.envelope.chunk(&json!([]), Some(&usage))));
        }
        frames.push(done());
        frames
    }
}

impl Frames for Answer {
    async fn next(&mut self) -> Option<Outcome<Vec<Frame>>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => None,
            State::Silent(talk) => {
                self.state = State::Speaking(talk);
                Some(Ok(self.beginning()))
            }
            State::Over(answered) => {
                let mut frames = self.beginning();
                frames.extend(self.end(&answered));
                Some(Ok(frames))
            }
            State::Speaking(mut talk) => {
                if let Some(piece) = talk.piece().await {
                    self.state = State::Speaking(talk);
                    return Some(Ok(vec![self.text(&piece)]));
                }
                Some(talk.end().await.map(|answered| self.end(&answered)))
            }
        }
    }
}
