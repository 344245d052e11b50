//! Models of the server behind: requests and answers pass through as they are, for the caller's budget.

use futures::StreamExt as _;
use serde_json::Value;

use super::OpenAi;
use crate::backend::llm::RawStream;
use crate::error::{Fault, Outcome};
use crate::service::principal::Principal;

/// A model's answer on its way. Dropping it ends the model's call.
pub struct Passing(RawStream);

impl Passing {
    /// The next chunk; `None`: there are no more.
    pub async fn next(&mut self) -> Option<Outcome<Value>> {
        self.0.next().await.map(|chunk| chunk.map_err(Fault::from))
    }
}

impl OpenAi {
    /// Passes a request on and waits for the whole answer.
    ///
    /// # Errors
    /// What the server says of the request; 429 when the day's tokens are used up; 502 to 504 when it fails.
    pub async fn pass(&self, who: &Principal, request: Value) -> Outcome<Value> {
        Ok(self.server.raw(Some(who.user), request).await?)
    }

    /// Passes a request on; answers when the server has accepted it.
    ///
    /// # Errors
    /// As [`OpenAi::pass`].
    pub async fn pass_stream(&self, who: &Principal, request: Value) -> Outcome<Passing> {
        Ok(Passing(self.server.raw_stream(Some(who.user), request).await?))
    }
}
