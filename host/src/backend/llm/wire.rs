//! What passes between the host and a model server: one request, one answer that is judged before anybody reads it.
//!
//! The client library above reads whole bodies, logs what it cannot parse, and queues a stream without bound. So nothing
//! reaches it that was not checked here: a status, a content type, valid JSON, sizes, silence. What was wrong is told beside
//! the stream ([`Told`]), as its own errors only have text. A stream's pieces are let through while there are credits, which
//! whoever reads them gives back: a slow reader slows the upstream, it fills no memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{ModelError, shown};
use super::sse::Decoder;

/// Most bytes of an answer on the wire. A streamed token has some 250 of them.
pub(super) const ANSWER: usize = 16 << 20;
/// Most bytes of a refusal that are read.
const REFUSAL: usize = 64 << 10;
/// Pieces on their way to a reader.
const CREDITS: usize = 64;
/// How long a refusal's body is waited for.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) first_byte: Duration,
    pub(super) idle: Duration,
    pub(super) whole: Duration,
}

/// What became of a stream, told beside it.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<(Option<ModelError>, bool)>);

impl Told {
    fn failed(&self, error: ModelError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get_or_insert(error);
    }

    fn done(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
    }

    /// Why it ended early, and whether `[DONE]` came.
    pub(super) fn what(&self) -> (Option<ModelError>, bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Room for pieces that nobody has read yet.
pub(super) fn credits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CREDITS))
}

/// The way to one server.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) client: Client,
    pub(super) key: Option<SecretString>,
    pub(super) patience: Patience,
}

impl Wire {
    /// Sends and reads a whole answer: valid JSON of a bounded size, or why not.
    pub(super) async fn whole(&self, request: Request) -> Result<Response, ModelError> {
        let deadline = Instant::now() + self.patience.whole;
        // an answer in one piece begins when it is finished
        let response = self.begun(request, self.patience.whole).await?;
        let headers = response.headers().clone();
        let body = read(response, ANSWER, deadline).await?;
        peek(&body, self.key()).map_err(|error| not_json(error, &headers))?;
        Ok(rebuilt(reqwest::Body::from(body)))
    }

    /// Sends, and answers when the server has accepted; the answer's body has one checked event a piece.
    pub(super) async fn events(&self, request: Request, told: Arc<Told>, credits: Arc<Semaphore>) -> Result<Response, ModelError> {
        let deadline = Instant::now() + self.patience.whole;
        let response = self.begun(request, self.patience.first_byte).await?;
        let media = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/event-stream");
        if media.starts_with("application/json") {
            // it does not stream, whatever it was asked
            let body = read(response, ANSWER, deadline).await?;
            peek(&body, self.key())?;
            let pieces = whole_as_event(&body)?;
            told.done();
            return Ok(rebuilt(reqwest::Body::from(pieces)));
        }
        if !media.starts_with("text/event-stream") {
            return Err(ModelError::BadAnswer("it is neither a stream of events nor JSON".into()));
        }
        let reading = Reading {
            body: response.bytes_stream().boxed(),
            decoder: Decoder::default(),
            events: VecDeque::new(),
            wire: self.clone(),
            told,
            credits,
            deadline,
            silent_until: Instant::now() + self.patience.first_byte,
            bytes: 0,
            over: None,
        };
        let pieces =
            stream::unfold(reading, |mut reading| async move { reading.next().await.map(|piece| (Ok::<_, Infallible>(piece), reading)) });
        Ok(rebuilt(reqwest::Body::wrap_stream(pieces)))
    }

    fn key(&self) -> Option<&str> {
        self.key.as_ref().map(ExposeSecret::expose_secret)
    }

