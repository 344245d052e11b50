//! Capability `http`: requests to the origins that the manifest names. Reference: `wit/deps/http.wit`; manifest:
//! `[needs.http] endpoints = { api = "https://api.example.org" }`.

use crate::Error;
#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::http::http as wit;
pub use crate::bindings::mnemosyne::http::http::{Request, Response};

/// Sends it and waits for the answer, whatever its status.
///
/// # Errors
/// `denied`: the endpoint is not granted or its address is forbidden; `timeout`; `unavailable`: no connection; `quota`: too
/// many requests in this call.
///
/// ```
/// use mnemosyne_sdk::capability::http::{Request, double, send};
/// double::answer("api", "/weather", 200, "sunny");
/// let response = send(&Request::get("api", "/weather")).unwrap();
/// assert_eq!((response.status, response.text()), (200, "sunny".into()));
/// assert!(send(&Request::get("api", "/elsewhere")).is_err());
/// ```
pub fn send(request: &Request) -> Result<Response, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::send(request);
    #[cfg(not(target_arch = "wasm32"))]
    double::send(request)
}

impl Request {
    /// A GET of a path below an endpoint's origin. Both are names from the manifest and paths, never URLs.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::capability::http::Request::get("api", "/").method, "GET");
    /// ```
    pub fn get(endpoint: &str, path: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
            extra: Vec::new(),
        }
    }

    /// A POST of JSON.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::capability::http::Request::post_json("api", "/notes", "{}").body, b"{}");
    /// ```
    pub fn post_json(endpoint: &str, path: &str, json: &str) -> Self {
        Self {
            method: "POST".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: json.as_bytes().to_vec(),
            ..Self::get(endpoint, path)
        }
    }
}

impl Response {
    /// The body as text; what is not UTF-8 is replaced.
    ///
    /// ```
    /// use mnemosyne_sdk::capability::http::Response;
    /// assert_eq!(Response { status: 200, headers: vec![], body: b"hi".to_vec() }.text(), "hi");
    /// ```
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Servers of a native test.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Request, Response};
    use crate::Error;

    thread_local! {
        static ANSWERS: RefCell<BTreeMap<(String, String), Response>> = const { RefCell::new(BTreeMap::new()) };
        static SENT: RefCell<Vec<Request>> = const { RefCell::new(Vec::new()) };
    }

    /// Lets a path answer like this in this thread.
    pub fn answer(endpoint: &str, path: &str, status: u16, body: &str) {
        let response = Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
        ANSWERS.with_borrow_mut(|answers| answers.insert((endpoint.to_owned(), path.to_owned()), response));
    }

    /// What was sent in this thread, oldest first.
    pub fn sent() -> Vec<Request> {
        SENT.with_borrow(Clone::clone)
    }

    pub(super) fn send(request: &Request) -> Result<Response, Error> {
        SENT.with_borrow_mut(|sent| sent.push(request.clone()));
        let place = (request.endpoint.clone(), request.path.clone());
        let answer = ANSWERS.with_borrow(|answers| answers.get(&place).cloned());
        answer.ok_or_else(|| Error::unavailable("http-no-connection", "no test answers there"))
    }
}
