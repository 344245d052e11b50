//! The OpenAPI document: what the handlers say about themselves, completed by what is true of all of them.
//!
//! Completed here rather than repeated at each handler: the security scheme that follows from `x-permission`, the error
//! answers that follow from the shape of the operation, path parameters that nobody described, the idempotency header.

use serde_json::{Map, Value, json};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::error::{BadField, ErrorAnswer, ErrorBody};
use super::operation::PERMISSION;

/// Groups of operations, in the order in which somebody new meets them. One that is not listed here follows at the end.
const TAGS: [(&str, &str); 10] = [
    ("auth", "Registering, logging in, sessions"),
    ("tasks", "Tasks, their parts and their history"),
    ("game", "Points, levels, achievements"),
    ("memories", "What a person wants to keep"),
    ("personas", "Who answers, and how they speak to the caller"),
    ("chat", "Conversations"),
    ("openai", "The same for OpenAI's clients: personas as models, embeddings"),
    ("plugins", "What plugins keep about the caller"),
    ("admin", "Operators: plugins, slots, secrets"),
    ("health", "For orchestrators"),
];

/// The beginning of the document.
pub(super) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Mnemosyne")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Memories, tasks and personas whose behaviour is made of sandboxed plugins. Every error has one shape; [its codes](/docs/errors)."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .contact(Some(ContactBuilder::new().name(Some("Mnemosyne")).build()))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// The whole document as JSON.
///
/// # Errors
/// A sentence when the generated document cannot be written: a mistake of ours that stops the start.
pub(super) fn finish(document: &OpenApi) -> Result<Value, String> {
    let mut document = serde_json::to_value(document).map_err(|error| error.to_string())?;
    components(&mut document);
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return Ok(document) };
    *paths = std::mem::take(paths).into_iter().map(|(template, item)| (template.replace("{*", "{"), item)).collect();
    for (template, item) in paths.iter_mut() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(template, method, operation);
            }
        }
    }
    // Stable order: the committed file must not change with the order of registration.
    paths.sort_keys();
    let used = |tag: &str| paths.values().filter_map(Value::as_object).flat_map(Map::values).any(|one| one["tags"][0] == tag);
    let tags: Value = TAGS.iter().filter(|(tag, _)| used(tag)).map(|(tag, about)| json!({ "name": tag, "description": about })).collect();
    if let Some(root) = document.as_object_mut() {
        root.insert("tags".into(), tags);
    }
    Ok(document)
}

fn components(document: &mut Value) {
    let schemes = json!({
        "access_token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The `access_token` of a login, or an API key `mn_…`." },
        "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key `mn_…`." }
    });
    let Some(root) = document.as_object_mut() else { return };
    let Some(components) = root.entry("components").or_insert_with(|| json!({})).as_object_mut() else { return };
    components.insert("securitySchemes".into(), schemes);
    if let Some(schemas) = components.entry("schemas").or_insert_with(|| json!({})).as_object_mut() {
        let own = [
            (ErrorAnswer::name(), ErrorAnswer::schema()),
            (ErrorBody::name(), ErrorBody::schema()),
            (BadField::name(), BadField::schema()),
        ];
        for (name, schema) in own {
            schemas.insert(name.into_owned(), serde_json::to_value(schema).unwrap_or_default());
        }
        schemas.sort_keys();
    }
}

fn complete(template: &str, method: &str, operation: &mut Map<String, Value>) {
    let permission = operation.get(PERMISSION).and_then(Value::as_str).unwrap_or_default().to_owned();
    let public = permission == "public";
    let security = if public { json!([]) } else { json!([{ "access_token": [] }, { "api_key": [] }]) };
    operation.insert("security".into(), security);
    describe_path(template, operation);
    let json_body = operation.get("requestBody").and_then(|body| body.pointer("/content/application~1json")).is_some();
    let with_query = operation.get("parameters").and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| one["in"] == "query"));
    let with_path = template.contains('{');
    if matches!(method, "post" | "patch")
        && !public
        && super::operation::keeps_answers(template, operation)
        && let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut()
    {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string", "maxLength": 255 },
            "description": "Sent twice with the same request, it happens once; the first answer is replayed for 24 h."
        }));
    }
    let Some(responses) = operation.entry("responses").or_insert_with(|| json!({})).as_object_mut() else { return };
    let mut add = |when: bool, status: &str, words: &str| {
        if when && !responses.contains_key(status) {
            let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
            responses.insert(status.into(), json!({ "description": words, "content": content }));
        }
    };
    add(!public, "401", "Not authenticated (AUTH_002, AUTH_003)");
    add(!public && permission != "authenticated", "403", "Not permitted (AUTH_005)");
    add(with_path, "404", "Not found, or someone else's (DB_001)");
    add(json_body, "400", "Not well-formed JSON (REQ_001)");
    add(json_body, "413", "Too large (SIZE_001)");
    add(json_body, "415", "Not JSON (REQ_003)");
    add(json_body || with_query, "422", "Breaks a rule; every bad field is named (VAL_001)");
    add(true, "default", "Any other error, in the same shape");
    for (status, response) in responses.iter_mut() {
        let words = response.get("description").and_then(Value::as_str).unwrap_or_default();
        if words.is_empty() {
            let words = match status.as_str() {
                "201" => "Made; `Location` says where",
                "202" => "Accepted",
                "204" => "Done; there is nothing to say",
                "503" => "Not ready; the answer says what is missing",
                _ => "As asked",
            };
            response["description"] = words.into();
        }
    }
    responses.sort_keys();
}

/// Describes the path parameters that the handler did not.
fn describe_path(template: &str, operation: &mut Map<String, Value>) {
    let names = template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    for one in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(name) = one["name"].as_str().and_then(|name| name.strip_prefix('*')).map(str::to_owned) {
            one["name"] = name.into();
        }
    }
    for name in names {
        let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() else { return };
        if !parameters.iter().any(|one| one["name"] == name && one["in"] == "path") {
            let schema = if name == "id" || name.ends_with("_id") {
                json!({ "type": "string", "format": "uuid" })
            } else {
                json!({ "type": "string" })
            };
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
    }
    if operation.get("parameters").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        operation.remove("parameters");
    }
}
