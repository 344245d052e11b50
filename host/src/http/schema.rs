//! A value against a schema of our own OpenAPI document: every bad field at once, in plain words, with a "did you mean".
//!
//! The document is OpenAPI 3.1, so its schemas are JSON Schema 2020-12 and can be compiled as they stand. What they leave
//! open is added to the compiled copy: the range of `int32` and `int64`, and times that must carry an offset.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::error::FieldError;

use super::wire::Time;

/// As many bad fields as one answer names.
const MOST: usize = 50;

/// A compiled schema together with its source, which knows the names for "did you mean".
pub(super) struct Schema {
    root: Value,
    validator: Validator,
}

impl Schema {
    /// Compiles `schema`, whose `$ref`s point into `components`.
    ///
    /// # Errors
    /// A sentence when the schema itself is wrong: a mistake of ours that stops the start.
    pub(super) fn compile(schema: &Value, components: &Value) -> Result<Self, String> {
        let mut root = schema.clone();
        let mut used = Map::new();
        collect(&root, components, &mut used);
        if let Some(object) = root.as_object_mut() {
            object.insert("components".into(), json!({ "schemas": used }));
        }
        tighten(&mut root);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("date-time", |text: &str| Time::parse(text).is_some())
            .with_format("uuid", |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok())
            .build(&root)
            .map_err(|error| error.to_string())?;
        Ok(Self { root, validator })
    }

    /// Whether it names a property of this name; one that is put together of several schemas is taken to.
    pub(super) fn knows(&self, name: &str) -> bool {
        let named = self.root.get("$ref").and_then(Value::as_str).and_then(|to| self.root.pointer(to.trim_start_matches('#')));
        let properties = named.unwrap_or(&self.root).get("properties");
        properties.and_then(Value::as_object).is_none_or(|properties| properties.contains_key(name))
    }

    /// Every way in which `value` does not fit; empty when it does.
    pub(super) fn check(&self, value: &Value) -> Vec<FieldError> {
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for error in self.validator.iter_errors(value) {
            self.explain(&error, &mut found);
            if found.len() >= MOST {
                break;
            }
        }
        found.truncate(MOST);
        found
    }

    fn explain(&self, error: &ValidationError<'_>, found: &mut Vec<FieldError>) {
        let at = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.siblings(error);
                for name in unexpected {
                    found.push(FieldError::new(step(at, name), unknown(name, &known)));
                }
            }
            ValidationErrorKind::Required { property } => {
                found.push(FieldError::new(step(at, property.as_str().unwrap_or_default()), "is required"));
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                // `null or T`: the errors of T are the ones to show. Otherwise the branch that got furthest.
                match context
                    .iter()
                    .filter(|branch| !branch.iter().any(|inner| is_type_mismatch_at(inner, at)))
                    .min_by_key(|branch| branch.len())
                {
                    Some(branch) => branch.iter().for_each(|inner| self.explain(inner, found)),
                    None => found.push(FieldError::new(at, wanted_types(context))),
                }
            }
            kind => found.push(FieldError::new(at, sentence(kind, error.instance()))),
        }
    }

    /// The names known where an unknown one was found.
    fn siblings(&self, error: &ValidationError<'_>) -> Vec<String> {
        let parent = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.root.pointer(parent).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
    }
}

/// `is not known here; did you mean …?`
pub(super) fn unknown(name: &str, known: &[String]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, near)) => format!("is not known here; did you mean `{near}`?"),
        None if known.is_empty() => "is not known here".into(),
        None => format!("is not known here; known are {}", list(known.iter().map(String::as_str))),
    }
}

