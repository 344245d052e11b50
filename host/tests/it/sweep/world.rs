//! People, an object of theirs for each path, and requests to the router in this process.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::Value;
use tokio::sync::Mutex;
use tower::ServiceExt as _;

use super::cases::Case;
use super::document::{Document, Filled, NOWHERE, Operation};
use crate::kit::{Actor, TestHost};

/// What alice writes; nobody else may ever see it.
pub(super) const MARK: &str = "MARK-OF-ALICE-7f3a";

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Changes by itself, or by being looked at.
const VOLATILE: [&str; 8] =
    ["request_id", "last_used_at", "last_seen_at", "uptime_seconds", "health", "issued_at", "access_count", "last_accessed_at"];

/// Somebody who asks.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) token: Option<String>,
    /// Has an operator's powers.
    pub(super) operates: bool,
}

impl Person {
    pub(super) fn of(name: &str, actor: &Actor) -> Self {
        Self { name: name.to_owned(), token: actor.token.clone(), operates: false }
    }
}

/// Everything that a case is sent to.
pub(super) struct World<'a> {
    pub(super) host: &'a TestHost,
    router: Router,
    pub(super) document: Document,
    pub(super) alice: Person,
    pub(super) bob: Person,
    pub(super) operator: Person,
    pub(super) nobody: Person,
    /// (person, template up to a parameter) → its value.
    values: Mutex<HashMap<(String, String), Option<String>>>,
    people: AtomicU32,
}

/// An answer of the router.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) json: Value,
}

/// What everybody can see, by person and path.
#[derive(PartialEq)]
pub(super) struct Everything(BTreeMap<String, Value>);

impl Everything {
    pub(super) fn differences(&self, after: &Self) -> Vec<String> {
        let differs = |(name, value): &(&String, &Value)| after.0.get(*name) != Some(*value);
        self.0.iter().filter(differs).map(|(name, value)| format!("{name}: {value} → {:?}", after.0.get(name))).collect()
    }
}

impl<'a> World<'a> {
    /// Alice, who has written something, bob, an operator and nobody.
    pub(super) async fn of(host: &'a TestHost) -> Self {
        let operator = Person { operates: true, ..Person::of("operator", &host.operator()) };
        Self {
            host,
            router: mnemosyne_host::http::router(host.app.clone()).unwrap(),
            document: Document::read(&mnemosyne_host::http::openapi().unwrap()),
            alice: Person::of("alice", &host.user("alice").await),
            bob: Person::of("bob", &host.user("bob").await),
            operator,
            nobody: Person::of("nobody", &host.anonymous()),
            values: Mutex::default(),
            people: AtomicU32::new(0),
        }
    }

    /// A new person.
    pub(super) async fn somebody(&self) -> Person {
        let name = format!("carol-{}", self.people.fetch_add(1, Ordering::Relaxed));
        Person::of(&name, &self.host.user(&name).await)
    }

    /// Who may do this and can lose the least.
    pub(super) fn fitting(&self, operation: &Operation) -> &Person {
        use mnemosyne_host::service::principal::{Permission, Role};
        match operation.permission.as_str() {
            "public" => &self.nobody,
            "authenticated" => &self.alice,
            permission => match permission.parse::<Permission>() {
                Ok(permission) if Role::User.permissions().contains(permission) => &self.alice,
                _ => &self.operator,
            },
        }
    }

