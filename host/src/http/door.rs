//! What the front door needs from behind it. [`crate::app::App`] fills it in; so does a small fake in the tests of this
//! room, which is why it is a trait.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::clock::Millis;
use crate::config::Config;
use crate::error::{Code, Fault, Outcome};
use crate::service::principal::Principal;
use crate::store::idempotency::{self, Begin, Keyed};

/// How long the database may take to answer a readiness check.
const PING: Duration = Duration::from_secs(2);
/// How long answers are kept.
const KEPT: Millis = 24 * 60 * 60 * 1000;
/// A request that holds its key longer died with its host: twice the longest time that a handler gets by default, that of
/// an answer by a persona.
const LEASE: Millis = 5 * 60 * 1000;
/// `X-API-Key`, the other place for an API key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request presented as its proof; never logged.
#[derive(Debug)]
pub enum Credential {
    /// `Authorization: Bearer <jwt>`.
    Token(SecretString),
    /// `Authorization: Bearer mn_…` or `X-API-Key: mn_…`.
    ApiKey(SecretString),
}

impl Credential {
    /// The credential of these headers, if there is one.
    ///
    /// # Errors
    /// `AUTH_003` for another scheme, for text that is not ASCII, and when both headers name different keys.
    pub fn of(headers: &HeaderMap) -> Outcome<Option<Self>> {
        let text = |name: HeaderName| {
            headers.get(name).map(|value| value.to_str().map(str::trim).map_err(|_| Fault::new(Code::TokenInvalid))).transpose()
        };
        let (authorization, key) = (text(AUTHORIZATION)?, text(API_KEY)?);
        let bearer = match authorization {
            None => None,
            Some(value) => match value.split_once(' ') {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") && !rest.trim().is_empty() => Some(rest.trim()),
                _ => return Err(Fault::new(Code::TokenInvalid).detail("`Authorization` must be `Bearer <token>`")),
            },
        };
        match (bearer, key) {
            (Some(bearer), Some(key)) if bearer != key => {
                Err(Fault::new(Code::TokenInvalid).detail("`Authorization` and `X-API-Key` name different credentials"))
            }
            (Some(value), _) if value.starts_with("mn_") => Ok(Some(Self::ApiKey(value.into()))),
            (Some(value), _) => Ok(Some(Self::Token(value.into()))),
            (None, Some(value)) => Ok(Some(Self::ApiKey(value.into()))),
            (None, None) => Ok(None),
        }
    }
}

/// One part that the host needs, as `/health/ready` shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    /// `database`, `migrations`, `runtime`, …
    pub name: &'static str,
    /// Whether it works right now.
    pub ok: bool,
    /// One public sentence when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Part {
    /// A part that works.
    pub fn fine(name: &'static str) -> Self {
        Self { name, ok: true, problem: None }
    }
    /// A part that does not, with a public sentence.
    pub fn broken(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, ok: false, problem: Some(problem.into()) }
    }
}

/// An idempotency key and the request that it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The principal whose key it is.
    pub owner: Uuid,
    /// Its text, 1 to 255 visible ASCII characters.
    pub text: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
}

impl Key {
    fn row<'a>(&'a self, owner: &'a str) -> Keyed<'a> {
        Keyed { principal: owner, key: &self.text, request_hash: &self.fingerprint }
    }
}

/// An answer kept under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// The headers that belong to it: content type, location, ETag, warning.
    pub headers: Vec<(String, String)>,
    /// Body, at most 1 MiB.
    pub body: Vec<u8>,
}

/// What an idempotency key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ours now: run, then [`Door::keep`] or [`Door::release`].
    Fresh,
    /// It was answered within the last 24 h.
    Answered(KeptAnswer),
    /// Another request holds it.
    InFlight,
    /// It was used with another request.
    Different,
}

/// What the front door needs from behind it.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Every setting.
    fn config(&self) -> &Config;
    /// A new UUIDv7.
    fn new_id(&self) -> Uuid;
    /// The generation of bindings that answers carry in `X-Mnemosyne-Generation`.
    fn generation(&self) -> u64;
    /// Who this is. 401 with `AUTH_002` only for an expired access token.
    async fn authenticate(&self, credential: &Credential) -> Outcome<Principal>;
    /// The parts that must work before requests are welcome.
    async fn parts(&self) -> Vec<Part>;
    /// Claims an idempotency key for one request.
    async fn claim(&self, key: &Key) -> Outcome<Claim>;
    /// Keeps the answer for 24 h.
    async fn keep(&self, key: &Key, answer: KeptAnswer) -> Outcome<()>;
    /// Gives the key back: there was no answer worth keeping.
    async fn release(&self, key: &Key) -> Outcome<()>;
}

#[async_trait]
impl Door for App {
    fn config(&self) -> &Config {
        &self.config
    }
    fn new_id(&self) -> Uuid {
        self.ids.id()
    }
    fn generation(&self) -> u64 {
        self.slots.generation()
    }
    async fn authenticate(&self, credential: &Credential) -> Outcome<Principal> {
        match credential {
            Credential::Token(token) => self.auth.access_token(token).await,
            Credential::ApiKey(key) => match self.local_operator(key) {
                Some(principal) => Ok(principal),
                None => self.auth.api_key(key).await,
            },
        }
    }
    async fn parts(&self) -> Vec<Part> {
        let ping = tokio::time::timeout(PING, self.db.ping()).await;
        if !matches!(ping, Ok(Ok(()))) {
            return vec![Part::broken("database", "the database does not answer")];
        }
        let schema = match self.db.check_schema().await {
            Ok(()) => Part::fine("migrations"),
            Err(error) => {
                tracing::warn!(%error, "the schema does not fit");
                Part::broken("migrations", "the schema does not fit this version; `mnemosyne migrate` says more")
            }
        };
        vec![Part::fine("database"), schema]
    }
    async fn claim(&self, key: &Key) -> Outcome<Claim> {
        let owner = key.owner.to_string();
        Ok(match idempotency::begin(&self.db, key.row(&owner), self.clock.now(), LEASE, KEPT).await? {
            Begin::Fresh => Claim::Fresh,
            Begin::Replay(answer) => {
                let status = u16::try_from(answer.status).map_err(Fault::internal)?;
                Claim::Answered(KeptAnswer { status, headers: answer.headers, body: answer.body })
            }
            Begin::Running => Claim::InFlight,
            Begin::Different => Claim::Different,
        })
    }
    async fn keep(&self, key: &Key, answer: KeptAnswer) -> Outcome<()> {
        let answer = idempotency::Answer { status: i64::from(answer.status), headers: answer.headers, body: answer.body };
        Ok(idempotency::finish(&self.db, key.row(&key.owner.to_string()), &answer).await?)
    }
    async fn release(&self, key: &Key) -> Outcome<()> {
        Ok(idempotency::abandon(&self.db, key.row(&key.owner.to_string())).await?)
    }
}

/// How long a request may take before its head is there, and as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) head: Duration,
    pub(super) handler: Duration,
    /// How long a client may take nothing of an answer.
    pub(super) idle: Duration,
}

/// A client that takes nothing of its answer for so long is cut off.
const IDLE: Duration = Duration::from_mins(5);

impl Deadlines {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            head: Duration::from_secs(config.server.header_timeout_seconds),
            handler: Duration::from_secs(config.server.handler_timeout_seconds),
            idle: IDLE,
        }
    }
}
