//! A model that says what a test told it to, and an embedder that counts letters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::backend::{EmbeddingsBackend, ModelBackend, ModelRequest, ModelStream};
use crate::capability::{Asking, BackendError};
use crate::wit::llm::{Completion, Delta, Usage};
use crate::wit::types::values::{ToolCall, VectorSpace};

/// One answer of a script.
#[derive(Clone, Debug)]
pub enum Script {
    /// These pieces, then the end. `complete` gives them joined.
    Says(Vec<String>),
    /// A tool call, then the end.
    Calls(ToolCall),
    /// These pieces, then the failure.
    Breaks(Vec<String>, BackendError),
    /// This piece again and again, without end.
    Endless(String),
    /// Nothing, ever.
    Silent,
}

/// Plays scripts in order; without one it is away, as a host without a model.
#[derive(Debug, Default)]
pub struct ScriptedModel {
    scripts: Mutex<VecDeque<Script>>,
    asked: Mutex<Vec<ModelRequest>>,
    alive: Arc<()>,
}

impl ScriptedModel {
    /// Adds an answer.
    pub fn then(&self, script: Script) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).push_back(script);
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<ModelRequest> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Streams and requests that nobody has ended yet.
    pub fn open(&self) -> usize {
        Arc::strong_count(&self.alive) - 1
    }

    fn play(&self, request: ModelRequest) -> Result<Playing, BackendError> {
        let script = self.scripts.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let script = script.ok_or(BackendError::Unavailable { retry_after_ms: None })?;
        let input = request.messages.iter().map(|message| message.content.len()).sum::<usize>() / 4 + 1;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let (pieces, end) = match script {
            Script::Says(pieces) => (pieces, End::Good(Vec::new())),
            Script::Calls(call) => (Vec::new(), End::Good(vec![call])),
            Script::Breaks(pieces, problem) => (pieces, End::Bad(problem)),
            Script::Endless(piece) => (vec![piece], End::Never),
            Script::Silent => (Vec::new(), End::Silent),
        };
        let input = u32::try_from(input).unwrap_or(u32::MAX);
        Ok(Playing {
            pieces: pieces.into(),
            end,
            usage: Usage { input_tokens: input, output_tokens: 0 },
            done: false,
            _alive: self.alive.clone(),
        })
    }
}

enum End {
    Good(Vec<ToolCall>),
    Bad(BackendError),
    Never,
    Silent,
}

struct Playing {
    pieces: VecDeque<String>,
    end: End,
    usage: Usage,
    done: bool,
    _alive: Arc<()>,
}

fn delta(text: String, tool_calls: Vec<ToolCall>, finish_reason: Option<&str>) -> Delta {
    Delta { text, reasoning: String::new(), tool_calls, finish_reason: finish_reason.map(str::to_owned) }
}

#[async_trait]
impl ModelStream for Playing {
    async fn next(&mut self) -> Result<Option<Delta>, BackendError> {
        if self.done {
            return Ok(None);
        }
        if let Some(piece) = self.pieces.pop_front() {
            self.usage.output_tokens += 1;
            if matches!(self.end, End::Never) {
                self.pieces.push_back(piece.clone());
            }
            return Ok(Some(delta(piece, Vec::new(), None)));
        }
        match &mut self.end {
            End::Good(calls) => {
                self.done = true;
                let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
                Ok(Some(delta(String::new(), std::mem::take(calls), Some(reason))))
            }
            End::Bad(problem) => {
                self.done = true;
                Err(problem.clone())
            }
            End::Never | End::Silent => std::future::pending().await,
        }
    }

    fn usage(&self) -> Option<Usage> {
        self.done.then_some(self.usage)
    }

    fn model(&self) -> Option<&str> {
        Some("scripted")
    }
}

#[async_trait]
impl ModelBackend for ScriptedModel {
    async fn complete(&self, of: Asking<'_>, request: ModelRequest) -> Result<Completion, BackendError> {
        let mut playing = self.open_playing(of, request)?;
        let (mut text, mut tool_calls, mut finish_reason) = (String::new(), Vec::new(), "stop".to_owned());
        while let Some(delta) = playing.next().await? {
            text.push_str(&delta.text);
            tool_calls.extend(delta.tool_calls);
            finish_reason = delta.finish_reason.unwrap_or(finish_reason);
        }
        let model = "scripted".to_owned();
        Ok(Completion { text, reasoning: None, tool_calls, finish_reason, model, usage: playing.usage, extra: Vec::new() })
    }

    async fn open(&self, of: Asking<'_>, request: ModelRequest) -> Result<Box<dyn ModelStream>, BackendError> {
        Ok(Box::new(self.open_playing(of, request)?))
    }
}

impl ScriptedModel {
    fn open_playing(&self, _: Asking<'_>, request: ModelRequest) -> Result<Playing, BackendError> {
        self.play(request)
    }
}

/// 26 dimensions: how often each letter of the alphabet stands in a text.
#[derive(Clone, Copy, Debug, Default)]
pub struct LetterCounts;

/// Where [`letters`] lives.
pub fn space() -> VectorSpace {
    VectorSpace { model: "letter-counts".to_owned(), dimensions: 26 }
}

/// The vector of a text.
pub fn letters(text: &str) -> Vec<f32> {
    let mut counts = vec![0.0; 26];
    for letter in text.bytes().map(|byte| byte.to_ascii_lowercase()).filter(u8::is_ascii_lowercase) {
        counts[usize::from(letter - b'a')] += 1.0;
    }
    counts
}

#[async_trait]
impl EmbeddingsBackend for LetterCounts {
    async fn space(&self) -> Result<VectorSpace, BackendError> {
        Ok(space())
    }

    async fn embed(&self, _: Asking<'_>, texts: Vec<String>) -> Result<Vec<Vec<f32>>, BackendError> {
        Ok(texts.iter().map(|text| letters(text)).collect())
    }
}
