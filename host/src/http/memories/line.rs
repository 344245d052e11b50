//! A line of an import: a memory as `GET …/export` writes it, or as much of it as somebody has.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::create::one_metadata;
use crate::error::{Fault, FieldError};
use crate::http::schema::Schema;
use crate::http::{Time, json};
use crate::model::Object;
use crate::model::memory::SourceType;
use crate::service::memories::Line;

/// A memory as it is brought. Fields that only the host knows are taken and not believed: whose it is, its vectors.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportLine {
    id: Option<Uuid>,
    #[expect(dead_code, reason = "an export names its owner; the importer owns what is imported")]
    user_id: Option<Uuid>,
    #[schema(max_length = 500)]
    title: Option<String>,
    #[schema(min_length = 1, max_length = 262_144)]
    content: String,
    #[schema(inline)]
    source_type: Option<SourceType>,
    #[schema(max_length = 500)]
    source_id: Option<String>,
    #[schema(minimum = 0, maximum = 1)]
    importance: Option<f64>,
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    memory_metadata: Option<Object>,
    #[expect(dead_code, reason = "vectors are made here")]
    embedding_model: Option<String>,
    #[expect(dead_code, reason = "vectors are made here")]
    embedding_dimension: Option<u32>,
    #[expect(dead_code, reason = "vectors are made here")]
    has_embedding: Option<bool>,
    is_active: Option<bool>,
    #[schema(minimum = 0)]
    access_count: Option<i64>,
    #[schema(inline)]
    last_accessed_at: Option<Time>,
    superseded_by: Option<Uuid>,
    #[schema(inline)]
    created_at: Option<Time>,
    #[schema(inline)]
    updated_at: Option<Time>,
    #[schema(inline)]
    deleted_at: Option<Time>,
    #[schema(minimum = 1)]
    version: Option<i64>,
}

static SCHEMA: LazyLock<Result<Schema, String>> = LazyLock::new(|| {
    let schema = serde_json::to_value(ImportLine::schema()).map_err(|error| error.to_string())?;
    Schema::compile(&schema, &json!({}))
});

/// Reads a line: what is wrong with it names the field.
pub(super) fn read(text: &[u8], depth: usize) -> Result<Line, Vec<FieldError>> {
    let whole = |message: &str| vec![FieldError::new("", message)];
    let parsed = json::parse(text, depth).map_err(|fault| whole(fault.detail.as_deref().unwrap_or("is not JSON")))?;
    let schema = SCHEMA.as_ref().map_err(|error| whole(error))?;
    let mut fields = parsed.issues;
    fields.extend(schema.check(&parsed.value));
    if !fields.is_empty() {
        return Err(fields);
    }
    let line: ImportLine = serde_json::from_value(parsed.value).map_err(|_| whole("does not fit the shape of a memory"))?;
    line.into_line().map_err(|fault| fault.fields)
}

impl ImportLine {
    fn into_line(self) -> Result<Line, Fault> {
        Ok(Line {
            id: self.id,
            title: self.title.unwrap_or_default(),
            content: self.content,
            tags: self.tags.unwrap_or_default(),
            source_type: self.source_type,
            source_id: self.source_id,
            importance: self.importance,
            metadata: one_metadata(self.metadata, self.memory_metadata)?,
            is_active: self.is_active.unwrap_or(true),
            superseded_by: self.superseded_by,
            access_count: self.access_count.unwrap_or(0),
            last_accessed_at: self.last_accessed_at.map(Time::millis),
            created_at: self.created_at.map(Time::millis),
            updated_at: self.updated_at.map(Time::millis),
            deleted_at: self.deleted_at.map(Time::millis),
            version: self.version,
        })
    }
}
