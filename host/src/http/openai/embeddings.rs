//! `POST /v1/embeddings`

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Outcome;
use crate::http::Body;
use crate::service::openai::{Embedded, refused};

/// Texts to embed.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EmbeddingRequest {
    /// The host's own embedder, as `GET /v1/models` names it.
    #[schema(min_length = 1, max_length = 256)]
    model: String,
    /// A text, or 1 to 1024 of them, each of 1 to 65536 characters.
    input: EmbeddingInput,
    /// How vectors are written; `float` when left out.
    encoding_format: Option<EncodingFormat>,
    /// Only the number that the model has.
    #[schema(minimum = 1, maximum = 4096)]
    dimensions: Option<u32>,
}

/// A text or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EmbeddingInput {
    /// One.
    One(String),
    /// Several.
    Many(Vec<EmbeddingItem>),
}

/// A text. Lists of tokens are read to be refused in words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "tokens are read to be refused, whatever they are")]
pub(super) enum EmbeddingItem {
    /// A text.
    Text(String),
    /// Refused.
    Token(u64),
    /// Refused.
    Tokens(Vec<u64>),
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EncodingFormat {
    /// A list of numbers.
    Float,
    /// 32-bit floats, little-endian, as base64; OpenAI's clients ask for it by themselves.
    Base64,
}

/// Vectors of texts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmbeddingList {
    /// `list`.
    object: &'static str,
    /// In the order of the texts.
    data: Vec<EmbeddingRow>,
    /// The model that made them.
    model: String,
    /// What it took.
    usage: EmbeddingUsage,
}

/// The vector of a text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Embedding)]
pub(super) struct EmbeddingRow {
    /// `embedding`.
    object: &'static str,
    /// Of which text.
    index: usize,
    /// As asked for.
    embedding: EmbeddingVector,
}

/// A vector.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EmbeddingVector {
    /// `float`. Widened, so that a reader of 64-bit numbers gets exactly what `base64` holds.
    Float(Vec<f64>),
    /// `base64`.
    Base64(String),
}

/// Tokens of the texts; estimated, a token for four characters.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmbeddingUsage {
    /// Of the texts.
    prompt_tokens: u64,
    /// The same.
    total_tokens: u64,
}

impl EmbeddingInput {
    fn texts(self) -> Outcome<Vec<String>> {
        let text = |item| match item {
            EmbeddingItem::Text(text) => Ok(text),
            EmbeddingItem::Token(_) | EmbeddingItem::Tokens(_) => Err(refused(
                "input",
                "lists of tokens are not taken: they mean something to one tokenizer only",
                "send the texts themselves; in LangChain: `OpenAIEmbeddings(check_embedding_ctx_length=False)`",
            )),
        };
        match self {
            Self::One(text) => Ok(vec![text]),
            Self::Many(items) => items.into_iter().map(text).collect(),
        }
    }
}

impl EncodingFormat {
    fn write(self, vector: &[f32]) -> EmbeddingVector {
        match self {
            Self::Float => EmbeddingVector::Float(vector.iter().copied().map(f64::from).collect()),
            Self::Base64 => {
                let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                EmbeddingVector::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

fn rendered(embedded: Embedded, format: EncodingFormat) -> EmbeddingList {
    let row = |(index, vector): (usize, &Vec<f32>)| EmbeddingRow { object: "embedding", index, embedding: format.write(vector) };
    EmbeddingList {
        object: "list",
        data: embedded.vectors.iter().enumerate().map(row).collect(),
        model: embedded.model,
        usage: EmbeddingUsage { prompt_tokens: embedded.tokens, total_tokens: embedded.tokens },
    }
}

/// Embed texts
///
/// In the host's own space, that of memories. Nothing is stored.
#[utoipa::path(
    post, path = "/v1/embeddings", tag = "openai", operation_id = "openai_embed",
    request_body = EmbeddingRequest,
    responses((status = 200, body = EmbeddingList)),
    extensions(("x-permission" = json!("chat:use")), ("x-deadline-seconds" = json!(150))),
)]
pub(super) async fn embed(State(app): State<App>, Body(body): Body<EmbeddingRequest>) -> Outcome<Json<EmbeddingList>> {
    let texts = body.input.texts()?;
    let embedded = app.openai.embed(&body.model, &texts, body.dimensions).await?;
    Ok(Json(rendered(embedded, body.encoding_format.unwrap_or(EncodingFormat::Float))))
}