    async fn begun(&self, request: Request, within: Duration) -> Result<Response, ModelError> {
        let sent = timeout(within, self.client.execute(request)).await;
        let response = sent.map_err(|_| ModelError::TimedOut("its answer did not begin"))?.map_err(|error| failed(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, REFUSAL, Instant::now() + REFUSAL_TIME).await.unwrap_or_default();
        Err(refusal(status, &headers, &body, self.key()))
    }
}

/// A stream on its way through.
struct Reading {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    decoder: Decoder,
    events: VecDeque<Vec<u8>>,
    wire: Wire,
    told: Arc<Told>,
    credits: Arc<Semaphore>,
    deadline: Instant,
    silent_until: Instant,
    bytes: usize,
    over: Option<Result<(), ModelError>>,
}

impl Reading {
    /// The next piece, written as every reader of events understands it.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return self.let_through(event).await;
            }
            if let Some(end) = self.over.take() {
                self.over = Some(Ok(()));
                if let Err(error) = end {
                    self.told.failed(error);
                }
                return None;
            }
            if let Err(error) = self.read().await {
                self.over = Some(Err(error));
            }
        }
    }

    async fn let_through(&mut self, event: Vec<u8>) -> Option<Bytes> {
        if event == b"[DONE]" {
            self.told.done();
            self.events.clear();
            self.over = Some(Ok(()));
            return None;
        }
        if let Err(error) = peek(&event, self.wire.key()) {
            // what the bytes ended in the middle of is no wrong answer, it is half an answer
            let cut = self.over.is_some() && matches!(error, ModelError::BadAnswer(_));
            self.told.failed(if cut { ModelError::Broken("in the middle of a piece".into()) } else { error });
            self.events.clear();
            self.over = Some(Ok(()));
            return None;
        }
        let Ok(Ok(credit)) = timeout_at(self.deadline, self.credits.acquire()).await else {
            self.told.failed(ModelError::TimedOut("the whole answer took too long"));
            self.events.clear();
            self.over = Some(Ok(()));
            return None;
        };
        credit.forget();
        self.silent_until = Instant::now() + self.wire.patience.idle;
        let mut piece = Vec::with_capacity(event.len() + 8);
        piece.extend_from_slice(b"data: ");
        // line breaks between the parts of JSON mean nothing
        piece.extend(event.into_iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        piece.extend_from_slice(b"\n\n");
        Some(piece.into())
    }

    async fn read(&mut self) -> Result<(), ModelError> {
        let until = self.silent_until.min(self.deadline);
        let Ok(part) = timeout_at(until, self.body.next()).await else {
            let whole = self.deadline <= self.silent_until;
            return Err(ModelError::TimedOut(if whole { "the whole answer took too long" } else { "it fell silent" }));
        };
        match part {
            None => {
                self.over = Some(Ok(()));
                self.decoder.finish(&mut self.events).map_err(|_| ModelError::TooLarge)
            }
            Some(Err(_)) => Err(ModelError::Broken("the connection broke".into())),
            Some(Ok(bytes)) => {
                self.bytes += bytes.len();
                if self.bytes > ANSWER {
                    return Err(ModelError::TooLarge);
                }
                self.decoder.push(&bytes, &mut self.events).map_err(|_| ModelError::TooLarge)
            }
        }
    }
}

fn rebuilt(body: reqwest::Body) -> Response {
    http::Response::new(body).into()
}

async fn read(response: Response, most: usize, deadline: Instant) -> Result<Vec<u8>, ModelError> {
    let mut body = Vec::new();
    let mut parts = response.bytes_stream();
    loop {
        match timeout_at(deadline, parts.next()).await {
            Err(_) => return Err(ModelError::TimedOut("the whole answer took too long")),
            Ok(None) => return Ok(body),
            Ok(Some(Err(_))) => return Err(ModelError::Broken("the connection broke".into())),
            Ok(Some(Ok(part))) if body.len() + part.len() <= most => body.extend_from_slice(&part),
            Ok(Some(Ok(_))) => return Err(ModelError::TooLarge),
        }
    }
}

