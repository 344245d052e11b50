//! What a stream tells, as JSON objects with their `type`: one dialect for every stream of answers.

use serde_json::{Value, json};
use uuid::Uuid;

use super::live::{Live, Stop};
use crate::error::{Code, Fault};
use crate::model::conversation::{Context, EventKind, Message, RunState};
use crate::model::game::Rules;
use crate::plugin::persona::MemoryDraft;

/// An event that is not numbered yet.
pub(super) type Told = (EventKind, String);

fn plugin(rules: Option<&Rules>) -> Value {
    rules.map_or(Value::Null, |rules| json!({ "name": rules.plugin, "version": rules.version, "digest": rules.digest }))
}

/// Who answers, where, and what they are shown. The first one.
pub(super) fn meta(live: &Live, asked: Uuid, persona: Option<&str>, rules: Option<&Rules>, context: &Context) -> Value {
    json!({
        "type": "meta", "run_id": live.id, "conversation_id": live.conversation, "message_id": live.message, "user_message_id": asked,
        "persona": persona, "plugin": plugin(rules), "context": context,
    })
}

/// What is going on.
pub(super) fn status(text: &str) -> Value {
    json!({ "type": "status", "text": text })
}

/// Visible reasoning.
pub(super) fn reasoning(text: &str) -> Value {
    json!({ "type": "reasoning", "text": text })
}

/// A memory that the answer rests on; the caller's own.
pub(super) fn memory(id: Uuid, title: &str) -> Value {
    json!({ "type": "memory", "id": id, "title": title })
}

/// An operation: `{name, arguments, result or error, proposed}`.
pub(super) fn action(mut action: Value) -> Value {
    action["type"] = "action".into();
    action
}

/// What the person might say next, and what the persona proposes to keep.
pub(super) fn suggestions(suggestions: &[String], drafts: &[MemoryDraft]) -> Option<Told> {
    if suggestions.is_empty() && drafts.is_empty() {
        return None;
    }
    let draft =
        |draft: &MemoryDraft| json!({ "title": draft.title, "content": draft.content, "tags": draft.tags, "importance": draft.importance });
    let drafts: Vec<Value> = drafts.iter().map(draft).collect();
    Some((EventKind::Suggestions, json!({ "type": "suggestions", "suggestions": suggestions, "memories": drafts }).to_string()))
}

/// What it cost, and what it was made of.
pub(super) fn usage(message: &Message) -> Told {
    let usage = json!({
        "type": "usage", "prompt_tokens": message.prompt_tokens, "completion_tokens": message.completion_tokens,
        "total_tokens": message.prompt_tokens + message.completion_tokens, "model": message.model, "duration_ms": message.duration_ms,
        "degraded": message.degraded, "context": message.context,
    });
    (EventKind::Usage, usage.to_string())
}

/// What went wrong, in the words of the code table; nothing that a plugin said.
pub(super) fn error(fault: &Fault) -> Told {
    let error = json!({
        "code": fault.code.text(), "message": fault.public_message(), "type": fault.code.kind().type_name(), "hint": fault.public_hint(),
        "docs": format!("/docs/errors#{}", fault.code.text()),
    });
    (EventKind::Error, json!({ "type": "error", "error": error }).to_string())
}

/// The last one. `message`: the answer, if one was saved.
pub(super) fn done(state: RunState, message: Option<&Message>) -> Told {
    let done = json!({
        "type": "done", "finish": state, "message_id": message.map(|message| message.id),
        "degraded": message.is_none_or(|message| message.degraded), "persona": message.and_then(|message| message.persona.as_deref()),
        "plugin": plugin(message.and_then(|message| message.rules.as_ref())),
    });
    (EventKind::Done, done.to_string())
}

/// What a stopped answer tells as its error; one that the person stopped tells none.
pub(super) fn stopped(why: Stop) -> Option<Fault> {
    match why {
        Stop::Asked | Stop::Alone => None,
        Stop::Revoked => Some(Fault::new(Code::TokenInvalid).message("the session has ended").hint("log in again; what was said is kept")),
        Stop::Leaving => Some(leaving()),
    }
}

/// The host stops, or stopped, in the middle of an answer.
pub(super) fn leaving() -> Fault {
    Fault::new(Code::Overloaded).message("the host stopped in the middle of the answer").hint("ask again; what was said is kept")
}
