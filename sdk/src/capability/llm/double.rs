//! A model of a native test: it says the lines a test gave it, in order, and remembers what it was asked.
//!
//! Without a line left there is no model: `unavailable`, as on a host where none is configured.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::{Completion, Delta, Options, Usage};
use crate::{Error, Message, ToolCall, VectorSpace, words};

const DIMENSIONS: u32 = 32;

/// One answer.
struct Line {
    text: String,
    calls: Vec<ToolCall>,
    /// How it ends, when not well.
    error: Option<Error>,
}

thread_local! {
    static LINES: RefCell<VecDeque<Line>> = const { RefCell::new(VecDeque::new()) };
    static ASKED: RefCell<Vec<(Vec<Message>, Options)>> = const { RefCell::new(Vec::new()) };
}

fn push(line: Line) {
    LINES.with_borrow_mut(|lines| lines.push_back(line));
}

/// The next answer is this text, streamed word by word.
pub fn say(text: &str) {
    push(Line { text: text.to_owned(), calls: Vec::new(), error: None });
}

/// The next answer asks for a tool.
pub fn call(name: &str, arguments: &str) {
    let call = ToolCall { id: "call-1".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() };
    push(Line { text: String::new(), calls: vec![call], error: None });
}

/// The next answer begins with this text (it may be empty) and then fails.
pub fn break_off(text: &str, error: Error) {
    push(Line { text: text.to_owned(), calls: Vec::new(), error: Some(error) });
}

/// What the model was asked in this thread, oldest first.
pub fn asked() -> Vec<(Vec<Message>, Options)> {
    ASKED.with_borrow(Clone::clone)
}

/// An answer on its way.
pub struct Lines {
    pieces: VecDeque<Delta>,
    error: Option<Error>,
    usage: Option<Usage>,
}

impl Lines {
    pub(super) fn next(&mut self) -> Result<Option<Delta>, Error> {
        match self.pieces.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.error.take().map_or(Ok(None), Err),
        }
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage.filter(|_| self.pieces.is_empty())
    }
}

fn next_line(messages: &[Message], options: &Options) -> Result<Line, Error> {
    ASKED.with_borrow_mut(|asked| asked.push((messages.to_vec(), options.clone())));
    LINES.with_borrow_mut(VecDeque::pop_front).ok_or_else(|| Error::unavailable("llm-no-model", "no test gave it a line"))
}

pub(super) fn complete(messages: &[Message], options: &Options) -> Result<Completion, Error> {
    let line = next_line(messages, options)?;
    if let Some(error) = line.error {
        return Err(error);
    }
    let finish_reason = if line.calls.is_empty() { "stop" } else { "tool_calls" };
    Ok(Completion {
        text: line.text,
        reasoning: None,
        tool_calls: line.calls,
        finish_reason: finish_reason.to_owned(),
        model: "double".to_owned(),
        usage: Usage { input_tokens: 1, output_tokens: 1 },
        extra: Vec::new(),
    })
}

pub(super) fn open(messages: &[Message], options: &Options) -> Result<Lines, Error> {
    let line = next_line(messages, options)?;
    if line.text.is_empty()
        && let Some(error) = line.error
    {
        return Err(error);
    }
    let piece = |text: &str| Delta { text: text.to_owned(), reasoning: String::new(), tool_calls: Vec::new(), finish_reason: None };
    let mut pieces: VecDeque<Delta> = line.text.split_inclusive(' ').map(piece).collect();
    if line.error.is_none() {
        pieces.push_back(Delta { tool_calls: line.calls, finish_reason: Some("stop".to_owned()), ..piece("") });
    }
    Ok(Lines { pieces, error: line.error, usage: Some(Usage { input_tokens: 1, output_tokens: 1 }) })
}

pub(super) fn space() -> VectorSpace {
    VectorSpace { model: "double".to_owned(), dimensions: DIMENSIONS }
}

/// Words, hashed: equal texts are equal, texts that share words are near.
pub(super) fn embed(texts: &[String]) -> Vec<Vec<f32>> {
    let vector = |text: &String| {
        let mut vector = vec![0.0; DIMENSIONS as usize];
        for word in words::of(text) {
            let hash = word.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
            vector[hash % DIMENSIONS as usize] += 1.0;
        }
        vector
    };
    texts.iter().map(vector).collect()
}
