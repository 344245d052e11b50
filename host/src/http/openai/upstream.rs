//! A model of the server behind: what is asked and answered passes through; its stream is put in order on the way.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::answer::{Envelope, Frames, Listener, done, frame};
use super::chat::ChatCompletionRequest;
use super::tidy::{self, Tidy};
use crate::app::App;
use crate::error::{Code, Fault, Outcome};
use crate::http::sse::Frame;
use crate::http::{Caller, RequestId};
use crate::service::openai::Passing;

/// Passes the request on, and the answer back.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    request: RequestId,
    envelope: Envelope,
    ask: &ChatCompletionRequest,
    raw: Value,
) -> Outcome<Response> {
    if !ask.streams() {
        let answer = app.openai.pass(caller, raw).await?;
        return Ok(Json(tidy::whole(answer, &envelope)).into_response());
    }
    let listener = Listener::enter(app, caller, request)?;
    let mut passing = app.openai.pass_stream(caller, raw).await?;
    let mut tidy = Tidy::new(envelope, ask.wants_usage());
    // The first chunk is here already: what fails before it has its own status.
    let first = passing.next().await.ok_or_else(|| cut("it said nothing"))??;
    let ready = tidy.take(first).iter().map(frame).collect();
    Ok(listener.hear(Answer { tidy, ready, passing: Some(passing) }))
}

fn cut(cause: &'static str) -> Fault {
    Fault::new(Code::ModelFailed).message("the language model's answer was cut").cause(cause)
}

struct Answer {
    tidy: Tidy,
    ready: Vec<Frame>,
    passing: Option<Passing>,
}

impl Frames for Answer {
    async fn next(&mut self) -> Option<Outcome<Vec<Frame>>> {
        if !self.ready.is_empty() {
            return Some(Ok(std::mem::take(&mut self.ready)));
        }
        let next = self.passing.as_mut()?.next().await;
        if !matches!(next, Some(Ok(_))) {
            self.passing = None;
        }
        Some(match next {
            Some(chunk) => chunk.map(|chunk| self.tidy.take(chunk).iter().map(frame).collect()),
            None if self.tidy.is_finished() => Ok(self.tidy.end().iter().map(frame).chain([done()]).collect()),
            None => Err(cut("the stream ended without a reason")),
        })
    }
}
