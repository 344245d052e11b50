//! `POST /api/v1/memories`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::MemoryBody;
use crate::app::App;
use crate::error::{Fault, Outcome};
use crate::http::tasks::ignored::{Warned, given};
use crate::http::{Body, Caller, Created, etag};
use crate::model::Object;
use crate::model::memory::SourceType;
use crate::service::memories::NewMemory;

/// A new memory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMemory)]
pub struct CreateMemory {
    /// Its title.
    #[schema(max_length = 500)]
    title: Option<String>,
    /// What is kept, at most 256 KiB.
    #[schema(min_length = 1, max_length = 262_144)]
    content: String,
    /// Words to find it by, each of at most 64 characters.
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
    /// `manual` when left out.
    source_type: Option<SourceType>,
    /// What it comes from there.
    #[schema(max_length = 500)]
    source_id: Option<String>,
    /// 0…1; 0.5 when left out.
    #[schema(minimum = 0, maximum = 1)]
    importance: Option<f64>,
    /// The client's own object, at most 16 KiB of JSON.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
    /// The same as `metadata`.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    memory_metadata: Option<Object>,
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

/// One object by two names.
pub(super) fn one_metadata(metadata: Option<Object>, alias: Option<Object>) -> Outcome<Object> {
    match (metadata, alias) {
        (Some(metadata), Some(alias)) if metadata != alias => {
            Err(Fault::field("/memory_metadata", "is another name of `metadata`: give one of them"))
        }
        (metadata, alias) => Ok(metadata.or(alias).unwrap_or_default()),
    }
}

impl CreateMemory {
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

    fn memory(self) -> Outcome<NewMemory> {
        Ok(NewMemory {
            title: self.title.unwrap_or_default(),
            content: self.content,
            tags: self.tags.unwrap_or_default(),
            source_type: self.source_type.unwrap_or_default(),
            source_id: self.source_id,
            importance: self.importance.unwrap_or(0.5),
            metadata: one_metadata(self.metadata, self.memory_metadata)?,
            user_id: self.user_id,
        })
    }
}

/// 201 for a new memory, 200 for one that was there.
#[derive(Debug)]
pub enum Kept {
    /// New.
    Fresh(Box<Created<MemoryBody>>),
    /// There already.
    There(i64, Box<MemoryBody>),
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        match self {
            Self::Fresh(created) => created.into_response(),
            Self::There(version, body) => (StatusCode::OK, [(ETAG, etag(version))], Json(body)).into_response(),
        }
    }
}

/// Keep a memory
///
/// It is found by its words at once, and by meaning as soon as its vectors are made (`has_embedding`), mostly at once too. The
/// same content again, spaces apart, gives the memory that is there (200).
#[utoipa::path(
    post, path = "/api/v1/memories", tag = "memories", operation_id = "memories_create",
    request_body = CreateMemory,
    responses((status = 201, body = MemoryBody), (status = 200, body = MemoryBody, description = "It was there already")),
    extensions(("x-permission" = json!("memory:write"))),
)]
pub async fn create(State(app): State<App>, caller: Caller, Body(body): Body<CreateMemory>) -> Outcome<Warned<Kept>> {
    let ignored = body.ignored();
    let created = app.memories.create(&caller, body.memory()?).await?;
    let (version, body) = (created.memory.version, MemoryBody::from(created.memory));
    if !created.fresh {
        return Ok(Warned(ignored, Kept::There(version, Box::new(body))));
    }
    let location = format!("/api/v1/memories/{}", body.id);
    Ok(Warned(ignored, Kept::Fresh(Box::new(Created { location, version: Some(version), body }))))
}
