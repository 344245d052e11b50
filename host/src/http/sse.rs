//! Server-sent events: frames of a stream as they come, a comment every 15 s so that nobody on the way thinks it dead, an end
//! after 5 min without a frame.
//!
//! The head is answered at once, so the handler's time-out does not reach the stream. A client that does not read makes the
//! stream wait: nothing is gathered for it here, and `serve` cuts a connection that takes nothing for 5 min. A client that
//! leaves drops the stream, and with it whatever the stream holds.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, Sleep};

/// Between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Signs of life in a row, 5 min, before a stream in which nothing happens is ended.
const SILENT: u32 = 20;
/// A comment: clients pass over it.
const COMMENT: Bytes = Bytes::from_static(b": still here\n\n");

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What a client names in `Last-Event-ID` when it comes back.
    pub id: Option<i64>,
    /// The event's name.
    pub event: Option<&'static str>,
    /// JSON on one line, or a word such as `[DONE]`.
    pub data: String,
}

impl Frame {
    /// A frame that is nothing but data, as the OpenAI dialect has it.
    pub fn data(data: impl Into<String>) -> Self {
        Self { id: None, event: None, data: data.into() }
    }

    fn bytes(self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 48);
        if let Some(id) = self.id {
            let _ = writeln!(text, "id: {id}");
        }
        if let Some(event) = self.event {
            let _ = writeln!(text, "event: {event}");
        }
        // JSON has no line break of its own; whatever else does would end the frame in the middle
        for line in self.data.split('\n') {
            let _ = writeln!(text, "data: {line}");
        }
        text.push('\n');
        text.into()
    }
}

/// A stream of frames as an answer.
#[derive(Debug)]
pub struct Sse<S>(pub S);

impl<S: Stream<Item = Frame> + Send + 'static> IntoResponse for Sse<S> {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(alive(self.0, HEARTBEAT)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
        // nginx would gather frames otherwise
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

/// The frames, with signs of life between them.
fn alive(frames: impl Stream<Item = Frame> + Send + 'static, heartbeat: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let alarm = Box::pin(tokio::time::sleep(heartbeat));
    let alive = Alive { frames: Box::pin(frames), heartbeat, alarm, last: Instant::now(), silent: 0 };
    futures::stream::unfold(alive, async |mut alive| Some((Ok(alive.next().await?), alive)))
}

struct Alive<S> {
    frames: Pin<Box<S>>,
    heartbeat: Duration,
    /// One timer for the whole stream, set anew when it has gone off: not one for each frame.
    alarm: Pin<Box<Sleep>>,
    /// When something was sent last.
    last: Instant,
    /// Signs of life since the last frame.
    silent: u32,
}

impl<S: Stream<Item = Frame>> Alive<S> {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.frames.next() => Some(frame),
                () = &mut self.alarm => None,
            };
            let now = Instant::now();
            if let Some(frame) = frame {
                (self.last, self.silent) = (now, 0);
                return frame.map(Frame::bytes);
            }
            let due = now >= self.last + self.heartbeat;
            if due {
                self.last = now;
                self.silent += 1;
            }
            self.alarm.as_mut().reset(self.last + self.heartbeat);
            if due {
                return (self.silent < SILENT).then_some(COMMENT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_the_standard_says() {
        let frame = Frame { id: Some(7), event: Some("delta"), data: "{\"a\":1}".into() };
        assert_eq!(frame.bytes(), "id: 7\nevent: delta\ndata: {\"a\":1}\n\n");
        assert_eq!(Frame::data("[DONE]").bytes(), "data: [DONE]\n\n");
        assert_eq!(Frame::data("two\nlines").bytes(), "data: two\ndata: lines\n\n");
    }

    #[tokio::test]
    async fn a_silent_stream_shows_that_it_lives_and_is_ended_after_twenty_signs() {
        let frames = futures::stream::once(async { Frame::data("x") }).chain(futures::stream::pending());
        let all: Vec<_> = alive(frames, Duration::from_millis(1)).map(|frame| frame.unwrap_or_else(|never| match never {})).collect().await;
        assert_eq!(all[0], "data: x\n\n");
        assert!(all[1..].iter().all(|frame| *frame == COMMENT));
        assert_eq!(all.len(), 20);
        assert_eq!(HEARTBEAT * SILENT, Duration::from_mins(5));
    }
}
