//! What passes between the host and a model server: one request, one answer that is judged before anybody reads it.
//!
//! The client library above reads whole bodies, logs what it cannot parse, and queues a stream without bound. So nothing
//! reaches it that was not checked here: a status, a content type, valid JSON, sizes. A stream passes beside it ([`Pieces`]).

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{ModelError, shown};
use super::pieces::Pieces;

/// Most bytes of an answer on the wire. A streamed token has some 250 of them.
pub(super) const ANSWER: usize = 16 << 20;
/// Most bytes of a refusal that are read.
const REFUSAL: usize = 64 << 10;
/// How long a refusal's body is waited for.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) first_byte: Duration,
    pub(super) idle: Duration,
    pub(super) whole: Duration,
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
        object(&body, self.key()).map_err(|error| not_json(error, &headers))?;
        Ok(rebuilt(body))
    }

    /// Sends, and answers when the server has accepted.
    pub(super) async fn pieces(&self, request: Request) -> Result<Pieces, ModelError> {
        let deadline = Instant::now() + self.patience.whole;
        let response = self.begun(request, self.patience.first_byte).await?;
        let media = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/event-stream");
        if media.starts_with("application/json") {
            // it does not stream, whatever it was asked
            let body = read(response, ANSWER, deadline).await?;
            return Ok(Pieces::one(as_piece(object(&body, self.key())?)));
        }
        if !media.starts_with("text/event-stream") {
            return Err(ModelError::BadAnswer("it is neither a stream of events nor JSON".into()));
        }
        Ok(Pieces::of(response, self.key.clone(), self.patience, deadline))
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

/// What was read, as the client library reads it.
pub(super) fn rebuilt(body: impl Into<reqwest::Body>) -> Response {
    http::Response::new(body.into()).into()
}

async fn read(mut response: Response, most: usize, deadline: Instant) -> Result<Vec<u8>, ModelError> {
    let mut body = Vec::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Err(_) => return Err(ModelError::TimedOut("the whole answer took too long")),
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(_)) => return Err(ModelError::Broken("the connection broke".into())),
            Ok(Ok(Some(part))) if body.len() + part.len() <= most => body.extend_from_slice(&part),
            Ok(Ok(Some(_))) => return Err(ModelError::TooLarge),
        }
    }
}

/// A JSON object without an error: some servers answer 200 and put the failure inside.
pub(super) fn object(body: &[u8], key: Option<&str>) -> Result<Value, ModelError> {
    let wrong = || ModelError::BadAnswer("it is no JSON object".into());
    let answer: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let Some(fields) = answer.as_object() else { return Err(wrong()) };
    let Some(error) = fields.get("error").filter(|error| !error.is_null()) else { return Ok(answer) };
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
fn as_piece(mut answer: Value) -> Value {
    for choice in answer["choices"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(message) = choice.remove("message") {
            choice.insert("delta".into(), message);
        }
    }
    answer["object"] = "chat.completion.chunk".into();
    answer
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

    #[test]
    fn an_error_inside_an_answer_of_status_200_is_one() {
        assert!(object(b" {\"choices\":[],\"error\":null}", None).is_ok());
        assert!(matches!(object(br#"{"error":{"message":"out of memory"}}"#, None), Err(ModelError::Unavailable { .. })));
        assert!(matches!(object(br#"{"error":{"message":"no","code":400}}"#, None), Err(ModelError::Refused { status: 400, .. })));
        for wrong in [&b"[]"[..], b"", b"{\"a\":", b"nothing", b"{\"a\":\"\xc3\"}", b"\"x\""] {
            assert!(matches!(object(wrong, None), Err(ModelError::BadAnswer(_))), "{wrong:?}");
        }
    }
}