fn step(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn is_type_mismatch_at(error: &ValidationError<'_>, at: &str) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path().as_str() == at
}

fn wanted_types(context: &[Vec<ValidationError<'static>>]) -> String {
    let mut names: Vec<String> = Vec::new();
    for error in context.iter().flatten() {
        if let ValidationErrorKind::Type { kind } = error.kind() {
            names.extend(type_names(kind));
        }
    }
    names.sort();
    names.dedup();
    // `null` reads best at the end.
    names.sort_by_key(|name| name == "null");
    if names.is_empty() { "does not fit any documented shape".into() } else { format!("must be {}", names.join(" or ")) }
}

fn type_names(kind: &TypeKind) -> Vec<String> {
    let name = |word: &str| match word {
        "null" => "null".to_owned(),
        "integer" => "an integer".to_owned(),
        "array" | "object" => format!("{} {word}", "an"),
        other => format!("a {other}"),
    };
    match kind {
        TypeKind::Single(single) => vec![name(&single.to_string())],
        TypeKind::Multiple(set) => {
            let mut names: Vec<_> = set.iter().map(|single| name(&single.to_string())).collect();
            names.sort_by_key(|name| name == "null");
            names
        }
    }
}

/// One bad value in plain words. The value itself is never repeated: it may be a password.
fn sentence(kind: &ValidationErrorKind, instance: &Value) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => format!("must be {}", type_names(kind).join(" or ")),
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            let near = instance.as_str().and_then(|text| options.iter().find(|option| strsim::damerau_levenshtein(option, text) <= 2));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("must be one of {}{near}", list(options.iter().map(String::as_str)))
        }
        ValidationErrorKind::Constant { expected_value } => format!("must be {}", plain(expected_value)),
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        ValidationErrorKind::MinLength { limit: 1 } => "must not be empty".into(),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} items"),
        ValidationErrorKind::MinProperties { limit } => format!("must have at least {limit} fields"),
        ValidationErrorKind::MaxProperties { limit } => format!("must have at most {limit} fields"),
        ValidationErrorKind::UniqueItems => "must not have equal items".into(),
        ValidationErrorKind::Pattern { pattern } => format!("must match `{pattern}`"),
        ValidationErrorKind::PropertyNames { .. } => "has a key that is not allowed".into(),
        ValidationErrorKind::Format { format } => match format.as_str() {
            "date-time" => "must be an RFC 3339 time with an offset, such as `2026-01-31T09:00:00Z`".into(),
            "uuid" => "must be a UUID".into(),
            "email" => "must be an e-mail address".into(),
            "date" => "must be a date such as `2026-01-31`".into(),
            other => format!("must be a {other}"),
        },
        _ => "does not fit the documented shape".into(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Copies every component that `schema` reaches into `used`.
fn collect(schema: &Value, components: &Value, used: &mut Map<String, Value>) {
    match schema {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && !used.contains_key(name)
                && let Some(found) = components.get(name)
            {
                used.insert(name.to_owned(), found.clone());
                collect(found, components, used);
            }
            object.values().for_each(|value| collect(value, components, used));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, components, used)),
        _ => {}
    }
}

/// Adds the ranges that `format` only hints at.
fn tighten(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let range = match object.get("format").and_then(Value::as_str) {
                Some("int32") => Some((json!(i32::MIN), json!(i32::MAX))),
                Some("int64") => Some((json!(i64::MIN), json!(i64::MAX))),
                _ => None,
            };
            if let Some((least, most)) = range {
                object.entry("minimum").or_insert(least);
                object.entry("maximum").or_insert(most);
            }
            object.values_mut().for_each(tighten);
        }
        Value::Array(items) => items.iter_mut().for_each(tighten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let components = json!({
            "New": {
                "type": "object", "additionalProperties": false, "required": ["title"],
                "properties": {
                    "title": {"type": "string", "minLength": 1, "maxLength": 5},
                    "difficulty": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 5},
                    "due_date": {"type": ["string", "null"], "format": "date-time"},
                    "priority": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Priority"}]},
                    "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                    "big": {"type": "integer", "format": "int64"},
                    "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Parent"}]}
                }
            },
            "Priority": {"type": "string", "enum": ["low", "medium", "high"]},
            "Parent": {"type": "object", "additionalProperties": false, "properties": {"identifier": {"type": "string", "format": "uuid"}}}
        });
        Schema::compile(&json!({"$ref": "#/components/schemas/New"}), &components).unwrap()
    }

    fn found(value: &Value) -> Vec<(String, String)> {
        let mut found: Vec<_> = schema().check(value).into_iter().map(|field| (field.pointer, field.message)).collect();
        found.sort();
        found
    }

    #[test]
    fn one_check_names_every_bad_field() {
        let value =
            json!({"titel": "x", "difficulty": 9, "due_date": "2026-01-31T09:00:00", "priority": "hihg", "tags": ["a", 1], "big": 1e19});
        let found = found(&value);
        let expected = [
            ("/big", "must be at most 9223372036854775807"),
            ("/difficulty", "must be at most 5"),
            ("/due_date", "must be an RFC 3339 time with an offset, such as `2026-01-31T09:00:00Z`"),
            ("/priority", "must be one of `low`, `medium`, `high`; did you mean `high`?"),
            ("/tags/1", "must be a string"),
            ("/titel", "is not known here; did you mean `title`?"),
            ("/title", "is required"),
        ];
        assert_eq!(found, expected.map(|(pointer, message)| (pointer.to_owned(), message.to_owned())));
    }

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(found(&json!({"title": "x", "priority": null, "due_date": "2026-01-31T09:00:00+02:00", "big": i64::MAX})), []);
    }

    #[test]
    fn a_nullable_object_explains_its_own_fields() {
        assert_eq!(
            found(&json!({"title": "x", "parent": {"identifer": "y"}})),
            [("/parent/identifer".to_owned(), "is not known here; did you mean `identifier`?".to_owned())]
        );
        assert_eq!(found(&json!({"title": "x", "parent": 3})), [("/parent".to_owned(), "must be an object or null".to_owned())]);
        assert_eq!(
            found(&json!({"title": "x", "parent": {"identifier": "y"}})),
            [("/parent/identifier".to_owned(), "must be a UUID".to_owned())]
        );
    }

    #[test]
    fn a_body_that_is_not_an_object_says_so() {
        assert_eq!(found(&json!([1])), [(String::new(), "must be an object".to_owned())]);
    }
}
