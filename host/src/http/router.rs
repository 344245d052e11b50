//! Every route in one list, by audience, and what surrounds them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::config::Config;

use super::door::Door;
use super::front::Front;
use super::gate::gate;
use super::layer::outer;
use super::operation::Table;
use super::{admin, auth, docs, health};

/// All operations, by audience.
fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(super::openapi::base())
        // Anyone: orchestrators, people who are not logged in yet.
        .merge(health::routes())
        .merge(auth::routes())
        // A person, by access token or API key.
        .merge(super::tasks::routes())
        .merge(super::game::routes())
        .merge(super::openai::routes())
        .merge(super::personas::routes())
        .merge(super::plugins::routes())
        .merge(super::chat::routes())
        .merge(super::memories::routes())
        // An operator.
        .merge(admin::routes())
}

/// The whole front door.
///
/// # Errors
/// A sentence that names the operation whose schema is wrong: a mistake of ours, found by tests.
pub fn router(app: App) -> Result<Router, String> {
    assemble(operations(), app.clone(), Arc::new(app))
}

/// One request from a caller in this very process, through the same layers and routes.
///
/// # Errors
/// As [`router`], and when the answer breaks off.
pub async fn local(app: &App, request: axum::http::Request<Vec<u8>>) -> Result<axum::http::Response<Bytes>, String> {
    let request = request.map(axum::body::Body::from);
    let answer = router(app.clone())?.oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
    Ok(axum::http::Response::from_parts(parts, bytes))
}

/// The OpenAPI document as `/openapi.json` serves it and `mnemosyne openapi` prints it.
///
/// # Errors
/// A sentence when the generated document cannot be written.
pub fn openapi() -> Result<String, String> {
    let document = super::openapi::finish(&operations().into_openapi())?;
    serde_json::to_string_pretty(&document).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Puts the layers around routes; tests bring routes and a door of their own.
pub(super) fn assemble<S: Clone + Send + Sync + 'static>(
    operations: OpenApiRouter<S>,
    state: S,
    door: Arc<dyn Door>,
) -> Result<Router, String> {
    let (routes, document) = operations.split_for_parts();
    let document = super::openapi::finish(&document)?;
    let table = Table::compile(&document)?;
    let text = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
    let front = Front::new(door, table);
    let inner = routes
        .merge(docs::routes(Bytes::from(text)))
        .with_state(state)
        .layer(from_fn_with_state(front.clone(), gate))
        .layer(cors(front.config()))
        .layer(from_fn_with_state(front, outer));
    // Before routing, hence outside: a layer of the router itself would see the path too late.
    Ok(Router::new().fallback_service(ServiceBuilder::new().map_request(without_trailing_slash).service(inner)))
}

/// `/tasks/` is `/tasks`, without a redirect, which clients follow by dropping the body. `/docs/` stays: its page links
/// relative to itself.
fn without_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty() && !shorter.ends_with('/') && *shorter != "/docs")
    else {
        return request;
    };
    let target = request.uri().query().map_or_else(|| shorter.to_owned(), |query| format!("{shorter}?{query}"));
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Which browsers' pages may call: exact origins of the configuration; loopback pages when we listen on loopback.
fn cors(config: &Config) -> CorsLayer {
    let own = HeaderName::from_static;
    let origins = match &config.server.cors_origins {
        Some(list) => AllowOrigin::list(list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
        None if config.on_loopback() => AllowOrigin::predicate(|origin, _| is_loopback(origin)),
        None => AllowOrigin::list([]),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(
            [
                AUTHORIZATION,
                CONTENT_TYPE,
                ACCEPT,
                IF_MATCH,
                IF_NONE_MATCH,
                own("idempotency-key"),
                own("x-request-id"),
                own("x-api-key"),
                own("last-event-id"),
            ]
            .into_iter()
            .chain(OPENAI.map(HeaderName::from_static))
            .collect::<Vec<_>>(),
        )
        .expose_headers([
            ETAG,
            LOCATION,
            RETRY_AFTER,
            own("x-request-id"),
            own("ratelimit-limit"),
            own("ratelimit-remaining"),
            own("ratelimit-reset"),
            own("server-timing"),
            own("idempotent-replayed"),
            own("x-mnemosyne-generation"),
            own("x-should-retry"),
        ])
        .max_age(Duration::from_mins(10))
}

/// What OpenAI's JavaScript client sends beside them, in a browser too.
const OPENAI: [&str; 12] = [
    "openai-organization",
    "openai-project",
    "x-stainless-arch",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-poll-helper",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
];

fn is_loopback(origin: &HeaderValue) -> bool {
    let Some(rest) = origin.to_str().ok().and_then(|text| text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))) else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
        rest.strip_prefix(host).is_some_and(|port| {
            port.is_empty()
                || port.strip_prefix(':').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
        })
    })
}
