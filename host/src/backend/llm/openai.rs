//! The client of OpenAI's API: async-openai over our own [`Wire`].
//!
//! With types of one's own (`…_byot`) that library neither sets `stream: true` nor minds a stream without a single piece:
//! both are done here and above. It writes the request of a stream; the pieces are read beside it, where they can be waited for
//! one by one: it would gather them on a task of its own, without bound, and wake two tasks for each. So each call gets its own
//! small client.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures::future::BoxFuture;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::error::ModelError;
use super::pieces::Pieces;
use super::wire::{Wire, rebuilt};

/// How long a list of models is waited for.
const LIST: Duration = Duration::from_secs(10);

/// One server.
pub(super) struct OpenAi {
    server: Server,
    wire: Wire,
}

/// Where it is and who asks. Not the library's own: that one reads the environment and panics at an odd key.
#[derive(Clone)]
struct Server {
    base: String,
    key: SecretString,
    authorization: Option<HeaderValue>,
}

impl Config for Server {
    fn headers(&self) -> HeaderMap {
        self.authorization.iter().map(|value| (AUTHORIZATION, value.clone())).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// Pieces on their way past the library.
type Aside = Arc<Mutex<Option<Pieces>>>;

/// The library's transport: our wire, for one call.
#[derive(Clone)]
struct OneCall {
    wire: Wire,
    /// Where the pieces of a stream are left.
    streamed: Option<Aside>,
}

impl tower::Service<HttpRequestFactory> for OneCall {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let Self { wire, streamed } = self.clone();
        Box::pin(async move {
            let request = request.build().await?;
            let answer = match streamed {
                None => wire.whole(request).await,
                Some(aside) => wire.pieces(request).await.map(|pieces| {
                    *aside.lock().unwrap_or_else(PoisonError::into_inner) = Some(pieces);
                    rebuilt("")
                }),
            };
            answer.map_err(|error| OpenAIError::Boxed(Box::new(error)))
        })
    }
}

/// What the wire said; anything else is a request that could not be built or an answer of another shape.
fn ours(error: OpenAIError) -> ModelError {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<ModelError>() {
            Ok(error) => *error,
            Err(_) => ModelError::unavailable("its client failed"),
        },
        OpenAIError::InvalidArgument(_) => {
            ModelError::Invalid { code: "llm-messages", message: "the request cannot be written as JSON".into() }
        }
        _ => ModelError::BadAnswer("it has another shape than OpenAI's".into()),
    }
}

impl OpenAi {
    /// At this address with this key.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub(super) fn open(base: &str, wire: Wire) -> Result<Self, String> {
        let authorization = match &wire.key {
            None => None,
            Some(key) => {
                let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
                let mut value = value.map_err(|_| "`llm.api_key` has characters that no header may have; a good value is `sk-…`")?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let key = wire.key.clone().unwrap_or_else(|| SecretString::from(""));
        Ok(Self { server: Server { base: base.trim_end_matches('/').to_owned(), key, authorization }, wire })
    }

    fn client(&self, streamed: Option<Aside>) -> Client<Server> {
        let call = OneCall { wire: self.wire.clone(), streamed };
        Client::build(self.wire.client.clone(), self.server.clone()).with_http_service(call)
    }

    /// `POST /chat/completions`, answered in one piece. Dropping the future ends the request.
    pub(super) async fn complete(&self, body: &Value) -> Result<Value, ModelError> {
        self.client(None).chat().create_byot(body).await.map_err(ours)
    }

    /// `POST /chat/completions`, answered in pieces. Dropping them ends the request.
    pub(super) async fn stream(&self, body: &Value) -> Result<Pieces, ModelError> {
        let aside = Aside::default();
        let client = self.client(Some(Arc::clone(&aside)));
        // the library is given an empty answer
        drop(client.chat().create_stream_byot::<_, Value>(body).await.map_err(ours)?);
        let pieces = aside.lock().unwrap_or_else(PoisonError::into_inner).take();
        pieces.ok_or_else(|| ModelError::unavailable("its client did not ask"))
    }

    /// `GET /models`.
    pub(super) async fn models(&self) -> Result<Vec<Value>, ModelError> {
        let mut wire = self.wire.clone();
        wire.patience.whole = wire.patience.whole.min(LIST);
        let client = Client::build(wire.client.clone(), self.server.clone()).with_http_service(OneCall { wire, streamed: None });
        let mut answer: Value = client.models().list_byot().await.map_err(ours)?;
        match answer["data"].take() {
            Value::Array(models) => Ok(models.into_iter().filter(|model| model["id"].is_string()).collect()),
            _ => Err(ModelError::BadAnswer("no list of models".into())),
        }
    }
}
