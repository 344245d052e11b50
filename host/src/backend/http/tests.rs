//! The wall: what it lets nobody reach, and what goes through it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mnemosyne_runtime::capability::http::{HttpBackend, OutgoingRequest, OutgoingSecret, ReceivedResponse};
use mnemosyne_runtime::wit::types::errors::ErrorKind;
use mnemosyne_runtime::{Asking, BackendError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers every name with these addresses, and counts how often it was asked.
struct Names(Vec<SocketAddr>, AtomicUsize);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, _: &str, _: u16) -> std::io::Result<Vec<SocketAddr>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.clone())
    }
}

struct OneSecret;

#[async_trait]
impl SecretSource for OneSecret {
    async fn secret(&self, name: &str) -> Option<SecretString> {
        (name == "CRM_TOKEN").then(|| SecretString::from("Bearer hidden"))
    }
}

fn request(origin: &str) -> OutgoingRequest<'_> {
    OutgoingRequest {
        origin,
        method: "GET",
        path: "/",
        query: &[],
        headers: &[],
        body: &[],
        secret: None,
        timeout: Duration::from_millis(400),
        max_body: 1 << 10,
    }
}

fn asking() -> Asking<'static> {
    Asking { user: None, plugin: "p", slot: "persona/p", request: "r", call: uuid::Uuid::nil() }
}

fn outside(addresses: &[&str], allowed: &[&str]) -> Outside {
    let addresses = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443)).collect();
    let names = Names(addresses, AtomicUsize::default());
    Outside::new(Arc::new(names), Arc::new(OneSecret), allowed.iter().map(|origin| (*origin).to_owned()))
}

async fn refusal(outside: &Outside, request: OutgoingRequest<'_>) -> Option<&'static str> {
    match outside.send(asking(), request).await {
        Err(BackendError::Refused { kind: ErrorKind::Denied, code, .. }) => Some(code),
        _ => None,
    }
}

#[test]
fn only_public_addresses_are_public() {
    let inside = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ];
    for address in inside {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "192.167.1.1",
        "223.255.255.1",
        "2606:4700::1",
        "2a00:1450::1",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn origins_that_are_addresses_or_more_than_origins_reach_nobody() {
    let outside = outside(&["1.1.1.1"], &[]);
    for origin in [
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0177.0.0.1",
        "https://127.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://①②⑦.0.0.1",
        "https://169.254.169.254",
        "http://crm.example.org",
        "ftp://crm.example.org",
        "file:///etc/passwd",
        "gopher://crm.example.org",
        "https://user@crm.example.org",
        "https://user:pw@crm.example.org",
        "https://crm.example.org/path",
        "https://crm.example.org?x",
        "https://crm.example.org#x",
        "https://",
        "crm.example.org",
        "",
    ] {
        assert_eq!(refusal(&outside, request(origin)).await, Some("http-forbidden"), "{origin}");
    }
}

#[tokio::test]
async fn a_name_with_one_private_address_is_refused_whole() {
    for addresses in [
        vec!["127.0.0.1"],
        vec!["169.254.169.254"],
        vec!["1.1.1.1", "10.0.0.1"],
        vec!["10.0.0.1", "1.1.1.1"],
        vec!["2606:4700::1", "::1"],
        vec!["::ffff:127.0.0.1"],
        vec!["fd00:ec2::254"],
        vec!["1.1.1.1", "64:ff9b::7f00:1"],
    ] {
        let outside = outside(&addresses, &[]);
        assert_eq!(refusal(&outside, request("https://crm.example.org")).await, Some("http-forbidden"), "{addresses:?}");
    }
    let nowhere = outside(&[], &[]).send(asking(), request("https://crm.example.org")).await;
    assert!(matches!(nowhere, Err(BackendError::Unavailable { .. })));
}

#[tokio::test]
async fn a_path_cannot_leave_its_origin() {
    let outside = outside(&["127.0.0.1"], &[]);
    // Even before the addresses are judged; the runtime's door refuses most of these too.
    for path in ["@evil.example.org/", ".evil.example.org/", ":8443/", "\\@evil.example.org/"] {
        assert_eq!(
            refusal(&outside, OutgoingRequest { path, ..request("https://crm.example.org") }).await,
            Some("http-forbidden"),
            "{path}"
        );
    }
}

/// A server on a loopback port that answers each connection with these bytes, and gives what it read.
async fn server(answer: &'static [u8], keep_open: bool) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4096];
        let length = stream.read(&mut read).await.unwrap();
        stream.write_all(answer).await.unwrap();
        if keep_open {
            // It says no more and stays.
            let _ = stream.read(&mut [0; 1]).await;
        }
        String::from_utf8_lossy(&read[..length]).into_owned()
    });
    (origin, served)
}

