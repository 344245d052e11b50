//! What the OpenAPI document says about each operation, compiled once at start: who may, which body, which parameters.
//!
//! The document is generated from the handlers, so what is published and what is enforced cannot differ. A route says its
//! permission once, `extensions(("x-permission" = json!("task:read")))`: a permission's text, `authenticated`
//! (any principal) or `public`. One that says nothing is closed to everyone but an admin.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::service::principal::Permission;

use super::schema::Schema;

/// The extension that carries the permission.
pub(super) const PERMISSION: &str = "x-permission";
/// The extension of an operation that waits for a persona or a model: seconds it may take, instead of the handler's time-out.
const SECONDS: &str = "x-deadline-seconds";

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Public,
    Authenticated,
    Needs(Permission),
    /// A route that forgot to say: only someone who may everything.
    Undeclared,
}

impl Access {
    fn of(operation: &Value) -> Self {
        match operation.get(PERMISSION).and_then(Value::as_str) {
            Some("public") => Self::Public,
            Some("authenticated") => Self::Authenticated,
            Some(text) => text.parse().map_or(Self::Undeclared, Self::Needs),
            None => Self::Undeclared,
        }
    }
}

/// One operation.
pub(super) struct Operation {
    pub(super) access: Access,
    /// Media types of the request body; empty when it takes none.
    pub(super) consumes: Vec<String>,
    /// Its JSON schema.
    pub(super) body: Option<Schema>,
    pub(super) query: Query,
    /// Media types of its good answers.
    pub(super) produces: Vec<String>,
    /// Whether `Idempotency-Key` works here.
    pub(super) idempotent: bool,
    /// How long it may take, where the handler's time-out is too short.
    pub(super) patience: Option<Duration>,
}

impl Operation {
    /// Whether its body is JSON that the front door reads and checks.
    pub(super) fn takes_json(&self) -> bool {
        self.body.is_some()
    }
}

/// The query parameters of an operation.
pub(super) struct Query {
    pub(super) parameters: Vec<Parameter>,
    pub(super) schema: Schema,
}

/// One query parameter.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) shape: Shape,
}

/// How the text of a parameter becomes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Integer,
    Number,
    Boolean,
    /// `a,b` and repeated.
    List,
}

/// All operations of a path.
pub(super) struct Path {
    pub(super) operations: Vec<(Method, Arc<Operation>)>,
    pub(super) allow: HeaderValue,
}

impl Path {
    /// The operation of a method; `HEAD` is answered by `GET`.
    pub(super) fn operation(&self, method: &Method) -> Option<&Arc<Operation>> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.operations.iter().find(|(own, _)| own == method).map(|(_, operation)| operation)
    }
    /// Whether a stranger may know that it exists.
    pub(super) fn is_public(&self) -> bool {
        self.operations.iter().any(|(_, operation)| operation.access == Access::Public)
    }
}

/// All operations by path template.
pub(super) struct Table(HashMap<String, Path>);

impl Table {
    /// Compiles a document.
    ///
    /// # Errors
    /// A sentence that names the operation whose schema is wrong.
    pub(super) fn compile(document: &Value) -> Result<Self, String> {
        let components = document.pointer("/components/schemas").cloned().unwrap_or_else(|| json!({}));
        let mut paths = HashMap::new();
        for (template, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let mut operations = Vec::new();
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = method.to_ascii_uppercase().parse::<Method>() else { continue };
                if !KNOWN_METHODS.contains(&method) {
                    continue;
                }
                let compiled =
                    compile(template, &method, operation, &components).map_err(|problem| format!("{method} {template}: {problem}"))?;
                operations.push((method, Arc::new(compiled)));
            }
            let allow = allow(&operations);
            paths.insert(template.clone(), Path { operations, allow });
        }
        Ok(Self(paths))
    }

    /// What is said about a path, by the router's template. What the router writes `{*rest}`, because it spans several segments,
    /// the document writes `{rest}`: OpenAPI knows no other kind.
    pub(super) fn path(&self, template: &str) -> Option<&Path> {
        if template.contains("{*") { self.0.get(&template.replace("{*", "{")) } else { self.0.get(template) }
    }
}

