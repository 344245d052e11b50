//! Who asks, and what comes back.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// Somebody in front of the host: a person, an operator or nobody in particular.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(super) client: Client,
    pub(super) base: String,
    /// `None` for an anonymous one.
    pub(crate) token: Option<String>,
    /// What signing in answered: `user`, `refresh_token` and the rest; null for operators and anonymous ones.
    pub(crate) account: Value,
}

impl Actor {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path).send().await
    }

    /// A request that is more than a verb, a path and a body.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Asking {
        let request = self.client.request(method, format!("{}{path}", self.base));
        Asking(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// As an operator: binds `slot` to `plugin` (`name@version`) whatever generation it is at; gives the slot.
    pub(crate) async fn bind(&self, slot: &str, plugin: &str) -> Value {
        let (plugin, version) = plugin.split_once('@').expect("name@version");
        let path = format!("/api/v1/admin/slots/{slot}");
        let now = self.get(&path).await;
        let body = serde_json::json!({"plugin": plugin, "version": version});
        self.ask(Method::PUT, &path).header("if-match", now.header("etag")).json(body).send().await.ok()
    }

    /// As an operator: adds a component; gives what the host found out about it.
    pub(crate) async fn add_plugin(&self, component: Vec<u8>) -> Value {
        self.ask(Method::POST, "/api/v1/admin/plugins").bytes("application/wasm", component).send().await.created()
    }

    /// The same one in front of another host.
    pub(crate) fn at(&self, host: &super::TestHost) -> Self {
        Self { base: host.base.clone(), ..self.clone() }
    }

    /// The same one with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }
}

/// A request on its way.
pub(crate) struct Asking(RequestBuilder);

impl Asking {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn json(self, body: Value) -> Self {
        Self(self.0.json(&body))
    }

    pub(crate) fn bytes(self, kind: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", kind).body(body))
    }

    /// The answer's head; its body is the caller's to read.
    pub(crate) async fn open(self) -> reqwest::Response {
        self.0.send().await.expect("the host answers")
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.0.send().await.expect("the host answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer's body arrives");
        Answer { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

/// What came back. The claims panic at the caller's line and show the whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body; null when it is no JSON.
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        self.is(200)
    }

    #[track_caller]
    pub(crate) fn created(self) -> Value {
        self.is(201)
    }

    #[track_caller]
    pub(crate) fn no_content(self) {
        self.is(204);
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Refused with this status and code, in the one error shape; gives the error.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.json["error"]["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert!(self.json["error"]["request_id"].is_string(), "no request id: {}", self.text);
        self.json["error"].clone()
    }

    /// A header that must be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header `{name}`: {self:?}")).to_str().unwrap()
    }
}
