//! Asking until there is an answer: tries, breakers, the model that helps out. Only before the first byte: what a person has
//! begun to read is never begun anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::error::ModelError;
use super::openai::OpenAi;
use super::pieces::Pieces;
use super::prompt::Quirks;
use crate::backend::embedding::breaker::{Breaker, OPEN};
use crate::clock::{Clock, IdSource};
use crate::config::Llm;

/// Misses in a row, each after all its tries, that open a breaker.
const MISSES: u32 = 3;
/// The first wait, doubled with each try, ± half.
const WAIT: Duration = Duration::from_millis(250);
/// The longest wait, also when the server wants a longer one: then the caller is told when to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Whole,
    Streamed,
}

/// An answer that has begun.
pub(super) enum Got {
    Whole(Value),
    /// With the first piece: a stream without any is a failure that may be tried again.
    Streamed(Box<Pieces>, Value),
}

/// Where a body comes from.
pub(super) enum Writer<'a> {
    /// Written here, for a model and for what its server knows.
    Ours(&'a (dyn Fn(&str, Quirks) -> Result<Value, ModelError> + Send + Sync)),
    /// A client's own: nothing but the model is changed.
    Theirs(&'a Value),
}

impl Writer<'_> {
    fn body(&self, model: &str, quirks: Quirks) -> Result<Value, ModelError> {
        match self {
            Self::Ours(write) => write(model, quirks),
            Self::Theirs(body) => {
                let mut body = (*body).clone();
                body["model"] = model.into();
                Ok(body)
            }
        }
    }
}

/// See the module.
pub(super) struct Asker {
    pub(super) openai: OpenAi,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    attempts: u32,
    breakers: HashMap<String, Breaker>,
    others: Breaker,
    no_stream_options: AtomicBool,
    no_response_format: AtomicBool,
}

impl Asker {
    pub(super) fn new(openai: OpenAi, config: &Llm, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        // models that clients name share one: their names are not ours to count
        let named = super::configured_models(config).map(|model| (model.to_owned(), Breaker::after(MISSES)));
        Self {
            openai,
            clock,
            ids,
            attempts: config.attempts,
            breakers: named.collect(),
            others: Breaker::after(MISSES),
            no_stream_options: AtomicBool::new(false),
            no_response_format: AtomicBool::new(false),
        }
    }

    /// What has been learned about the server.
    pub(super) fn quirks(&self) -> Quirks {
        Quirks {
            no_stream_options: self.no_stream_options.load(Ordering::Relaxed),
            no_response_format: self.no_response_format.load(Ordering::Relaxed),
        }
    }

    /// Asks each model in turn, each as often as is worth it.
    pub(super) async fn ask(&self, models: &[String], how: How, write: &Writer<'_>) -> Result<Got, ModelError> {
        let mut first = None;
        for (place, model) in models.iter().enumerate() {
            let error = match self.one_model(model, how, write).await {
                Ok(got) => {
                    if place > 0 {
                        tracing::info!(model, "the fallback model answers");
                    }
                    return Ok(got);
                }
                Err(error) => error,
            };
            let helps = error.worth_another_model();
            first.get_or_insert(error);
            if !helps {
                break;
            }
        }
        Err(first.unwrap_or(ModelError::NotConfigured))
    }

    async fn one_model(&self, model: &str, how: How, write: &Writer<'_>) -> Result<Got, ModelError> {
        let breaker = self.breakers.get(model).unwrap_or(&self.others);
        if !breaker.lets_through(self.clock.now()) {
            let after = Duration::from_millis(OPEN.unsigned_abs());
            return Err(ModelError::Unavailable { why: "it is not asked for a while after failures".into(), retry_after: Some(after) });
        }
        let mut tries = 0;
        loop {
            let quirks = self.quirks();
            let body = write.body(model, quirks)?;
            let error = match self.once(&body, how).await {
                Ok(got) => {
                    breaker.hit();
                    return Ok(got);
                }
                Err(error) => error,
            };
            if matches!(write, Writer::Ours(_)) && self.learned(&error, &body, quirks) {
                continue;
            }
            tries += 1;
            if let Some(wait) = self.wait(&error, tries) {
                tokio::time::sleep(wait).await;
                continue;
            }
            if error.is_a_miss() {
                breaker.missed(self.clock.now());
            }
            tracing::warn!(model, tries, %error, "a model did not answer");
            return Err(error);
        }
    }

    async fn once(&self, body: &Value, how: How) -> Result<Got, ModelError> {
        if how == How::Whole {
            let answer = self.openai.complete(body).await?;
            let said = answer["choices"].as_array().is_some_and(|choices| !choices.is_empty());
            return if said { Ok(Got::Whole(answer)) } else { Err(ModelError::BadAnswer("an answer without a choice".into())) };
        }
        let mut pieces = self.openai.stream(body).await?;
        match pieces.next().await? {
            Some(first) => Ok(Got::Streamed(Box::new(pieces), first)),
            None => Err(ModelError::BadAnswer("a stream without a single piece".into())),
        }
    }

    /// How long to wait for the next try; `None`: it is not worth one.
    fn wait(&self, error: &ModelError, tries: u32) -> Option<Duration> {
        if tries >= self.attempts || !error.worth_another_try() {
            return None;
        }
        let mut byte = [0];
        self.ids.fill(&mut byte);
        let jitter = 0.5 + f64::from(byte[0]) / 255.0;
        let ours = WAIT.saturating_mul(2_u32.saturating_pow(tries - 1)).min(LONGEST_WAIT / 2).mul_f64(jitter);
        match error.retry_after() {
            Some(theirs) if theirs > LONGEST_WAIT => None,
            // all who were sent away at once shall not come back at once
            Some(theirs) => Some(theirs + ours.min(WAIT)),
            None => Some(ours),
        }
    }

    /// A refusal that names an option which not every server knows: it is left out from now on.
    fn learned(&self, error: &ModelError, body: &Value, quirks: Quirks) -> bool {
        let ModelError::Refused { status: 400 | 422, message, param } = error else { return false };
        let names = |option: &str| {
            body.get(option).is_some() && (message.contains(option) || param.as_deref().is_some_and(|param| param.contains(option)))
        };
        if names("stream_options") && !quirks.no_stream_options {
            self.no_stream_options.store(true, Ordering::Relaxed);
            return true;
        }
        if names("response_format") && !quirks.no_response_format {
            self.no_response_format.store(true, Ordering::Relaxed);
            return true;
        }
        false
    }
}
