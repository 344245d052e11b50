//! The stream of the server behind, put in order.
//!
//! Servers differ in what OpenAI's clients stumble over: ids that change, a role in every chunk or in none, a reason to finish
//! that is empty or comes with the last word, usage that nobody asked for or that stands in the last word's chunk. What goes
//! out is one dialect; fields that nobody here knows stay where they are.

use serde_json::{Map, Value, json};

use super::answer::Envelope;

/// The state of one stream.
pub(super) struct Tidy {
    envelope: Envelope,
    wants_usage: bool,
    begun: bool,
    finished: bool,
    usage: Value,
}

impl Tidy {
    pub(super) fn new(envelope: Envelope, wants_usage: bool) -> Self {
        Self { envelope, wants_usage, begun: false, finished: false, usage: Value::Null }
    }

    /// Whether a reason to finish came by.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// What to send for a chunk: none, one, or two where the last word and the reason to finish came together.
    pub(super) fn take(&mut self, chunk: Value) -> Vec<Value> {
        let Value::Object(mut chunk) = chunk else { return Vec::new() };
        if let Some(usage) = chunk.remove("usage").filter(|usage| !usage.is_null()) {
            self.usage = usage;
        }
        let choice = match chunk.remove("choices") {
            Some(Value::Array(choices)) => choices.into_iter().next(),
            _ => None,
        };
        let Some(Value::Object(mut choice)) = choice else { return Vec::new() };
        self.name(&mut chunk);
        let mut delta = match choice.remove("delta") {
            Some(Value::Object(delta)) => delta,
            _ => Map::new(),
        };
        let reason = choice.remove("finish_reason").filter(|reason| reason.as_str().is_some_and(|text| !text.is_empty()));
        if self.begun {
            delta.remove("role");
        } else {
            delta.entry("role").or_insert_with(|| json!("assistant"));
            self.begun = true;
        }
        choice.insert("index".into(), json!(0));
        let says = delta.values().any(|value| !value.is_null() && value.as_str() != Some(""));
        let mut chunks = Vec::new();
        if says || reason.is_none() {
            let mut own = choice.clone();
            own.extend([("delta".to_owned(), Value::Object(delta)), ("finish_reason".to_owned(), Value::Null)]);
            chunks.push(self.with(chunk.clone(), own));
        }
        if let Some(reason) = reason {
            self.finished = true;
            choice.remove("logprobs");
            choice.extend([("delta".to_owned(), json!({})), ("finish_reason".to_owned(), reason)]);
            chunks.push(self.with(chunk, choice));
        }
        chunks
    }

    /// What to send at the end: the usage, if it was asked for and told.
    pub(super) fn end(&mut self) -> Vec<Value> {
        if !self.wants_usage || self.usage.is_null() {
            return Vec::new();
        }
        vec![self.envelope.chunk(&json!([]), Some(&self.usage))]
    }

    /// The first chunk says what they are all called.
    fn name(&mut self, chunk: &mut Map<String, Value>) {
        if !self.begun {
            if let Some(id) = text(chunk, "id") {
                self.envelope.id = id;
            }
            if let Some(created) = chunk.get("created").and_then(Value::as_i64) {
                self.envelope.created = created;
            }
            if let Some(model) = text(chunk, "model") {
                self.envelope.model = model;
            }
        }
    }

    fn with(&self, mut chunk: Map<String, Value>, choice: Map<String, Value>) -> Value {
        let usage = self.wants_usage.then_some(&Value::Null);
        if let Value::Object(own) = self.envelope.chunk(&Value::Array(vec![Value::Object(choice)]), usage) {
            chunk.extend(own);
        }
        Value::Object(chunk)
    }
}

