//! What `/v1` passes through to the server: the client's own body, the server's own answer, with the same tries, breakers,
//! budgets and bounds as everybody's. Unknown fields go both ways.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt as _};
use mnemosyne_runtime::wit::llm::Usage;
use serde_json::Value;
use uuid::Uuid;

use super::answer::{self, nothing};
use super::ask::{Got, How, Writer};
use super::budget::Reservation;
use super::context;
use super::error::ModelError;
use super::pieces::Pieces;
use super::{Models, answer::Answer};

/// Pieces of an answer as the server sends them. Dropping it ends the request.
pub struct RawStream(BoxStream<'static, Result<Value, ModelError>>);

impl Stream for RawStream {
    type Item = Result<Value, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

struct Begun {
    got: Got,
    prompt: u32,
    reservation: Reservation,
}

impl Models {
    /// `POST /chat/completions` as it is, for this person's budget; `stream` is taken out.
    ///
    /// # Errors
    /// [`ModelError`]; as a [`crate::error::Fault`] it has the server's status and sentence where the request is to blame.
    pub async fn raw(&self, user: Option<Uuid>, body: Value) -> Result<Value, ModelError> {
        let Begun { got, prompt, mut reservation } = self.begin_raw(user, body, How::Whole).await?;
        let Got::Whole(answer) = got else { return Err(ModelError::BadAnswer("a stream where none was asked".into())) };
        let cost = answer::usage(&answer)
            .unwrap_or_else(|| Usage { input_tokens: prompt, output_tokens: context::tokens(&answer["choices"].to_string()) });
        let cost = u64::from(cost.input_tokens) + u64::from(cost.output_tokens);
        reservation.heard(cost);
        reservation.settle(cost).await;
        Ok(answer)
    }

    /// The same in pieces; `stream: true` is put in. The first piece has arrived when this answers; the end is `None`.
    ///
    /// # Errors
    /// As [`Models::raw`], here before the first piece and in the stream after it; a stream ends with its first error.
    pub async fn raw_stream(&self, user: Option<Uuid>, body: Value) -> Result<RawStream, ModelError> {
        let Begun { got, prompt, reservation } = self.begin_raw(user, body, How::Streamed).await?;
        let Got::Streamed(pieces, first) = got else { return Err(ModelError::BadAnswer("no stream where one was asked".into())) };
        let passing =
            Passing { pieces, first: Some(first), answer: Answer::new(u32::MAX), prompt, reservation: Some(reservation), over: false };
        Ok(RawStream(stream::unfold(passing, |mut passing| async move { passing.next().await.map(|piece| (piece, passing)) }).boxed()))
    }

    async fn begin_raw(&self, user: Option<Uuid>, mut body: Value, how: How) -> Result<Begun, ModelError> {
        let asker = self.asker()?;
        let Some(fields) = body.as_object_mut() else {
            return Err(ModelError::Invalid { code: "llm-messages", message: "the body is no JSON object".into() });
        };
        let models = match fields.get("model") {
            None | Some(Value::Null) => self.with_fallback(self.main_model().await?),
            Some(Value::String(model)) if self.may_be_named(model).await => {
                // who names another model than the host's own wants that one and no other
                if self.config.model.as_ref() == Some(model) { self.with_fallback(model.clone()) } else { vec![model.clone()] }
            }
            Some(model) => {
                let message = format!("the model `{}` does not exist here", super::error::shown(model.as_str().unwrap_or("?"), None));
                return Err(ModelError::Refused { status: 404, message, param: Some("model".into()) });
            }
        };
        let prompt = ["messages", "tools", "response_format"].into_iter().filter_map(|field| fields.get(field));
        let prompt = prompt.map(|value| context::tokens(&value.to_string())).fold(0, u32::saturating_add);
        let bound = ["max_completion_tokens", "max_tokens"].into_iter().find_map(|field| Some((field, fields.get(field)?.as_u64()?)));
        let wanted = bound.map_or(self.config.answer_tokens, |(_, tokens)| u32::try_from(tokens).unwrap_or(u32::MAX));
        let (mut reservation, granted) = self.budget.reserve(user, prompt, wanted).await?;
        if self.budget.counts(user) && (granted < wanted || bound.is_none()) {
            // a budget holds only for an answer with a bound
            fields.insert(bound.map_or("max_tokens", |(field, _)| field).into(), granted.into());
        }
        if how == How::Streamed {
            fields.insert("stream".into(), true.into());
        } else {
            fields.remove("stream");
            fields.remove("stream_options");
        }
        let got = match asker.ask(&models, how, &Writer::Theirs(&body)).await {
            Ok(got) => got,
            Err(error) => {
                reservation.settle(0).await;
                return Err(error);
            }
        };
        reservation.heard(u64::from(prompt));
        Ok(Begun { got, prompt, reservation })
    }
}

/// A stream on its way through.
struct Passing {
    pieces: Box<Pieces>,
    first: Option<Value>,
    answer: Answer,
    prompt: u32,
    reservation: Option<Reservation>,
    over: bool,
}

impl Passing {
    async fn next(&mut self) -> Option<Result<Value, ModelError>> {
        if self.over {
            return None;
        }
        let next = match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.pieces.next().await,
        };
        let error = match next {
            Ok(Some(frame)) => match self.answer.absorb(&frame, &mut nothing()) {
                Ok(()) => {
                    self.hear();
                    return Some(Ok(frame));
                }
                Err(error) => error,
            },
            Ok(None) if self.pieces.said_done() || self.answer.has_finished() => {
                self.over = true;
                let used = self.used();
                if let Some(reservation) = self.reservation.take() {
                    reservation.settle(used).await;
                }
                return None;
            }
            Ok(None) => ModelError::Broken("it ended without a reason".into()),
            // what goes wrong after the end harms nobody
            Err(_) if self.answer.has_finished() => {
                (self.over, self.reservation) = (true, None);
                return None;
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "a model's answer ended in the middle");
        (self.over, self.reservation) = (true, None);
        Some(Err(error))
    }

    fn hear(&mut self) {
        let used = self.used();
        if let Some(reservation) = &mut self.reservation {
            reservation.heard(used);
        }
    }

    fn used(&self) -> u64 {
        let used = self.answer.usage().unwrap_or(Usage { input_tokens: self.prompt, output_tokens: self.answer.heard() });
        u64::from(used.input_tokens) + u64::from(used.output_tokens)
    }
}
