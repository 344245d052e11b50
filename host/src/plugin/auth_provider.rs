//! The typed door to plugins of kind `auth-provider`: one slot `auth-provider/<id>` a provider.
//!
//! A provider says *who*, never *what they may*. What it says counts only with evidence from the same call: the subject that
//! it asserts must be one that the host's own `verify-password` or `verify-api-key` named during that call. Anything else is a forgery:
//! refused, audited, 503 to the client. A credential reaches exactly one provider; there is no "try the next".
//! Failure is closed: trap, deadline, limit, bad output and overload are all `AUTH_006`, for this provider only.

mod guests;

pub use guests::Sandboxed;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use uuid::Uuid;

use crate::error::{Code, Fault};

/// Most fields of a method.
const MOST_FIELDS: usize = 16;
/// Bytes of a label at most.
const LONGEST_LABEL: usize = 200;
/// Bytes of a subject at most (A-07 of the threat model).
const LONGEST_SUBJECT: usize = 255;
/// Descriptions kept at most: revisions × languages.
const MOST_DESCRIPTIONS: usize = 256;

/// A way of logging in, as its plugin describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Id of the provider.
    pub id: String,
    /// For a button.
    pub label: String,
    /// `credentials`, `redirect`, `challenge`.
    pub flow: String,
    /// What to ask for.
    pub fields: Vec<Field>,
}

/// A field of a login form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the request.
    pub name: String,
    /// For people.
    pub label: String,
    /// `text`, `secret`, …
    pub kind: String,
    /// Must be given.
    pub required: bool,
}

/// One try to log in with a credential.
pub struct Attempt<'a> {
    /// Id of the provider; the request named it.
    pub provider: &'a str,
    /// What the person calls themselves.
    pub login: &'a str,
    /// Becomes a handle; no byte of it enters the guest.
    pub password: SecretString,
    /// BCP 47.
    pub locale: &'a str,
    /// For the call record.
    pub request_id: Option<&'a str>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This account proved itself.
    Proven {
        /// The account.
        user: Uuid,
        /// By this API key, whose scopes and end bound the session; `None`: by its password.
        key: Option<Uuid>,
    },
    /// Wrong credentials, or the provider's own rules say no.
    Denied,
}

/// A provider that gave no verdict that counts.
#[derive(Debug, thiserror::Error)]
#[error("auth provider `{provider}`: {reason}")]
pub struct ProviderFailure {
    /// Which.
    pub provider: String,
    /// For the log.
    pub reason: String,
    /// Set when it asserted what its call did not prove.
    pub forgery: Option<String>,
    /// When to come again, if it was only busy.
    pub retry_after: Option<Duration>,
}

impl From<ProviderFailure> for Fault {
    fn from(failure: ProviderFailure) -> Self {
        let mut fault = Self::new(Code::ProviderUnavailable);
        fault.retry_after = failure.retry_after;
        fault.cause(failure)
    }
}

/// What the guest's `finish` gave, with what the host's own functions saw during that call.
pub struct Finished {
    /// `done`, one more step, or an error.
    pub answer: Answer,
    /// What the host's checks found true in this call.
    pub proved: Vec<Proof>,
    /// Told the reason when the answer is refused after all, so that it counts against the revision.
    pub reject: Box<dyn FnOnce(&str) + Send>,
}

/// One credential that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose it is, as the check named them.
    pub subject: String,
    /// Id of the API key; `None`: it was the password.
    pub key: Option<String>,
}

/// The guest's answer.
#[derive(Debug)]
pub enum Answer {
    /// An assertion; only the subject counts for an account that lives here.
    Subject(String),
    /// A step, which a credentials flow has none of.
    Step,
    /// Its error, of kind `denied` or `invalid`.
    Denied,
    /// Its error of any other kind.
    Error(String),
}

/// A call that gave no answer.
#[derive(Debug)]
pub struct CallFailure {
    /// For the log: trap, deadline, limit, …
    pub reason: String,
    /// It was only busy.
    pub busy: bool,
}

/// The guests behind the door: the plugin runtime, or a forger in the tests below.
#[async_trait]
pub trait Guests: Send + Sync + 'static {
    /// Ids of providers that are bound, each with its revision.
    fn bound(&self) -> Vec<(String, String)>;
    /// `describe`.
    async fn describe(&self, provider: &str, locale: &str) -> Result<Method, CallFailure>;
    /// `finish` of a credentials flow.
    async fn finish(&self, attempt: Attempt<'_>) -> Result<Finished, CallFailure>;
}

/// Revision and language of a description.
type Described = (String, String, String);

/// The door.
pub struct AuthProviders {
    guests: Arc<dyn Guests>,
    /// `describe` is asked once a revision and language.
    methods: Mutex<BTreeMap<Described, Method>>,
}

