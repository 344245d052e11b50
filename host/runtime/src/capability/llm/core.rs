//! The doors of `llm`: rows and shared rules. `chat` and `embeddings` have theirs in their own files.

use std::time::Duration;

use crate::capability::door::HostFunction;

pub(crate) use super::chat::{Asked, OpenStream, complete, drop_stream, next, open, usage};
pub(crate) use super::embeddings::{embed, space};

/// Most bytes of a conversation with options and tools.
const MAX_ASK: usize = 1 << 20;
/// Most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 512 << 10;
/// Most texts to embed at once.
pub(super) const MAX_TEXTS: usize = 100;
/// Most bytes of a text to embed.
pub(super) const MAX_TEXT: usize = 16 << 10;

const fn chat(function: &'static str, name: &'static str, cost: u32, max_bytes_in: usize, max_bytes_out: usize) -> HostFunction {
    HostFunction {
        interface: "llm/chat",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out,
        // As long as the longest call: the model is waited for, and the call's own deadline is what ends it.
        deadline: Duration::from_mins(2),
        idempotent: false,
    }
}

pub(crate) const COMPLETE: HostFunction = chat("complete", "llm/chat.complete", 8, MAX_ASK, MAX_ANSWER);
pub(crate) const OPEN: HostFunction = chat("open", "llm/chat.open", 8, MAX_ASK, 4);
pub(crate) const NEXT: HostFunction = chat("[method]chat-stream.next", "llm/chat.[method]chat-stream.next", 1, 4, MAX_ANSWER);
pub(crate) const USAGE: HostFunction = HostFunction {
    deadline: Duration::ZERO,
    idempotent: true,
    ..chat("[method]chat-stream.usage", "llm/chat.[method]chat-stream.usage", 1, 4, 8)
};

const fn embeddings(function: &'static str, name: &'static str, cost: u32, max_bytes_in: usize, max_bytes_out: usize) -> HostFunction {
    HostFunction {
        interface: "llm/embeddings",
        function,
        name,
        cost,
        max_bytes_in,
        max_bytes_out,
        deadline: Duration::from_secs(20),
        idempotent: true,
    }
}

pub(crate) const SPACE: HostFunction = embeddings("space", "llm/embeddings.space", 1, 0, 512);
pub(crate) const EMBED: HostFunction = embeddings("embed", "llm/embeddings.embed", 8, MAX_TEXTS * MAX_TEXT, 2 << 20);
