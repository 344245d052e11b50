//! `PATCH` and `PUT /api/v1/memories/{id}`: both change what is given and leave the rest (RFC 7396).

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::MemoryBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::tasks::ignored::{Warned, given};
use crate::http::{Body, Caller, IfMatch, Patch, Path, Versioned, found_first};
use crate::model::Object;
use crate::model::memory::SourceType;
use crate::service::memories::{MemoryEdit, NewMemory};

/// What to change; what is left out stays, `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemoryChange)]
pub struct ChangeMemory {
    /// Its title.
    #[serde(default)]
    #[schema(required = false, max_length = 500, value_type = Option<String>)]
    title: Patch<String>,
    /// What is kept; it is indexed anew when it differs.
    #[schema(min_length = 1, max_length = 262_144, nullable = false)]
    pub(super) content: Option<String>,
    /// Words to find it by; the whole list is replaced.
    #[serde(default)]
    #[schema(required = false, max_items = 50, value_type = Option<Vec<String>>)]
    tags: Patch<Vec<String>>,
    /// Where it comes from.
    #[schema(nullable = false)]
    source_type: Option<SourceType>,
    /// What it comes from there.
    #[serde(default)]
    #[schema(required = false, max_length = 500, value_type = Option<String>)]
    source_id: Patch<String>,
    /// 0…1; `null` is 0.5 again.
    #[serde(default)]
    #[schema(required = false, minimum = 0, maximum = 1, value_type = Option<f64>)]
    importance: Patch<f64>,
    /// The client's own object, merged by RFC 7396.
    #[serde(default)]
    #[schema(required = false, value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Patch<Object>,
    /// The same as `metadata`.
    #[serde(default)]
    #[schema(required = false, value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    memory_metadata: Patch<Object>,
    /// The caller's own id, or left out.
    user_id: Option<Uuid>,
    /// Ignored.
    #[schema(deprecated)]
    agent_id: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    visibility_mask: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    context: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    skill_development: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    recurrence_rule: Option<Value>,
    /// Ignored.
    #[schema(deprecated)]
    is_recurring: Option<Value>,
}

impl ChangeMemory {
    fn ignored(&self) -> Vec<&'static str> {
        given([
            ("agent_id", &self.agent_id),
            ("visibility_mask", &self.visibility_mask),
            ("skill_development", &self.skill_development),
            ("context", &self.context),
            ("recurrence_rule", &self.recurrence_rule),
            ("is_recurring", &self.is_recurring),
        ])
    }

    pub(super) fn edit(self) -> Outcome<MemoryEdit> {
        let metadata = match (self.metadata, self.memory_metadata) {
            (Patch::Absent, alias) => alias,
            (metadata, Patch::Absent) => metadata,
            (metadata, alias) if metadata == alias => metadata,
            _ => return Err(Fault::field("/memory_metadata", "is another name of `metadata`: give one of them")),
        };
        Ok(MemoryEdit {
            title: self.title.into_change().map(Option::unwrap_or_default),
            content: self.content,
            tags: self.tags.into_change().map(Option::unwrap_or_default),
            source_type: self.source_type,
            source_id: self.source_id.into_change(),
            importance: self.importance.into_change().map(|value| value.unwrap_or(0.5)),
            metadata: metadata.into_change(),
            user_id: self.user_id,
        })
    }

    /// The same fields as a new memory; what is left out has its usual value.
    pub(super) fn memory(self) -> Outcome<NewMemory> {
        let edit = self.edit()?;
        let content = edit.content.ok_or_else(|| Fault::field("/content", "is required"))?;
        let usual = NewMemory::default();
        Ok(NewMemory {
            title: edit.title.unwrap_or_default(),
            content,
            tags: edit.tags.unwrap_or_default(),
            source_type: edit.source_type.unwrap_or_default(),
            source_id: edit.source_id.flatten(),
            importance: edit.importance.unwrap_or(usual.importance),
            metadata: edit.metadata.flatten().unwrap_or_default(),
            user_id: edit.user_id,
        })
    }
}

/// Change a memory
#[utoipa::path(
    patch, path = "/api/v1/memories/{id}", tag = "memories", operation_id = "memories_change",
    request_body = ChangeMemory,
    params(IfMatch),
    responses((status = 200, body = MemoryBody)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<ChangeMemory>, Fault>,
) -> Outcome<Warned<Versioned<MemoryBody>>> {
    let body = found_first(body, app.memories.get(&caller, id)).await?;
    let ignored = body.ignored();
    let memory = app.memories.change(&caller, id, if_match.version(), body.edit()?).await?;
    Ok(Warned(ignored, Versioned(memory.version, memory.into())))
}

/// Change a memory
///
/// The same as PATCH: what is left out stays.
#[utoipa::path(
    put, path = "/api/v1/memories/{id}", tag = "memories", operation_id = "memories_put",
    request_body = ChangeMemory,
    params(IfMatch),
    responses((status = 200, body = MemoryBody)),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn put(
    state: State<App>,
    caller: Caller,
    id: Path<Uuid>,
    if_match: IfMatch,
    body: Result<Body<ChangeMemory>, Fault>,
) -> Outcome<Warned<Versioned<MemoryBody>>> {
    change(state, caller, id, if_match, body).await
}
