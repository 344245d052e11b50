//! An embedder for tests: it does what its script says and remembers what it was asked.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Embedder, Error, HashedNgram, Result};
use crate::model::vector::Space;

/// What the embedder does when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Answers, as the built-in embedder would, in its own space.
    Answers,
    /// Answers once this rings, which it does once for each asking.
    AnswersWhen(std::sync::Arc<tokio::sync::Semaphore>),
    /// Never answers.
    Hangs,
    /// Fails.
    Fails(Error),
    /// Refuses a call that has a text with this word, and answers others.
    Refuses(&'static str),
    /// Answers these whatever it was asked.
    Says(Vec<Vec<f32>>),
}

/// A far embedder under a script.
pub(crate) struct Scripted {
    maker: HashedNgram,
    space: Space,
    script: Mutex<Script>,
    asked: Mutex<Vec<Vec<String>>>,
}

impl Scripted {
    pub(crate) fn new(model: &str, dimension: u32, script: Script) -> Self {
        let space = Space { model: model.into(), dimension };
        Self { maker: HashedNgram::new(dimension), space, script: Mutex::new(script), asked: Mutex::default() }
    }

    pub(crate) fn now(&self, script: Script) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    /// The texts of each call so far.
    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it was called.
    pub(crate) fn calls(&self) -> usize {
        self.asked().len()
    }
}

#[async_trait]
impl Embedder for Scripted {
    fn space(&self) -> &Space {
        &self.space
    }

    fn local(&self) -> bool {
        false
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(texts.to_vec());
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match script {
            Script::AnswersWhen(rings) => drop(rings.acquire_owned().await.map(tokio::sync::OwnedSemaphorePermit::forget)),
            Script::Hangs => std::future::pending().await,
            Script::Fails(error) => return Err(error),
            Script::Refuses(word) if texts.iter().any(|text| text.contains(word)) => return Err(Error::Refused("status 400".into())),
            Script::Answers | Script::Refuses(_) => {}
            Script::Says(vectors) => return Ok(vectors),
        }
        self.maker.embed(texts).await
    }
}
