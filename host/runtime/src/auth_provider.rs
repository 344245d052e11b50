//! The typed door to kind `auth-provider`.
//!
//! Secrets go in as handles: the guest gets an index, the store keeps the text. What the checks proved comes back as
//! [`Called::evidence`], beside the guest's claim; the host compares the two.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::Resource;

use crate::call::{CallState, Called, Export, GuestError, LoginState, invoke};
use crate::caller::Caller;
use crate::capability::auth::Secret;
use crate::error::CallError;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::weigh::{MAX_ID, MAX_TITLE, chars, maybe, pairs, text};
use crate::wit::auth_provider::{Assertion, Field, Input, Method, Progress, Step};
use crate::xp_rules::span;

/// Most fields of a method or a step.
const MAX_FIELDS: usize = 16;
/// Most bytes of a step's text.
const MAX_TEXT: usize = 4 << 10;
/// Most bytes of a step's state.
const MAX_STATE: usize = 2 << 10;
/// Most bytes of a subject.
const MAX_SUBJECT: usize = 256;
/// Most bytes of an e-mail address.
const MAX_EMAIL: usize = 320;
/// Most names of how it was proved.
const MAX_METHODS: usize = 8;
/// Most groups.
const MAX_GROUPS: usize = 256;

/// What a client sent, and what the host knows of this login.
#[derive(Clone, Debug, Default)]
pub struct LoginInput {
    /// The readable fields, by name; only those that were asked for.
    pub fields: Vec<(String, String)>,
    /// Fields of type `secret` and `code`: handles for the guest.
    pub secrets: Vec<(String, Secret)>,
    /// Milliseconds since 1970.
    pub now: i64,
    /// Made by the host for this login, single use.
    pub nonce: String,
    /// The host's public origin.
    pub origin: String,
    /// BCP 47 tag.
    pub locale: String,
    /// The account that earlier steps of this very login have proved; opens `verify-code` for it.
    pub proved: Option<String>,
}

/// Calls on one revision of kind `auth-provider`, for one login.
#[derive(Debug)]
pub struct AuthProvider<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

impl AuthProvider<'_> {
    /// How to log in.
    ///
    /// # Errors
    /// Every [`crate::Failure`] but `GuestError`.
    pub async fn describe(self, locale: String) -> Result<Called<Method>, CallError> {
        let span = span!("plugin.auth_provider.describe", self);
        self.runtime.call(self.revision, self.caller, span, Describe(locale)).await
    }

    /// Starts a redirect or a challenge.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn begin(self, input: LoginInput) -> Result<Called<Step>, CallError> {
        let span = span!("plugin.auth_provider.begin", self);
        self.runtime.call(self.revision, self.caller, span, Begin(input)).await
    }

    /// Judges what came back. `GuestError { kind: Denied }` means "not proved". `Progress::Done` is a claim: believe it only
    /// if some [`Called::evidence`] [`proves`](crate::capability::auth::Evidence::proves) its subject, else
    /// [`Called::reject`] it.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn finish(self, input: LoginInput, pending: Option<Step>) -> Result<Called<Progress>, CallError> {
        let span = span!("plugin.auth_provider.finish", self);
        self.runtime.call(self.revision, self.caller, span, Finish(input, pending)).await
    }
}

/// The interface and its functions; each [`Export`] names its place here.
pub(crate) const FUNCTIONS: (&str, &[&str]) = ("mnemosyne:auth-provider/provider@0.1.0", &["describe", "begin", "finish"]);

/// Moves the secrets into the store's keeping.
fn keep(input: &LoginInput) -> LoginState {
    let secrets = input.secrets.iter().map(|(_, secret)| Some(secret.clone())).collect();
    LoginState { secrets, proved: input.proved.clone(), ..LoginState::default() }
}

/// The guest's view: names with handles.
fn with_handles(input: LoginInput) -> Input {
    let handle = |(index, (name, _)): (u32, (String, Secret))| (name, Resource::new_own(index));
    Input {
        fields: input.fields,
        secrets: (0..).zip(input.secrets).map(handle).collect(),
        now: input.now,
        nonce: input.nonce,
        origin: input.origin,
        locale: input.locale,
    }
}

struct Describe(String);

impl Export for Describe {
    const NAME: &'static str = "auth-provider.describe";
    type Output = Method;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Method, GuestError>> {
        let (method,) = invoke::<(&str,), (Method,)>(store, revision, 0, (&self.0,)).await?;
        Ok(Ok(method))
    }