fn text(of: &Map<String, Value>, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A whole answer, with what clients cannot do without.
pub(super) fn whole(mut answer: Value, envelope: &Envelope) -> Value {
    let Some(own) = answer.as_object_mut() else { return answer };
    for (key, value) in [("id", json!(envelope.id)), ("created", json!(envelope.created)), ("model", json!(envelope.model))] {
        if own.get(key).is_none_or(Value::is_null) {
            own.insert(key.to_owned(), value);
        }
    }
    own.insert("object".to_owned(), json!("chat.completion"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidy(wants_usage: bool, chunks: &[Value]) -> (Vec<Value>, bool) {
        let envelope = Envelope { id: "ours".into(), created: 5, model: "asked".into() };
        let mut tidy = Tidy::new(envelope, wants_usage);
        let mut all: Vec<Value> = chunks.iter().flat_map(|chunk| tidy.take(chunk.clone())).collect();
        all.extend(tidy.end());
        (all, tidy.is_finished())
    }

    fn chunk(delta: &Value, finish: &Value) -> Value {
        json!({"id": "theirs", "created": 9, "model": "real", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    }

    fn sent(delta: &Value, finish: &Value) -> Value {
        json!({"id": "theirs", "object": "chat.completion.chunk", "created": 9, "model": "real", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    }

    #[test]
    fn what_is_in_order_stays() {
        let (role, word) = (json!({"role": "assistant", "content": null}), json!({"content": "hi"}));
        let given = [chunk(&role, &Value::Null), chunk(&word, &Value::Null), chunk(&json!({}), &json!("stop"))];
        let expected = [sent(&role, &Value::Null), sent(&word, &Value::Null), sent(&json!({}), &json!("stop"))];
        assert_eq!(tidy(false, &given), (expected.to_vec(), true));
    }

    #[test]
    fn the_reason_parts_from_the_last_word_and_the_role_comes_once() {
        let word = json!({"role": "assistant", "content": "hi"});
        let given = [chunk(&json!({"content": "oh"}), &json!("")), chunk(&word, &json!("length"))];
        let expected = [
            sent(&json!({"role": "assistant", "content": "oh"}), &Value::Null),
            sent(&json!({"content": "hi"}), &Value::Null),
            sent(&json!({}), &json!("length")),
        ];
        assert_eq!(tidy(false, &given), (expected.to_vec(), true));
    }

    #[test]
    fn all_chunks_are_called_like_the_first() {
        let mut second = chunk(&json!({"content": "b"}), &Value::Null);
        (second["id"], second["created"], second["model"]) = (json!("other"), json!(11), json!(null));
        let (all, finished) =
            tidy(false, &[chunk(&json!({"content": "a"}), &Value::Null), second, json!({"choices": [{"finish_reason": "stop"}]})]);
        assert!(
            all.iter().all(|chunk| (&chunk["id"], &chunk["created"], &chunk["model"]) == (&json!("theirs"), &json!(9), &json!("real")))
        );
        assert!(finished);
        let (all, _) = tidy(false, &[json!({"choices": [{"delta": {"content": "a"}}]})]);
        assert_eq!((&all[0]["id"], &all[0]["model"]), (&json!("ours"), &json!("asked")));
    }

    #[test]
    fn usage_is_told_last_and_only_to_those_who_asked() {
        let usage = json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4});
        let mut last = chunk(&json!({"content": "a"}), &json!("stop"));
        last["usage"] = usage.clone();
        let apart = json!({"id": "theirs", "choices": [], "usage": usage});
        for given in [vec![last], vec![chunk(&json!({"content": "a"}), &json!("stop")), apart]] {
            let (all, _) = tidy(true, &given);
            assert_eq!(all.len(), 3);
            assert!(all[..2].iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)), "{all:?}");
            assert_eq!((&all[2]["choices"], &all[2]["usage"]), (&json!([]), &usage));
            let (all, _) = tidy(false, &given);
            assert_eq!(all.len(), 2);
            assert!(all.iter().all(|chunk| chunk.get("usage").is_none()));
        }
    }

    #[test]
    fn calls_of_tools_and_unknown_fields_pass() {
        let call = json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{"}}]});
        let mut first = chunk(&call, &Value::Null);
        first["system_fingerprint"] = json!("b1");
        let (all, _) = tidy(false, &[first, chunk(&json!({}), &json!("tool_calls"))]);
        assert_eq!(all[0]["choices"][0]["delta"]["tool_calls"], call["tool_calls"]);
        assert_eq!((&all[0]["system_fingerprint"], &all[1]["choices"][0]["finish_reason"]), (&json!("b1"), &json!("tool_calls")));
    }

    #[test]
    fn what_is_no_chunk_is_passed_over_and_a_stream_without_a_reason_is_not_finished() {
        assert_eq!(tidy(true, &[json!(3), json!({}), json!({"choices": [7]})]), (vec![], false));
    }
}