/// What of an answer decides whether it is one.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Valid JSON, an object, and no error: some servers answer 200 and put the failure inside.
fn peek(body: &[u8], key: Option<&str>) -> Result<(), ModelError> {
    let wrong = || ModelError::BadAnswer("it is no JSON object".into());
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(wrong());
    }
    // what is skipped below is not looked at: half a character in there would be found too late
    let text = std::str::from_utf8(body).map_err(|_| wrong())?;
    let seen: Peek<'_> = serde_json::from_str(text).map_err(|_| wrong())?;
    let Some(error) = seen.error else { return Ok(()) };
    let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
    // a number there is a status; what else it says is for whoever asked
    let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).and_then(|code| StatusCode::from_u16(code).ok());
    let body = json!({ "error": error }).to_string();
    Err(refusal(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &HeaderMap::new(), body.as_bytes(), key))
}

fn not_json(error: ModelError, headers: &HeaderMap) -> ModelError {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match error {
        ModelError::BadAnswer(_) if media.starts_with("text/html") => {
            ModelError::BadAnswer("it is a page, not JSON; is `llm.base_url` right, `/v1` included?".into())
        }
        other => other,
    }
}

/// An answer in one piece, in the shape of a stream's.
fn whole_as_event(body: &[u8]) -> Result<Vec<u8>, ModelError> {
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| ModelError::BadAnswer("it is no JSON object".into()))?;
    for choice in answer["choices"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(message) = choice.remove("message") {
            choice.insert("delta".into(), message);
        }
    }
    answer["object"] = "chat.completion.chunk".into();
    Ok(format!("data: {answer}\n\n").into_bytes())
}

fn failed(error: &reqwest::Error) -> ModelError {
    // the address may hold what is nobody's business
    if error.is_timeout() {
        return ModelError::unavailable("it cannot be reached in time");
    }
    ModelError::unavailable(if error.is_connect() { "it cannot be reached" } else { "the connection broke before an answer" })
}

