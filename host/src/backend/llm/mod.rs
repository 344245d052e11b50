//! Capability `llm`: any server with OpenAI's API, by async-openai. Key, model and profile are the operator's.
//!
//! ```text
//! mod.rs         Models: what the host has of it; which model answers what
//! capability.rs  llm/chat for plugins: complete, open, a JSON schema that is checked
//! raw.rs         what `/v1` passes through: requests and pieces as they are
//! prompt.rs      a plugin's request as a body, by profile     context.rs  tokens, and what is left out when they do not fit
//! answer.rs      pieces as text, reasoning, tool calls        schema.rs   whether an answer keeps to its schema
//! ask.rs         tries, breakers, the fallback model          budget.rs   tokens of a day
//! openai.rs      the client library                           wire.rs     what reaches it: judged, bounded, timed
//! pieces.rs      what passes beside it: a stream, read as it is wanted
//! sse.rs         lines of a stream of events                  error.rs    what can go wrong
//! probe.rs       what `mnemosyne doctor` asks
//! ```
//!
//! What comes of what a server does (before the first byte a try is repeated `llm.attempts` times with growing waits ± half,
//! then `llm.fallback_model` is asked; after it nothing is repeated, and what came before stays):
//!
//! | the server | before the first byte | after it |
//! |---|---|---|
//! | is slow to begin, within `llm.first_byte_seconds` | waited for | – |
//! | does not begin in time (an answer in one piece begins when it is finished: `llm.answer_seconds`) | `LLM_002`, fallback; no second try | – |
//! | 429 | waited as long as `Retry-After` says if that is at most 8 s, else `RATE_001` with it | – |
//! | 500, 502, 503, 504, 408, no connection | tried again, then `LLM_001`; the third such call in a row opens the breaker for 30 s | – |
//! | cuts the connection, in mid-chunk too | tried again, then `LLM_001` | `LLM_001` "the answer was cut" |
//! | half a UTF-8 character at the end of a read | joined with its other half | the same |
//! | half a UTF-8 character inside a piece, invalid JSON, no object | `LLM_001`, fallback; no second try | `LLM_001` |
//! | ends without `[DONE]` | with a `finish_reason` it is a good end | without one `LLM_001` "the answer was cut" |
//! | never ends | – | `LLM_001` "too large" at 16 bytes a token asked for + 4 KiB, 512 KiB of text or 16 MiB on the wire; `LLM_002` after `llm.answer_seconds` |
//! | falls silent | `LLM_002` after `llm.first_byte_seconds` | `LLM_002` after `llm.idle_seconds`; comments are no life sign |
//! | another content type than events or JSON | `LLM_001`, fallback | – |
//! | JSON although a stream was asked | one piece | – |
//! | a stream without a single piece | `LLM_001`, fallback | – |
//! | `{"error":…}` with status 200, or as a piece | as the status that it names, else 500 | the same |
//! | 400, 404, 413, 422 | `REQ_001`, `DB_001`, `SIZE_001`, `VAL_001` with its sentence (a plugin hears `llm-refused`); 404: fallback | – |
//! | 400 that names `stream_options` or `response_format` | asked again without, remembered | – |
//! | 401, 403, redirects | `LLM_001`; the log says which setting to look at | – |
//! | a vector of another dimension | not stored; the text stays in the outbox and is found by words | – |
//!
//! Dropping a future, a stream or a call ends the request: the connection is closed at once.

mod answer;
mod ask;
mod budget;
mod capability;
pub mod context;
mod error;
mod openai;
mod pieces;
pub mod probe;
mod prompt;
mod raw;
mod schema;
mod sse;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::llm::ModelRequest;
use serde_json::Value;

use self::ask::Asker;
use self::budget::Budget;
use self::openai::OpenAi;
use self::wire::{Patience, Wire};
use crate::clock::{Clock, IdSource};
use crate::config::{Llm, Profile};
use crate::store::Db;

pub(crate) use self::capability::said;
pub use self::error::ModelError;
pub use self::raw::RawStream;

/// How long the server's list of models is believed.
const LISTED: Duration = Duration::from_mins(1);

/// The language models of this host.
pub struct Models {
    config: Llm,
    asker: Option<Asker>,
    budget: Arc<Budget>,
    listed: moka::future::Cache<(), Arc<Vec<Value>>>,
}

/// Who answers a request, and how they are talked to.
struct Plan {
    /// The first that can.
    models: Vec<String>,
    profile: Profile,
    /// Tokens of prompt and answer.
    window: u32,
}

/// Every model that the configuration names.
fn configured_models(config: &Llm) -> impl Iterator<Item = &str> {
    let named = [&config.model, &config.fallback_model, &config.reasoning_model, &config.small_model];
    named.into_iter().chain(config.classes.values().map(|class| &class.model)).filter_map(Option::as_deref)
}

