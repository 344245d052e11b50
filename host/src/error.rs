//! What can go wrong, in the words of the API.
//!
//! One closed [`ErrorKind`] says what a caller can do about a failure; one [`Code`] table (normative: `api.md`) says what
//! exactly it was. Every room below has its own error enum; what leaves a service is a [`Fault`]: a code, a public
//! sentence, and an internal cause that is logged once and never reaches a client. Only `http/error.rs` knows status
//! numbers, only `cli` knows exit codes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What a caller can do about a failure. Closed on purpose: a new failure is a new [`Code`], not a new kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request could not be read at all.
    Malformed,
    /// It was read and breaks a rule; the fault names every bad field.
    Invalid,
    /// The caller has not proved who they are.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// No such thing, or not the caller's.
    NotFound,
    /// It clashes with what is there now.
    Conflict,
    /// It was based on a version that is no longer current.
    Stale,
    /// More bytes than the documented bound.
    TooLarge,
    /// Too often; the fault says when to come again.
    RateLimited,
    /// A plugin or an outside service answered wrongly.
    Upstream,
    /// A part that is needed is not there right now.
    Unavailable,
    /// It took longer than allowed.
    TimedOut,
    /// Our own mistake.
    Internal,
}

impl ErrorKind {
    /// The `type` field of an error answer, e.g. `authentication_error`. OpenAI clients read it.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Malformed | Self::Invalid | Self::TooLarge => "invalid_request_error",
            Self::Unauthenticated => "authentication_error",
            Self::Forbidden => "permission_error",
            Self::NotFound => "not_found_error",
            Self::Conflict | Self::Stale => "conflict_error",
            Self::RateLimited => "rate_limit_error",
            Self::Upstream | Self::Unavailable | Self::TimedOut => "upstream_error",
            Self::Internal => "server_error",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $kind:ident, $message:literal, $hint:literal;)+) => {
        /// Every error code of the API, one row each: text, kind, default message, default hint.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// All codes in the order of the documentation page.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// The stable text clients match on, e.g. `AUTH_001`.
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)+ } }
            /// What a caller can do about it.
            pub const fn kind(self) -> ErrorKind { match self { $(Self::$name => ErrorKind::$kind,)+ } }
            /// The sentence shown when the fault brings none of its own.
            pub const fn message(self) -> &'static str { match self { $(Self::$name => $message,)+ } }
            /// What to do next.
            pub const fn hint(self) -> &'static str { match self { $(Self::$name => $hint,)+ } }
        }
    };
}

