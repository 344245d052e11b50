//! Which memories: the same conditions in a query string and in a body.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::error::{Fault, FieldError, Outcome};
use crate::http::Time;
use crate::model::Object;
use crate::model::memory::{MemoryFilter, SourceType};

/// Which of the caller's memories; every part that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// One of these, separated by commas.
    #[serde(default)]
    #[param(required = false, explode = false)]
    source_type: Vec<SourceType>,
    /// From this source.
    #[param(max_length = 500, nullable = false)]
    source_id: Option<String>,
    /// All of these tags.
    #[serde(default)]
    #[param(required = false, explode = false, max_items = 50)]
    pub(super) tags: Vec<String>,
    /// At least one of these tags.
    #[serde(default)]
    #[param(required = false, explode = false, max_items = 50)]
    tags_any: Vec<String>,
    /// This text in title or content, whatever its case.
    #[param(max_length = 500, nullable = false)]
    search: Option<String>,
    /// Made at this time or later.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    created_after: Option<Time>,
    /// Made before this time.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    created_before: Option<Time>,
    /// At least so important, 0…1.
    #[param(minimum = 0, maximum = 1, nullable = false)]
    min_importance: Option<f64>,
    /// A JSON object: these fields of the metadata have these values, each a text, a number, a boolean or null.
    #[param(max_length = 4096, nullable = false)]
    metadata: Option<String>,
    /// Also those that are deleted or superseded.
    #[serde(default)]
    #[param(required = false, default = false)]
    include_inactive: bool,
}

impl FilterQuery {
    pub(super) fn filter(self) -> Outcome<MemoryFilter> {
        let refuse = || Fault::field("?metadata", "must be a JSON object");
        let metadata: Object = match &self.metadata {
            None => Object::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| refuse())?,
        };
        Ok(MemoryFilter {
            source_types: self.source_type,
            source_id: self.source_id,
            tags: self.tags,
            tags_any: self.tags_any,
            created_after: self.created_after.map(Time::millis),
            created_before: self.created_before.map(Time::millis),
            min_importance: self.min_importance,
            metadata: plain(metadata, "?metadata")?,
            search: self.search.filter(|text| !text.is_empty()),
            updated_after: None,
            include_inactive: self.include_inactive,
        })
    }
}

/// Which of the caller's memories; every part that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemoryFilter)]
pub struct FilterBody {
    /// One of these.
    #[serde(default)]
    #[schema(required = false)]
    source_types: Vec<SourceType>,
    /// From this source.
    #[schema(max_length = 500)]
    source_id: Option<String>,
    /// All of these tags.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    tags: Vec<String>,
    /// At least one of these tags.
    #[serde(default)]
    #[schema(required = false, max_items = 50)]
    tags_any: Vec<String>,
    /// This text in title or content, whatever its case.
    #[schema(max_length = 500)]
    search: Option<String>,
    /// Made at this time or later.
    created_after: Option<Time>,
    /// Made before this time.
    created_before: Option<Time>,
    /// At least so important, 0…1.
    #[schema(minimum = 0, maximum = 1)]
    min_importance: Option<f64>,
    /// These fields of the metadata have these values, each a text, a number, a boolean or null.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
}

impl FilterBody {
    /// `at`: where it stands in the body.
    pub(super) fn filter(self, at: &str) -> Outcome<MemoryFilter> {
        Ok(MemoryFilter {
            source_types: self.source_types,
            source_id: self.source_id,
            tags: self.tags,
            tags_any: self.tags_any,
            created_after: self.created_after.map(Time::millis),
            created_before: self.created_before.map(Time::millis),
            min_importance: self.min_importance,
            metadata: plain(self.metadata.unwrap_or_default(), &format!("{at}/metadata"))?,
            search: self.search.filter(|text| !text.is_empty()),
            updated_after: None,
            include_inactive: false,
        })
    }
}

/// Fields of metadata to compare with: plain values, at most 16.
pub(super) fn plain(metadata: Object, at: &str) -> Outcome<BTreeMap<String, Value>> {
    if metadata.len() > 16 {
        return Err(Fault::field(at, "must have at most 16 fields"));
    }
    let mut fields: Vec<FieldError> = metadata
        .iter()
        .filter(|(_, value)| value.is_array() || value.is_object())
        .map(|(name, _)| step(at, name))
        .map(|pointer| FieldError::new(pointer, "must be a text, a number, a boolean or null"))
        .collect();
    if metadata.keys().any(|name| name.contains('\0'))
        || metadata.values().any(|value| value.as_str().is_some_and(|text| text.contains('\0')))
    {
        fields.push(FieldError::new(at, "must not contain the NUL character"));
    }
    if fields.is_empty() { Ok(metadata.into_iter().collect()) } else { Err(Fault::invalid(fields)) }
}

fn step(at: &str, name: &str) -> String {
    if at.starts_with('?') { at.to_owned() } else { format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")) }
}
