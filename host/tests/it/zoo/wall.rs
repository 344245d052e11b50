//! Server-side request forgery, tried by a persona through the front door: origins that are refused when the component arrives,
//! paths that lead elsewhere, and names that resolve to where nobody may go. A listener counts who comes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mnemosyne_host::backend::http::Resolve;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::talk::met;
use super::voice::{DONE, SEND, Voice, data};
use super::{PLUGINS, all_quiet, watch_panics};
use crate::kit::{Actor, Backend, Database, TestHost, backends};

fn needs(origin: &str) -> String {
    format!("[needs.http]\nendpoints = {{ a = '{origin}' }}\n")
}

/// Sends `GET` to endpoint `e` (of `hello`, or as named) with this path, and tells how it ended.
fn sending(endpoint: &str, path: &str, origin: &str) -> Voice {
    let respond = format!(
        "(call $send (i32.const 2048) (i32.const {}) (i32.const 2112) (i32.const 3) (i32.const 2304) (i32.const {}) (i32.const 0) (i32.const 0)
           (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 5) (i32.const 1) (i32.const 2000) (i32.const 0) (i32.const 0) (i32.const 896))
         (call $tell (i32.const 896) (i32.const 4)) {DONE}",
        endpoint.len(),
        path.len()
    );
    let items = format!("{} {} {}", data(2048, endpoint.as_bytes()), data(2112, b"GET"), data(2304, path.as_bytes()));
    Voice::saying(respond).items(items).with(SEND, &needs(origin))
}

/// Every spelling of an address, every scheme but one, everything that is more than an origin.
const NEVER: [&str; 44] = [
    "https://127.0.0.1",
    "https://127.1",
    "https://127.0.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0177.0.0.1",
    "https://017700000001",
    "https://127.0.0.1.",
    "https://0",
    "https://0.0.0.0",
    "https://[::1]",
    "https://[::]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://[64:ff9b::7f00:1]",
    "https://[fd00:ec2::254]",
    "https://[fe80::1%25eth0]",
    "https://169.254.169.254",
    "https://0xa9fea9fe",
    "https://2852039166",
    "https://0251.0376.0251.0376",
    "https://10.0.0.1",
    "https://192.168.0.1",
    "https://172.16.0.1",
    "https://100.64.0.1",
    "https://localhost",
    "https://LOCALHOST",
    "https://\u{2460}\u{2461}\u{2466}.0.0.1",
    "https://127\u{3002}0\u{3002}0\u{3002}1",
    "https://user@api.example.org",
    "https://user:secret@api.example.org",
    "https://api.example.org@127.0.0.1",
    "https://api.example.org#@127.0.0.1",
    "https://api.example.org?@127.0.0.1",
    "https://api.example.org/latest",
    "https://api.example.org:0",
    "https://api.example.org:65536",
    "https://api.example.org:+443",
    "http://api.example.org",
    "ftp://api.example.org",
    "file:///etc/passwd",
    "gopher://api.example.org",
    "https://",
];

/// Paths that a parser might take for another origin, or for a place above.
const ELSEWHERE: [&str; 14] = [
    "//169.254.169.254/latest",
    "/../..",
    "/a/../../b",
    "/%2e%2e/%2e%2e",
    "@127.0.0.1/",
    ":8443/",
    ".evil.example/",
    "http://localhost/",
    "https://127.0.0.1/",
    "/\\evil.example",
    "\\\\evil.example",
    "/a\r\nHost: evil.example",
    "/a b",
    "",
];

backends! {
    async fn origins_that_are_no_host_names_do_not_get_in(host: TestHost) {
        let operator = host.operator();
        for origin in NEVER {
            let component = Voice::default().with("", &needs(origin)).build("voice-wall");
            let answer = operator.ask(Method::POST, PLUGINS).bytes("application/wasm", component).send().await;
            assert_eq!((answer.status, answer.json["error"]["code"].as_str()), (422, Some("PLG_007")), "{origin}: {}", answer.text);
        }
        let good = operator.add_plugin(Voice::default().with("", &needs("https://api.example.org:8443")).build("voice-wall")).await;
        assert_eq!(good["state"], "held");
    }
}

