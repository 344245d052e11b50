//! A stream of `/v1` as it came over the wire, and the rules that every one keeps.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Actor, TestHost};

/// All frames of a stream.
#[derive(Debug)]
pub(super) struct Chunks {
    frames: Vec<Value>,
    done: bool,
}

/// Sends a request; the connection is its own, so that dropping the answer closes it.
pub(super) async fn send(base: &str, token: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    // A stream that hangs fails its claim instead of the whole run.
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(Duration::from_mins(1)).build().unwrap();
    client.post(format!("{base}/v1/chat/completions")).bearer_auth(token).json(body).send().await
}

/// Opens a stream.
pub(super) async fn open(host: &TestHost, who: &Actor, body: &Value) -> reqwest::Response {
    let response = send(&host.base, who.token.as_deref().unwrap(), body).await.unwrap();
    let media = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), media.as_str()), (200, "text/event-stream"));
    response
}

impl Chunks {
    /// Why it ended, as the chunk of the end says.
    pub(super) fn ended(&self) -> Option<&str> {
        self.frames.iter().find_map(|frame| frame["choices"][0]["finish_reason"].as_str())
    }

    /// Opens a stream and reads it to its end. Nothing but data and comments may be in it.
    pub(super) async fn read(host: &TestHost, who: &Actor, body: Value) -> Self {
        let text = open(host, who, &body).await.text().await.unwrap();
        let mut chunks = Self { frames: Vec::new(), done: false };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
            let data = line.strip_prefix("data: ").unwrap_or_else(|| panic!("`{line}` is neither data nor a comment"));
            assert!(!chunks.done, "{line} comes after [DONE]");
            match data {
                "[DONE]" => chunks.done = true,
                data => chunks.frames.push(serde_json::from_str(data).unwrap()),
            }
        }
        chunks
    }

    /// Whether `[DONE]` came last.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The frame that says what went wrong: the last one.
    pub(super) fn error(&self) -> &Value {
        let last = self.frames.last().unwrap();
        last.get("error").unwrap_or_else(|| panic!("{last} is no error"))
    }

    pub(super) fn deltas(&self) -> impl Iterator<Item = &Value> {
        self.frames.iter().filter_map(|frame| frame.pointer("/choices/0/delta"))
    }

    pub(super) fn text(&self) -> String {
        self.deltas().filter_map(|delta| delta["content"].as_str()).collect()
    }

    pub(super) fn finish(&self) -> &str {
        self.frames.iter().find_map(|frame| frame["choices"][0]["finish_reason"].as_str()).unwrap()
    }

    /// One id, one time, one model; the role first and once; the reason alone and last; usage after it, if it was asked for.
    pub(super) fn keep_the_rules(&self, wants_usage: bool) {
        assert!(self.done, "{self:?}");
        let (last, spoken) = if wants_usage { self.frames.split_last().unwrap() } else { (&Value::Null, &self.frames[..]) };
        for key in ["id", "created", "model", "object"] {
            assert!(self.frames.iter().all(|frame| frame[key] == self.frames[0][key]), "{key}: {self:?}");
        }
        assert_eq!(self.frames[0]["object"], "chat.completion.chunk");
        assert!(self.frames[0]["created"].is_i64() && self.frames[0]["id"].is_string());
        assert!(
            spoken.iter().all(|frame| frame["choices"].as_array().unwrap().len() == 1 && frame["choices"][0]["index"] == 0),
            "{self:?}"
        );
        let roles: Vec<usize> = (0..spoken.len()).filter(|at| spoken[*at]["choices"][0]["delta"].get("role").is_some()).collect();
        assert_eq!((roles, &spoken[0]["choices"][0]["delta"]["role"]), (vec![0], &json!("assistant")));
        let (end, before) = spoken.split_last().unwrap();
        assert_eq!(end["choices"][0]["delta"], json!({}), "{self:?}");
        assert!(end["choices"][0]["finish_reason"].is_string(), "{self:?}");
        assert!(before.iter().all(|frame| frame["choices"][0].get("finish_reason") == Some(&Value::Null)), "{self:?}");
        if wants_usage {
            assert_eq!(last["choices"], json!([]));
            let usage = &last["usage"];
            let count = |key: &str| usage[key].as_u64().unwrap_or_else(|| panic!("no {key} in {last}"));
            assert_eq!(count("prompt_tokens") + count("completion_tokens"), count("total_tokens"));
            assert!(spoken.iter().all(|frame| frame.get("usage") == Some(&Value::Null)), "{self:?}");
        } else {
            assert!(spoken.iter().all(|frame| frame.get("usage").is_none()), "{self:?}");
        }
    }
}
