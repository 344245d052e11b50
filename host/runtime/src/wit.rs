//! The WIT's types in Rust, for inputs and answers. Generated; their documentation is `wit/`.

/// Shared types.
pub mod types {
    pub use mnemosyne_bindings::capability::types::{errors, values};
}

/// Types of kind `xp-rules`.
pub mod xp_rules {
    pub use mnemosyne_bindings::xp_rules::exports::mnemosyne::xp_rules::rules::{
        Achievement, Bonus, Card, Completion, Facts, History, Level, Proposal, Tally,
    };
}

/// Types of kind `persona`.
pub mod persona {
    pub use mnemosyne_bindings::persona::exports::mnemosyne::persona::persona::{
        Card, Fit, MemoryDraft, Outcome, Reflection, Turn, Wishes, Worldview,
    };
}

/// Types of kind `task-intelligence`.
pub mod task_intelligence {
    pub use mnemosyne_bindings::task_intelligence::exports::mnemosyne::task_intelligence::intelligence::{
        Draft, Effort, Origin, Ranked, Step, Suggestion,
    };
}

/// Types of capability `llm`.
pub mod llm {
    pub use mnemosyne_bindings::capability::llm::chat::{Completion, Delta, Options, Usage};
}

/// Types of the optional exports.
pub mod lifecycle {
    pub use mnemosyne_bindings::lifecycle::exports::mnemosyne::lifecycle::views::View;
}

/// Types of kind `auth-provider`. A login's input is [`crate::LoginInput`]: secrets are no handles on this side.
pub mod auth_provider {
    pub(crate) use mnemosyne_bindings::auth_provider::exports::mnemosyne::auth_provider::provider::Input;
    pub use mnemosyne_bindings::auth_provider::exports::mnemosyne::auth_provider::provider::{Assertion, Field, Method, Progress, Step};
}
