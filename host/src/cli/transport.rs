//! One request of the admin API, over the wire or in this process.
//!
//! Without `--url` the command opens the data folder as the host would and asks the same router as the local operator:
//! whoever can write the data folder is the operator already. Validation, audit and errors are therefore the same.

use http::{Method, Request};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Global, Stop};
use crate::app::App;

/// Where requests go.
pub(super) enum Transport {
    /// `--url` and `--key`.
    Remote {
        /// Keeps its connection.
        client: reqwest::Client,
        /// Without a trailing slash.
        url: String,
        /// `mn_…`
        key: String,
    },
    /// The router in this process.
    Local(Box<App>),
}

/// What came back.
pub(super) struct Answer {
    /// The ETag, if there was one.
    pub(super) etag: Option<String>,
    /// The JSON body; null when empty.
    pub(super) body: Value,
}

/// What goes out.
pub(super) enum Payload {
    None,
    Json(Value),
    Component(Vec<u8>),
}

impl Transport {
    /// Chooses by the flags.
    pub(super) async fn open(global: &Global) -> Result<Self, Stop> {
        let Some(url) = &global.url else {
            let config = global.load()?;
            crate::telemetry::install_quiet(&config.telemetry).map_err(Stop::usage)?;
            return Ok(Self::Local(Box::new(App::open(config).await?)));
        };
        let Some(key) = &global.key else {
            return Err(Stop::usage("`--url` needs a key")
                .hint("give `--key` or set MNEMOSYNE_KEY; `mnemosyne key create` on the host's machine makes one"));
        };
        let client = reqwest::Client::builder().build().map_err(|error| Stop::failed(error.to_string()))?;
        Ok(Self::Remote { client, url: url.trim_end_matches('/').to_owned(), key: key.clone() })
    }

    /// Sends one request below `/api/v1/admin` and gives the answer, or the error in words.
    pub(super) async fn call(&self, method: Method, path: &str, if_match: Option<&str>, payload: Payload) -> Result<Answer, Stop> {
        let path = format!("/api/v1/admin{path}");
        let (kind, bytes) = match payload {
            Payload::None => (None, Vec::new()),
            Payload::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Payload::Component(bytes) => (Some("application/wasm"), bytes),
        };
        let (status, etag, body) = match self {
            Self::Remote { client, url, key } => {
                let mut request = client.request(method, format!("{url}{path}")).bearer_auth(key).body(bytes);
                if let Some(kind) = kind {
                    request = request.header("content-type", kind);
                }
                if let Some(etag) = if_match {
                    request = request.header("if-match", etag);
                }
                let answer = request.send().await.map_err(|error| Stop {
                    code: 6,
                    message: format!("`{url}` cannot be reached: {}", error.without_url()),
                    hint: Some("is the host running, and is the address right?".into()),
                })?;
                let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
                (answer.status().as_u16(), etag, answer.bytes().await.map_err(|error| Stop::failed(error.to_string()))?)
            }
            Self::Local(app) => {
                let key = app.local_credential().expose_secret();
                let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
                if let Some(kind) = kind {
                    request = request.header("content-type", kind).header("content-length", bytes.len());
                }
                if let Some(etag) = if_match {
                    request = request.header("if-match", etag);
                }
                let request = request.body(bytes).map_err(|error| Stop::failed(error.to_string()))?;
                let answer = crate::http::local(app, request).await.map_err(Stop::failed)?;
                let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
                (answer.status().as_u16(), etag, answer.into_body())
            }
        };
        let body: Value = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body)
                .map_err(|_| Stop::failed(format!("the answer with status {status} is not JSON; is `--url` a Mnemosyne host?")))?
        };
        if status >= 400 { Err(refusal(status, &body)) } else { Ok(Answer { etag, body }) }
    }

    /// GET of a list, all of its pages: `{"items":[…]}`.
    pub(super) async fn all(&self, path: &str) -> Result<Value, Stop> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}?limit=100&cursor={cursor}")).await?.body;
            items.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(serde_json::json!({ "items": items })),
            }
        }
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Stop> {
        self.call(Method::GET, path, None, Payload::None).await
    }
}

/// The API's error in the words of the terminal: one line a finding.
fn refusal(status: u16, body: &Value) -> Stop {
    let error = &body["error"];
    let mut message = error["message"].as_str().unwrap_or("the host refused").to_owned();
    if let Some(detail) = error["detail"].as_str().filter(|detail| !detail.is_empty()) {
        message = format!("{message}: {detail}");
    }
    for field in error["errors"].as_array().into_iter().flatten() {
        let pointer = field["pointer"].as_str().unwrap_or_default();
        message = format!(
            "{message}\n  - {}{}",
            if pointer.is_empty() { String::new() } else { format!("{pointer}: ") },
            field["message"].as_str().unwrap_or_default()
        );
    }
    if let Some(code) = error["code"].as_str() {
        message = format!("{message} ({code})");
    }
    let code = match status {
        401 | 403 => 5,
        404 => 4,
        429 | 502..=504 => 6,
        400..=499 => 3,
        _ => 1,
    };
    Stop { code, message, hint: error["hint"].as_str().map(str::to_owned) }
}
