//! `llm/chat` for plugins.

use std::time::Duration;

use async_trait::async_trait;
use mnemosyne_runtime::capability::llm::{ModelBackend, ModelRequest, ModelStream};
use mnemosyne_runtime::wit::llm::{Completion, Delta, Usage};
use mnemosyne_runtime::wit::types::values::Message;
use mnemosyne_runtime::{Asking, BackendError};
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::answer::{Answer, nothing};
use super::ask::{Got, How, Writer};
use super::budget::Reservation;
use super::error::ModelError;
use super::pieces::Pieces;
use super::prompt::{self, Quirks};
use super::schema::Schema;
use super::{Models, for_a_guest};

/// How long the cost is waited for once an answer has ended.
const TAIL: Duration = Duration::from_secs(2);
/// Bytes that are joined to one piece when they are ready.
const PIECE: usize = 64 << 10;

/// What has been asked, with what was reserved for it.
struct Begun {
    got: Got,
    model: String,
    answer: Answer,
    prompt: u32,
    reservation: Reservation,
}

impl Models {
    async fn begin(&self, user: Option<Uuid>, mut request: ModelRequest, how: How) -> Result<Begun, ModelError> {
        let plan = self.plan(&request).await?;
        prompt::fit(&mut request, plan.window)?;
        let size = prompt::size(&request);
        let (mut reservation, granted) = self.budget.reserve(user, size, request.max_tokens).await?;
        request.max_tokens = granted;
        let write = |model: &str, quirks: Quirks| prompt::body(&request, model, plan.profile, how == How::Streamed, quirks);
        let got = match self.asker()?.ask(&plan.models, how, &Writer::Ours(&write)).await {
            Ok(got) => got,
            // nothing is spent until a model has accepted: all of it comes back, before the next question can be asked
            Err(error) => {
                reservation.settle(0).await;
                return Err(error);
            }
        };
        reservation.heard(u64::from(size));
        let model = plan.models.into_iter().next().unwrap_or_default();
        Ok(Begun { got, model, answer: Answer::new(request.max_tokens), prompt: size, reservation })
    }

    async fn whole(&self, user: Option<Uuid>, request: ModelRequest) -> Result<Completion, ModelError> {
        let Begun { got, model, mut answer, prompt, mut reservation } = self.begin(user, request, How::Whole).await?;
        let Got::Whole(body) = got else { return Err(ModelError::BadAnswer("a stream where none was asked".into())) };
        let mut delta = nothing();
        let heard = answer.absorb(&body, &mut delta);
        let usage = answer.usage().unwrap_or(Usage { input_tokens: prompt, output_tokens: answer.heard() });
        reservation.heard(spent(usage));
        heard?;
        let (tool_calls, finish_reason) = answer.end()?;
        reservation.settle(spent(usage)).await;
        let reasoning = Some(delta.reasoning).filter(|reasoning| !reasoning.is_empty());
        let model = answer.model().map_or(model, str::to_owned);
        Ok(Completion { text: delta.text, reasoning, tool_calls, finish_reason, model, usage, extra: Vec::new() })
    }

    /// Asks for the host itself, at this person's cost.
    ///
    /// # Errors
    /// [`ModelError`].
    pub async fn ask(&self, user: Uuid, request: ModelRequest) -> Result<Completion, ModelError> {
        self.checked(Some(user), request).await
    }

    /// Asks, checks against the schema, asks once more and says what was wrong.
    async fn checked(&self, user: Option<Uuid>, request: ModelRequest) -> Result<Completion, ModelError> {
        let Some(schema) = request.json_schema.as_deref().map(Schema::read).transpose()? else {
            return self.whole(user, request).await;
        };
        let mut again = request.clone();
        let first = self.whole(user, request).await?;
        let wrong = match schema.check(&first.text) {
            _ if first.text.is_empty() && !first.tool_calls.is_empty() => return Ok(first),
            Ok(json) => return Ok(Completion { text: json.to_owned(), ..first }),
            Err(wrong) => wrong,
        };
        again.messages.push(said("assistant", first.text));
        again.messages.push(said("user", format!("That breaks the JSON Schema: {wrong}. Answer again, with JSON only.")));
        let second = self.whole(user, again).await?;
        let usage = Usage {
            input_tokens: first.usage.input_tokens.saturating_add(second.usage.input_tokens),
            output_tokens: first.usage.output_tokens.saturating_add(second.usage.output_tokens),
        };
        match schema.check(&second.text) {
            Ok(json) => Ok(Completion { text: json.to_owned(), usage, ..second }),
            Err(wrong) => Err(ModelError::Schema(wrong)),
        }
    }
}

/// A message of nothing but words.
pub(crate) fn said(role: &str, content: String) -> Message {
    Message {
        role: role.to_owned(),
        content,
        at: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    }
}

fn spent(usage: Usage) -> u64 {
    u64::from(usage.input_tokens) + u64::from(usage.output_tokens)
}

#[async_trait]
impl ModelBackend for Models {
    async fn complete(&self, of: Asking<'_>, request: ModelRequest) -> Result<Completion, BackendError> {
        let user = of.user.map(|user| user.id);
        self.checked(user, request).await.map_err(|error| for_a_guest(&error))
    }

