//! Each convention of `api.md` through the layers: works, refused. A small resource of our own stands for all.

mod answers;
mod body;
mod idempotency;
mod order;
mod query;
mod shape;
mod socket;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::door::{Claim, Credential, Door, KeptAnswer, Key, Part};
use super::*;
use crate::clock::{FixedIds, IdSource};
use crate::config::Config;
use crate::error::{Code, Fault, Outcome};
use crate::service::principal::{Permissions, Principal, Role};

/// The thing that exists.
const KNOWN: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);

/// Fingerprint of the request, and the answer once there is one.
type Kept = ([u8; 32], Option<KeptAnswer>);

/// A door with three people: `user`, `operator`, and `expired`.
pub(super) struct Fake {
    config: Config,
    ids: FixedIds,
    kept: Mutex<HashMap<(Uuid, String), Kept>>,
}

impl Fake {
    fn new(change: impl FnOnce(&mut Config)) -> Arc<Self> {
        let mut config = Config::default();
        change(&mut config);
        Arc::new(Self { config, ids: FixedIds::default(), kept: Mutex::default() })
    }
}

#[async_trait]
impl Door for Fake {
    fn config(&self) -> &Config {
        &self.config
    }
    fn new_id(&self) -> Uuid {
        self.ids.id()
    }
    fn generation(&self) -> u64 {
        7
    }
    async fn authenticate(&self, credential: &Credential) -> Outcome<Principal> {
        let (Credential::Token(text) | Credential::ApiKey(text)) = credential;
        let (user, role) = match text.expose_secret() {
            "user" | "mn_user" => (1, Role::User),
            "operator" => (2, Role::Operator),
            "expired" => return Err(Fault::new(Code::TokenExpired)),
            _ => return Err(Fault::new(Code::TokenInvalid)),
        };
        Ok(principal(user, role))
    }
    async fn parts(&self) -> Vec<Part> {
        vec![Part::fine("database")]
    }
    async fn claim(&self, key: &Key) -> Outcome<Claim> {
        let (place, fingerprint) = ((key.owner, key.text.clone()), key.fingerprint);
        let mut kept = self.kept.lock().unwrap();
        Ok(match kept.get(&place) {
            Some((other, _)) if *other != fingerprint => Claim::Different,
            Some((_, Some(answer))) => Claim::Answered(answer.clone()),
            Some((_, None)) => Claim::InFlight,
            None => {
                kept.insert(place, (fingerprint, None));
                Claim::Fresh
            }
        })
    }
    async fn keep(&self, key: &Key, answer: KeptAnswer) -> Outcome<()> {
        self.kept.lock().unwrap().get_mut(&(key.owner, key.text.clone())).unwrap().1 = Some(answer);
        Ok(())
    }
    async fn release(&self, key: &Key) -> Outcome<()> {
        self.kept.lock().unwrap().remove(&(key.owner, key.text.clone()));
        Ok(())
    }
}

fn principal(user: u128, role: Role) -> Principal {
    let permissions: Permissions = role.permissions();
    Principal {
        user: Uuid::from_u128(user),
        display_name: "somebody".into(),
        roles: vec![role],
        permissions,
        session: None,
        authenticated_at: 0,
        api_key: None,
        timezone: "UTC".into(),
        locale: "en".into(),
    }
}

/// How often the handler ran.
type Runs = Arc<AtomicU32>;

/// A new thing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewThing {
    /// Its title.
    #[schema(min_length = 1, max_length = 10)]
    title: String,
    /// How hard.
    #[serde(default)]
    #[schema(required = false, minimum = 1, maximum = 5)]
    difficulty: i32,
    /// When it is due.
    #[serde(default)]
    due: Option<Time>,
    /// What kind.
    #[serde(default)]
    kind: Option<Kind>,
    /// Free fields.
    #[serde(default)]
    metadata: HashMap<String, Value>,
}

/// What kind.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Daily,
    Solo,
}

/// What to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeThing {
    /// A new title.
    #[schema(min_length = 1, nullable = false)]
    title: Option<String>,
    /// A new note; `null` clears it.
    #[serde(default)]
    #[schema(required = false)]
    note: Patch<String>,
    /// When it is due; `null` clears it.
    #[serde(default)]
    #[schema(required = false)]
    due: Patch<Time>,
}

