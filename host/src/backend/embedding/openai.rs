//! Any server with OpenAI's `POST /embeddings`.
//!
//! reqwest and thirty lines instead of a client library: what must be exact here is the refusal of answers (no vectors, too
//! few, too long, other lengths, not numbers, endless bodies), and libraries accept them.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Embedder, Error, Result};
use crate::config::Embedding;
use crate::model::vector::Space;

/// To connect.
const CONNECT: Duration = Duration::from_secs(5);
/// For one whole answer.
const ANSWER: Duration = Duration::from_mins(1);
/// Bytes of one float in JSON, generously, and of what stands around a vector.
const FLOAT_BYTES: usize = 32;

/// See the module.
pub struct OpenAi {
    client: Client,
    url: String,
    key: Option<SecretString>,
    space: Space,
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: Option<usize>,
    embedding: Floats,
}

/// A vector as a list of numbers, or as base64 of little-endian floats: some servers answer the latter whatever was asked for.
struct Floats(Vec<f32>);

impl<'de> Deserialize<'de> for Floats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Floats;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("numbers, or floats in base64")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> std::result::Result<Floats, A::Error> {
                let mut floats = Vec::with_capacity(1_024);
                while let Some(number) = numbers.next_element()? {
                    floats.push(number);
                }
                Ok(Floats(floats))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Floats, E> {
                let bytes = STANDARD.decode(text).map_err(E::custom)?;
                let (floats, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("no whole number of floats"));
                }
                Ok(Floats(floats.iter().map(|four| f32::from_le_bytes(*four)).collect()))
            }
        }
        deserializer.deserialize_any(Either).map_err(D::Error::custom)
    }
}

impl OpenAi {
    /// As configured; asks nothing yet.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn open(config: &Embedding) -> std::result::Result<Self, String> {
        let Some(model) = config.model.clone() else {
            return Err("`embedding.provider` = `openai` needs `llm.embedding_model`; a good value is `text-embedding-3-small`".into());
        };
        let Some(base) = &config.base_url else {
            return Err(format!(
                "the embedding model `{model}` needs `llm.base_url`, `/v1` included; a good value is `http://127.0.0.1:11434/v1`"
            ));
        };
        let client = Client::builder().connect_timeout(CONNECT).timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self {
            client: client.map_err(|error| format!("no client for `{base}`: {error}"))?,
            url: format!("{}/embeddings", base.trim_end_matches('/')),
            key: config.api_key.clone(),
            space: Space { model, dimension: config.dimension },
        })
    }

    async fn ask(&self, texts: &[String]) -> Result<Vec<u8>> {
        // the family that can shorten its vectors is told to; other servers may refuse the field
        let dimensions = self.space.model.starts_with("text-embedding-3").then_some(self.space.dimension);
        let ask = Ask { model: &self.space.model, input: texts, encoding_format: "float", dimensions };
        let mut request = self.client.post(&self.url).json(&ask);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let answer = request.send().await.map_err(|error| failed(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(status));
        }
        let bound = texts.len() * (self.space.dimension as usize + 8) * FLOAT_BYTES + 64 * 1024;
        let mut body = Vec::new();
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.next().await {
            body.extend_from_slice(&part.map_err(|error| failed(&error))?);
            if body.len() > bound {
                return Err(Error::BadAnswer(format!("more than {bound} bytes for {} texts", texts.len())));
            }
        }
        Ok(body)
    }
}

fn failed(error: &reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    // the address may hold what is nobody's business
    let what = if error.is_connect() { "it cannot be reached" } else { "the connection broke" };
    Error::Unavailable(what.into())
}

fn refusal(status: StatusCode) -> Error {
    let says = format!("status {}", status.as_u16());
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Error::Unavailable(says),
        _ if status.is_server_error() => Error::Unavailable(says),
        _ if status.is_redirection() => Error::Refused(format!("{says}: redirects are not followed; is `llm.base_url` right?")),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Refused(format!("{says}; is `llm.api_key` right?")),
        StatusCode::NOT_FOUND => Error::Refused(format!("{says}; are `llm.base_url` and `llm.embedding_model` right?")),
        _ => Error::Refused(says),
    }
}

/// Rows in the order of the texts, each of the right length.
fn read(body: &[u8], texts: usize, space: &Space) -> Result<Vec<Vec<f32>>> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Error::BadAnswer("no JSON with `data[].embedding`".into()))?;
    if answer.data.len() != texts {
        return Err(Error::BadAnswer(format!("{} vectors for {texts} texts", answer.data.len())));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts];
    for (at, Row { index, embedding: Floats(embedding) }) in answer.data.into_iter().enumerate() {
        if embedding.len() != space.dimension as usize {
            return Err(Error::BadAnswer(format!(
                "`{}` answers {} floats; set `embedding.dimension` = {}",
                space.model,
                embedding.len(),
                embedding.len()
            )));
        }
        let place = vectors.get_mut(index.unwrap_or(at)).ok_or_else(|| Error::BadAnswer("an index beyond the texts".into()))?;
        if place.replace(embedding).is_some() {
            return Err(Error::BadAnswer("two vectors with one index".into()));
        }
    }
    Ok(vectors.into_iter().flatten().collect())
}

#[async_trait]
impl Embedder for OpenAi {
    fn space(&self) -> &Space {
        &self.space
    }

    fn local(&self) -> bool {
        false
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let body = self.ask(texts).await?;
        read(&body, texts.len(), &self.space)
    }
}
