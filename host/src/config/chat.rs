//! `chat.*`: answers under way.

use serde::{Deserialize, Serialize};

use super::Refused;

/// `chat.*`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// Seconds that an answer goes on when nobody listens any more, 0…600. Default 60.
    pub grace_seconds: u64,
    /// Seconds after its end in which the events of an answer can be heard again, 0…86 400. Default 600.
    pub kept_seconds: u64,
    /// Whether a model keeps notes of the older part of a long conversation, at its person's cost. Default true.
    pub summaries: bool,
}

impl Default for Chat {
    fn default() -> Self {
        Self { grace_seconds: 60, kept_seconds: 600, summaries: true }
    }
}

impl Chat {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let refuse = |key: &str, problem: String, good: &str| Err(Refused(format!("`chat.{key}` = {problem}; a good value is `{good}`")));
        if self.grace_seconds > 600 {
            return refuse("grace_seconds", format!("{} is not within 0…600", self.grace_seconds), "60");
        }
        if self.kept_seconds > 86_400 {
            return refuse("kept_seconds", format!("{} is not within 0…86400", self.kept_seconds), "600");
        }
        Ok(())
    }
}
