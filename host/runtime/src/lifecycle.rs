//! The typed door to the optional exports of every kind: a plugin's check of itself, and what it shows of what it keeps.

use std::sync::Arc;

use mnemosyne_bindings::capability::types::errors::ErrorKind;
use wasmtime::Store;

use crate::call::{CallState, Called, Export, GuestError, invoke_at};
use crate::caller::Caller;
use crate::error::CallError;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::weigh::{MAX_TITLE, at_most, text};
use crate::wit::lifecycle::View;
use crate::xp_rules::span;

/// The self-test's interface and function.
pub(crate) const SELF_TEST: (&str, &[&str]) = ("mnemosyne:lifecycle/self-test@0.1.0", &["run"]);
/// The views' interface and functions.
pub(crate) const VIEWS: (&str, &[&str]) = ("mnemosyne:lifecycle/views@0.1.0", &["list", "show", "reset"]);
/// Most views.
const MAX_VIEWS: usize = 16;

/// The self-test of one revision.
#[derive(Debug)]
pub struct SelfTest<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

impl SelfTest<'_> {
    /// Runs it. What the plugin complains of is `GuestError { code: "self-test" }`.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn run(self) -> Result<Called<()>, CallError> {
        let span = span!("plugin.lifecycle.self_test", self);
        self.runtime.call(self.revision, self.caller, span, Run).await
    }
}

/// Views of one revision, for one caller.
#[derive(Debug)]
pub struct Views<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

impl Views<'_> {
    /// What there is, at most 16; the same for every user.
    ///
    /// # Errors
    /// Every [`crate::Failure`] but `GuestError`.
    pub async fn list(self) -> Result<Called<Vec<View>>, CallError> {
        let span = span!("plugin.lifecycle.views_list", self);
        self.runtime.call(self.revision, self.caller, span, List).await
    }

    /// The caller's data, JSON of at most the kind's output limit.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn show(self, name: String) -> Result<Called<String>, CallError> {
        let span = span!("plugin.lifecycle.views_show", self);
        self.runtime.call(self.revision, self.caller, span, Show(name)).await
    }

    /// Forgets the caller's data behind a view.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn reset(self, name: String) -> Result<Called<()>, CallError> {
        let span = span!("plugin.lifecycle.views_reset", self);
        self.runtime.call(self.revision, self.caller, span, Reset(name)).await
    }
}

struct Run;

impl Export for Run {
    const NAME: &'static str = "lifecycle.self-test";
    type Output = ();

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<(), GuestError>> {
        let place = revision.exports().self_test()?;
        let (answer,) = invoke_at::<(), (Result<(), String>,)>(store, revision, place, ()).await?;
        Ok(answer.map_err(|message| GuestError {
            kind: ErrorKind::Internal,
            code: "self-test".to_owned(),
            message,
            retryable: false,
            retry_after_ms: None,
        }))
    }

    fn bytes((): &()) -> usize {
        0
    }

    fn check((): &()) -> Result<(), &'static str> {
        Ok(())
    }
}

struct List;

impl Export for List {
    const NAME: &'static str = "lifecycle.views-list";
    type Output = Vec<View>;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Vec<View>, GuestError>> {
        let place = revision.exports().views(0)?;
        let (views,) = invoke_at::<(), (Vec<View>,)>(store, revision, place, ()).await?;
        Ok(Ok(views))
    }

    fn bytes(views: &Vec<View>) -> usize {
        views.iter().map(|view| text(&view.name) + text(&view.title) + 1).sum()
    }

    fn check(views: &Vec<View>) -> Result<(), &'static str> {
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = |view: &View| (1..=64).contains(&view.name.len()) && view.name.bytes().all(word) && at_most(&view.title, MAX_TITLE);
        if views.len() > MAX_VIEWS || !views.iter().all(good) {
            return Err("there are more than 16 views, or one has a bad name or title");
        }
        let unique = views.iter().enumerate().all(|(index, view)| views[..index].iter().all(|other| other.name != view.name));
        if unique { Ok(()) } else { Err("two views have the same name") }
    }
}

struct Show(String);

impl Export for Show {
    const NAME: &'static str = "lifecycle.views-show";
    type Output = String;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<String, GuestError>> {
        let place = revision.exports().views(1)?;
        let (answer,) = invoke_at::<(&str,), (Result<String, GuestError>,)>(store, revision, place, (&self.0,)).await?;
        Ok(answer)
    }

    fn bytes(json: &String) -> usize {
        text(json)
    }

    fn check(json: &String) -> Result<(), &'static str> {
        let good = serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok();
        if good { Ok(()) } else { Err("what it shows is no JSON") }
    }
}

struct Reset(String);

impl Export for Reset {
    const NAME: &'static str = "lifecycle.views-reset";
    type Output = ();

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<(), GuestError>> {
        let place = revision.exports().views(2)?;
        let (answer,) = invoke_at::<(&str,), (Result<(), GuestError>,)>(store, revision, place, (&self.0,)).await?;
        Ok(answer)
    }

    fn bytes((): &()) -> usize {
        0
    }

    fn check((): &()) -> Result<(), &'static str> {
        Ok(())
    }
}
