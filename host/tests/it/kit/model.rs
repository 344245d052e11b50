//! A model server that does what a test told it to, down to the byte: HTTP/1.1 by hand over TCP, so that it can cut an
//! answer in the middle of a chunk, send half a character, or notice at once that its client has left.
//!
//! `ScriptedModel::start(Script::…)` answers every call by that script; [`ScriptedModel::then`] puts others before it, once
//! each. Calls to `/v1/models` and `/v1/embeddings` have good answers of their own, unless a script says otherwise.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mnemosyne_host::config::Config;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::model_answers::{Answering, Script};

/// The one model that it lists.
pub(crate) const MODEL: &str = "scripted";
/// The key that it wants from a host that was given it by [`ScriptedModel::configure`].
pub(crate) const KEY: &str = "sk-scripted-canary";

/// See the module. Dropping it ends the server.
pub(crate) struct ScriptedModel {
    seen: Arc<Seen>,
    base_url: String,
    listening: JoinHandle<()>,
}

/// What the server knows of its calls.
pub(super) struct Seen {
    pub(super) default: Script,
    pub(super) next: Mutex<VecDeque<Script>>,
    requests: Mutex<Vec<Request>>,
    left: watch::Sender<Vec<Instant>>,
    /// Pieces that a test let go.
    pub(super) released: Semaphore,
}

/// A call as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// Without their values' case changed; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl ScriptedModel {
    /// Listens on a free port of this machine.
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            default: script,
            next: Mutex::default(),
            requests: Mutex::default(),
            left: watch::Sender::new(Vec::new()),
            released: Semaphore::new(0),
        });
        let shared = Arc::clone(&seen);
        let listening = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, Arc::clone(&shared)));
                while open.try_join_next().is_some() {}
            }
        });
        Self { seen, base_url, listening }
    }

    /// With `/v1`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Makes a host's configuration use it, patiently for a test.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.llm.base_url = Some(self.base_url.clone());
        config.llm.api_key = Some(KEY.into());
        config.llm.model = Some(MODEL.to_owned());
    }

    /// Answers the next call that no earlier `then` answers by this script, once.
    pub(crate) fn then(&self, script: Script) -> &Self {
        self.seen.next.lock().unwrap().push_back(script);
        self
    }

    /// Lets so many pieces of [`Script::Held`] go.
    pub(crate) fn release(&self, pieces: usize) {
        self.seen.released.add_permits(pieces);
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Bodies of the chat completions that were asked for.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.calls().into_iter().filter(|request| request.path.ends_with("/chat/completions")).map(|request| request.body).collect()
    }

    /// Calls whose client left before the end.
    pub(crate) fn cancelled(&self) -> usize {
        self.seen.left.borrow().len()
    }

    /// Waits until so many clients have left before the end of their answer; when the last of them did.
    pub(crate) async fn left(&self, calls: usize) -> Instant {
        let mut left = self.seen.left.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(20), left.wait_for(|left| left.len() >= calls)).await;
        waited.unwrap_or_else(|_| panic!("{calls} clients should have left, {} did", self.cancelled())).unwrap()[calls - 1]
    }
}

async fn serve(stream: TcpStream, seen: Arc<Seen>) {
    stream.set_nodelay(true).unwrap();
    let (mut from, to) = stream.into_split();
    let mut ahead = Vec::new();
    let mut to = Some(to);
    while let Some(request) = read(&mut from, &mut ahead).await {
        seen.requests.lock().unwrap().push(request.clone());
        let Some(writer) = to.take() else { return };
        let answering = Answering { to: writer, seen: &seen, request: &request };
        // a client that leaves is noticed while it is answered, whatever the answer waits for
        tokio::select! {
            done = answering.play() => match done {
                Ok(writer) => to = writer,
                Err(_) => return seen.left.send_modify(|left| left.push(Instant::now())),
            },
            () = gone(&mut from, &mut ahead) => return seen.left.send_modify(|left| left.push(Instant::now())),
        }
    }
}

/// Ends when the client has closed its side; what it sends ahead is kept.
async fn gone(reading: &mut OwnedReadHalf, waiting: &mut Vec<u8>) {
    while reading.read_buf(waiting).await.is_ok_and(|bytes| bytes > 0) {}
}

/// The next request of a connection; `None` when there is none.
async fn read(reading: &mut OwnedReadHalf, waiting: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(at) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if reading.read_buf(waiting).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&waiting[..head_end]).into_owned();
    waiting.drain(..head_end + 4);
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while waiting.len() < length {
        if reading.read_buf(waiting).await.ok()? == 0 {
            return None;
        }
    }
    let body = waiting.drain(..length).collect::<Vec<u8>>();
    Some(Request { path, headers, body: if body.is_empty() { json!(null) } else { serde_json::from_slice(&body).unwrap() } })
}
