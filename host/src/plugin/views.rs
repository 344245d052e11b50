//! The door to `lifecycle/views` of every kind: what a plugin shows of what it keeps about the caller, and how the caller has
//! it forgotten. What is shown is the plugin's own JSON: checked to be JSON of the kind's size, and nothing more is believed.

use std::sync::Arc;

use mnemosyne_runtime::{Binding, CallError, Called, Failure, GuestErrorKind, Registry, Runtime};
use serde_json::Value;

use super::Caller;
use super::xp_rules::call::code;
use super::xp_rules::proposal::clean;
use crate::error::{self, Code};

/// Most bytes of a view's name.
const NAME: usize = 64;

/// The door.
pub struct Views {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
}

/// One thing that a plugin shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// `[a-z0-9-]`, at most 64 bytes.
    pub name: String,
    /// For people, at most 100 characters.
    pub title: String,
    /// Whether it can be forgotten.
    pub resettable: bool,
}

/// Why nothing was shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}", code = self.code.text())]
pub struct NotShown {
    code: Code,
    detail: String,
}

impl error::Failure for NotShown {
    fn code(&self) -> Code {
        self.code
    }
    fn public(&self) -> Option<std::borrow::Cow<'static, str>> {
        (self.code == Code::Conflict).then_some("the plugin does not forget this".into())
    }
}

/// What a bound plugin shows.
pub struct Shown {
    runtime: Arc<Runtime>,
    binding: Arc<Binding>,
}

impl Views {
    /// Over the runtime and what it serves.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Self {
        Self { runtime, registry }
    }

    /// Of what serves a slot.
    pub fn of_slot(&self, slot: &str) -> Option<Shown> {
        let binding = self.registry.load().live(slot)?.clone();
        Some(Shown { runtime: Arc::clone(&self.runtime), binding })
    }

    /// Of a plugin that serves a slot. In several, they keep the same things: storage is the plugin's and not the slot's.
    pub fn of_plugin(&self, name: &str) -> Option<Shown> {
        let routing = self.registry.load();
        let live = routing.slots().filter_map(|(_, entry)| entry.live.as_ref());
        let binding = live.filter(|live| live.revision.id().plugin == name).min_by(|one, other| one.slot.cmp(&other.slot))?;
        Some(Shown { runtime: Arc::clone(&self.runtime), binding: Arc::clone(binding) })
    }
}

impl Shown {
    fn has_views(&self) -> bool {
        self.binding.revision.optional_exports().views
    }

    fn views<'b>(&'b self, caller: &Caller) -> mnemosyne_runtime::lifecycle::Views<'b> {
        self.runtime.views(&self.binding.revision, caller.through(&self.binding))
    }

    /// What there is: the same for everybody, so nobody is named to the plugin. Empty when it shows nothing.
    ///
    /// # Errors
    /// Whatever the plugin did wrong.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<View>, NotShown> {
        if !self.has_views() {
            return Ok(Vec::new());
        }
        let nobody = Caller { user: None, ..caller.clone() };
        let views = answer(self.views(&nobody).list().await)?;
        Ok(views.into_iter().map(|view| View { name: view.name, title: clean(&view.title, 100), resettable: view.resettable }).collect())
    }

    /// The caller's data behind a view.
    ///
    /// # Errors
    /// Not found for a name that the plugin does not know; whatever the plugin did wrong.
    pub async fn show(&self, caller: &Caller, name: &str) -> Result<Value, NotShown> {
        let text = answer(self.named(caller, name)?.show(name.to_owned()).await)?;
        serde_json::from_str(&text).map_err(|error| NotShown { code: Code::PluginBadOutput, detail: error.to_string() })
    }

    /// Has the caller's data behind a view forgotten.
    ///
    /// # Errors
    /// As [`Self::show`]; a conflict when the plugin does not forget it.
    pub async fn reset(&self, caller: &Caller, name: &str) -> Result<(), NotShown> {
        answer(self.named(caller, name)?.reset(name.to_owned()).await)
    }

    /// What cannot be the name of a view does not reach the plugin.
    fn named<'b>(&'b self, caller: &Caller, name: &str) -> Result<mnemosyne_runtime::lifecycle::Views<'b>, NotShown> {
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.has_views() && (1..=NAME).contains(&name.len()) && name.bytes().all(word) {
            Ok(self.views(caller))
        } else {
            Err(NotShown { code: Code::NotFound, detail: "no such view".to_owned() })
        }
    }
}

fn answer<T>(ended: Result<Called<T>, CallError>) -> Result<T, NotShown> {
    let record = match &ended {
        Ok(called) => &called.record,
        Err(error) => &error.record,
    };
    crate::timings::plugin(&record.revision.plugin, &record.revision.version, record.waited + record.wall);
    match ended {
        Ok(called) => Ok(called.value),
        Err(CallError { failure, .. }) => {
            let code = match &failure {
                Failure::GuestError { kind: GuestErrorKind::NotFound, .. } => Code::NotFound,
                Failure::GuestError { kind: GuestErrorKind::Denied, .. } => Code::Conflict,
                failure => code(failure),
            };
            Err(NotShown { code, detail: failure.to_string() })
        }
    }
}
