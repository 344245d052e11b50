//! The usual conduct of a turn: recall → prompt → stream → cite → learn, or an honest answer without a model.

use super::{Outcome, Persona, Reply, Turn, offline};
use crate::capability::llm::{self, Options};
use crate::capability::{actions, log};
use crate::prompt::Data;
use crate::{Error, ErrorKind, Memory, Message, ToolCall};

/// Model calls of one turn: the host gives a persona four, the last without tools.
const ROUNDS: u32 = 4;
/// The host takes at most so many citations.
const CITATIONS: usize = 32;
/// Bytes of an action's answer in the prompt.
const ACTION: usize = 4 << 10;

/// Why an answer ended early.
enum Stop {
    /// The client has left, or the answer is full.
    Reader,
    Model(Error),
}

pub(super) fn respond<P: Persona + ?Sized>(turn: &Turn, reply: &Reply<'_>) -> Result<Outcome, Error> {
    if turn.use_memories {
        reply.status("reading your memories");
    }
    let mut memories = P::recall(turn).unwrap_or_else(|error| {
        log::write(log::Level::Warn, "answering without memories", &[("code", &error.code)]);
        Vec::new()
    });
    let mut outcome = Outcome::default();
    let mut said = false;
    match converse::<P>(turn, &memories, reply, &mut said) {
        Ok(()) | Err(Stop::Reader) => {}
        // What was said stays; the host tells the client that it broke off.
        Err(Stop::Model(error)) if said => {
            cite(&memories, reply);
            return Err(error);
        }
        Err(Stop::Model(error)) => {
            log::write(log::Level::Warn, "answering without a model", &[("code", &error.code)]);
            outcome.degraded = true;
            memories = offline::about(turn, memories);
            // A client that has left reads nothing, and nobody has to hear of it.
            let _ = reply.push(&P::offline(turn, &memories, &error));
        }
    }
    cite(&memories, reply);
    P::learn(turn, &mut outcome);
    Ok(outcome)
}

/// Names what the answer rests on.
fn cite(memories: &[Memory], reply: &Reply<'_>) {
    memories.iter().take(CITATIONS).for_each(|memory| reply.cite(&memory.id));
}

fn converse<P: Persona + ?Sized>(turn: &Turn, memories: &[Memory], reply: &Reply<'_>, said: &mut bool) -> Result<(), Stop> {
    let mut messages = P::prompt(turn, memories);
    let mut options = P::options(turn);
    let mut rounds = 1;
    // Where this is false the linker drops the import, so a persona that acts on nothing need not ask for `actions`.
    if P::AGENTIC && turn.wishes.agentic {
        options.tools = actions::offered();
        rounds = ROUNDS.min(turn.wishes.max_iterations.saturating_add(1));
    }
    reply.status("thinking");
    for round in 1..=rounds {
        if round == rounds {
            options.tools.clear();
        }
        let (text, calls) = stream(&messages, &options, reply, said)?;
        if calls.is_empty() || options.tools.is_empty() {
            break;
        }
        messages.push(Message { tool_calls: calls.clone(), ..Message::assistant(text) });
        if P::AGENTIC {
            messages.extend(calls.iter().map(|call| act(call, turn.moment.seed, reply)));
        }
    }
    if *said { Ok(()) } else { Err(Stop::Model(Error::unavailable("llm-empty", "the model said nothing"))) }
}

/// Passes on what comes; answers the text and the tools asked for.
fn stream(messages: &[Message], options: &Options, reply: &Reply<'_>, said: &mut bool) -> Result<(String, Vec<ToolCall>), Stop> {
    let mut stream = llm::open(messages, options).map_err(Stop::Model)?;
    let (mut text, mut calls) = (String::new(), Vec::new());
    while let Some(piece) = stream.next_piece().map_err(Stop::Model)? {
        if !piece.text.is_empty() {
            reply.push(&piece.text).map_err(|_| Stop::Reader)?;
            *said = true;
            text.push_str(&piece.text);
        }
        calls.extend(piece.tool_calls);
    }
    Ok((text, calls))
}

/// Asks the host for one operation. Its answer, or the code of its refusal, goes to the model as data.
fn act(call: &ToolCall, seed: u32, reply: &Reply<'_>) -> Message {
    reply.status(&call.name);
    let answer = actions::perform(call).unwrap_or_else(|error| {
        let words = if error.kind == ErrorKind::Denied { "the person may not do this" } else { "it did not work" };
        format!("{words} ({})", error.code)
    });
    let mut data = Data::new(seed);
    data.add("answer of the operation", &crate::prompt::shortened(&answer, ACTION));
    Message::tool(&call.id, data.block())
}
