//! The typed door to each kind of plugin: model types in, validated proposals out. No type of the plugin runtime leaves
//! this room, and nothing here writes: a guest's answer is a proposal until a service has committed it.
//!
//! Each kind has its own answer to "the plugin failed" (`runtime.md`, Failure policy); [`Kind::on_failure`] is that table.

pub mod auth_provider;
pub mod loader;
pub mod persona;
pub mod task_intelligence;
pub mod views;
pub mod xp_rules;

use std::sync::Arc;

use mnemosyne_runtime::{Binding, User};

/// The kinds of plugins whose doors are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Says who somebody is.
    AuthProvider,
    /// Answers a person.
    Persona,
    /// Helps with tasks.
    TaskIntelligence,
    /// Says what a completed task is worth.
    XpRules,
}

/// What the product does when a plugin traps, times out, exceeds a limit, answers badly or is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Nobody gets in by this way; other ways and live sessions are unharmed. Never tries another provider with the same credential.
    Closed,
    /// The user's action succeeds now; its consequence is worked out later, once.
    Later,
    /// Before the first word the slot's previous revision answers, else the bundled one, marked degraded; after it the
    /// partial answer is kept and marked, and nobody tries again.
    Earlier,
    /// An empty answer with a reason code; nothing waits for it.
    Empty,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AuthProvider, Self::Persona, Self::TaskIntelligence, Self::XpRules];

    /// As slots, manifests and folders spell it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AuthProvider => "auth-provider",
            Self::Persona => "persona",
            Self::TaskIntelligence => "task-intelligence",
            Self::XpRules => "xp-rules",
        }
    }

    /// The failure policy of the kind.
    pub const fn on_failure(self) -> OnFailure {
        match self {
            Self::AuthProvider => OnFailure::Closed,
            Self::Persona => OnFailure::Earlier,
            Self::TaskIntelligence => OnFailure::Empty,
            Self::XpRules => OnFailure::Later,
        }
    }
}

/// On whose behalf a plugin is called. Rooms above fill it from the principal; a plugin sees of it what its kind may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The account; `None` for a job.
    pub user: Option<uuid::Uuid>,
    /// For people's eyes.
    pub display_name: String,
    /// BCP 47.
    pub locale: String,
    /// IANA zone.
    pub timezone: String,
    /// `user`, `operator`, `admin`.
    pub roles: Vec<String>,
    /// `task:write` …: what `actions` may do for the plugin.
    pub permissions: std::collections::BTreeSet<String>,
}

impl Caller {
    /// As the runtime knows it, for a call of what is bound there.
    fn through(&self, binding: &Binding) -> mnemosyne_runtime::Caller {
        let user = self.user.map(|id| {
            Arc::new(User {
                id,
                display_name: self.display_name.clone(),
                roles: self.roles.clone(),
                permissions: self.permissions.clone(),
                timezone: self.timezone.clone(),
                locale: self.locale.clone(),
            })
        });
        let mut of = mnemosyne_runtime::Caller::nobody(binding.slot.clone(), crate::timings::request()).at(binding.generation);
        of.user = user;
        of
    }
}
