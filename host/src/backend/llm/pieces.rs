//! A streamed answer as it is read: one checked JSON object after the other, none before it is wanted. Who reads slowly slows the
//! server; nothing is gathered. Silence counts only while somebody waits.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use reqwest::Response;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::error::ModelError;
use super::sse::Decoder;
use super::wire::{ANSWER, Patience, object};

/// What is read behind the end of an answer at most: bytes, and how long.
const REST: usize = 16 << 10;
const REST_TIME: Duration = Duration::from_millis(500);

/// See the module. Dropping it ends the request.
#[derive(Default)]
pub(super) struct Pieces {
    /// `None`: nothing more is read.
    reading: Option<Reading>,
    /// Read, not looked at yet.
    events: VecDeque<Vec<u8>>,
    /// An answer that came in one piece.
    whole: Option<Value>,
    /// What follows the events.
    failed: Option<ModelError>,
    done: bool,
    key: Option<SecretString>,
}

/// What is still to come.
struct Reading {
    response: Response,
    decoder: Decoder,
    bytes: usize,
    patience: Patience,
    /// When the whole answer must be there.
    deadline: Instant,
    begun: bool,
    /// Since when somebody waits for the next piece.
    waiting_since: Option<Instant>,
    /// One timer for all pieces. It is set anew when it has gone off too early or would too late, not at each piece.
    alarm: Pin<Box<Sleep>>,
}

impl Pieces {
    /// Of an answer that has begun.
    pub(super) fn of(response: Response, key: Option<SecretString>, patience: Patience, deadline: Instant) -> Self {
        let alarm = Box::pin(sleep_until(deadline.min(Instant::now() + patience.first_byte)));
        let decoder = Decoder::default();
        let reading = Reading { response, decoder, bytes: 0, patience, deadline, begun: false, waiting_since: None, alarm };
        Self { reading: Some(reading), key, ..Self::default() }
    }

    /// Of an answer that came in one piece.
    pub(super) fn one(piece: Value) -> Self {
        Self { whole: Some(piece), done: true, ..Self::default() }
    }

    /// The next one; `None` at the end. Waiting may be given up at any time: no piece is lost. After an error it is over.
    pub(super) async fn next(&mut self) -> Result<Option<Value>, ModelError> {
        loop {
            if let Some(piece) = self.read_already() {
                return piece.map(Some);
            }
            let Some(reading) = &mut self.reading else { return Ok(None) };
            match reading.more().await {
                Ok(read) => self.take(read),
                Err(error) => self.fail(error),
            }
        }
    }

    /// The next one if it is there already.
    pub(super) fn ready(&mut self) -> Option<Result<Value, ModelError>> {
        loop {
            if let Some(piece) = self.read_already() {
                return Some(piece);
            }
            let read = self.reading.as_mut()?.response.chunk().now_or_never()?;
            self.take(read);
        }
    }

    /// Whether the server said that it has finished.
    pub(super) fn said_done(&self) -> bool {
        self.done
    }

    /// The next of what was read: a piece or the error that follows the last one. Behind `[DONE]` and behind what is no piece
    /// nothing is looked at, and the connection is let go.
    fn read_already(&mut self) -> Option<Result<Value, ModelError>> {
        if let Some(whole) = self.whole.take() {
            return Some(Ok(whole));
        }
        let Some(event) = self.events.pop_front() else { return self.failed.take().map(Err) };
        if event == b"[DONE]" {
            self.done = true;
            self.finish();
            return None;
        }
        if let Some(reading) = &mut self.reading {
            (reading.begun, reading.waiting_since) = (true, None);
        }
        let piece = object(&event, self.key.as_ref().map(ExposeSecret::expose_secret));
        Some(piece.map_err(|error| {
            // what the bytes ended in the middle of is no wrong answer, it is half an answer
            let cut = self.reading.is_none() && matches!(error, ModelError::BadAnswer(_));
            self.close();
            if cut { ModelError::Broken("in the middle of a piece".into()) } else { error }
        }))
    }

    fn take(&mut self, read: reqwest::Result<Option<Bytes>>) {
        let Some(reading) = &mut self.reading else { return };
        match read {
            Ok(Some(bytes)) => {
                reading.bytes += bytes.len();
                if reading.bytes > ANSWER || reading.decoder.push(&bytes, &mut self.events).is_err() {
                    self.fail(ModelError::TooLarge);
                }
            }
            Ok(None) => {
                let rest = reading.decoder.finish(&mut self.events);
                self.reading = None;
                self.failed = rest.is_err().then_some(ModelError::TooLarge);
            }
            Err(_) => self.fail(ModelError::Broken("the connection broke".into())),
        }
    }

    /// Nothing more is read; what was is still given out.
    fn fail(&mut self, error: ModelError) {
        self.reading = None;
        self.failed = Some(error);
    }

