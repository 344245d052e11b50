//! The operations, as a model sees them. No argument names a person: whoever asks is the caller.

use mnemosyne_runtime::capability::actions::Operation;
use mnemosyne_runtime::wit::types::values::Tool;
use serde_json::{Value, json};

pub(super) fn operations() -> Vec<Operation> {
    let id = json!({"type": "string", "minLength": 32, "maxLength": 36});
    let tags = json!({"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 64}});
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 20});
    vec![
        operation(
            ("tasks.list", "task:read", "list_tasks"),
            "The person's tasks: open ones by due date, or those in which a text occurs.",
            &json!({
                "status": {"enum": ["pending", "in_progress", "blocked", "completed", "failed", "cancelled"]},
                "text": {"type": "string", "minLength": 1, "maxLength": 200},
                "limit": limit,
            }),
            &[],
        ),
        operation(
            ("tasks.create", "task:write", "create_task"),
            "Makes a task for the person. `due_at` is milliseconds since 1970.",
            &json!({
                "title": {"type": "string", "minLength": 1, "maxLength": 500},
                "description": {"type": "string", "maxLength": 16384},
                "priority": {"enum": ["low", "medium", "high", "urgent"]},
                "difficulty": {"type": "integer", "minimum": 1, "maximum": 5},
                "due_at": {"type": "integer", "minimum": 0},
                "tags": tags,
            }),
            &["title"],
        ),
        operation(
            ("tasks.complete", "task:write", "complete_task"),
            "Marks one of the person's tasks as done.",
            &json!({"id": id, "actual_minutes": {"type": "integer", "minimum": 0, "maximum": 527_040}}),
            &["id"],
        ),
        operation(
            ("memories.search", "memory:read", "search_memories"),
            "The person's memories that suit a question best, by words and by meaning.",
            &json!({"query": {"type": "string", "minLength": 1, "maxLength": 500}, "tags": tags, "limit": limit}),
            &["query"],
        ),
        operation(
            ("memories.create", "memory:write", "create_memory"),
            "Keeps something for the person. What is kept already is not kept twice.",
            &json!({
                "content": {"type": "string", "minLength": 1, "maxLength": 16384},
                "title": {"type": "string", "maxLength": 500},
                "importance": {"type": "number", "minimum": 0, "maximum": 1},
                "tags": tags,
            }),
            &["content"],
        ),
    ]
}

fn operation(
    (operation, permission, name): (&'static str, &'static str, &str),
    description: &str,
    properties: &Value,
    required: &[&str],
) -> Operation {
    let schema = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let tool = Tool { name: name.to_owned(), description: description.to_owned(), parameters: schema.to_string() };
    Operation { operation, permission, tool }
}
