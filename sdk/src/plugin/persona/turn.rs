//! The parts of a turn: what is recalled, what the model is asked and how, what is learned.

use super::{MemoryDraft, Outcome, Persona, RECALLED, Turn, ground, trust, worldview};
use crate::capability::llm::Options;
use crate::capability::storage::memories;
use crate::date::Date;
use crate::prompt::{DATA_RULE, Data, shortened, tame};
use crate::{Error, Memory, Message, words};

/// A search takes at most 4 KiB.
const QUERY: usize = 4 << 10;
/// Bytes of one memory in the prompt.
const MEMORY: usize = 1500;
/// Bytes of the message itself.
const MESSAGE: usize = 24 << 10;
/// Bytes and number of earlier messages: with the rest far below the call's 16 000 tokens.
const HISTORY: usize = 16 << 10;
const HISTORY_MESSAGES: usize = 100;
/// Of what is older: so many of the person's messages, each by so many characters.
const EARLIER_MESSAGES: usize = 40;
const EARLIER: usize = 120;
/// Characters of a memory's title.
const TITLE: usize = 80;

/// By what the person says now; a short message ("and why?") is searched together with the one before.
pub(super) fn recall(turn: &Turn) -> Result<Vec<Memory>, Error> {
    if !turn.use_memories || turn.message.content.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut query = turn.message.content.clone();
    if words::telling(&query).len() < 3
        && let Some(before) = turn.history.iter().rev().find(|message| message.role == "user")
    {
        query = format!("{query}\n{}", before.content);
    }
    let hits = memories::search(&shortened(&query, QUERY), &memories::Filter::default(), u32::try_from(RECALLED).unwrap_or(8))?;
    Ok(hits.into_iter().map(|hit| hit.memory).collect())
}

pub(super) fn prompt<P: Persona + ?Sized>(turn: &Turn, memories: &[Memory]) -> Vec<Message> {
    let mut messages = vec![Message::system(system(P::VOICE, turn))];
    let (newest, earlier) = history(turn);
    messages.extend(newest);
    let mut data = Data::new(turn.moment.seed);
    if let Some(summary) = &turn.summary {
        data.add("what was said before, summed up", &shortened(summary, MESSAGE / 4));
    }
    if !earlier.is_empty() {
        data.add("how messages began that the person wrote after that, before those above", &earlier);
    }
    if let Some(worldview) = &turn.worldview {
        let own = worldview::own_words(worldview);
        if !own.is_empty() {
            data.add("how this person describes their outlook", &own);
        }
    }
    for (heading, text) in P::notes(turn) {
        data.add(heading, &shortened(&text, MESSAGE / 4));
    }
    for (number, memory) in memories.iter().enumerate() {
        let day = Date::at(memory.created, &turn.moment);
        data.add(&format!("memory {} of {day}", number + 1), &format!("{}\n{}", memory.title, shortened(&memory.content, MEMORY)));
    }
    let attachments = turn.message.attachments.clone();
    messages.push(Message { attachments, ..Message::user(data.before(&shortened(&turn.message.content, MESSAGE))) });
    messages
}

/// Nothing in here was written by anybody but the plugin and the host.
fn system(voice: &str, turn: &Turn) -> String {
    let moment = &turn.moment;
    let (hour, minute) = (moment.minute_of_day / 60, moment.minute_of_day % 60);
    let day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let weekday = day[usize::from(Date::today(moment).weekday()) - 1];
    let manner = turn.worldview.as_ref().map(worldview::manner).unwrap_or_default();
    let now = format!("It is {weekday}, {}, {hour:02}:{minute:02} where the person is. Answer in the language they write in.", moment.date);
    [voice, &ground::text(), trust::manner(turn.trust), &manner, DATA_RULE, &now]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// The newest messages that fit, oldest first, and how the person's older ones began. Only two roles: whatever else a history
/// holds, a person or a persona said it.
fn history(turn: &Turn) -> (Vec<Message>, String) {
    let (mut left, mut kept) = (HISTORY, Vec::new());
    let mut told = turn.history.iter().rev().filter(|message| !message.content.trim().is_empty()).peekable();
    while let Some(message) = told.peek() {
        let content = tame(&shortened(&message.content, HISTORY / 2));
        let Some(rest) = left.checked_sub(content.len()).filter(|_| kept.len() < HISTORY_MESSAGES) else { break };
        left = rest;
        kept.push(if message.role == "assistant" { Message::assistant(content) } else { Message::user(content) });
        told.next();
    }
    kept.reverse();
    let earlier = told.filter(|message| message.role == "user").take(EARLIER_MESSAGES);
    let mut earlier: Vec<String> = earlier.map(|message| format!("- {}", words::excerpt(&message.content, EARLIER))).collect();
    earlier.reverse();
    (kept, earlier.join("\n"))
}

pub(super) fn options<P: Persona + ?Sized>(turn: &Turn) -> Options {
    let card = P::describe(&turn.moment.locale);
    let wishes = &turn.wishes;
    Options {
        temperature: Some(wishes.temperature.unwrap_or_else(|| trust::temperature(card.temperature, turn.trust))),
        reasoning: Some(card.reasoning),
        presence_penalty: P::PRESENCE_PENALTY,
        frequency_penalty: P::FREQUENCY_PENALTY,
        max_tokens: wishes.max_tokens,
        stop: wishes.stop.clone(),
        ..Options::default()
    }
}

pub(super) fn learn(turn: &Turn, outcome: &mut Outcome) {
    let Some(content) = asked_to_remember(&turn.message.content) else { return };
    outcome.memories.push(MemoryDraft {
        title: words::excerpt(content, TITLE),
        content: shortened(content, 16 << 10).into_owned(),
        tags: Vec::new(),
        importance: 0.7,
        extra: Vec::new(),
    });
}

/// What follows "remember that", "please remember:" and the like at the beginning of a message.
fn asked_to_remember(message: &str) -> Option<&str> {
    let rest = |text: &'_ str, opening: &str| -> Option<usize> {
        text.get(..opening.len()).filter(|begin| begin.eq_ignore_ascii_case(opening)).map(|_| opening.len())
    };
    let mut text = message.trim_start();
    text = rest(text, "please ").map_or(text, |at| &text[at..]);
    let openings = ["remember that ", "remember: ", "remember this: ", "keep in mind that ", "note that ", "don't forget that "];
    let at = openings.iter().find_map(|opening| rest(text, opening))?;
    Some(text[at..].trim()).filter(|content| !content.is_empty())
}