codes! {
    /// 401 wrong login or password.
    BadCredentials = "AUTH_001", Unauthenticated, "invalid credentials", "check the login and the password; a forgotten password is reset by an operator with `mnemosyne user passwd`";
    /// 401 the access token has expired; the only code that means "refresh and retry".
    TokenExpired = "AUTH_002", Unauthenticated, "the access token has expired", "exchange the refresh token at POST /api/v1/auth/refresh and repeat the request";
    /// 401 no token, or one that is not ours.
    TokenInvalid = "AUTH_003", Unauthenticated, "the access token is missing or invalid", "send `Authorization: Bearer <access_token>` from POST /api/v1/auth/login";
    /// 401 a refresh token was used twice; its whole family is revoked.
    RefreshReused = "AUTH_004", Unauthenticated, "the refresh token was used before; its session has been ended", "log in again; if it was not you, change the password";
    /// 403 known, but not permitted.
    NotPermitted = "AUTH_005", Forbidden, "not permitted", "ask an admin for a role with the permission that the documentation of this operation names";
    /// 503 the auth provider's plugin failed; other providers and live sessions are unharmed.
    ProviderUnavailable = "AUTH_006", Unavailable, "this way of logging in is unavailable", "try again later; an operator finds the reason in the log and with `mnemosyne slot list`";
    /// 403 the account is locked or inactive.
    AccountLocked = "AUTH_007", Forbidden, "the account is locked or inactive", "ask an admin";
    /// 400 not parseable.
    Malformed = "REQ_001", Malformed, "the request could not be read", "send well-formed JSON in UTF-8";
    /// 405 wrong method; `Allow` lists the right ones.
    MethodNotAllowed = "REQ_002", Malformed, "this path does not take that method", "the `Allow` header lists the methods";
    /// 415 wrong media type.
    MediaType = "REQ_003", Malformed, "the media type is not supported", "send `Content-Type: application/json`";
    /// 406 no acceptable representation.
    NotAcceptable = "REQ_004", Malformed, "no acceptable representation", "accept `application/json`";
    /// 408 the request did not arrive in time.
    RequestTimeout = "REQ_005", TimedOut, "the request did not arrive in time", "send it again";
    /// 422 validation.
    Validation = "VAL_001", Invalid, "the request breaks a rule", "`errors` names every bad field";
    /// 404 not found.
    NotFound = "DB_001", NotFound, "not found", "check the path and the id; what belongs to someone else is not found either";
    /// 410 it was there and is no longer kept.
    Gone = "DB_004", NotFound, "no longer kept", "read the answer among the messages of its conversation";
    /// 409 conflict.
    Conflict = "DB_002", Conflict, "it clashes with what is there", "read the current state and decide again";
    /// 412 version mismatch.
    VersionMismatch = "PRE_001", Stale, "it has changed since you read it", "read it again and repeat with the new ETag in `If-Match`";
    /// 428 `If-Match` missing.
    PreconditionRequired = "PRE_002", Invalid, "`If-Match` is required here", "read the resource and send its ETag in `If-Match`";
    /// 409 the same idempotency key is in flight.
    IdempotencyInFlight = "IDEM_001", Conflict, "a request with this idempotency key is still running", "wait for it, then repeat with the same key";
    /// 422 the same idempotency key with another body.
    IdempotencyReused = "IDEM_002", Invalid, "this idempotency key was used with another request", "use a new key for a new request";
    /// 429 too many.
    TooMany = "RATE_001", RateLimited, "too many requests", "wait as long as `Retry-After` says";
    /// 413 too large.
    TooLarge = "SIZE_001", TooLarge, "the request is too large", "the documentation of this operation gives the bound";
    /// 502 the plugin trapped.
    PluginTrapped = "PLG_001", Upstream, "the plugin failed", "roll the slot back with `mnemosyne slot rollback`";
    /// 502 the plugin went over its limits.
    PluginOverLimit = "PLG_002", Upstream, "the plugin went over its limits", "`mnemosyne plugin grant NAME` tells the limits";
    /// 504 the plugin missed its deadline.
    PluginDeadline = "PLG_003", TimedOut, "the plugin took too long", "`mnemosyne plugin grant NAME` tells the limits";
    /// 502 the plugin's answer breaks the contract.
    PluginBadOutput = "PLG_004", Upstream, "the plugin gave an answer that breaks the contract", "run the plugin's own tests with `cargo test`";
    /// 503 nothing bound.
    NothingBound = "PLG_005", Unavailable, "nothing is bound to this slot", "bind a plugin with `mnemosyne slot bind`";
    /// 403 not granted.
    NotGranted = "PLG_006", Forbidden, "the plugin was not granted this", "`mnemosyne plugin grant` shows and sets what it may do";
    /// 422 the component was refused.
    DoesNotFit = "PLG_007", Invalid, "the component was refused", "run `plug check` on it: it names every reason and the lines to paste";
    /// 503 overloaded.
    Overloaded = "PLG_008", Unavailable, "too many plugin calls at once", "try again in a moment";
    /// 409 held for approval.
    Held = "PLG_009", Conflict, "the revision is held until an operator approves what it asks for", "`mnemosyne plugin approve` after reading `mnemosyne plugin show`";
    /// 507 quota or disk full.
    StorageFull = "STO_001", Unavailable, "no room to store it", "delete something or raise the quota";
    /// 503 the vector store is away.
    VectorsUnavailable = "VEC_001", Unavailable, "the vector store is unavailable", "try again in a moment; search by keywords works meanwhile";
    /// 503 the database is away.
    DatabaseUnavailable = "DB_003", Unavailable, "the database is unavailable", "try again in a moment; `mnemosyne doctor` tells an operator more";
    /// 502 the model server failed, or answered something that cannot be used.
    ModelFailed = "LLM_001", Upstream, "the language model failed", "try again; an operator finds the reason in the log and with `mnemosyne doctor`";
    /// 504 the model server was too slow.
    ModelTimedOut = "LLM_002", TimedOut, "the language model took too long", "try again, or ask for a shorter answer";
    /// 503 no language model is configured or reachable.
    ModelUnavailable = "LLM_003", Unavailable, "no language model is configured", "an operator sets `llm.base_url` and `llm.model`; `mnemosyne doctor` tells whether the server answers";
    /// 500 our mistake.
    Internal = "SRV_001", Internal, "internal error", "report the request id to the operator";
}

