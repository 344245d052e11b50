//! What a persona's turn brings into a call and what the call keeps of it: where the answer goes, which models are
//! streaming, how many rounds of actions are left.

use crate::capability::actions::core::Rounds;
use crate::capability::llm::core::OpenStream;
use crate::capability::reply::core::Reply;
use crate::capability::storage::memories::core::Wish;

/// State of one conversation turn. Empty for other exports and kinds; costs no allocation then.
#[derive(Default)]
pub(crate) struct Conversation {
    /// Answers of models under way, by handle. Dropping one cancels it upstream: first of all, when the store goes.
    pub(crate) streams: Vec<Option<OpenStream>>,
    /// Where the answer goes.
    pub(crate) reply: Option<Reply>,
    /// Whether the person wants memories used.
    pub(crate) memories: Wish,
    /// Requests made outside, in this call.
    pub(crate) requests: u32,
    /// A model that the client wished for.
    pub(crate) wished_model: Option<String>,
    /// Rounds of actions.
    pub(crate) rounds: Rounds,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("reply", &self.reply).field("rounds", &self.rounds).finish_non_exhaustive()
    }
}