async fn ask(origin: &str, change: impl FnOnce(OutgoingRequest<'_>) -> OutgoingRequest<'_>) -> Result<ReceivedResponse, BackendError> {
    outside(&[], &[origin]).send(asking(), change(request(origin))).await
}

#[tokio::test]
async fn an_allowed_origin_is_reached_with_its_secret_and_a_redirect_is_only_told() {
    let answer =
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\nset-cookie: a=b\r\nx-kept: yes\r\ncontent-length: 2\r\n\r\nok";
    let (origin, served) = server(answer, false).await;
    let secret = Some(OutgoingSecret { header: "authorization", name: "CRM_TOKEN" });
    let query = [("q".to_owned(), "a b&c=d".to_owned())];
    let outside = outside(&[], &[&origin]);
    let answer = outside.send(asking(), OutgoingRequest { secret, query: &query, path: "/in", ..request(&origin) }).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (302, b"ok".as_slice()));
    assert!(answer.headers.contains(&("x-kept".to_owned(), "yes".to_owned())));
    assert!(answer.headers.iter().all(|(name, _)| name != "set-cookie"));
    let read = served.await.unwrap();
    assert!(read.starts_with("GET /in?q=a+b%26c%3Dd HTTP/1.1\r\n"), "{read}");
    assert!(read.contains("authorization: Bearer hidden\r\n"), "{read}");
}

#[tokio::test]
async fn a_secret_that_nobody_stored_sends_nothing() {
    let secret = Some(OutgoingSecret { header: "authorization", name: "OTHER" });
    let outside = outside(&["1.1.1.1"], &[]);
    assert_eq!(refusal(&outside, OutgoingRequest { secret, ..request("https://crm.example.org") }).await, Some("http-secret"));
}

#[tokio::test]
async fn huge_and_slow_answers_end() {
    let declared = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx";
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n800\r\n";
    let (origin, _served) = server(declared, true).await;
    assert_eq!(ask(&origin, |of| of).await, Err(BackendError::invalid("http-too-large", "the answer's body is too large")));
    for stalled in [&chunked[..], b"HTTP/1.1 200 OK\r\n", b""] {
        let (origin, _served) = server(stalled, true).await;
        assert_eq!(ask(&origin, |of| OutgoingRequest { timeout: Duration::from_millis(100), ..of }).await, Err(BackendError::Timeout));
    }
    let (origin, _served) = server(b"nonsense\r\n\r\n", false).await;
    assert!(matches!(ask(&origin, |of| of).await, Err(BackendError::Unavailable { .. })));
}

#[tokio::test]
async fn a_name_is_resolved_once_and_that_address_is_the_one_that_is_met() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (origin, served) = server(answer, false).await;
    let port = origin.rsplit(':').next().unwrap();
    let private = format!("http://crm.internal.example:{port}");
    let names = Arc::new(Names(vec!["127.0.0.1:1".parse().unwrap()], AtomicUsize::default()));
    let outside = Outside::new(names.clone(), Arc::new(OneSecret), [private.clone()]);
    assert_eq!(outside.send(asking(), request(&private)).await.unwrap().status, 200);
    assert_eq!(names.1.load(Ordering::Relaxed), 1);
    assert!(served.await.unwrap().contains(&format!("host: crm.internal.example:{port}")));
}
