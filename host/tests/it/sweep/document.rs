//! The OpenAPI document as the sweep reads it.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Map, Value, json};

/// The document and its operations.
pub(super) struct Document {
    root: Value,
    operations: Vec<Operation>,
}

/// One operation.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) template: String,
    /// `x-permission`; empty when it has none.
    pub(super) permission: String,
    pub(super) parameters: Vec<Parameter>,
    /// The schema of its JSON body.
    pub(super) body: Option<Value>,
    /// Media types that it takes.
    pub(super) consumes: Vec<String>,
    /// Media types of its good answers.
    pub(super) produces: Vec<String>,
}

/// One parameter.
#[derive(Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `path`, `query`, `header`.
    pub(super) place: String,
    pub(super) schema: Value,
}

/// A template with values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) path: String,
    /// Every value names something that is there.
    pub(super) real: bool,
}

impl Filled {
    /// Values that name nothing.
    pub(super) fn unknown(operation: &Operation) -> Self {
        let path = operation.parameters.iter().filter(|one| one.place == "path").fold(operation.template.clone(), |path, one| {
            let value = if one.schema["format"] == "uuid" { NOWHERE } else { "sweep-unknown" };
            path.replace(&format!("{{{}}}", one.name), value)
        });
        Self { real: !operation.template.contains('{'), path }
    }
}

/// A well-formed id of nothing.
pub(super) const NOWHERE: &str = "0198f3a0-0000-7000-8000-00000000dead";

impl Operation {
    /// `POST /api/v1/tasks`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
    /// Those of one place.
    pub(super) fn at(&self, place: &str) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |one| one.place == place)
    }
    /// Whether it takes a JSON body.
    pub(super) fn takes_json(&self) -> bool {
        self.body.is_some()
    }
}

impl Document {
    /// Reads a document.
    pub(super) fn read(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).unwrap();
        let mut operations = Vec::new();
        for (template, item) in root["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push(read(template, &method.to_ascii_uppercase(), operation));
            }
        }
        Self { root, operations }
    }

    /// All of them.
    pub(super) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Those of one template.
    pub(super) fn of<'a>(&'a self, template: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |one| one.template == template)
    }

    /// What a schema takes.
    pub(super) fn shape(&self, schema: &Value) -> Shape {
        let mut shape = Shape::default();
        self.gather(schema, &mut shape);
        shape
    }

    fn gather(&self, schema: &Value, shape: &mut Shape) {
        let Some(object) = schema.as_object() else { return };
        if let Some(name) = object.get("$ref").and_then(Value::as_str) {
            let at = name.strip_prefix('#').expect("references stay within the document");
            self.gather(self.root.pointer(at).unwrap_or_else(|| panic!("`{name}` leads nowhere")), shape);
        }
        for one in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.gather(one, shape);
        }
        for word in ["oneOf", "anyOf"] {
            let branches: Vec<&Value> = object.get(word).and_then(Value::as_array).into_iter().flatten().collect();
            shape.mixed |= branches.iter().filter(|one| one["type"] != "null").count() > 1;
            for one in branches {
                self.gather(one, shape);
            }
        }
        match &object.get("type") {
            Some(Value::String(word)) => drop(shape.types.insert(word.clone())),
            Some(Value::Array(words)) => shape.types.extend(words.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
        if shape.keywords.get("enum").is_none() || object.contains_key("enum") {
            shape.keywords.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }

    /// A value that fits; with `full`, every known field is in it.
    pub(super) fn sample(&self, schema: &Value, full: bool) -> Value {
        self.sample_within(schema, full, 6)
    }

    fn sample_within(&self, schema: &Value, full: bool, depth: usize) -> Value {
        let shape = self.shape(schema);
        if let Some(first) = shape.keywords.get("enum").and_then(Value::as_array).and_then(|words| words.first()) {
            return first.clone();
        }
        match shape.kind() {
            "object" => {
                let mut object = Map::new();
                for (name, schema) in shape.properties() {
                    if (full && depth > 0) || shape.required().contains(name) {
                        object.insert(name.clone(), self.sample_within(schema, full, depth.saturating_sub(1)));
                    }
                }
                Value::Object(object)
            }
            "array" => {
                let items = usize::from(full).max(usize::try_from(shape.number("minItems").unwrap_or(0)).unwrap());
                let item =
                    || shape.keywords.get("items").map_or(json!("x"), |schema| self.sample_within(schema, full, depth.saturating_sub(1)));
                Value::Array((0..items).map(|_| item()).collect())
            }
            "integer" | "number" => json!(shape.number("minimum").unwrap_or(1)),
            "boolean" => json!(false),
            "string" => json!(text(&shape)),
            _ => json!("anything"),
        }
    }
}

fn text(shape: &Shape) -> String {
    match shape.keywords.get("format").and_then(Value::as_str) {
        Some("date-time") => "2030-01-31T09:00:00Z".into(),
        Some("date") => "2030-01-31".into(),
        Some("uuid") => NOWHERE.into(),
        Some("email") => "sweep@example.org".into(),
        _ if shape.keywords.get("pattern").is_some() => "a".repeat(64),
        _ => {
            let least = usize::try_from(shape.number("minLength").unwrap_or(0)).unwrap();
            let most = shape.number("maxLength").map_or(usize::MAX, |most| usize::try_from(most).unwrap());
            let text: String = "sweep".chars().cycle().take(least.max(5)).collect();
            text.chars().take(most).collect()
        }
    }
}

fn read(template: &str, method: &str, operation: &Value) -> Operation {
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let answers = operation["responses"].as_object().into_iter().flatten();
    let good = answers.filter(|(status, _)| status.starts_with('2'));
    let parameter = |one: &Value| Parameter {
        name: one["name"].as_str().unwrap().to_owned(),
        place: one["in"].as_str().unwrap().to_owned(),
        schema: one["schema"].clone(),
    };
    Operation {
        method: method.parse().unwrap(),
        template: template.to_owned(),
        permission: operation["x-permission"].as_str().unwrap_or_default().to_owned(),
        parameters: operation["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        body: content.and_then(|content| content.get("application/json")).map(|media| media["schema"].clone()),
        consumes: content.into_iter().flat_map(|content| content.keys().cloned()).collect(),
        produces: good.filter_map(|(_, answer)| answer["content"].as_object()).flat_map(|content| content.keys().cloned()).collect(),
    }
}

/// A schema with its references followed and its branches laid over one another.
#[derive(Default)]
pub(super) struct Shape {
    /// Empty = anything.
    pub(super) types: BTreeSet<String>,
    /// More than one branch beside null: its keywords are of one of them only.
    pub(super) mixed: bool,
    pub(super) keywords: Map<String, Value>,
}

impl Shape {
    /// Its first type beside null.
    pub(super) fn kind(&self) -> &str {
        self.types.iter().map(String::as_str).find(|word| *word != "null").unwrap_or("any")
    }
    /// A bound.
    pub(super) fn number(&self, keyword: &str) -> Option<i64> {
        self.keywords.get(keyword).and_then(Value::as_i64)
    }
    /// Its known fields.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.keywords.get("properties").and_then(Value::as_object).into_iter().flatten()
    }
    /// The fields it cannot do without.
    pub(super) fn required(&self) -> Vec<String> {
        self.keywords.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
    /// Whether unknown fields are refused.
    pub(super) fn is_closed(&self) -> bool {
        self.keywords.get("additionalProperties") == Some(&Value::Bool(false))
    }
}