impl AuthProviders {
    /// Over the plugin runtime.
    pub fn new(guests: Arc<dyn Guests>) -> Self {
        Self { guests, methods: Mutex::default() }
    }

    /// Ids of the bound providers, sorted.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.guests.bound().into_iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids
    }

    /// Every bound provider that describes itself, by id; one that fails is left out and logged.
    pub async fn methods(&self, locale: &str) -> Vec<Method> {
        let mut methods = Vec::new();
        for id in self.ids() {
            match self.method(&id, locale).await {
                Ok(Some(method)) => methods.push(method),
                Ok(None) => {}
                Err(failure) => tracing::warn!(%failure, "a way of logging in is left out"),
            }
        }
        methods
    }

    async fn method(&self, id: &str, locale: &str) -> Result<Option<Method>, ProviderFailure> {
        let Some((_, revision)) = self.guests.bound().into_iter().find(|(bound, _)| bound == id) else { return Ok(None) };
        let key = (id.to_owned(), revision, locale.to_owned());
        if let Some(method) = self.methods.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(method.clone()));
        }
        let method = self.guests.describe(id, locale).await.map_err(|failure| failed(id, failure))?;
        let method = described(Method { id: id.to_owned(), ..method }).map_err(|reason| ProviderFailure {
            provider: id.into(),
            reason,
            forgery: None,
            retry_after: None,
        })?;
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if methods.len() >= MOST_DESCRIPTIONS {
            methods.clear();
        }
        methods.insert(key, method.clone());
        Ok(Some(method))
    }

    /// The flow of a provider; `None` when nothing is bound to it.
    ///
    /// # Errors
    /// When it does not describe itself.
    pub async fn flow(&self, id: &str) -> Result<Option<String>, ProviderFailure> {
        Ok(self.method(id, "en").await?.map(|method| method.flow))
    }

    /// One call of the provider's `finish`, and what of its answer counts.
    ///
    /// # Errors
    /// [`ProviderFailure`]: this provider is unavailable.
    pub async fn finish(&self, attempt: Attempt<'_>) -> Result<Verdict, ProviderFailure> {
        let provider = attempt.provider.to_owned();
        let finished = self.guests.finish(attempt).await.map_err(|failure| failed(&provider, failure))?;
        verdict(finished.answer, &finished.proved).map_err(|(reason, forged)| {
            (finished.reject)(&reason);
            ProviderFailure { provider, forgery: forged.then(|| reason.clone()), reason, retry_after: None }
        })
    }
}

fn failed(provider: &str, failure: CallFailure) -> ProviderFailure {
    ProviderFailure {
        provider: provider.to_owned(),
        reason: failure.reason,
        forgery: None,
        retry_after: failure.busy.then_some(Duration::from_secs(1)),
    }
}

/// What of an answer counts: the reason why not, and whether it was a forgery.
fn verdict(answer: Answer, proved: &[Proof]) -> Result<Verdict, (String, bool)> {
    let account = |text: &str| Uuid::try_parse(text).map_err(|_| ("the proven subject is no account".to_owned(), false));
    match answer {
        Answer::Denied => Ok(Verdict::Denied),
        Answer::Step => Err(("a credentials flow answered with a step".into(), false)),
        Answer::Error(reason) => Err((reason, false)),
        Answer::Subject(subject) if subject.len() > LONGEST_SUBJECT => Err(("the subject is too long".into(), true)),
        Answer::Subject(_) if proved.is_empty() => Err(("it asserted a subject without checking a credential".into(), true)),
        Answer::Subject(subject) => {
            // A password stands for the whole account, a key for what it may: of both, the password counts.
            let proofs = || proved.iter().filter(|proof| proof.subject == subject);
            let Some(proof) = proofs().find(|proof| proof.key.is_none()).or_else(|| proofs().next()) else {
                return Err(("it asserted another subject than the one that was proved".into(), true));
            };
            Ok(Verdict::Proven { user: account(&subject)?, key: proof.key.as_deref().map(account).transpose()? })
        }
    }
}

