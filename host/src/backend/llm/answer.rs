//! An answer out of the pieces that servers send: text, visible reasoning, whole tool calls, why it ended, what it cost.

use std::collections::BTreeMap;

use mnemosyne_runtime::wit::llm::{Delta, Usage};
use mnemosyne_runtime::wit::types::values::ToolCall;
use serde_json::Value;

use super::context;
use super::error::ModelError;

/// Most tool calls of an answer.
const CALLS: usize = 32;
/// Most bytes of a call's arguments.
const ARGUMENTS: usize = 64 << 10;
/// Most bytes of text and reasoning of an answer.
const TEXT: usize = 512 << 10;
/// Bytes that a token may have before an answer counts as longer than was asked for.
const BYTES_A_TOKEN: usize = 16;

/// What has come of an answer so far.
#[derive(Debug)]
pub(super) struct Answer {
    calls: BTreeMap<u64, Pending>,
    finish: Option<String>,
    usage: Option<Usage>,
    model: Option<String>,
    bytes: usize,
    most: usize,
    heard: u32,
}

#[derive(Debug, Default)]
struct Pending {
    id: String,
    name: String,
    arguments: String,
}

/// The text of `content`, which is a string or a list of parts.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().map(|count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// What a server says it cost.
pub(super) fn usage(frame: &Value) -> Option<Usage> {
    let usage = &frame["usage"];
    Some(Usage { input_tokens: count(&usage["prompt_tokens"])?, output_tokens: count(&usage["completion_tokens"]).unwrap_or(0) })
}

impl Answer {
    /// To a question that allowed so many tokens.
    pub(super) fn new(max_tokens: u32) -> Self {
        let most = (max_tokens as usize).saturating_mul(BYTES_A_TOKEN).saturating_add(4 << 10).min(TEXT);
        Self { calls: BTreeMap::new(), finish: None, usage: None, model: None, bytes: 0, most, heard: 0 }
    }

    /// Takes a piece; what can be shown at once is added to `delta`.
    pub(super) fn absorb(&mut self, frame: &Value, delta: &mut Delta) -> Result<(), ModelError> {
        if let Some(usage) = usage(frame) {
            self.usage = Some(usage);
        }
        if self.model.is_none() {
            self.model = frame["model"].as_str().filter(|model| !model.is_empty()).map(|model| model.chars().take(256).collect());
        }
        let choice = &frame["choices"][0];
        let said = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
        let (words, reasoning) = (text(&said["content"]), text(&said["reasoning_content"]));
        let reasoning = if reasoning.is_empty() { text(&said["reasoning"]) } else { reasoning };
        self.bytes += words.len() + reasoning.len();
        if self.bytes > self.most {
            return Err(ModelError::TooLarge);
        }
        self.heard = self.heard.saturating_add(context::tokens(&words)).saturating_add(context::tokens(&reasoning));
        delta.text.push_str(&words);
        delta.reasoning.push_str(&reasoning);
        for (at, call) in said["tool_calls"].as_array().into_iter().flatten().enumerate() {
            self.call(at, call)?;
        }
        if let Some(reason) = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty()) {
            self.finish = Some(reason.chars().take(64).collect());
        }
        Ok(())
    }

    fn call(&mut self, at: usize, call: &Value) -> Result<(), ModelError> {
        let index = call["index"].as_u64().unwrap_or(at as u64);
        let pending = self.calls.entry(index).or_default();
        if let Some(id) = call["id"].as_str() {
            id.clone_into(&mut pending.id);
        }
        if let Some(name) = call["function"]["name"].as_str() {
            name.clone_into(&mut pending.name);
        }
        match &call["function"]["arguments"] {
            Value::String(part) => pending.arguments.push_str(part),
            Value::Null => {}
            // some servers give the object itself
            other => pending.arguments.push_str(&other.to_string()),
        }
        if pending.arguments.len() > ARGUMENTS || pending.id.len() + pending.name.len() > 512 || self.calls.len() > CALLS {
            return Err(ModelError::TooLarge);
        }
        Ok(())
    }

    /// Whether the server said why it ended.
    pub(super) fn has_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether it said what it cost.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Tokens that were heard, estimated.
    pub(super) fn heard(&self) -> u32 {
        self.heard
    }

    /// The model that answers, as it calls itself.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The tool calls, whole, and why it ended. Once.
    pub(super) fn end(&mut self) -> Result<(Vec<ToolCall>, String), ModelError> {
        let calls = std::mem::take(&mut self.calls).into_iter().map(|(index, call)| {
            if call.name.is_empty() || call.name.len() > 64 {
                return Err(ModelError::BadAnswer("a call of a tool without a name".into()));
            }
            let id = if call.id.is_empty() { format!("call_{index}") } else { call.id };
            let arguments = if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments };
            Ok(ToolCall { id, name: call.name, arguments })
        });
        let calls = calls.collect::<Result<Vec<_>, _>>()?;
        let finish = self.finish.clone().unwrap_or_else(|| "stop".to_owned());
        // some servers say `stop` when they ask for a tool
        let finish = if !calls.is_empty() && matches!(&*finish, "stop" | "function_call") { "tool_calls".to_owned() } else { finish };
        Ok((calls, finish))
    }
}

/// A piece with nothing in it.
pub(super) fn nothing() -> Delta {
    Delta { text: String::new(), reasoning: String::new(), tool_calls: Vec::new(), finish_reason: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(frames: &[Value]) -> (Delta, Answer) {
        let (mut answer, mut delta) = (Answer::new(100), nothing());
        for frame in frames {
            answer.absorb(frame, &mut delta).unwrap();
        }
        (delta, answer)
    }

    #[test]
    fn fragments_of_tool_calls_become_whole_ones() {
        let part = |call: Value| json!({"model": "m", "choices": [{"delta": {"tool_calls": [call]}, "finish_reason": null}]});
        let (_, mut answer) = heard(&[
            part(json!({"index": 0, "id": "a", "function": {"name": "list", "arguments": "{\"x\""}})),
            part(json!({"index": 1, "id": "b", "function": {"name": "make", "arguments": {"y": 2}}})),
            part(json!({"index": 0, "function": {"arguments": ":1}"}})),
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
        ]);
        let (calls, finish) = answer.end().unwrap();
        let told: Vec<_> = calls.iter().map(|call| (&*call.id, &*call.name, &*call.arguments)).collect();
        assert_eq!(told, [("a", "list", "{\"x\":1}"), ("b", "make", "{\"y\":2}")]);
        assert_eq!((&*finish, answer.model()), ("tool_calls", Some("m")));
        assert_eq!(answer.usage().map(|usage| (usage.input_tokens, usage.output_tokens)), Some((3, 4)));
    }

    #[test]
    fn reasoning_is_heard_under_either_name() {
        let (delta, answer) = heard(&[
            json!({"choices": [{"delta": {"reasoning_content": "hm, "}}]}),
            json!({"choices": [{"delta": {"reasoning": "well", "content": null}}]}),
            json!({"choices": [{"delta": {"content": [{"type": "text", "text": "Yes."}]}}]}),
        ]);
        assert_eq!((&*delta.reasoning, &*delta.text), ("hm, well", "Yes."));
        assert!(!answer.has_finished() && answer.heard() > 3);
    }

    #[test]
    fn an_answer_far_longer_than_asked_is_refused() {
        let mut answer = Answer::new(10);
        let frame = json!({"choices": [{"delta": {"content": "x".repeat(1_000)}}]});
        let refused = (0..100).find(|_| answer.absorb(&frame, &mut nothing()).is_err());
        assert_eq!(refused, Some(4), "4 KiB and 16 bytes a token");
    }
}