    /// The answer is whole: nothing more is given out. What little is left is read in the background, so that the connection can
    /// be used again and the server does not take a reader who is satisfied for one who has left.
    pub(super) fn finish(&mut self) {
        if let Some(reading) = self.reading.take() {
            tokio::spawn(timeout(REST_TIME, reading.drained()));
        }
        self.close();
    }

    fn close(&mut self) {
        self.reading = None;
        self.events.clear();
        self.failed = None;
    }
}

impl Reading {
    async fn drained(mut self) {
        let mut left = REST;
        while let Ok(Some(bytes)) = self.response.chunk().await
            && let Some(rest) = left.checked_sub(bytes.len())
        {
            left = rest;
        }
    }

    /// What comes next, or that nothing came in time.
    async fn more(&mut self) -> Result<reqwest::Result<Option<Bytes>>, ModelError> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        loop {
            let patience = if self.begun { self.patience.idle } else { self.patience.first_byte };
            let until = self.deadline.min(since + patience);
            if self.alarm.deadline() > until {
                // set for the first byte, which was given more time
                self.alarm.as_mut().reset(until);
            }
            tokio::select! {
                biased;
                read = self.response.chunk(), if since < self.deadline => return Ok(read),
                () = &mut self.alarm => {}
            }
            if Instant::now() >= until {
                let whole = until == self.deadline;
                return Err(ModelError::TimedOut(if whole { "the whole answer took too long" } else { "it fell silent" }));
            }
            // it was set before the last piece came
            self.alarm.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::llm::wire::rebuilt;
    use futures::stream::{self, StreamExt as _};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SECOND: Duration = Duration::from_secs(1);

    fn pieces(body: reqwest::Body, idle: Duration, whole: Duration) -> Pieces {
        let patience = Patience { first_byte: SECOND, idle, whole };
        Pieces::of(rebuilt(body), None, patience, Instant::now() + whole)
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_is_not_read_either() {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let body = stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::convert::Infallible>("data: {}\n\n")
        });
        let mut pieces = pieces(reqwest::Body::wrap_stream(body), SECOND, SECOND);
        for _ in 0..10 {
            assert!(pieces.next().await.unwrap().is_some());
        }
        assert_eq!(read.load(Ordering::SeqCst), 10);
    }

    #[tokio::test]
    async fn silence_counts_while_somebody_waits_and_ends_the_answer_once() {
        let first = stream::once(async { Ok::<_, std::convert::Infallible>("data: {}\n\ndata: {}\n\n") });
        let mut pieces = pieces(reqwest::Body::wrap_stream(first.chain(stream::pending())), SECOND / 2, SECOND * 60);
        assert!(pieces.next().await.unwrap().is_some());
        tokio::time::sleep(SECOND * 3 / 2).await;
        assert!(pieces.next().await.unwrap().is_some(), "it was the reader that was slow");
        assert!(timeout(SECOND / 50, pieces.next()).await.is_err(), "waiting may be given up");
        assert!(pieces.ready().is_none());
        assert_eq!(pieces.next().await, Err(ModelError::TimedOut("it fell silent")));
        assert_eq!(pieces.next().await, Ok(None));
    }

    #[tokio::test]
    async fn patience_for_the_first_byte_is_not_given_to_later_ones() {
        let first = stream::once(async { Ok::<_, std::convert::Infallible>("data: {}\n\n") });
        let body = reqwest::Body::wrap_stream(first.chain(stream::pending()));
        let patience = Patience { first_byte: SECOND * 600, idle: SECOND / 2, whole: SECOND * 900 };
        let mut pieces = Pieces::of(rebuilt(body), None, patience, Instant::now() + patience.whole);
        assert!(pieces.next().await.unwrap().is_some());
        let silence = timeout(SECOND * 30, pieces.next()).await.expect("the first byte's time has passed with the first byte");
        assert_eq!(silence, Err(ModelError::TimedOut("it fell silent")));
    }

    #[tokio::test]
    async fn an_answer_that_never_ends_is_ended_at_its_time() {
        let body = stream::unfold((), |()| async {
            tokio::time::sleep(SECOND / 100).await;
            Some((Ok::<_, std::convert::Infallible>("data: {}\n\n"), ()))
        });
        let mut pieces = pieces(reqwest::Body::wrap_stream(body), SECOND * 60, SECOND / 2);
        let end = loop {
            match pieces.next().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert_eq!(end, Err(ModelError::TimedOut("the whole answer took too long")));
    }

    #[tokio::test]
    async fn what_came_before_a_failure_is_given_out_first() {
        let too_long = format!("data: {{}}\n\ndata: {}", "x".repeat(2 << 20));
        let mut pieces = pieces(reqwest::Body::from(too_long), SECOND, SECOND);
        assert!(pieces.next().await.unwrap().is_some());
        assert_eq!(pieces.next().await, Err(ModelError::TooLarge));
        assert_eq!(pieces.next().await, Ok(None));
    }
}
