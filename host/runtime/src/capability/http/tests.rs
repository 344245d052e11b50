//! Requests outside, at their door. The wall itself is tested where it stands, in the host.

use std::sync::Arc;

use mnemosyne_bindings::capability::http::http::Request;
use mnemosyne_bindings::capability::types::errors::ErrorKind;

use super::core::send;
use super::in_memory::ScriptedHttp;
use super::*;
use crate::call::Call;
use crate::capability::{BackendError, Backends};
use crate::kit::{House, ada, settings};

const CRM: &str = "[needs.http]
endpoints = { crm = 'https://crm.example.org' }
secrets = { crm = { header = 'authorization', secret = 'CRM_TOKEN' } }";

fn get(path: &str) -> Request {
    Request {
        endpoint: "crm".into(),
        method: "GET".into(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: None,
        extra: Vec::new(),
    }
}

fn header(name: &str, value: &str) -> Request {
    Request { headers: vec![(name.to_owned(), value.to_owned())], ..get("/") }
}

async fn at(manifest: &'static str) -> (Arc<Call>, Arc<ScriptedHttp>) {
    let http = Arc::new(ScriptedHttp::default());
    let answer = ReceivedResponse {
        status: 302,
        headers: vec![("set-cookie".into(), "s=1".into()), ("location".into(), "/".into())],
        body: b"hi".to_vec(),
    };
    http.answer("https://crm.example.org", Ok(answer));
    let backend = http.clone();
    let house = House::on(settings(), |backends| Backends { http: backend, ..backends });
    (house.at_a_personas_door(manifest, ada()).await, http)
}

async fn refused(call: &Call, request: Request) -> (ErrorKind, String) {
    let error = send(call, &mut 0, request).await.unwrap().unwrap_err();
    (error.kind, error.code)
}

#[tokio::test]
async fn a_granted_endpoint_is_its_origin_with_its_secret_by_name() {
    let (call, http) = at(CRM).await;
    let answer =
        send(&call, &mut 0, Request { headers: vec![("X-Trace".into(), "1".into())], ..get("/v1/people") }).await.unwrap().unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (302, b"hi".as_slice()));
    assert_eq!(answer.headers, [("location".to_owned(), "/".to_owned())], "no cookie comes in");
    let sent = http.sent().remove(0);
    assert_eq!(sent.line, "GET https://crm.example.org/v1/people");
    assert_eq!(sent.secret, Some(("authorization".to_owned(), "CRM_TOKEN".to_owned())));
    assert_eq!(sent.headers, [("x-trace".to_owned(), "1".to_owned())]);
}

#[tokio::test]
async fn another_endpoint_a_url_and_no_grant_are_denied() {
    let (call, http) = at(CRM).await;
    for endpoint in ["other", "", "https://crm.example.org", "crm "] {
        let request = Request { endpoint: endpoint.to_owned(), ..get("/") };
        assert_eq!(refused(&call, request).await, (ErrorKind::Denied, "http-not-granted".to_owned()), "{endpoint}");
    }
    let (call, _) = at("").await;
    assert_eq!(refused(&call, get("/")).await.0, ErrorKind::Denied);
    assert!(http.sent().is_empty());
}

#[tokio::test]
async fn a_path_stays_within_its_origin() {
    let (call, http) = at(CRM).await;
    let bad = [
        "",
        "x",
        "//evil.example.org/",
        "/../admin",
        "/a/../../b",
        "/a/./b",
        "/%2e%2e/x",
        "/a/%2E%2e%2fb",
        "/a?x=1",
        "/a#b",
        "/a\\b",
        "/a b",
        "/a\r\nhost: evil",
        "/%00",
        "/%2f%2fevil",
        "@evil.example.org/",
        "https://evil.example.org/",
        "/é",
    ];
    for path in bad {
        assert_eq!(refused(&call, get(path)).await, (ErrorKind::Invalid, "http-path".to_owned()), "{path:?}");
    }
    assert_eq!(refused(&call, get(&format!("/{}", "a".repeat(2048)))).await.1, "http-path");
    assert!(http.sent().is_empty());
    assert!(send(&call, &mut 0, get("/a/..b/c...d/@x:y")).await.unwrap().is_ok());
}

#[tokio::test]
async fn headers_of_the_connection_and_of_the_host_are_refused() {
    let (call, _) = at(CRM).await;
    for name in
        ["Host", "COOKIE", "connection", "transfer-encoding", "content-length", "Authorization", "x-forwarded-for", "", "a b", "a:b", "é"]
    {
        assert_eq!(refused(&call, header(name, "x")).await.1, "http-headers", "{name}");
    }
    for value in ["a\r\nb: c", "a\nb", "\0", "é"] {
        assert_eq!(refused(&call, header("x", value)).await.1, "http-headers", "{value:?}");
    }
    let many = Request { headers: vec![("x".into(), "y".into()); 33], ..get("/") };
    assert_eq!(refused(&call, many).await.1, "http-headers");
}

#[tokio::test]
async fn sizes_methods_and_numbers_have_their_caps() {
    let (call, _) = at(CRM).await;
    assert_eq!(refused(&call, Request { method: "CONNECT".into(), ..get("/") }).await.1, "http-method");
    assert_eq!(refused(&call, Request { method: "get".into(), ..get("/") }).await.1, "http-method");
    assert_eq!(refused(&call, Request { body: vec![0; (256 << 10) + 1], ..get("/") }).await.1, "http-too-large");
    assert_eq!(refused(&call, Request { query: vec![(String::new(), String::new()); 65], ..get("/") }).await.1, "http-query");
    let mut made = 0;
    for _ in 0..16 {
        send(&call, &mut made, get("/")).await.unwrap().unwrap();
    }
    let more = send(&call, &mut made, get("/")).await.unwrap().unwrap_err();
    assert_eq!((more.kind, more.code.as_str()), (ErrorKind::Quota, "http-requests"));
}

#[tokio::test]
async fn what_the_wall_says_is_what_the_guest_hears() {
    let (call, http) = at(CRM).await;
    for (problem, kind) in [
        (BackendError::denied("http-address", "the address is not public"), ErrorKind::Denied),
        (BackendError::Timeout, ErrorKind::Timeout),
        (BackendError::Unavailable { retry_after_ms: None }, ErrorKind::Unavailable),
    ] {
        http.answer("https://crm.example.org", Err(problem));
        assert_eq!(refused(&call, get("/")).await.0, kind);
    }
    let large = ReceivedResponse { status: 200, headers: Vec::new(), body: vec![0; (1 << 20) + 1] };
    http.answer("https://crm.example.org", Ok(large));
    assert_eq!(refused(&call, get("/")).await, (ErrorKind::Invalid, "http-too-large".to_owned()));
}
