//! Conversations, what was said in them, and answers under way.

use uuid::Uuid;

use super::game::Rules;
use super::text_enum;
use crate::clock::Millis;

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// At most 500 characters; empty until something is said.
    pub title: String,
    /// Who must answer, by the person's word; `None`: whoever suits best.
    pub persona: Option<String>,
    /// Who answered last.
    pub last_persona: Option<String>,
    /// How much was said.
    pub message_count: i64,
    /// When it was begun.
    pub created_at: Millis,
    /// When it was changed, or something was said.
    pub updated_at: Millis,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
    /// Grows with every change.
    pub version: i64,
}

text_enum! {
    /// Who said it.
    Speaker {
        /// The person.
        User = "user",
        /// A persona.
        Assistant = "assistant",
    }
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// UUIDv7.
    pub id: Uuid,
    /// Where.
    pub conversation_id: Uuid,
    /// Whose conversation it is.
    pub user_id: Uuid,
    /// Its place there; grows, with gaps.
    pub place: i64,
    /// By whom.
    pub role: Speaker,
    /// At most 256 KiB.
    pub content: String,
    /// Which persona; `None` for the person's own.
    pub persona: Option<String>,
    /// Which revision of it.
    pub rules: Option<Rules>,
    /// The person's memories that the answer rests on.
    pub memories_used: Vec<Uuid>,
    /// The model that was asked; `offline` = none was.
    pub model: Option<String>,
    /// Tokens that went to the model.
    pub prompt_tokens: i64,
    /// Tokens that came from it.
    pub completion_tokens: i64,
    /// How long the answer took.
    pub duration_ms: i64,
    /// It was made without something it needs, or is not whole.
    pub degraded: bool,
    /// What the persona was shown.
    pub context: Option<Context>,
    /// When.
    pub created_at: Millis,
}

/// What a persona was shown of a conversation and what was left out: the manifest that is kept with each answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Context {
    /// Earlier messages that were shown.
    pub messages: i64,
    /// Their size.
    pub bytes: i64,
    /// Tokens they are about, by four bytes a token; what the model counted stands in the usage.
    pub estimated_tokens: i64,
    /// Earlier messages that were too many or too long, and left out.
    pub dropped: i64,
    /// What was left out is there as a summary.
    pub summarised: bool,
    /// Whether the persona may look at memories.
    pub memories_allowed: bool,
    /// The memories that the answer names; empty while it is made.
    pub memories: Vec<Uuid>,
    /// The operations that were asked for on the way; empty while it is made.
    #[serde(default)]
    pub actions: Vec<ActionTaken>,
}

/// One use of the host's own operations.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActionTaken {
    /// Which one.
    pub name: String,
    /// It was only proposed: the turn was none in which operations are performed.
    pub proposed: bool,
    /// Why it was refused, if it was.
    pub error: Option<String>,
}

text_enum! {
    /// How far an answer has come.
    RunState {
        /// It is being made.
        Running = "running",
        /// It is whole.
        Complete = "complete",
        /// It was stopped: by the person, or because nobody listened any more.
        Cancelled = "cancelled",
        /// It broke off.
        Failed = "failed",
    }
}

/// An answer under way, or one that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where.
    pub conversation_id: Uuid,
    /// The id that the answer has, or will have.
    pub message_id: Uuid,
    /// The host that makes it.
    pub host: Uuid,
    /// How far it has come.
    pub state: RunState,
    /// Somebody asked to stop it.
    pub cancel: bool,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

text_enum! {
    /// What a stream tells.
    EventKind {
        /// Who answers, where; the first one.
        Meta = "meta",
        /// What is going on.
        Status = "status",
        /// A memory that the answer rests on.
        Memory = "memory",
        /// An operation that was performed, proposed or refused.
        Action = "action",
        /// Visible reasoning.
        Reasoning = "reasoning",
        /// A piece of the answer.
        Delta = "delta",
        /// What the person might say next, and what might be kept.
        Suggestions = "suggestions",
        /// What it cost.
        Usage = "usage",
        /// What went wrong.
        Error = "error",
        /// The last one.
        Done = "done",
    }
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEvent {
    /// 1, 2, 3 …
    pub number: i64,
    /// What it tells.
    pub kind: EventKind,
    /// A JSON object with its `type`.
    pub data: String,
}
