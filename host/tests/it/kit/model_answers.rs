//! What a scripted model server can do, and how each looks on the wire.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::OwnedWriteHalf;

use super::model::{MODEL, Request, Seen};

/// One behaviour. Where nothing else is said it answers as a stream or as one piece, as it was asked.
#[derive(Clone)]
pub(crate) enum Script {
    /// These pieces, then a good end with its cost.
    Says(Vec<String>),
    /// What the last message of the request says, back.
    Echo,
    /// These pieces, each when the test releases one ([`super::ScriptedModel::release`]), then the end.
    Held(Vec<String>),
    /// These pieces with a pause before each.
    Paced(Vec<String>, Duration),
    /// This deltas of one's own (`{"reasoning_content": …}`, `{"tool_calls": …}`), then the end with this reason.
    Deltas(Vec<Value>, &'static str),
    /// A refusal: status, headers, body.
    Refuses(u16, Vec<(&'static str, String)>, String),
    /// Nothing for so long, then the good answer.
    SlowFirstByte(Duration, Vec<String>),
    /// Accepts and never answers.
    Silent,
    /// A stream that begins with these pieces and falls silent.
    FallsSilent(Vec<String>),
    /// These pieces, then half of a chunk, then the connection closes.
    CutInMidChunk(Vec<String>),
    /// These pieces, then the connection closes in good order without a reason or `[DONE]`.
    EndsWithoutReason(Vec<String>),
    /// A good answer without `[DONE]`.
    NoDone(Vec<String>),
    /// One piece whose characters of several bytes are split over two writes.
    HalfCharacter(String),
    /// These pieces, then a piece with half a character inside.
    BrokenCharacter(Vec<String>),
    /// These pieces, then something that is no JSON.
    InvalidJson(Vec<String>),
    /// This piece again and again.
    Endless(String),
    /// A line that never ends.
    EndlessLine,
    /// Status 200 with this content type and this body.
    Sends(&'static str, String),
    /// Events without a single piece, but with `[DONE]`.
    ZeroChunks,
    /// These pieces, then an error as a piece.
    ErrorPiece(Vec<String>, Value),
    /// Vectors of this dimension.
    Dimension(usize),
    /// By the request.
    With(Arc<dyn Fn(&Value) -> Script + Send + Sync>),
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

impl Script {
    /// These words, a piece each.
    pub(crate) fn says(text: &str) -> Self {
        Self::Says(pieces(text))
    }

    /// A refusal with OpenAI's shape of error.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::Refuses(
            status,
            Vec::new(),
            json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}).to_string(),
        )
    }

    /// 429 that says when to come again, in seconds.
    pub(crate) fn busy(retry_after: &str) -> Self {
        Self::Refuses(429, vec![("retry-after", retry_after.to_owned())], json!({"error": {"message": "slow down"}}).to_string())
    }
}

/// A text as the pieces of a stream.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// One answer on its way.
pub(super) struct Answering<'a> {
    pub(super) to: OwnedWriteHalf,
    pub(super) seen: &'a Seen,
    pub(super) request: &'a Request,
}

/// The connection, if it may be used again.
type Played = io::Result<Option<OwnedWriteHalf>>;

