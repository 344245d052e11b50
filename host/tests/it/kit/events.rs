//! Somebody who listens to a stream of events.

use reqwest::{Method, Response};
use serde_json::Value;

use super::actor::Asking;
use super::{Actor, Answer};

/// One event as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// `None`: it has none.
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// An open stream. Dropping it leaves.
pub(crate) struct Events {
    response: Response,
    waiting: Vec<u8>,
}

impl Actor {
    /// Says something and listens to the answer; the stream must begin.
    pub(crate) async fn stream(&self, body: Value) -> Events {
        Events::of(self.ask(Method::POST, "/api/v1/chat/stream").json(body)).await
    }

    /// Goes on listening to a run after an event.
    pub(crate) async fn resume(&self, run: &str, after: i64) -> Events {
        Events::of(self.ask(Method::GET, &format!("/api/v1/chat/runs/{run}/events?after={after}"))).await
    }

    /// Says something and waits for the answer.
    pub(crate) async fn say(&self, body: Value) -> Answer {
        self.post("/api/v1/chat/message", body).await
    }
}

impl Events {
    pub(crate) async fn of(asking: Asking) -> Self {
        let response = asking.open().await;
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let (status, streams) = (response.status(), kind.as_deref() == Some("text/event-stream"));
        if status != 200 || !streams {
            let text = response.text().await.unwrap();
            unreachable!("no stream: {status} {kind:?} {text}");
        }
        Self { response, waiting: Vec::new() }
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.waiting.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.waiting.drain(..end + 2).collect();
                match event(std::str::from_utf8(&frame).unwrap()) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let Some(more) = self.response.chunk().await.expect("the stream does not break off") else {
                assert!(self.waiting.is_empty(), "half a frame: {:?}", String::from_utf8_lossy(&self.waiting));
                return None;
            };
            self.waiting.extend_from_slice(&more);
        }
    }

    /// The next event of this name; what comes before it is passed over.
    pub(crate) async fn until(&mut self, name: &str) -> Event {
        while let Some(event) = self.next().await {
            if event.name == name {
                return event;
            }
            assert_ne!(event.name, "done", "the stream has no `{name}`: {event:?}");
        }
        panic!("the stream ended without `{name}`");
    }

    /// Everything that is still to come.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }

    /// Leaves after at least so many bytes; gives the whole events among them.
    pub(crate) async fn leave_after(mut self, bytes: usize) -> Vec<Event> {
        let mut got = Vec::new();
        while got.len() < bytes {
            let Some(more) = self.response.chunk().await.expect("the stream does not break off") else { break };
            got.extend_from_slice(&more);
        }
        got.truncate(bytes);
        let whole = got.windows(2).rposition(|two| two == b"\n\n").map_or(0, |at| at + 2);
        String::from_utf8(got[..whole].to_vec()).unwrap().split_inclusive("\n\n").filter_map(event).collect()
    }
}

/// A frame; `None` for a comment.
fn event(frame: &str) -> Option<Event> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = field("data")?;
    let data: Value = serde_json::from_str(data).unwrap_or_else(|_| panic!("data that is no JSON: {frame}"));
    Some(Event { id: field("id").map(|id| id.parse().unwrap()), name: field("event").unwrap_or_default().to_owned(), data })
}

/// The answer's text in these events.
pub(crate) fn text(events: &[Event]) -> String {
    events.iter().filter(|event| event.name == "delta").map(|event| event.data["text"].as_str().unwrap()).collect()
}

/// What every stream keeps: `meta` first, exactly one `done` last, numbers without gaps from `after` on, each object its `type`.
#[track_caller]
pub(crate) fn in_order(events: &[Event], after: i64) {
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    if after == 0 {
        assert_eq!(names.first(), Some(&"meta"), "{names:?}");
    }
    assert_eq!(names.iter().position(|name| *name == "done"), Some(names.len() - 1), "{names:?}");
    let ids: Vec<i64> = events.iter().map(|event| event.id.unwrap()).collect();
    assert_eq!(ids, (after + 1..).take(ids.len()).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event.data["type"] == event.name.as_str()), "{events:?}");
}