/// A description within its bounds.
fn described(method: Method) -> Result<Method, String> {
    let label = |text: &str| !text.trim().is_empty() && text.len() <= LONGEST_LABEL && !text.contains(char::is_control);
    let word = |text: &str| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    };
    let good_fields = method.fields.len() <= MOST_FIELDS
        && method.fields.iter().all(|field| word(&field.name) && word(&field.kind) && label(&field.label));
    if !label(&method.label) || !good_fields {
        return Err("its description breaks the contract".into());
    }
    if !["credentials", "redirect", "challenge"].contains(&method.flow.as_str()) {
        return Err("it describes a flow that this host does not know".into());
    }
    Ok(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Forger(Mutex<Vec<Finished>>);

    #[async_trait]
    impl Guests for Forger {
        fn bound(&self) -> Vec<(String, String)> {
            vec![("password".into(), "1".into())]
        }
        async fn describe(&self, _: &str, _: &str) -> Result<Method, CallFailure> {
            Ok(Method { id: "admin".into(), label: "Password".into(), flow: "credentials".into(), fields: Vec::new() })
        }
        async fn finish(&self, _: Attempt<'_>) -> Result<Finished, CallFailure> {
            self.0.lock().unwrap().pop().ok_or(CallFailure { reason: "trapped".into(), busy: false })
        }
    }

    async fn finish(answer: Answer, proved: Option<&str>) -> Result<Verdict, ProviderFailure> {
        finish_with(answer, proved.map(|subject| (subject, None)).as_slice()).await
    }

    async fn finish_with(answer: Answer, proved: &[(&str, Option<&str>)]) -> Result<Verdict, ProviderFailure> {
        let proof = |(subject, key): &(&str, Option<&str>)| Proof { subject: (*subject).into(), key: key.map(Into::into) };
        let finished = Finished { answer, proved: proved.iter().map(proof).collect(), reject: Box::new(|_| {}) };
        let door = AuthProviders::new(Arc::new(Forger(Mutex::new(vec![finished]))));
        door.finish(Attempt { provider: "password", login: "ada", password: "x".into(), locale: "en", request_id: None }).await
    }

    const ADA: &str = "0198f3a0-0000-7000-8000-000000000001";
    const EVE: &str = "0198f3a0-0000-7000-8000-000000000002";

    #[tokio::test]
    async fn only_the_subject_that_this_call_proved_is_accepted() {
        let ada = Verdict::Proven { user: ADA.parse().unwrap(), key: None };
        assert_eq!(finish(Answer::Subject(ADA.into()), Some(ADA)).await.unwrap(), ada);
        for (asserted, proved) in [
            (ADA.to_owned(), None),
            (ADA.to_owned(), Some(EVE)),
            (format!("{ADA} "), Some(ADA)),
            (ADA.to_uppercase(), Some(ADA)),
            ("x".repeat(4_096), Some(ADA)),
        ] {
            let failure = finish(Answer::Subject(asserted), proved).await.unwrap_err();
            assert!(failure.forgery.is_some());
            assert_eq!(Fault::from(failure).code, Code::ProviderUnavailable);
        }
    }

    #[tokio::test]
    async fn a_key_proves_its_owner_and_is_named_unless_the_password_was_right_too() {
        const KEY: &str = "0198f3a0-0000-7000-8000-000000000003";
        let (user, key) = (ADA.parse().unwrap(), Some(KEY.parse().unwrap()));
        let ada = || Answer::Subject(ADA.into());
        assert_eq!(finish_with(ada(), &[(EVE, None), (ADA, Some(KEY))]).await.unwrap(), Verdict::Proven { user, key });
        assert_eq!(finish_with(ada(), &[(ADA, Some(KEY)), (ADA, None)]).await.unwrap(), Verdict::Proven { user, key: None });
        assert!(finish_with(ada(), &[(EVE, Some(KEY))]).await.unwrap_err().forgery.is_some());
    }

    #[tokio::test]
    async fn a_denial_is_a_denial_even_after_a_right_password() {
        assert_eq!(finish(Answer::Denied, Some(ADA)).await.unwrap(), Verdict::Denied);
    }

    #[tokio::test]
    async fn what_is_no_verdict_is_the_providers_failure_and_no_forgery() {
        for answer in [Answer::Step, Answer::Error("boom".into())] {
            assert!(finish(answer, Some(ADA)).await.unwrap_err().forgery.is_none());
        }
    }

    #[tokio::test]
    async fn a_provider_cannot_name_itself_and_its_description_is_bounded() {
        let door = AuthProviders::new(Arc::new(Forger(Mutex::default())));
        assert_eq!(door.methods("en").await[0].id, "password");
        assert_eq!(door.flow("unbound").await.unwrap(), None);
        let good = Method { id: "p".into(), label: "P".into(), flow: "credentials".into(), fields: Vec::new() };
        assert!(described(good.clone()).is_ok());
        let field = Field { name: "login".into(), label: "Login".into(), kind: "text".into(), required: true };
        for bad in [
            Method { label: "x".repeat(201), ..good.clone() },
            Method { label: "a\u{1b}[31m".into(), ..good.clone() },
            Method { flow: "trust-me".into(), ..good.clone() },
            Method { fields: vec![field.clone(); 17], ..good.clone() },
            Method { fields: vec![Field { name: "<script>".into(), ..field }], ..good },
        ] {
            assert!(described(bad).is_err());
        }
    }
}