    fn bytes(method: &Method) -> usize {
        text(&method.label) + text(&method.flow) + fields_bytes(&method.fields) + pairs(&method.extra)
    }

    fn check(method: &Method) -> Result<(), &'static str> {
        if chars(&method.label) > MAX_TITLE || method.flow.len() > MAX_ID {
            return Err("the method's label or flow is too long");
        }
        good_fields(&method.fields)
    }
}

struct Begin(LoginInput);

impl Export for Begin {
    const NAME: &'static str = "auth-provider.begin";
    type Output = Step;

    fn login(&mut self) -> LoginState {
        keep(&self.0)
    }

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Step, GuestError>> {
        let input = with_handles(self.0);
        let (answer,) = invoke::<(&Input,), (Result<Step, GuestError>,)>(store, revision, 1, (&input,)).await?;
        Ok(answer)
    }

    fn bytes(step: &Step) -> usize {
        step_bytes(step)
    }

    fn check(step: &Step) -> Result<(), &'static str> {
        good_step(step)
    }
}

struct Finish(LoginInput, Option<Step>);

impl Export for Finish {
    const NAME: &'static str = "auth-provider.finish";
    type Output = Progress;

    fn login(&mut self) -> LoginState {
        keep(&self.0)
    }

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Progress, GuestError>> {
        let input = with_handles(self.0);
        let arguments = (&input, self.1.as_ref());
        let (answer,) = invoke::<(&Input, Option<&Step>), (Result<Progress, GuestError>,)>(store, revision, 2, arguments).await?;
        Ok(answer)
    }

    fn bytes(progress: &Progress) -> usize {
        match progress {
            Progress::Done(assertion) => assertion_bytes(assertion),
            Progress::More(step) => step_bytes(step),
        }
    }

    fn check(progress: &Progress) -> Result<(), &'static str> {
        match progress {
            Progress::Done(assertion) => good_assertion(assertion),
            Progress::More(step) => good_step(step),
        }
    }
}

fn fields_bytes(fields: &[Field]) -> usize {
    8 + fields.iter().map(|field| text(&field.name) + text(&field.label) + text(&field.kind) + 1).sum::<usize>()
}

fn step_bytes(step: &Step) -> usize {
    text(&step.kind) + text(&step.text) + fields_bytes(&step.fields) + 8 + text(&step.state)
}

fn assertion_bytes(assertion: &Assertion) -> usize {
    let names = assertion.methods.iter().chain(&assertion.groups).map(|name| text(name)).sum::<usize>();
    text(&assertion.subject) + maybe(assertion.display_name.as_ref()) + maybe(assertion.email.as_ref()) + names + pairs(&assertion.extra)
}

fn good_fields(fields: &[Field]) -> Result<(), &'static str> {
    if fields.len() > MAX_FIELDS {
        return Err("there are more than 16 fields");
    }
    let good_name = |name: &str| {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        (1..=MAX_ID).contains(&name.len()) && name.bytes().all(good)
    };
    let good = |field: &Field| good_name(&field.name) && chars(&field.label) <= MAX_TITLE && field.kind.len() <= MAX_ID;
    if !fields.iter().all(good) {
        return Err("a field has a bad name or a text that is too long");
    }
    let unique = fields.iter().enumerate().all(|(index, field)| fields[..index].iter().all(|other| other.name != field.name));
    if unique { Ok(()) } else { Err("two fields have the same name") }
}

fn good_step(step: &Step) -> Result<(), &'static str> {
    if step.kind.len() > MAX_ID || step.text.len() > MAX_TEXT || step.state.len() > MAX_STATE {
        return Err("a text of the step is too long");
    }
    good_fields(&step.fields)
}

fn good_assertion(assertion: &Assertion) -> Result<(), &'static str> {
    if !(1..=MAX_SUBJECT).contains(&assertion.subject.len()) {
        return Err("the subject has not 1 to 256 bytes");
    }
    if assertion.display_name.as_deref().is_some_and(|name| chars(name) > MAX_TITLE) {
        return Err("the display name is too long");
    }
    if assertion.email.as_deref().is_some_and(|email| email.len() > MAX_EMAIL) {
        return Err("the e-mail address is too long");
    }
    if assertion.methods.len() > MAX_METHODS || assertion.groups.len() > MAX_GROUPS {
        return Err("there are too many methods or groups");
    }
    let good = assertion.methods.iter().chain(&assertion.groups).all(|name| name.len() <= MAX_SUBJECT);
    if good { Ok(()) } else { Err("a method or a group is too long") }
}