/// Names that the world's name servers do not have: each with the addresses that a test gave it.
struct Names(Mutex<Vec<(String, Vec<SocketAddr>)>>, AtomicUsize);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str, _: u16) -> std::io::Result<Vec<SocketAddr>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let known = self.0.lock().unwrap().iter().find(|(name, _)| name == host).map(|(_, addresses)| addresses.clone());
        known.ok_or_else(|| std::io::Error::other("no such name"))
    }
}

/// Counts the connections to a port of this machine that begin as TLS does.
async fn listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, met) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&met);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0];
            if stream.read_exact(&mut first).await.is_ok() && first[0] == 0x16 {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (port, met)
}

/// What the persona says about its request.
async fn heard(host: &TestHost, person: &Actor, name: &str, voice: &Voice) -> String {
    let answer = met(host, person, name, voice).await;
    assert_eq!((&answer["plugin"]["name"], &answer["degraded"]), (&json!(name), &json!(false)), "{answer}");
    answer["response"].as_str().unwrap().to_owned()
}

async fn wall(backend: Backend) {
    let Some(database): Option<Database> = backend.database("wall").await else { return };
    watch_panics();
    let (port, met) = listener().await;
    let names = Arc::new(Names(Mutex::default(), AtomicUsize::new(0)));
    let allowed = format!("https://allowed.example.org:{port}");
    let with = |config: &mut mnemosyne_host::config::Config| config.plugins.allowed_origins = vec![allowed.clone()];
    let host = TestHost::start_resolving(&database, with, Arc::clone(&names) as _).await;
    let mallory = host.user("mallory").await;
    let here = format!("127.0.0.1:{port}");
    for (number, addresses) in [
        vec![here.as_str()],
        vec!["169.254.169.254:443"],
        vec!["1.1.1.1:443", here.as_str()],
        vec![here.as_str(), "1.1.1.1:443"],
        vec!["[::1]:443"],
        vec!["[::ffff:127.0.0.1]:443"],
        vec!["[64:ff9b::7f00:1]:443"],
        vec!["[fd00:ec2::254]:443"],
        vec!["10.0.0.1:443"],
        vec!["0.0.0.0:443"],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("private-{number}.example.org");
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        names.0.lock().unwrap().push((name.clone(), addresses));
        let voice = sending("a", "/in", &format!("https://{name}:{port}"));
        assert_eq!(heard(&host, &mallory, &format!("voice-private-{number}"), &voice).await, "d", "{name}");
    }
    let nowhere = sending("a", "/in", "https://nowhere.example.org");
    assert_eq!(heard(&host, &mallory, "voice-nowhere", &nowhere).await, "u");
    names.0.lock().unwrap().push(("allowed.example.org".to_owned(), vec![here.parse().unwrap()]));
    let asked = names.1.load(Ordering::Relaxed);
    for (number, path) in ELSEWHERE.into_iter().enumerate() {
        let voice = sending("a", path, &allowed);
        let heard = heard(&host, &mallory, &format!("voice-path-{number}"), &voice).await;
        assert!(heard == "i" || heard == "d", "{path:?}: {heard}");
    }
    for (number, endpoint) in ["b", allowed.as_str(), ""].into_iter().enumerate() {
        let voice = sending(endpoint, "/in", &allowed);
        assert_eq!(heard(&host, &mallory, &format!("voice-endpoint-{number}"), &voice).await, "d", "{endpoint}");
    }
    assert_eq!((met.load(Ordering::Relaxed), names.1.load(Ordering::Relaxed)), (0, asked), "nobody came, nothing more was even looked up");
    // The control: what an operator allows is met, once. It speaks no TLS, so the plugin hears that nobody answered.
    let voice = sending("a", "/in", &allowed);
    assert_eq!(heard(&host, &mallory, "voice-allowed", &voice).await, "u");
    assert_eq!(met.load(Ordering::Relaxed), 1);
    all_quiet(&host).await;
    drop(host);
    database.remove().await;
}

mod walls {
    fn run(backend: crate::kit::Backend) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(super::wall(backend));
    }
    mod sqlite {
        #[test]
        fn no_name_no_path_and_no_endpoint_leads_where_nobody_may_go() {
            super::run(crate::kit::Backend::Sqlite);
        }
    }
    mod postgres {
        #[test]
        fn no_name_no_path_and_no_endpoint_leads_where_nobody_may_go() {
            super::run(crate::kit::Backend::Postgres);
        }
    }
}