/// What was understood.
#[derive(Debug, Serialize, ToSchema)]
struct Heard {
    text: String,
    due: Option<Time>,
}

/// Filters.
#[derive(Debug, Deserialize, IntoParams)]
#[expect(dead_code, reason = "seen through `Debug` only, which the compiler does not count")]
#[into_params(parameter_in = Query)]
struct Filter {
    /// All of these.
    #[serde(default)]
    #[param(required = false)]
    tags: Vec<String>,
    /// Of this kind.
    #[param(nullable = false)]
    kind: Option<Kind>,
    /// At least this important.
    #[param(minimum = 0.0, maximum = 1.0, nullable = false)]
    importance: Option<f64>,
}

/// Make a thing
#[utoipa::path(post, path = "/api/v1/things", tag = "things", operation_id = "things_create", request_body = NewThing,
    responses((status = 201, body = Heard)), extensions(("x-permission" = json!("task:write"))))]
async fn create(State(runs): State<Runs>, _: Caller, Body(new): Body<NewThing>) -> Outcome<Created<Heard>> {
    let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
    match new.title.as_str() {
        "panic" => panic!("secret text of a panic"),
        "slow" => tokio::time::sleep(Duration::from_mins(1)).await,
        "taken" => return Err(Fault::conflict("the title is taken")),
        "broken" => return Err(Fault::internal("connection to db.internal refused")),
        _ => {}
    }
    let text = format!("{}/{}/{:?}/{}/{run}", new.title, new.difficulty, new.kind, new.metadata.len());
    Ok(Created { location: format!("/api/v1/things/{KNOWN}"), version: Some(1), body: Heard { text, due: new.due } })
}

/// List things
#[utoipa::path(get, path = "/api/v1/things", tag = "things", operation_id = "things_list", params(ListQuery, Filter),
    responses((status = 200, body = Page<String>)), extensions(("x-permission" = json!("task:read"))))]
async fn list(Query(list): Query<ListQuery>, Query(filter): Query<Filter>) -> Outcome<Json<Page<String>>> {
    let page = list.page()?;
    Ok(Json(Page::of(
        crate::model::page::Slice { items: vec![format!("{page:?} {filter:?}")], total: Some(1), has_more: false, next: None },
        &list,
    )))
}

/// Read a thing
#[utoipa::path(get, path = "/api/v1/things/{id}", tag = "things", operation_id = "things_read",
    responses((status = 200, body = Heard)), extensions(("x-permission" = json!("task:read"))))]
async fn read(Path(id): Path<Uuid>) -> Outcome<Versioned<Heard>> {
    find(id).await?;
    Ok(Versioned(3, Heard { text: "known".into(), due: Some(Time(0)) }))
}

#[expect(clippy::unused_async, reason = "stands for a look into a database")]
async fn find(id: Uuid) -> Outcome<()> {
    if id == KNOWN { Ok(()) } else { Err(Fault::not_found()) }
}

/// Change a thing
#[utoipa::path(patch, path = "/api/v1/things/{id}", tag = "things", operation_id = "things_change", request_body = ChangeThing,
    responses((status = 200, body = Heard)), extensions(("x-permission" = json!("task:write"))))]
async fn change(Path(id): Path<Uuid>, if_match: IfMatch, body: Result<Body<ChangeThing>, Fault>) -> Outcome<Versioned<Heard>> {
    let change = found_first(body, find(id)).await?;
    find(id).await?;
    if_match.require()?.check(3)?;
    let text = format!("{:?} {:?} {:?}", change.title, change.note.into_change(), change.due.map(Time::millis).into_change());
    Ok(Versioned(4, Heard { text, due: None }))
}

/// Who, if anybody
#[utoipa::path(get, path = "/api/v1/who", tag = "things", operation_id = "who",
    responses((status = 200, body = Heard)), extensions(("x-permission" = json!("public"))))]
async fn who(MaybeCaller(caller): MaybeCaller, ClientAddress(address): ClientAddress) -> Json<Heard> {
    Json(Heard { text: format!("{:?} {address}", caller.map(|caller| caller.user.as_u128())), due: None })
}

