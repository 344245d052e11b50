//! Conversations and messages as they look on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Code, Fault, Outcome};
use crate::http::Time;
use crate::model::conversation::{ActionTaken, Context, Conversation, Message};
use crate::model::game::Rules;
use crate::service::principal::Principal;

/// A conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationBody {
    /// Its id.
    pub id: Uuid,
    /// What it is about; empty until something is said.
    pub title: String,
    /// Who must answer, or answered last.
    #[schema(required)]
    pub persona: Option<String>,
    /// How much was said.
    pub message_count: i64,
    /// When it was begun.
    pub created_at: Time,
    /// When it was changed, or something was said.
    pub updated_at: Time,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// When it was deleted: only in lists with `include_deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
}

impl From<Conversation> for ConversationBody {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            title: conversation.title,
            persona: conversation.persona.or(conversation.last_persona),
            message_count: conversation.message_count,
            created_at: Time(conversation.created_at),
            updated_at: Time(conversation.updated_at),
            version: conversation.version,
            deleted_at: conversation.deleted_at.map(Time),
        }
    }
}

/// Something that was said.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageBody {
    /// Its id.
    pub id: Uuid,
    /// Where it was said.
    pub conversation_id: Uuid,
    /// `user` or `assistant`.
    pub role: &'static str,
    /// The words.
    pub content: String,
    /// Which persona answered.
    #[schema(required)]
    pub persona: Option<String>,
    /// Which revision of it.
    #[schema(required)]
    pub plugin: Option<PluginBody>,
    /// The caller's memories that the answer rests on.
    pub memories_used: Vec<Uuid>,
    /// What the answer cost; absent of what the person said.
    #[schema(required)]
    pub usage: Option<UsageBody>,
    /// Made without something it needs, or not whole.
    pub degraded: bool,
    /// What the persona was shown, and what was left out; absent of what the person said.
    #[schema(required)]
    pub context: Option<ContextBody>,
    /// When.
    pub created_at: Time,
}

/// The revision that answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnsweringPlugin)]
pub struct PluginBody {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
}

/// What an answer cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnswerUsage)]
pub struct UsageBody {
    /// Tokens that went to the model.
    pub prompt_tokens: i64,
    /// Tokens that came from it.
    pub completion_tokens: i64,
    /// Both.
    pub total_tokens: i64,
    /// The model that was asked; `offline` when none was.
    #[schema(required)]
    pub model: Option<String>,
    /// Milliseconds that the answer took.
    pub duration_ms: i64,
}

/// What a persona was shown of a conversation, and what was left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnswerContext)]
pub struct ContextBody {
    /// Earlier messages that it was shown.
    pub messages: i64,
    /// Their size in bytes.
    pub bytes: i64,
    /// About how many tokens they are, by four bytes a token; `usage` has what the model counted.
    pub estimated_tokens: i64,
    /// Earlier messages that were left out.
    pub dropped: i64,
    /// What was left out was there as a summary.
    pub summarised: bool,
    /// Whether it could look at memories.
    pub memories_allowed: bool,
    /// The memories that the answer rests on.
    pub memories: Vec<Uuid>,
    /// The host's own operations that were asked for on the way.
    pub actions: Vec<ActionBody>,
}

/// An operation that a persona asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnswerAction)]
pub struct ActionBody {
    /// Which one.
    pub name: String,
    /// It was only proposed.
    pub proposed: bool,
    /// The code of why it was refused, if it was.
    #[schema(required)]
    pub error: Option<String>,
}

impl From<ActionTaken> for ActionBody {
    fn from(action: ActionTaken) -> Self {
        Self { name: action.name, proposed: action.proposed, error: action.error }
    }
}

impl From<Rules> for PluginBody {
    fn from(rules: Rules) -> Self {
        Self { name: rules.plugin, version: rules.version, digest: rules.digest }
    }
}

impl From<Context> for ContextBody {
    fn from(context: Context) -> Self {
        Self {
            messages: context.messages,
            bytes: context.bytes,
            estimated_tokens: context.estimated_tokens,
            dropped: context.dropped,
            summarised: context.summarised,
            memories_allowed: context.memories_allowed,
            memories: context.memories,
            actions: context.actions.into_iter().map(Into::into).collect(),
        }
    }
}

impl UsageBody {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            prompt_tokens: message.prompt_tokens,
            completion_tokens: message.completion_tokens,
            total_tokens: message.prompt_tokens + message.completion_tokens,
            model: message.model.clone(),
            duration_ms: message.duration_ms,
        }
    }
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        let usage = message.persona.is_some().then(|| UsageBody::of(&message));
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            role: message.role.text(),
            content: message.content,
            persona: message.persona,
            plugin: message.rules.map(Into::into),
            memories_used: message.memories_used,
            usage,
            degraded: message.degraded,
            context: message.context.map(Into::into),
            created_at: Time(message.created_at),
        }
    }
}

/// A `user_id` in a body is the caller's own.
///
/// # Errors
/// 403 for somebody else's.
pub(super) fn owner(named: Option<Uuid>, caller: &Principal) -> Outcome<()> {
    match named {
        Some(named) if named != caller.user => Err(Fault::new(Code::NotPermitted)
            .message("`user_id` is somebody else")
            .hint("leave it out: a conversation is always the caller's own")),
        _ => Ok(()),
    }
}