/// One bad field of a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldError {
    /// RFC 6901 pointer into the body (`/difficulty`), or `?name` for a query parameter, or a header's name.
    pub pointer: String,
    /// One sentence: what is wrong and what would be right.
    pub message: String,
}

impl FieldError {
    /// Shorthand.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// What leaves a service when it fails.
pub struct Fault {
    /// The row of the code table.
    pub code: Code,
    /// The public sentence; the code's own when absent.
    pub message: Option<Cow<'static, str>>,
    /// Public detail, e.g. both sides of a conflict.
    pub detail: Option<String>,
    /// What to do next; the code's own when absent.
    pub hint: Option<Cow<'static, str>>,
    /// The one field it is about, in OpenAI's sense.
    pub param: Option<String>,
    /// Every bad field.
    pub fields: Vec<FieldError>,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// Internal: logged once, where the answer is written; never sent.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault with the code's own sentence.
    pub fn new(code: Code) -> Self {
        Self { code, message: None, detail: None, hint: None, param: None, fields: Vec::new(), retry_after: None, cause: None }
    }
    /// [`Code::Validation`] with these fields.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let mut fault = Self::new(Code::Validation);
        fault.param = fields.first().map(|field| field.pointer.clone());
        fault.fields = fields;
        fault
    }
    /// [`Code::Validation`] about one field.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, message)])
    }
    /// [`Code::NotFound`].
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }
    /// [`Code::Conflict`] with a public sentence.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict).message(message)
    }
    /// [`Code::Internal`] with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal).cause(cause)
    }
    /// Sets the public sentence.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }
    /// Sets the public detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
    /// Sets what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// Sets when to come again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
    /// Sets the internal cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
    /// The sentence a client sees.
    pub fn public_message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code.message())
    }
    /// What the client is told to do next.
    pub fn public_hint(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.code.hint())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.text(), self.public_message())?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        for field in &self.fields {
            write!(f, "; {}: {}", field.pointer, field.message)?;
        }
        if let Some(cause) = &self.cause {
            write!(f, "; caused by: {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.public_message())
    }
}

impl std::error::Error for Fault {}

/// The trait every room's error fills in so that a service can hand it on: which row of the code table it is.
pub trait Failure: std::error::Error + Send + Sync + Sized + 'static {
    /// The code a client gets.
    fn code(&self) -> Code;
    /// A public sentence better than the code's own, if there is one. Never internal text.
    fn public(&self) -> Option<Cow<'static, str>> {
        None
    }
    /// The fault, with this error as its cause.
    fn fault(self) -> Fault {
        let (code, public) = (self.code(), self.public());
        let mut fault = Fault::new(code).cause(self);
        fault.message = public;
        fault
    }
}

impl<E: Failure> From<E> for Fault {
    fn from(error: E) -> Self {
        error.fault()
    }
}

/// What a service returns.
pub type Outcome<T> = Result<T, Fault>;
