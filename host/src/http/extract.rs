//! What a handler takes out of a request. All of them read what the gate left in the request, so none touches the body
//! and their order in a handler is of no consequence, but for [`Path`] before [`Body`]: 404 of the id comes before 422.

use std::future::Future;
use std::net::IpAddr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderName, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::{Code, Fault, FieldError, Outcome};
use crate::service::principal::Principal;

use super::door::Credential;
use super::front::{Context, RequestId, client_address};
use super::operation::{Parameter, Shape};
use super::schema::unknown;

/// The authenticated caller. The operation's `x-permission` was checked before the handler ran.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

impl std::ops::Deref for Caller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let context = Context::of(&parts.extensions)?;
        context.principal.clone().map(Self).ok_or_else(|| Fault::new(Code::TokenInvalid))
    }
}

/// On a public operation: who it is, if the headers prove somebody; a bad credential is nobody.
#[derive(Clone, Debug)]
pub struct MaybeCaller(pub Option<Principal>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let front = Context::of(&parts.extensions)?.front.clone();
        let Ok(Some(credential)) = Credential::of(&parts.headers) else { return Ok(Self(None)) };
        match front.door.authenticate(&credential).await {
            Ok(principal) => Ok(Self(Some(principal))),
            Err(fault) if matches!(fault.code, Code::TokenExpired | Code::TokenInvalid | Code::AccountLocked) => Ok(Self(None)),
            Err(fault) => Err(fault),
        }
    }
}

/// The credential itself, for the few operations that end it (logout).
#[derive(Debug)]
pub struct Presented(pub Option<Credential>);

impl<S: Send + Sync> FromRequestParts<S> for Presented {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        Credential::of(&parts.headers).map(Self)
    }
}

/// The client's address, behind trusted proxies too.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let context = Context::of(&parts.extensions)?;
        Ok(Self(client_address(&parts.extensions, &parts.headers, &context.front.config().server.trusted_proxies)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Fault::internal("the request has no id"))
    }
}

/// The parameters of the path: `Path(id): Path<Uuid>`, `Path((slot, name)): Path<(String, String)>`. What does not parse
/// cannot exist: 404 `DB_001`.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Outcome<Self> {
        // `RawPathParams` first: NUL and invalid UTF-8 can be written as percent escapes, and PostgreSQL refuses both.
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Fault::not_found())?;
        if raw.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Fault::not_found());
        }
        let axum::extract::Path(value) =
            axum::extract::Path::<T>::from_request_parts(parts, state).await.map_err(|_| Fault::not_found())?;
        Ok(Self(value))
    }
}

/// A JSON body that fits the operation's own schema. The type carries `#[serde(deny_unknown_fields)]`.
///
/// A handler whose id may be a stranger's takes `Result<Body<T>, Fault>` and hands it to [`found_first`].
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Body<T> {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let context = Context::of(&parts.extensions)?;
        let (Some(body), Some(schema)) = (&context.body, &context.operation.body) else {
            return Err(Fault::internal("this operation declares no `request_body` of `application/json`"));
        };
        let mut fields = body.issues.clone();
        fields.extend(schema.check(&body.value));
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        T::deserialize(&body.value).map(Self).map_err(|error| {
            tracing::warn!(%error, "a body fits its schema and not its type");
            Fault::new(Code::Validation).detail("the body does not fit the documented schema")
        })
    }
}

/// Keeps the promise "404 of the id before 422": only when the body is bad is the thing looked up first.
///
/// ```ignore
/// let changes = found_first(body, app.tasks.get(&caller, id)).await?;
/// ```
///
/// # Errors
/// The lookup's fault, else the body's.
pub async fn found_first<T, V>(body: Result<Body<T>, Fault>, lookup: impl Future<Output = Outcome<V>>) -> Outcome<T> {
    match body {
        Ok(Body(value)) => Ok(value),
        Err(fault) => {
            lookup.await?;
            Err(fault)
        }
    }
}

/// Query parameters, checked against the operation's own parameters: an unknown one is 422 with a "did you mean",
/// `a,b` and repetition make a list, `offset` is read as `skip`. A handler may take several, such as
/// [`super::page::ListQuery`] beside its own filters.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let context = Context::of(&parts.extensions)?;
        let pairs = pairs(&parts.uri)?;
        let query = &context.operation.query;
        let (value, mut fields) = typed(&query.parameters, pairs);
        fields.extend(
            query
                .schema
                .check(&value)
                .into_iter()
                .map(|field| FieldError::new(format!("?{}", field.pointer.trim_start_matches('/')), field.message)),
        );
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        T::deserialize(&value).map(Self).map_err(|error| {
            tracing::warn!(%error, "a query fits its schema and not its type");
            Fault::new(Code::Validation).detail("the query does not fit the documented parameters")
        })
    }
}

