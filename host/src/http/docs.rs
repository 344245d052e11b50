//! Documentation that works without a network: the API's UI, the page of error codes, the document itself.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::error::{Code, Fault};

use super::error::{DOCS, status};

/// The UI's own page has inline styles and data images; scripts come from us alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/docs/`, `/docs/errors`, `/redoc`, `/openapi.json`.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(document: Bytes) -> Router<S> {
    let config = Arc::new(
        utoipa_swagger_ui::Config::from("/openapi.json").persist_authorization(false).display_request_duration(true).show_extensions(true),
    );
    let index = config.clone();
    Router::new()
        .route("/openapi.json", get(move || std::future::ready(json(document.clone()))))
        .route("/docs", get(|| std::future::ready(Redirect::permanent("/docs/"))))
        .route("/docs/", get(move || std::future::ready(file("index.html", &index))))
        .route(DOCS, get(|| std::future::ready(page(errors()))))
        .route("/docs/{*file}", get(move |Path(name): Path<String>| std::future::ready(file(&name, &config))))
        .route("/redoc", get(|| std::future::ready(Redirect::permanent("/docs/"))))
}

fn json(document: Bytes) -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json")), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))],
        Body::from(document),
    )
        .into_response()
}

fn file(name: &str, config: &Arc<utoipa_swagger_ui::Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(name, config.clone()) {
        Ok(Some(file)) => {
            let mut response = Response::new(Body::from(file.bytes.into_owned()));
            let headers = response.headers_mut();
            if let Ok(media) = HeaderValue::from_str(&file.content_type) {
                headers.insert(CONTENT_TYPE, media);
            }
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Ok(None) => Fault::not_found().into_response(),
        Err(error) => Fault::internal(error.to_string()).into_response(),
    }
}

fn page(text: String) -> Response {
    ([(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))], Html(text)).into_response()
}

/// The code table as a page, one anchor a code.
fn errors() -> String {
    let mut rows = String::new();
    for code in Code::ALL {
        let (text, status) = (code.text(), status(*code).as_u16());
        let _ = writeln!(
            rows,
            "<tr id=\"{text}\"><td><a href=\"#{text}\"><code>{text}</code></a></td><td>{status}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            code.kind().type_name(),
            marked(code.message()),
            marked(code.hint()),
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Mnemosyne: error codes</title><link rel=\"icon\" href=\"data:,\">\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}\
         td,th{{text-align:left;vertical-align:top;padding:.4rem .8rem;border-bottom:1px solid #ccc}}tr:target{{background:#fff3bf;color:#000}}\
         code{{font-family:ui-monospace,monospace}}@media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}a{{color:#8cf}}}}</style></head>\n\
         <body><h1>Error codes</h1>\n<p>Every error has one shape, <code>{{\"error\":{{\"code\",\"message\",\"detail\",\"type\",\"param\",\"request_id\",\"hint\",\"docs\",\"errors\":[…]}}}}</code>, \
         or RFC 9457 with <code>Accept: application/problem+json</code>. Match on <code>code</code>; it never changes its meaning. Only <code>AUTH_002</code> means: refresh and repeat. \
         <a href=\"/docs/\">All operations</a></p>\n<table><thead><tr><th>code</th><th>status</th><th>type</th><th>what happened</th><th>what to do</th></tr></thead><tbody>\n{rows}</tbody></table></body></html>\n"
    )
}

/// Escapes for HTML; backticks become code.
fn marked(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = String::with_capacity(escaped.len() + 32);
    for (at, piece) in escaped.split('`').enumerate() {
        if at > 0 {
            out.push_str(if at % 2 == 1 { "<code>" } else { "</code>" });
        }
        out.push_str(piece);
    }
    out
}