    /// Sends a case.
    pub(super) async fn send(&self, case: &Case, who: &Person) -> Got {
        let mut request = Request::new(Body::from(case.body.clone()));
        *request.method_mut() = case.method.clone();
        *request.uri_mut() = case.path.parse().unwrap_or_else(|_| panic!("`{}` is no path", case.path));
        if let (Some(token), false) = (&who.token, case.bare) {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        for (name, value) in &case.headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
        }
        let answer = tokio::time::timeout(PATIENCE, async {
            let (parts, body) = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
            (parts, to_bytes(body, usize::MAX).await.unwrap())
        });
        let (parts, bytes) = answer.await.unwrap_or_else(|_| panic!("{} {} [{}] hangs", case.method, case.path, case.name));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Got { status: parts.status.as_u16(), headers: parts.headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// The operation's path with things of this person in it.
    pub(super) async fn fill(&self, who: &Person, operation: &Operation) -> Filled {
        Box::pin(self.fill_template(who, &operation.template)).await
    }

    async fn fill_template(&self, who: &Person, template: &str) -> Filled {
        let mut filled = Filled { path: String::new(), real: true };
        let mut so_far = String::new();
        for segment in template.split('/').skip(1) {
            let value = match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => segment.to_owned(),
                Some(name) => {
                    let value = self.value(who, template, &so_far, name).await;
                    filled.real &= value.is_some();
                    let is_id = name == "id" || name.ends_with("_id");
                    value.unwrap_or_else(|| if is_id { NOWHERE } else { "sweep-unknown" }.to_owned())
                }
            };
            filled.path = format!("{}/{value}", filled.path);
            so_far = format!("{so_far}/{segment}");
        }
        filled
    }

    /// Something of theirs for the parameter `name` below `collection`: made there, or found there.
    async fn value(&self, who: &Person, template: &str, collection: &str, name: &str) -> Option<String> {
        let known = match (name, template.contains("/{kind}/{id}")) {
            ("kind", true) => Some("auth-provider"),
            ("kind", false) => Some("xp-rules"),
            ("id", true) => Some("password"),
            ("version", _) => Some("0.1.0"),
            ("model", _) => Some("persona:mentor"),
            // A bound plugin that keeps something about people, and where it shows it.
            ("name", _) if template.starts_with("/api/v1/plugins/") => Some("persona-mirror"),
            ("view", _) => Some("reflections"),
            _ => None,
        };
        if known.is_some() {
            return known.map(str::to_owned);
        }
        let key = (who.name.clone(), collection.to_owned());
        if let Some(value) = self.values.lock().await.get(&key) {
            return value.clone();
        }
        let value = Box::pin(self.make_or_find(who, collection, name)).await;
        self.values.lock().await.insert(key, value.clone());
        value
    }

    async fn make_or_find(&self, who: &Person, collection: &str, name: &str) -> Option<String> {
        let mut found = None;
        for operation in self.document.of(collection) {
            let path = self.fill_template(who, collection).await;
            let mut case = Case::plain(operation, &path);
            if operation.method == "POST" && operation.takes_json() && !who.operates {
                let mut body = self.document.sample(operation.body.as_ref()?, false);
                for value in body.as_object_mut()?.values_mut() {
                    if value.is_string() && who.name == "alice" {
                        *value = format!("{} {MARK}", value.as_str()?).into();
                    }
                }
                case.body = serde_json::to_vec(&body).ok()?;
                case.headers.push(("content-type", b"application/json".to_vec()));
                let answer = self.send(&case, who).await;
                let own = |key: &str| answer.json[key].as_str().map(str::to_owned);
                // What was made is surely theirs; what is only found may be everybody's.
                found = own(name).or_else(|| own("id")).filter(|_| answer.status == 201).or(found);
            } else if operation.method == "GET" && found.is_none() {
                let first = self.send(&case, who).await.json["items"][0].clone();
                found = [name, "id"].iter().find_map(|key| first[*key].as_str().map(str::to_owned));
            }
        }
        found
    }

    /// Alice's path, where bob has another one or none.
    pub(super) async fn foreign(&self, operation: &Operation) -> Option<Filled> {
        if !operation.template.contains('{') || self.fitting(operation).name != self.alice.name {
            return None;
        }
        let hers = self.fill(&self.alice, operation).await;
        let his = self.fill(&self.bob, operation).await;
        (hers.real && hers != his).then_some(hers)
    }

    /// All that alice and the operator can read.
    pub(super) async fn everything(&self) -> Everything {
        let mut all = BTreeMap::new();
        for operation in self.document.operations().iter().filter(|one| one.method == "GET") {
            let who = self.fitting(operation);
            let path = self.fill(who, operation).await;
            let mut answer = self.send(&Case::plain(operation, &path), who).await.json;
            still(&mut answer);
            all.insert(path.path, answer);
        }
        Everything(all)
    }
}

fn still(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| !VOLATILE.contains(&key.as_str()));
            object.values_mut().for_each(still);
        }
        Value::Array(items) => items.iter_mut().for_each(still),
        _ => {}
    }
}

impl Got {
    /// The one error shape, with everything that belongs to it.
    pub(super) fn one_shape(&self) -> Result<(), String> {
        let error = &self.json["error"];
        let text = |key: &str| error[key].as_str().is_some_and(|text| !text.is_empty());
        for key in ["code", "message", "type", "hint", "docs", "request_id"] {
            if !text(key) {
                return Err(format!("has no `{key}`"));
            }
        }
        let id = self.headers.get("x-request-id").and_then(|id| id.to_str().ok());
        if id != error["request_id"].as_str() {
            return Err("names another request".into());
        }
        let fields = error["errors"].as_array().ok_or("has no list of fields")?;
        if self.status == 422 && error["code"] == "VAL_001" && fields.is_empty() {
            return Err("names no field".into());
        }
        let needed = match self.status {
            401 => "www-authenticate",
            405 => "allow",
            429 | 503 => "retry-after",
            _ => "content-type",
        };
        if self.headers.contains_key(needed) { Ok(()) } else { Err(format!("has no header `{needed}`")) }
    }

    /// Names this place, or one within it.
    pub(super) fn points_at(&self, pointer: &str) -> Result<(), String> {
        let fields = self.json["error"]["errors"].as_array().into_iter().flatten();
        let pointers: Vec<&str> = fields.filter_map(|field| field["pointer"].as_str()).collect();
        if pointers.iter().any(|found| found.starts_with(pointer)) { Ok(()) } else { Err(format!("points at {pointers:?}")) }
    }
}
