//! The typed door to each kind of plugin: model types in, validated proposals out. No type of the plugin runtime leaves
//! this room, and nothing here writes: a guest's answer is a proposal until a service has committed it.
//!
//! Each kind has its own answer to "the plugin failed" (`runtime.md`, Failure policy); [`Kind::on_failure`] is that table.

pub mod auth_provider;
pub mod loader;
pub mod xp_rules;

/// The kinds of plugins whose doors are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Says who somebody is.
    AuthProvider,
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
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AuthProvider, Self::XpRules];

    /// As slots, manifests and folders spell it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AuthProvider => "auth-provider",
            Self::XpRules => "xp-rules",
        }
    }

    /// The failure policy of the kind.
    pub const fn on_failure(self) -> OnFailure {
        match self {
            Self::AuthProvider => OnFailure::Closed,
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
}