    async fn open(&self, of: Asking<'_>, request: ModelRequest) -> Result<Box<dyn ModelStream>, BackendError> {
        let user = of.user.map(|user| user.id);
        if request.json_schema.is_some() {
            // what must be checked as a whole cannot be shown in pieces
            let whole = self.checked(user, request).await.map_err(|error| for_a_guest(&error))?;
            return Ok(Box::new(Checked(Some(whole), None, String::new())));
        }
        let begun = self.begin(user, request, How::Streamed).await.map_err(|error| for_a_guest(&error))?;
        let Begun { got: Got::Streamed(pieces, first), model, answer, prompt, reservation } = begun else {
            return Err(for_a_guest(&ModelError::BadAnswer("no stream where one was asked".into())));
        };
        Ok(Box::new(Answering {
            pieces,
            first: Some(first),
            model,
            answer,
            prompt,
            reservation: Some(reservation),
            usage: None,
            failed: None,
            over: false,
        }))
    }
}

/// An answer that was checked before anybody saw it.
struct Checked(Option<Completion>, Option<Usage>, String);

#[async_trait]
impl ModelStream for Checked {
    async fn next(&mut self) -> Result<Option<Delta>, BackendError> {
        let Some(whole) = self.0.take() else { return Ok(None) };
        (self.1, self.2) = (Some(whole.usage), whole.model);
        let reasoning = whole.reasoning.unwrap_or_default();
        Ok(Some(Delta { text: whole.text, reasoning, tool_calls: whole.tool_calls, finish_reason: Some(whole.finish_reason) }))
    }

    fn usage(&self) -> Option<Usage> {
        self.1
    }

    fn model(&self) -> Option<&str> {
        self.0.as_ref().map(|whole| &*whole.model).or(Some(&self.2))
    }
}

/// A streamed answer. Dropping it closes the connection and books what was heard.
struct Answering {
    pieces: Box<Pieces>,
    first: Option<Value>,
    model: String,
    answer: Answer,
    prompt: u32,
    reservation: Option<Reservation>,
    usage: Option<Usage>,
    failed: Option<ModelError>,
    over: bool,
}

impl Answering {
    /// The next piece: what is ready, joined; at the end what it cost, waited for a moment.
    async fn piece(&mut self) -> Result<Option<Delta>, ModelError> {
        let mut delta = nothing();
        while !self.answer.has_finished() {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let waited = match self.first.take() {
                Some(first) => Some(first),
                None => self.pieces.next().await?,
            };
            let Some(frame) = waited else {
                if !self.pieces.said_done() {
                    return Err(ModelError::Broken("it ended without a reason".into()));
                }
                break;
            };
            self.absorb(&frame, &mut delta)?;
            while !self.answer.has_finished() && delta.text.len() < PIECE {
                match self.pieces.ready() {
                    Some(Ok(frame)) => self.absorb(&frame, &mut delta)?,
                    Some(Err(error)) => {
                        // after what came before it
                        self.failed = Some(error);
                        break;
                    }
                    None => break,
                }
            }
            let something = !delta.text.is_empty() || !delta.reasoning.is_empty();
            if something && !self.answer.has_finished() {
                return Ok(Some(delta));
            }
        }
        self.tail(&mut delta).await;
        let (calls, finish) = self.answer.end()?;
        (delta.tool_calls, delta.finish_reason) = (calls, Some(finish));
        self.end().await;
        Ok(Some(delta))
    }

    fn absorb(&mut self, frame: &Value, delta: &mut Delta) -> Result<(), ModelError> {
        let heard = self.answer.absorb(frame, delta);
        let cost = self.answer.usage().unwrap_or(Usage { input_tokens: self.prompt, output_tokens: self.answer.heard() });
        if let Some(reservation) = &mut self.reservation {
            reservation.heard(spent(cost));
        }
        heard
    }

    /// What follows the end: the cost, from servers that tell it. Whatever goes wrong here harms nobody.
    async fn tail(&mut self, delta: &mut Delta) {
        let rest = async {
            while self.answer.usage().is_none() {
                match self.pieces.next().await {
                    Ok(Some(frame)) if self.answer.absorb(&frame, delta).is_ok() => {}
                    _ => break,
                }
            }
        };
        let _ = timeout(TAIL, rest).await;
    }

    async fn end(&mut self) {
        self.over = true;
        self.pieces.finish();
        self.usage = self.answer.usage();
        let cost = self.usage.unwrap_or(Usage { input_tokens: self.prompt, output_tokens: self.answer.heard() });
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(spent(cost)).await;
        }
    }
}

#[async_trait]
impl ModelStream for Answering {
    async fn next(&mut self) -> Result<Option<Delta>, BackendError> {
        if self.over {
            return Ok(None);
        }
        let piece = self.piece().await;
        piece.map_err(|error| {
            tracing::warn!(model = self.model, %error, "a model's answer ended in the middle");
            self.over = true;
            // booked by what was heard
            self.reservation = None;
            for_a_guest(&error)
        })
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn model(&self) -> Option<&str> {
        Some(self.answer.model().unwrap_or(&self.model))
    }
}