/// The pairs of a query string. Escapes that are no UTF-8 are refused: read kindly they would become another text.
fn pairs(uri: &Uri) -> Outcome<Vec<(String, String)>> {
    let refuse = || Fault::new(Code::Malformed).detail("the query string cannot be read: its escapes must be UTF-8");
    if !is_utf8(uri.query().unwrap_or_default().as_bytes()) {
        return Err(refuse());
    }
    let axum::extract::Query(pairs) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| refuse())?;
    Ok(pairs)
}

fn is_utf8(escaped: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        match (first, after.get(..2)) {
            (b'%', Some(digits)) if hex::decode_to_slice(digits, &mut byte).is_ok() => {
                bytes.push(byte[0]);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// Refuses every query parameter, for an operation that takes none: what a client thinks it asked for must not be passed
/// over in silence.
///
/// # Errors
/// 422 that names each; 400 for a query string that cannot be read.
pub(super) fn no_query(uri: &Uri) -> Outcome<()> {
    let (names, fields) = typed(&[], pairs(uri)?);
    let unknown = names.as_object().into_iter().flat_map(Map::keys).map(|name| FieldError::new(format!("?{name}"), unknown(name, &[])));
    let fields: Vec<_> = fields.into_iter().chain(unknown).collect();
    if fields.is_empty() { Ok(()) } else { Err(Fault::invalid(fields)) }
}

/// The pairs as one JSON object, each value as its parameter wants it; text that does not convert stays text and the
/// schema names it.
fn typed(parameters: &[Parameter], pairs: Vec<(String, String)>) -> (Value, Vec<FieldError>) {
    let (mut object, mut fields) = (Map::new(), Vec::new());
    for (mut name, text) in pairs {
        if name == "offset" && parameters.iter().all(|own| own.name != "offset") && parameters.iter().any(|own| own.name == "skip") {
            "skip".clone_into(&mut name);
        }
        if text.contains('\0') || name.contains('\0') {
            fields.push(FieldError::new(format!("?{}", name.replace('\0', "")), "must not contain the NUL character"));
            continue;
        }
        let shape = parameters.iter().find(|own| own.name == name).map_or(Shape::Text, |own| own.shape);
        if shape == Shape::List {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from);
            match object.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.extend(items),
                other => *other = items.collect(),
            }
        } else if object.insert(name.clone(), convert(shape, text)).is_some() {
            fields.push(FieldError::new(format!("?{name}"), "is given more than once"));
        }
    }
    (Value::Object(object), fields)
}

fn convert(shape: Shape, text: String) -> Value {
    let converted = match shape {
        Shape::Integer => text.parse::<i64>().ok().map(Value::from),
        Shape::Number => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        Shape::Boolean => match text.as_str() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Shape::Text | Shape::List => None,
    };
    converted.unwrap_or(Value::String(text))
}

/// `If-Match`: the versions that the client still believes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch {
    present: bool,
    any: bool,
    versions: Vec<i64>,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Outcome<Self> {
        let mut found = Self::default();
        for line in parts.headers.get_all(IF_MATCH) {
            found.present = true;
            for tag in line.to_str().unwrap_or_default().split(',').map(str::trim) {
                found.any |= tag == "*";
                // A weak or foreign tag matches nothing (RFC 9110 §13.1.1); bare digits are read kindly.
                found.versions.extend(tag.trim_matches('"').parse::<i64>().ok());
            }
        }
        Ok(found)
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
        let text =
            "The version that the change is meant for, as `ETag` gave it: another one is 412. Bindings are written with it only (428).";
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let header = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::False);
        vec![header.description(Some(text)).schema(Some(schema)).build()]
    }
}

impl IfMatch {
    /// 428 `PRE_002` when the header is missing.
    pub fn require(&self) -> Outcome<&Self> {
        if self.present { Ok(self) } else { Err(Fault::new(Code::PreconditionRequired)) }
    }
    /// 412 `PRE_001` unless `current` is one of the versions, or anything goes.
    pub fn check(&self, current: i64) -> Outcome<()> {
        if !self.present || self.any || self.versions.contains(&current) { Ok(()) } else { Err(Fault::new(Code::VersionMismatch)) }
    }
    /// The version to compare-and-set with: `None` when anything goes, −1 (which is never current) for a tag of another kind.
    pub fn version(&self) -> Option<i64> {
        (self.present && !self.any).then(|| self.versions.first().copied().unwrap_or(-1))
    }
}

/// A request header as text, `None` when absent or not ASCII.
pub fn header<'a>(parts: &'a axum::http::HeaderMap, name: &HeaderName) -> Option<&'a str> {
    parts.get(name).and_then(|value| value.to_str().ok())
}