const KNOWN_METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn allow(operations: &[(Method, Arc<Operation>)]) -> HeaderValue {
    let mut names: Vec<&str> = operations.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

/// Whether the answers of this operation may be kept under an idempotency key: not those of `/auth`, which hold tokens, not
/// streams, not where the request is too large to be compared, and not those of `/v1`, which change nothing and may be large.
pub(super) fn keeps_answers(template: &str, operation: &Map<String, Value>) -> bool {
    let media = |content: Option<&Value>| -> Vec<String> {
        content.and_then(Value::as_object).into_iter().flat_map(|content| content.keys().cloned()).collect()
    };
    let consumes = media(operation.get("requestBody").and_then(|body| body.get("content")));
    let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut produces = answers.filter(|(status, _)| status.starts_with('2')).flat_map(|(_, answer)| media(answer.get("content")));
    let streams = |media: String| media == "text/event-stream" || media == "application/x-ndjson";
    let closed = template.starts_with("/api/v1/auth") || template.starts_with("/v1/");
    !closed && consumes.iter().all(|media| media == "application/json") && !produces.any(streams)
}

fn compile(template: &str, method: &Method, operation: &Value, components: &Value) -> Result<Operation, String> {
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let consumes: Vec<String> = content.into_iter().flat_map(|content| content.keys().cloned()).collect();
    let body = content
        .and_then(|content| content.get("application/json"))
        .map(|media| Schema::compile(media.get("schema").unwrap_or(&Value::Bool(true)), components))
        .transpose()?;
    let mut produces: Vec<String> = Vec::new();
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        if status.starts_with('2') {
            produces.extend(response.get("content").and_then(Value::as_object).into_iter().flat_map(|content| content.keys().cloned()));
        }
    }
    let writes = *method == Method::POST || *method == Method::PATCH;
    let idempotent = writes && operation.as_object().is_some_and(|operation| keeps_answers(template, operation));
    let patience = operation.get(SECONDS).and_then(Value::as_u64).map(Duration::from_secs);
    let (access, query) = (Access::of(operation), query(operation, components)?);
    Ok(Operation { access, consumes, body, query, produces, idempotent, patience })
}

fn query(operation: &Value, components: &Value) -> Result<Query, String> {
    let mut parameters = Vec::new();
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        if parameter.get("in").and_then(Value::as_str) != Some("query") {
            continue;
        }
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let schema = parameter.get("schema").cloned().unwrap_or(Value::Bool(true));
        if parameter.get("required").and_then(Value::as_bool) == Some(true) {
            required.push(Value::String(name.clone()));
        }
        parameters.push(Parameter { shape: shape(&schema, components), name: name.clone() });
        properties.insert(name, schema);
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    Ok(Query { parameters, schema: Schema::compile(&schema, components)? })
}

fn shape(schema: &Value, components: &Value) -> Shape {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/components/schemas/")) {
        return components.get(name).map_or(Shape::Text, |schema| shape(schema, components));
    }
    for branch in ["oneOf", "anyOf", "allOf"] {
        if let Some(branches) = schema.get(branch).and_then(Value::as_array) {
            return branches.iter().map(|schema| shape(schema, components)).find(|shape| *shape != Shape::Text).unwrap_or(Shape::Text);
        }
    }
    let words = match schema.get("type") {
        Some(Value::String(word)) => vec![word.as_str()],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let word = words.into_iter().find(|word| *word != "null");
    match word {
        Some("integer") => Shape::Integer,
        Some("number") => Shape::Number,
        Some("boolean") => Shape::Boolean,
        Some("array") => Shape::List,
        _ => Shape::Text,
    }
}
