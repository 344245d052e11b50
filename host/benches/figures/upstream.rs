//! A model server that streams numbered words at a pace and knows when it sent each, and when its client left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What marks a call: `stream-17` somewhere in the last message.
const MARK: &str = "stream-";

/// A running server; it ends with its runtime.
#[derive(Clone)]
pub(crate) struct Upstream {
    /// `http://127.0.0.1:port/v1`.
    pub(crate) base: String,
    seen: Arc<Mutex<HashMap<usize, Call>>>,
    left: watch::Sender<usize>,
}

/// One marked call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// How often it was made.
    pub(crate) calls: usize,
    /// When each word was sent.
    pub(crate) sent: Vec<Instant>,
    /// When its client left before the end.
    pub(crate) left: Option<Instant>,
}

impl Upstream {
    /// Answers each call with so many words, so far apart.
    pub(crate) async fn start(words: usize, apart: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let upstream = Self { base, seen: Arc::default(), left: watch::Sender::new(0) };
        let own = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.answer(stream, words, apart).await });
            }
        });
        upstream
    }

    /// What became of a marked call.
    pub(crate) fn call(&self, mark: usize) -> Call {
        self.seen.lock().expect("nobody panics with it").get(&mark).cloned().unwrap_or_default()
    }

    /// Waits until the client of a marked call has left, at most `limit`; tells when.
    pub(crate) async fn left(&self, mark: usize, limit: Duration) -> Option<Instant> {
        let mut changes = self.left.subscribe();
        let waiting = changes.wait_for(|_| self.call(mark).left.is_some());
        let _ = tokio::time::timeout(limit, waiting).await;
        self.call(mark).left
    }

    fn note(&self, mark: usize, change: impl FnOnce(&mut Call)) {
        change(self.seen.lock().expect("nobody panics with it").entry(mark).or_default());
    }

    async fn answer(&self, mut stream: TcpStream, words: usize, apart: Duration) {
        let Some(body) = request(&mut stream).await else { return };
        stream.set_nodelay(true).expect("a socket");
        let mark = mark(&body);
        self.note(mark, |call| call.calls += 1);
        let (mut reading, mut writing) = stream.into_split();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let speaking = async {
            writing.write_all(head.as_bytes()).await?;
            let mut pace = tokio::time::interval(apart);
            for at in 0..words {
                pace.tick().await;
                self.note(mark, |call| call.sent.push(Instant::now()));
                writing.write_all(piece(&json!({"content": word(at)}), None).as_bytes()).await?;
            }
            writing.write_all(piece(&json!({}), Some("stop")).as_bytes()).await?;
            writing.write_all(b"data: [DONE]\n\n").await
        };
        let gone = async { while reading.read(&mut [0; 64]).await.is_ok_and(|bytes| bytes > 0) {} };
        let whole = tokio::select! { spoken = speaking => spoken.is_ok(), () = gone => false };
        if !whole {
            self.note(mark, |call| call.left = Some(Instant::now()));
            self.left.send_modify(|count| *count += 1);
        }
    }
}

/// The word that stands at this place.
pub(crate) fn word(at: usize) -> String {
    format!("w{at} ")
}

fn piece(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [choice]});
    format!("data: {chunk}\n\n")
}

fn mark(body: &str) -> usize {
    let digits = body.rsplit_once(MARK).map_or("", |(_, rest)| rest);
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(usize::MAX)
}

/// The body of a request, as text.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut part) = (Vec::new(), [0; 8_192]);
    loop {
        let taken = stream.read(&mut part).await.ok().filter(|taken| *taken > 0)?;
        bytes.extend_from_slice(&part[..taken]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:").and_then(|rest| rest.trim().parse().ok()));
        if body.len() >= length.unwrap_or(0) {
            return Some(body.to_owned());
        }
    }
}
