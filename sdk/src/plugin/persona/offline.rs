//! An answer without a model: it says so, quotes what the person once wrote, and pretends nothing.

use std::fmt::Write as _;

use super::Turn;
use crate::date::Date;
use crate::{Error, ErrorKind, Memory, words};

/// Memories quoted.
const QUOTED: usize = 3;
/// Characters of each.
const EXCERPT: usize = 280;

/// The memories that share a telling word with what the person says ("and why?" has none: then with what they said before): a
/// search always finds the nearest, however far, and what is quoted as "about this" must be.
pub(super) fn about(turn: &Turn, memories: Vec<Memory>) -> Vec<Memory> {
    let before = turn.history.iter().rev().find(|message| message.role == "user");
    let mut asked = words::telling(&turn.message.content);
    if asked.is_empty() {
        asked.extend(before.iter().flat_map(|message| words::telling(&message.content)));
    }
    let shares = |memory: &Memory| {
        let told = words::telling(&format!("{} {} {}", memory.title, memory.content, memory.tags.join(" ")));
        told.iter().any(|word| asked.iter().any(|asked| words::alike(word, asked)))
    };
    memories.into_iter().filter(shares).collect()
}

pub(super) fn answer(turn: &Turn, memories: &[Memory], why: &Error, closing: &str) -> String {
    let mut text = format!("{}, so this is not a real answer.", reason(why));
    if memories.is_empty() {
        let found = if turn.use_memories { "I looked through your memories and found nothing about this." } else { "" };
        return [text.as_str(), found, closing].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
    text.push_str(" What I can do is show you what you wrote about this:\n");
    for memory in memories.iter().take(QUOTED) {
        let title = words::excerpt(&memory.title, 80);
        let content = excerpt_about(&memory.content, &turn.message.content);
        let day = Date::at(memory.created, &turn.moment);
        let _ = if title.is_empty() {
            write!(text, "\n- “{content}” ({day})")
        } else {
            write!(text, "\n- **{title}** ({day}): “{content}”")
        };
    }
    let _ = write!(text, "\n\n{closing}");
    text
}

fn reason(why: &Error) -> &'static str {
    match why.kind {
        ErrorKind::Quota => "The allowance for the language model is used up for now",
        ErrorKind::Denied => "I may not use a language model here",
        ErrorKind::Timeout => "The language model did not answer in time",
        _ => "I cannot reach a language model right now",
    }
}

/// From the sentence that shares most words with what was asked.
fn excerpt_about(content: &str, asked: &str) -> String {
    let asked = words::telling(asked);
    let shared =
        |sentence: &str| words::telling(sentence).iter().filter(|word| asked.iter().any(|asked| words::alike(word, asked))).count();
    let sentences = words::sentences(content);
    let best = (0..sentences.len()).rev().max_by_key(|&at| shared(sentences[at])).unwrap_or(0);
    let from = sentences.get(best).and_then(|sentence| content.find(sentence)).unwrap_or(0);
    // A short text is quoted whole.
    let whole = content.chars().count() <= EXCERPT;
    words::excerpt(if whole { content } else { &content[from..] }, EXCERPT)
}