/// The client of a configured server; `None` without one.
fn connect(config: &Llm) -> Result<Option<OpenAi>, String> {
    let Some(base) = &config.base_url else { return Ok(None) };
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(config.connect_seconds))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| format!("no client for `llm.base_url`: {error}"))?;
    let patience = Patience {
        first_byte: Duration::from_secs(config.first_byte_seconds),
        idle: Duration::from_secs(config.idle_seconds),
        whole: Duration::from_secs(config.answer_seconds),
    };
    OpenAi::open(base, Wire { client, key: config.api_key.clone(), patience }).map(Some)
}

impl Models {
    /// As configured; asks nothing yet.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn open(config: &Llm, db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Result<Self, String> {
        let asker = connect(config)?.map(|openai| Asker::new(openai, config, Arc::clone(&clock), Arc::clone(&ids)));
        Ok(Self {
            config: config.clone(),
            asker,
            budget: Arc::new(Budget::new(db, clock, ids, config)),
            listed: moka::future::Cache::builder().max_capacity(1).time_to_live(LISTED).build(),
        })
    }

    /// Whether a server is configured. Whether it answers is another question.
    pub fn configured(&self) -> bool {
        self.asker.is_some()
    }

    /// The model that is configured to answer, if one is named.
    pub fn model(&self) -> Option<&str> {
        self.config.model.as_deref()
    }

    /// The server's models that clients may name, as it describes them. Asked at most once a minute.
    ///
    /// # Errors
    /// [`ModelError`]; without a server [`ModelError::NotConfigured`].
    pub async fn list(&self) -> Result<Vec<Value>, ModelError> {
        let all = self.all().await?;
        let id = |model: &Value| model["id"].as_str().unwrap_or_default().to_owned();
        Ok(all.iter().filter(|model| self.permits(&id(model))).cloned().collect())
    }

    /// Waits until the tokens of calls that were dropped are booked.
    pub async fn close(&self) {
        self.budget.close().await;
    }

    async fn all(&self) -> Result<Arc<Vec<Value>>, ModelError> {
        let asker = self.asker()?;
        // whoever asks meanwhile waits for the same answer
        let listed = self.listed.try_get_with((), async { asker.openai.models().await.map(Arc::new) }).await;
        listed.map_err(|error| (*error).clone())
    }

    fn asker(&self) -> Result<&Asker, ModelError> {
        self.asker.as_ref().ok_or(ModelError::NotConfigured)
    }

    /// Whether the operator lets clients name a model that the server has.
    fn permits(&self, model: &str) -> bool {
        let listed = self.config.allowed_models.as_ref().is_none_or(|allowed| allowed.iter().any(|name| name == model));
        listed || configured_models(&self.config).any(|name| name == model)
    }

    /// Whether a client may name it: it is configured, or the operator permits it and, where he did not list it himself, the
    /// server has it.
    async fn may_be_named(&self, model: &str) -> bool {
        if configured_models(&self.config).any(|name| name == model) {
            return true;
        }
        match &self.config.allowed_models {
            Some(allowed) => allowed.iter().any(|name| name == model),
            None => self.all().await.is_ok_and(|all| all.iter().any(|known| known["id"] == model)),
        }
    }

    /// The configured model, or the only one that the server has.
    async fn main_model(&self) -> Result<String, ModelError> {
        if let Some(model) = &self.config.model {
            return Ok(model.clone());
        }
        match self.all().await?.as_slice() {
            [only] => Ok(only["id"].as_str().unwrap_or_default().to_owned()),
            _ => Err(ModelError::NotConfigured),
        }
    }

    /// Who answers a plugin's request.
    async fn plan(&self, request: &ModelRequest) -> Result<Plan, ModelError> {
        self.asker()?;
        let config = &self.config;
        let class = config.classes.get(&request.class);
        let (own, profile) = match &*request.class {
            "reasoning" if config.reasoning_model.is_some() => (config.reasoning_model.clone(), Profile::Reasoning),
            "small" => (config.small_model.clone(), config.profile),
            _ => (None, config.profile),
        };
        if class.is_none() && !matches!(&*request.class, "chat" | "reasoning" | "small") {
            return Err(ModelError::NotConfigured);
        }
        let window = class.and_then(|class| class.context_tokens).unwrap_or(config.context_tokens);
        let profile = class.and_then(|class| class.profile).unwrap_or(profile);
        if let Some(wished) = &request.wished_model
            && self.may_be_named(wished).await
        {
            return Ok(Plan { models: self.with_fallback(wished.clone()), profile, window });
        }
        let model = match class.and_then(|class| class.model.clone()).or(own) {
            Some(model) => model,
            None => self.main_model().await?,
        };
        Ok(Plan { models: self.with_fallback(model), profile, window })
    }

    fn with_fallback(&self, model: String) -> Vec<String> {
        let fallback = self.config.fallback_model.clone().filter(|fallback| *fallback != model);
        [model].into_iter().chain(fallback).collect()
    }
}

/// What a plugin hears.
fn for_a_guest(error: &ModelError) -> BackendError {
    error.for_a_guest()
}
