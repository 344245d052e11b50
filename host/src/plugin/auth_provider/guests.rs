//! The guests behind the door: revisions bound to `auth-provider/<id>`, called through the runtime.

use std::sync::Arc;

use async_trait::async_trait;
use mnemosyne_runtime::capability::auth::{Evidence, Secret};
use mnemosyne_runtime::swap::Binding;
use mnemosyne_runtime::wit::auth_provider::{Field as WireField, Progress};
use mnemosyne_runtime::{CallError, Caller, Failure, GuestErrorKind, LoginInput, Registry, Runtime};
use secrecy::ExposeSecret as _;

use super::{Answer, Attempt, CallFailure, Field, Finished, Guests, Method, Proof};
use crate::clock::{Clock, IdSource};

/// What the slots of this kind begin with.
const PREFIX: &str = "auth-provider/";

/// Sandboxed providers.
pub struct Sandboxed {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    origin: String,
}

impl Sandboxed {
    /// Over this runtime and routing; `origin` is the host's public one.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, origin: String) -> Self {
        Self { runtime, registry, clock, ids, origin }
    }

    fn live(&self, provider: &str) -> Result<Arc<Binding>, CallFailure> {
        let routing = self.registry.load();
        let bound = routing.live(&format!("{PREFIX}{provider}")).cloned();
        bound.ok_or_else(|| CallFailure { reason: "nothing that loads is bound to it".into(), busy: false })
    }
}

fn failed(error: &CallError) -> CallFailure {
    let busy = matches!(
        error.failure,
        Failure::Overloaded | Failure::GuestError { kind: GuestErrorKind::Unavailable | GuestErrorKind::Timeout, .. }
    );
    CallFailure { reason: error.failure.to_string(), busy }
}

#[async_trait]
impl Guests for Sandboxed {
    fn bound(&self) -> Vec<(String, String)> {
        let routing = self.registry.load();
        let mut bound: Vec<_> = routing
            .slots()
            .filter_map(|(slot, entry)| {
                let id = slot.strip_prefix(PREFIX)?;
                let revision = entry.live.as_ref().map_or_else(String::new, |live| {
                    let about = live.revision.id();
                    // Its description may depend on its settings, which move the generation.
                    format!("{}/{}/{}", about.digest, about.grant_hash, live.generation)
                });
                Some((id.to_owned(), revision))
            })
            .collect();
        bound.sort_unstable();
        bound
    }

    async fn describe(&self, provider: &str, locale: &str) -> Result<Method, CallFailure> {
        let bound = self.live(provider)?;
        let caller = Caller::nobody(bound.slot.clone(), "").at(bound.generation);
        let answered =
            self.runtime.auth_provider(&bound.revision, caller).describe(locale.to_owned()).await.map_err(|refused| failed(&refused))?;
        let field = |one: WireField| Field { name: one.name, label: one.label, kind: one.kind, required: one.required };
        let judged = answered.judged(|method| {
            let fields = method.fields.into_iter().map(field).collect();
            super::described(Method { id: provider.to_owned(), label: method.label, flow: method.flow, fields })
        });
        judged.map_err(|refused| failed(&refused))
    }

    async fn finish(&self, attempt: Attempt<'_>) -> Result<Finished, CallFailure> {
        let bound = self.live(attempt.provider)?;
        let caller = Caller::nobody(bound.slot.clone(), attempt.request_id.unwrap_or_default()).at(bound.generation);
        let mut nonce = [0_u8; 16];
        self.ids.fill(&mut nonce);
        // The API's fields are `username` or `email`; a plugin may call what it asks for `login` or `username`.
        let input = LoginInput {
            fields: ["login", "username"].map(|name| (name.to_owned(), attempt.login.to_owned())).to_vec(),
            secrets: vec![("password".to_owned(), Secret::new(attempt.password.expose_secret().to_owned()))],
            now: self.clock.now(),
            nonce: hex::encode(nonce),
            origin: self.origin.clone(),
            locale: attempt.locale.to_owned(),
            proved: None,
        };
        let id = bound.revision.id().clone();
        let started = std::time::Instant::now();
        let answered = self.runtime.auth_provider(&bound.revision, caller).finish(input, None).await;
        crate::timings::plugin(&id.plugin, &id.version, started.elapsed());
        let answered = match answered {
            Ok(answered) => answered,
            Err(CallError { failure: Failure::GuestError { kind: GuestErrorKind::Denied | GuestErrorKind::Invalid, .. }, .. }) => {
                return Ok(Finished { answer: Answer::Denied, proved: Vec::new(), reject: Box::new(|_| {}) });
            }
            Err(error) => return Err(failed(&error)),
        };
        let proved = answered
            .evidence
            .iter()
            .filter_map(|evidence| match evidence {
                Evidence::Password { subject } => Some(Proof { subject: subject.clone(), key: None }),
                Evidence::ApiKey(found) => Some(Proof { subject: found.subject.clone(), key: Some(found.key_id.clone()) }),
                // A code proves nothing alone.
                Evidence::Code { .. } => None,
            })
            .collect();
        let answer = match &answered.value {
            Progress::Done(assertion) => Answer::Subject(assertion.subject.clone()),
            Progress::More(_) => Answer::Step,
        };
        Ok(Finished { answer, proved, reject: Box::new(move |reason| drop(answered.reject(reason))) })
    }
}