/// A route that forgot its permission
#[utoipa::path(get, path = "/api/v1/forgotten", tag = "things", operation_id = "forgotten", responses((status = 200, body = Heard)))]
async fn forgotten() -> Json<Heard> {
    Json(Heard { text: String::new(), due: None })
}

fn operations() -> OpenApiRouter<Runs> {
    OpenApiRouter::with_openapi(super::openapi::base())
        .routes(routes!(create, list))
        .routes(routes!(read, change))
        .routes(routes!(who))
        .routes(routes!(forgotten))
}

/// The front door around the little resource.
pub(super) fn house(change: impl FnOnce(&mut Config)) -> (Router, Runs) {
    let runs = Runs::default();
    (super::router::assemble(operations(), runs.clone(), Fake::new(change)).unwrap(), runs)
}

/// An answer, read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
    pub(super) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    /// Bad fields by pointer.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let errors = self.json()["error"]["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|field| (text(&field["pointer"]), text(&field["message"]))).collect()
    }
    /// Status and code in one word: `404 DB_001`.
    pub(super) fn said(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code())
    }
}

/// Sends one request: `call(&router, "POST", "/api/v1/things", &[("authorization", "Bearer user")], "{}")`.
pub(super) async fn call(
    router: &Router,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<axum::body::Body>,
) -> Answer {
    let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub(super) const USER: (&str, &str) = ("authorization", "Bearer user");
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");

/// A POST of JSON as the user.
pub(super) async fn post(router: &Router, body: &Value) -> Answer {
    call(router, "POST", "/api/v1/things", &[USER, JSON], body.to_string()).await
}

/// Every operation of the product is complete, and every body refuses unknown fields; those of `/v1` pass over them, because
/// OpenAI's clients send new ones every month.
#[test]
fn every_operation_is_documented_and_declares_who_may() {
    let document: Value = serde_json::from_str(&super::openapi().unwrap()).unwrap();
    let mut seen = std::collections::HashSet::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {template}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no operationId"));
            assert!(seen.insert(id.to_owned()), "{name}: operationId {id} is used twice");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{name} has no tag");
            assert!(operation["security"].is_array(), "{name} has no security");
            let permission = operation["x-permission"].as_str().unwrap_or_else(|| panic!("{name} has no x-permission"));
            let known =
                ["public", "authenticated"].contains(&permission) || permission.parse::<crate::service::principal::Permission>().is_ok();
            assert!(known, "{name}: `{permission}` is no permission");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Some(reference) = schema["$ref"].as_str() {
                let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
                let closed = schema["additionalProperties"].is_boolean();
                assert_eq!(closed, !template.starts_with("/v1/"), "{name}: {reference} needs #[serde(deny_unknown_fields)], on /v1 not");
            }
        }
    }
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let generated = super::openapi().unwrap();
    if std::env::var_os("MNEMOSYNE_TEST_BLESS").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == generated,
        "host/openapi.json is old; `MNEMOSYNE_TEST_BLESS=1 cargo test -p mnemosyne-host --lib http::tests` writes it anew"
    );
}

#[test]
fn our_own_schemas_compile() {
    let document: Value = serde_json::from_str(&super::openapi().unwrap()).unwrap();
    super::operation::Table::compile(&document).map(drop).unwrap();
}

#[test]
fn every_operation_is_described_in_words_and_stands_in_a_described_group() {
    let document: Value = serde_json::from_str(&super::openapi().unwrap()).unwrap();
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let groups: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(text(&operation["summary"]), "{method} {path} has no summary");
            assert!(groups.contains(&&operation["tags"][0]), "{method} {path} is in none of {groups:?}");
            let undescribed = operation["responses"].as_object().unwrap().iter().find(|(_, answer)| !text(&answer["description"]));
            assert_eq!(undescribed, None, "{method} {path}");
        }
    }
}

/// So that the fixture above says what the documentation of `http` says.
#[test]
fn a_schema_of_ours_is_strict_and_nullable_only_where_it_says() {
    let document = super::openapi::finish(&operations().into_openapi()).unwrap();
    let change = &document["components"]["schemas"]["ChangeThing"];
    assert_eq!(change["additionalProperties"], json!(false), "{change:#}");
    assert_eq!(change["properties"]["title"]["type"], json!("string"), "{change:#}");
    assert!(change["required"].as_array().is_none_or(Vec::is_empty), "{change:#}");
}