/// Seconds, or a date (RFC 9110 §10.2.3), or OpenAI's own header in milliseconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<u64>().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let after = text(RETRY_AFTER.as_str())?;
    let seconds = after.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds)).map(Duration::from_secs_f64);
    seconds.or_else(|| {
        // against the server's own clock, if it shows one
        let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp());
        let wait = date(after)?.duration_since(date(text("date")?)?);
        Duration::try_from(wait).ok()
    })
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8], key: Option<&str>) -> ModelError {
    let number = status.as_u16();
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = if answer["error"].is_null() { &answer } else { &answer["error"] };
    let says = error.as_str().or_else(|| error["message"].as_str()).or_else(|| error["detail"].as_str()).unwrap_or_default();
    let says = shown(says, key);
    match number {
        429 if error["code"] == "insufficient_quota" || error["type"] == "insufficient_quota" => {
            ModelError::Misconfigured("its account has no credit left".into())
        }
        429 => ModelError::Busy { retry_after: retry_after(headers) },
        408 | 500..=599 => ModelError::Unavailable { why: format!("status {number}").into(), retry_after: retry_after(headers) },
        401 | 403 => ModelError::Misconfigured(format!("status {number}; is `llm.api_key` right?")),
        300..=399 => {
            let to = if headers.contains_key(LOCATION) { " to another address" } else { "" };
            ModelError::Misconfigured(format!("status {number}{to}: redirects are not followed; is `llm.base_url` right?"))
        }
        400 | 404 | 413 | 422 => {
            let message = if says.is_empty() { format!("the language model refuses the request (status {number})") } else { says };
            let param = error["param"].as_str().map(|param| shown(param, key));
            ModelError::Refused { status: number, message, param }
        }
        _ => ModelError::Refused { status: 400, message: format!("the language model refuses the request (status {number})"), param: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn when_to_come_again_is_read_in_every_form() {
        let after = |pairs: &[(&'static str, &str)]| retry_after(&headers(pairs)).map(|after| after.as_millis());
        assert_eq!(after(&[("retry-after", "2")]), Some(2_000));
        assert_eq!(after(&[("retry-after", "0.5")]), Some(500));
        assert_eq!(after(&[("retry-after-ms", "125"), ("retry-after", "9")]), Some(125));
        let dates = [("date", "Thu, 26 Nov 2026 10:00:00 GMT"), ("retry-after", "Thu, 26 Nov 2026 10:00:07 GMT")];
        assert_eq!(after(&dates), Some(7_000));
        assert_eq!(after(&[("retry-after", "soon")]), None);
        assert_eq!(after(&[("retry-after", "-1")]), None);
        assert_eq!(after(&[("retry-after", "NaN")]), None);
    }

    #[test]
    fn refusals_say_whose_fault_it_is_and_never_the_key() {
        let judged =
            |status: u16, body: &str| refusal(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), Some("sk-1"));
        let ModelError::Refused { status, message, param } = judged(400, r#"{"error":{"message":"bad tools sk-1","param":"tools"}}"#)
        else {
            panic!("a refusal");
        };
        assert_eq!((status, &*message, param.as_deref()), (400, "bad tools …", Some("tools")));
        assert!(matches!(judged(401, "{}"), ModelError::Misconfigured(_)));
        assert!(matches!(judged(302, ""), ModelError::Misconfigured(_)));
        assert!(matches!(judged(503, "<html>"), ModelError::Unavailable { .. }));
        assert!(matches!(judged(429, "{}"), ModelError::Busy { .. }));
        assert!(matches!(judged(429, r#"{"error":{"code":"insufficient_quota"}}"#), ModelError::Misconfigured(_)));
        assert!(matches!(judged(422, r#"{"detail":"too long"}"#), ModelError::Refused { status: 422, .. }));
        assert!(matches!(judged(418, ""), ModelError::Refused { status: 400, .. }));
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_is_not_read_either() {
        let read = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let body = stream::repeat_with(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Bytes::from_static(b"data: {}\n\n"))
        });
        let second = Duration::from_secs(1);
        let wire = Wire {
            client: Client::builder().build().unwrap(),
            key: None,
            patience: Patience { first_byte: second, idle: second, whole: second },
        };
        let (told, credits) = (Arc::<Told>::default(), credits());
        let deadline = Instant::now() + second;
        let mut reading = Reading {
            body: body.boxed(),
            decoder: Decoder::default(),
            events: VecDeque::new(),
            wire,
            told: Arc::clone(&told),
            credits: Arc::clone(&credits),
            deadline,
            silent_until: deadline,
            bytes: 0,
            over: None,
        };
        for _ in 0..CREDITS {
            assert_eq!(reading.next().await.as_deref(), Some(&b"data: {}\n\n"[..]));
        }
        let next = timeout(Duration::from_millis(50), reading.next()).await;
        assert!(next.is_err(), "the next waits for a reader");
        assert_eq!(read.load(std::sync::atomic::Ordering::SeqCst), CREDITS + 1);
        credits.add_permits(1);
        assert!(reading.next().await.is_some());
        assert_eq!(reading.next().await, None, "who never reads is not waited for beyond the whole answer's time");
        assert!(matches!(told.what().0, Some(ModelError::TimedOut(_))));
    }

    #[test]
    fn an_error_inside_an_answer_of_status_200_is_one() {
        assert_eq!(peek(b" {\"choices\":[],\"error\":null}", None), Ok(()));
        assert!(matches!(peek(br#"{"error":{"message":"out of memory"}}"#, None), Err(ModelError::Unavailable { .. })));
        assert!(matches!(peek(br#"{"error":{"message":"no","code":400}}"#, None), Err(ModelError::Refused { status: 400, .. })));
        for wrong in [&b"[]"[..], b"", b"{\"a\":", b"nothing", b"{\"a\":\"\xc3\"}", b"\"x\""] {
            assert!(matches!(peek(wrong, None), Err(ModelError::BadAnswer(_))), "{wrong:?}");
        }
    }
}