impl Answering<'_> {
    pub(super) async fn play(self) -> Played {
        if self.request.path.ends_with("/models") {
            let models = json!({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "a test"}]});
            return self.json(200, &[], &models.to_string()).await;
        }
        let embeds = self.request.path.ends_with("/embeddings");
        let next = self.seen.next.lock().unwrap().pop_front();
        let mut script = next.unwrap_or_else(|| self.seen.default.clone());
        while let Script::With(choose) = &script {
            script = choose(&self.request.body);
        }
        match script {
            Script::Dimension(dimension) => self.vectors(dimension).await,
            Script::Says(_) | Script::Echo | Script::Held(_) if embeds => self.vectors(1_024).await,
            script if self.request.body["stream"] == json!(true) => self.stream(script).await,
            script => self.whole(script).await,
        }
    }

    /// Vectors that tell texts apart: how often each byte stands in it.
    async fn vectors(self, dimension: usize) -> Played {
        let texts: Vec<String> = match &self.request.body["input"] {
            Value::String(text) => vec![text.clone()],
            texts => texts.as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default().to_owned()).collect(),
        };
        let vector = |text: &String| {
            let mut vector = vec![0_u32; dimension];
            text.bytes().for_each(|byte| vector[usize::from(byte) % dimension] += 1);
            vector
        };
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text)}))
            .collect();
        let answer =
            json!({"object": "list", "model": self.request.body["model"], "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}});
        self.json(200, &[], &answer.to_string()).await
    }

    fn text(&self, script: &Script) -> String {
        let said = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
        match script {
            Script::Echo => self.request.body["messages"].as_array().and_then(|messages| messages.last()).map(said).unwrap_or_default(),
            Script::Says(pieces) | Script::Held(pieces) | Script::Paced(pieces, _) | Script::SlowFirstByte(_, pieces) => pieces.concat(),
            Script::HalfCharacter(text) => text.clone(),
            _ => String::new(),
        }
    }

    /// In one piece.
    async fn whole(mut self, script: Script) -> Played {
        match &script {
            Script::Refuses(status, headers, body) => return self.json(*status, headers, body).await,
            Script::Sends(media, body) => {
                let body = body.clone();
                return self.head_and_body(200, media, &[], &body).await;
            }
            Script::Silent | Script::FallsSilent(_) | Script::Endless(_) | Script::EndlessLine => std::future::pending().await,
            Script::SlowFirstByte(pause, _) => tokio::time::sleep(*pause).await,
            Script::Paced(pieces, pause) => tokio::time::sleep(*pause * u32::try_from(pieces.len()).unwrap()).await,
            Script::Held(pieces) => self.seen.released.acquire_many(u32::try_from(pieces.len()).unwrap()).await.unwrap().forget(),
            Script::CutInMidChunk(_) | Script::EndsWithoutReason(_) => {
                self.to.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"choi").await?;
                return Ok(None);
            }
            Script::InvalidJson(_) => return self.json(200, &[], "{\"choices\": [").await,
            Script::BrokenCharacter(_) => return self.bytes(b"{\"choices\": [\"\xc3\"]}").await,
            Script::ZeroChunks => return self.json(200, &[], &json!({"id": "x", "choices": []}).to_string()).await,
            Script::ErrorPiece(_, error) => {
                let body = json!({ "error": error }).to_string();
                return self.json(200, &[], &body).await;
            }
            _ => {}
        }
        let mut message = json!({"role": "assistant", "content": self.text(&script)});
        let mut reason = "stop";
        if let Script::Deltas(deltas, finish) = &script {
            reason = finish;
            for delta in deltas {
                for (name, value) in delta.as_object().unwrap() {
                    message[name] = value.clone();
                }
            }
        }
        let answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": self.request.body["model"], "x_unknown": {"kept": true},
            "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage(),
        });
        self.json(200, &[], &answer.to_string()).await
    }

    /// As events.
    async fn stream(mut self, script: Script) -> Played {
        match &script {
            Script::Refuses(status, headers, body) => return self.json(*status, headers, body).await,
            Script::Sends(media, body) => {
                let body = body.clone();
                return self.head_and_body(200, media, &[], &body).await;
            }
            Script::Silent => std::future::pending().await,
            Script::SlowFirstByte(pause, _) => tokio::time::sleep(*pause).await,
            _ => {}
        }
        self.to.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        let echoed = matches!(script, Script::Echo).then(|| pieces(&self.text(&script)));
        match script {
            Script::ZeroChunks => return self.done().await,
            Script::HalfCharacter(text) => {
                let event = event(&self.frame(&json!({ "content": text }), None));
                for byte in event.as_bytes().chunks(1) {
                    self.chunk(byte).await?;
                    tokio::task::yield_now().await;
                }
            }
            Script::Deltas(deltas, reason) => {
                for delta in deltas {
                    self.delta(&delta).await?;
                }
                return self.end(reason, true).await;
            }
            Script::Held(pieces) => {
                for piece in pieces {
                    self.seen.released.acquire().await.unwrap().forget();
                    self.delta(&json!({ "content": piece })).await?;
                }
            }
            Script::Paced(pieces, pause) => {
                for piece in pieces {
                    tokio::time::sleep(pause).await;
                    self.delta(&json!({ "content": piece })).await?;
                }
            }
            Script::Says(pieces) | Script::SlowFirstByte(_, pieces) => self.say(&pieces).await?,
            Script::NoDone(pieces) => {
                self.say(&pieces).await?;
                return self.end("stop", false).await;
            }
            Script::Echo => self.say(&echoed.unwrap_or_default()).await?,
            other => return self.misbehave(other).await,
        }
        self.end("stop", true).await
    }

    /// What no server should do, after a good beginning.
    async fn misbehave(mut self, script: Script) -> Played {
        match script {
            Script::Endless(piece) => loop {
                self.delta(&json!({ "content": piece })).await?;
            },
            Script::EndlessLine => loop {
                self.chunk(&[b'x'; 4 << 10]).await?;
            },
            Script::EndsWithoutReason(pieces) => {
                self.say(&pieces).await?;
                self.to.write_all(b"0\r\n\r\n").await?;
                return Ok(Some(self.to));
            }
            Script::FallsSilent(pieces) => {
                self.say(&pieces).await?;
                std::future::pending::<()>().await;
            }
            Script::CutInMidChunk(pieces) => {
                self.say(&pieces).await?;
                self.to.write_all(b"200\r\ndata: {\"choices\":[{\"del").await?;
                return Ok(None);
            }
            Script::BrokenCharacter(pieces) => {
                self.say(&pieces).await?;
                self.chunk(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xc3\"}}]}\n\n").await?;
                return self.done().await;
            }
            Script::InvalidJson(pieces) => {
                self.say(&pieces).await?;
                self.chunk(b"data: {\"choices\": oops}\n\n").await?;
                return self.done().await;
            }
            Script::ErrorPiece(pieces, error) => {
                self.say(&pieces).await?;
                self.chunk(event(&json!({ "error": error })).as_bytes()).await?;
                return self.done().await;
            }
            _ => {}
        }
        self.end("stop", true).await
    }

    async fn say(&mut self, pieces: &[String]) -> io::Result<()> {
        for piece in pieces {
            self.delta(&json!({ "content": piece })).await?;
        }
        Ok(())
    }

    fn frame(&self, delta: &Value, reason: Option<&str>) -> Value {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self.request.body["model"], "x_unknown": {"kept": true},
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        })
    }

    async fn delta(&mut self, delta: &Value) -> io::Result<()> {
        let event = event(&self.frame(delta, None));
        self.chunk(event.as_bytes()).await
    }

    /// The reason, the cost if it was asked for, `[DONE]`.
    async fn end(mut self, reason: &str, done: bool) -> Played {
        let last = event(&self.frame(&json!({}), Some(reason)));
        self.chunk(last.as_bytes()).await?;
        if self.request.body["stream_options"]["include_usage"] == json!(true) {
            let mut cost = self.frame(&json!({}), None);
            cost["choices"] = json!([]);
            cost["usage"] = usage();
            self.chunk(event(&cost).as_bytes()).await?;
        }
        if done {
            return self.done().await;
        }
        self.to.write_all(b"0\r\n\r\n").await?;
        Ok(Some(self.to))
    }

    async fn done(mut self) -> Played {
        self.chunk(b"data: [DONE]\n\n").await?;
        self.to.write_all(b"0\r\n\r\n").await?;
        Ok(Some(self.to))
    }

    async fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.to.write_all(&chunk).await
    }

    async fn json(self, status: u16, headers: &[(&'static str, String)], body: &str) -> Played {
        self.head_and_body(status, "application/json", headers, body).await
    }

    async fn bytes(mut self, body: &[u8]) -> Played {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        self.to.write_all(&[head.as_bytes(), body].concat()).await?;
        Ok(Some(self.to))
    }

    async fn head_and_body(mut self, status: u16, media: &str, headers: &[(&'static str, String)], body: &str) -> Played {
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: {media}\r\n{more}content-length: {}\r\n\r\n", body.len());
        self.to.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
        Ok(Some(self.to))
    }
}

fn event(frame: &Value) -> String {
    format!("data: {frame}\n\n")
}

/// What every good answer costs.
fn usage() -> Value {
    json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
}
