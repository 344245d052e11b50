//! The door of `llm/chat`: class granted? → shape and sizes → request and tokens left in this call → model.

use mnemosyne_bindings::capability::llm::chat::Options;
use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::backend::{ModelRequest, ModelStream};
use super::core::{COMPLETE, MAX_ANSWER, NEXT, OPEN, USAGE};
use crate::call::Call;
use crate::capability::Asking;
use crate::capability::door::{Answer, HostFunction, at_once, denied, error, from_backend, invalid, split, waiting};
use crate::capability::reply::{ReplyEvent, core::note};
use crate::conversation::Conversation;
use crate::meter::LimitBroken;
use crate::wit::llm::{Completion, Delta, Usage};
use crate::wit::types::values::{Message, Tool, ToolCall};

/// Most messages.
const MAX_MESSAGES: usize = 256;
/// Most bytes of them together.
const MAX_MESSAGE_BYTES: usize = 256 << 10;
/// Most tools, tool calls of a message.
const MAX_TOOLS: usize = 32;
/// Most streams at a time.
const MAX_STREAMS: usize = 2;
/// Bytes that count as a token where nobody has counted: low for prose on purpose, so that a reservation is not too small.
const BYTES_PER_TOKEN: usize = 3;

/// What a guest asks a model.
pub(crate) struct Asked {
    pub(crate) messages: Vec<Message>,
    pub(crate) options: Options,
}

impl Asked {
    fn bytes(&self) -> usize {
        let options = &self.options;
        let tools: usize = options.tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.len()).sum();
        message_bytes(&self.messages) + tools + options.json_schema.as_ref().map_or(0, String::len)
    }
}

/// An answer under way, with what was reserved for it.
pub(crate) struct OpenStream {
    stream: Box<dyn ModelStream>,
    reserved: u64,
    prompt: u32,
    heard: usize,
    over: bool,
}

impl OpenStream {
    /// Books what the model used, by its own count or by ours. Once.
    fn settle(&mut self, call: &Call) {
        let used = self.stream.usage();
        let estimate = || Usage { input_tokens: self.prompt, output_tokens: tokens(self.heard) };
        let used = used.unwrap_or_else(estimate);
        call.meter.settle_model(std::mem::take(&mut self.reserved), used.input_tokens, used.output_tokens);
        self.over = true;
    }
}

fn tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u32::MAX)
}

fn message_bytes(messages: &[Message]) -> usize {
    let calls = |calls: &[ToolCall]| calls.iter().map(|call| call.id.len() + call.name.len() + call.arguments.len()).sum::<usize>();
    messages.iter().map(|message| message.content.len() + calls(&message.tool_calls)).sum()
}

fn within(value: Option<f32>, least: f32, most: f32, name: &str) -> Result<(), Error> {
    match value {
        Some(value) if !(least..=most).contains(&value) => Err(invalid("llm-options", &format!("{name} is between {least} and {most}"))),
        _ => Ok(()),
    }
}

fn good_messages(messages: &[Message]) -> Result<(), Error> {
    if messages.is_empty() || messages.len() > MAX_MESSAGES || message_bytes(messages) > MAX_MESSAGE_BYTES {
        return Err(invalid("llm-messages", "a conversation has 1 to 256 messages of together 256 KiB"));
    }
    let good = |message: &Message| {
        let role = matches!(message.role.as_str(), "system" | "user" | "assistant" | "tool");
        role && message.tool_calls.len() <= MAX_TOOLS
            && message.attachments.len() <= 16
            && (message.role == "tool") == message.tool_call_id.is_some()
    };
    if messages.iter().all(good) {
        return Ok(());
    }
    Err(invalid(
        "llm-messages",
        "a message has a known role, at most 32 tool calls and 16 attachments, and an id of a call only if it is a tool's",
    ))
}

pub(crate) fn good_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn good_options(options: &Options) -> Result<(), Error> {
    within(options.temperature, 0.0, 2.0, "the temperature")?;
    within(options.top_p, 0.0, 1.0, "top-p")?;
    within(options.presence_penalty, -2.0, 2.0, "the presence penalty")?;
    within(options.frequency_penalty, -2.0, 2.0, "the frequency penalty")?;
    let reasoning = options.reasoning.as_deref().is_none_or(|level| matches!(level, "low" | "medium" | "high"));
    let stop = options.stop.len() <= 4 && options.stop.iter().all(|stop| (1..=64).contains(&stop.len()));
    if !reasoning || !stop || options.max_tokens == Some(0) {
        return Err(invalid("llm-options", "reasoning is low, medium or high; at most 4 stops of 64 bytes; at least 1 token"));
    }
    let tool = |tool: &Tool| good_tool_name(&tool.name) && tool.description.len() <= 1 << 10 && tool.parameters.len() <= 16 << 10;
    if options.tools.len() > MAX_TOOLS || !options.tools.iter().all(tool) {
        return Err(invalid(
            "llm-tools",
            "at most 32 tools with a name of 64 letters, digits, `_` and `-`, 1 KiB of description and 16 KiB of schema",
        ));
    }
    let known = |choice: &str| matches!(choice, "auto" | "none" | "required") || options.tools.iter().any(|tool| tool.name == choice);
    if options.tool_choice.as_deref().is_some_and(|choice| !known(choice)) {
        return Err(invalid("llm-tools", "the tool choice is auto, none, required or a tool's name"));
    }
    if options.json_schema.as_ref().is_some_and(|schema| schema.len() > 16 << 10) {
        return Err(invalid("llm-schema", "a schema has at most 16 KiB"));
    }
    Ok(())
}

/// Grant, shape, and a reservation of this call's budget. The reservation is (tokens taken, tokens of the prompt).
fn admitted(call: &Call, asked: &Asked) -> Result<(String, u32, u64, u32), Error> {
    let class = asked.options.model_class.as_deref().unwrap_or("chat");
    let granted = call.revision.grant().llm(class).ok_or_else(|| denied("llm-not-granted", "this class of models is not granted"))?;
    good_messages(&asked.messages)?;
    good_options(&asked.options)?;
    let granted = u32::try_from(granted).unwrap_or(u32::MAX);
    let wanted = asked.options.max_tokens.unwrap_or(granted);
    if wanted > granted {
        return Err(invalid("llm-options", &format!("max-tokens is at most the grant's {granted}")));
    }
    let prompt = tokens(asked.bytes());
    let empty = || error(ErrorKind::Quota, "llm-budget", "this call's requests or tokens are used up", false);
    let taken = call.meter.reserve_model(u64::from(prompt) + u64::from(wanted), call.limits()).ok_or_else(empty)?;
    let Some(answer) = taken.checked_sub(u64::from(prompt)).filter(|left| *left > 0) else {
        call.meter.settle_model(taken, 0, 0);
        return Err(empty());
    };
    Ok((class.to_owned(), u32::try_from(answer).unwrap_or(u32::MAX), taken, prompt))
}

fn request(wished_model: Option<String>, asked: Asked, class: String, max_tokens: u32) -> ModelRequest {
    let options = asked.options;
    ModelRequest {
        messages: asked.messages,
        class,
        temperature: options.temperature,
        top_p: options.top_p,
        presence_penalty: options.presence_penalty,
        frequency_penalty: options.frequency_penalty,
        reasoning: options.reasoning,
        max_tokens,
        stop: options.stop,
        json_schema: options.json_schema,
        tools: options.tools,
        tool_choice: options.tool_choice,
        wished_model,
    }
}

fn too_large() -> Error {
    error(ErrorKind::Invalid, "llm-too-large", "the model's answer is larger than this function gives", false)
}

/// What is booked for a model call that ends in the middle: the prompt went out, so it counts.
struct Reservation<'a> {
    call: &'a Call,
    taken: Option<u64>,
    prompt: u32,
}

impl<'a> Reservation<'a> {
    fn new(call: &'a Call, taken: u64, prompt: u32) -> Self {
        Self { call, taken: Some(taken), prompt }
    }

    /// The model was asked, and it told what it used; or it was not asked at all.
    fn settle(mut self, used: Option<Usage>) {
        let used = used.unwrap_or(Usage { input_tokens: 0, output_tokens: 0 });
        self.call.meter.settle_model(self.taken.take().unwrap_or_default(), used.input_tokens, used.output_tokens);
    }

    /// It goes on as a stream, which settles it.
    fn hand_over(mut self) -> u64 {
        self.taken.take().unwrap_or_default()
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.call.meter.settle_model(taken, self.prompt, 0);
        }
    }
}

/// Asks and waits.
pub(crate) async fn complete(call: &Call, conversation: &mut Conversation, asked: Asked) -> Answer<Completion> {
    let bytes = asked.bytes();
    let (admitted, check) = split(checked(call, &COMPLETE, bytes, &asked));
    let wished = conversation.wished_model.clone();
    let answer = waiting(call, &COMPLETE, bytes, check, async {
        let Some((class, max_tokens, taken, prompt)) = admitted else { return Err(too_large()) };
        let reservation = Reservation::new(call, taken, prompt);
        match call.backends().models.complete(Asking::of(call), request(wished, asked, class, max_tokens)).await {
            Ok(completion) => {
                reservation.settle(Some(completion.usage));
                call.meter.model_answers(&completion.model);
                call.meter.model_ended(&completion.finish_reason);
                let size =
                    completion.text.len() + completion.reasoning.as_ref().map_or(0, String::len) + calls_bytes(&completion.tool_calls);
                if size <= MAX_ANSWER { Ok(completion) } else { Err(too_large()) }
            }
            Err(problem) => {
                reservation.settle(None);
                Err(from_backend(&problem, "llm"))
            }
        }
    })
    .await?;
    if answer.is_ok() {
        conversation.rounds.model_asked();
    }
    Ok(answer)
}

/// [`admitted`], but nothing is reserved for arguments that are too large anyway.
fn checked(call: &Call, row: &HostFunction, bytes: usize, asked: &Asked) -> Result<(String, u32, u64, u32), Error> {
    if bytes > row.max_bytes_in {
        return Err(invalid("llm-messages", "a conversation has 1 to 256 messages of together 256 KiB"));
    }
    admitted(call, asked)
}

fn calls_bytes(calls: &[ToolCall]) -> usize {
    calls.iter().map(|call| call.id.len() + call.name.len() + call.arguments.len()).sum()
}

/// Asks and streams: the handle.
pub(crate) async fn open(call: &Call, conversation: &mut Conversation, asked: Asked) -> Answer<u32> {
    let bytes = asked.bytes();
    let open = conversation.streams.iter().flatten().filter(|stream| !stream.over).count();
    let room = if open < MAX_STREAMS {
        checked(call, &OPEN, bytes, &asked)
    } else {
        Err(error(ErrorKind::Quota, "llm-streams", "at most 2 answers are open at a time", true))
    };
    let (admitted, check) = split(room);
    let wished = conversation.wished_model.clone();
    let opened = waiting(call, &OPEN, bytes, check, async {
        let Some((class, max_tokens, taken, prompt)) = admitted else { return Err(too_large()) };
        let reservation = Reservation::new(call, taken, prompt);
        match call.backends().models.open(Asking::of(call), request(wished, asked, class, max_tokens)).await {
            Ok(stream) => Ok(OpenStream { stream, reserved: reservation.hand_over(), prompt, heard: 0, over: false }),
            Err(problem) => {
                reservation.settle(None);
                Err(from_backend(&problem, "llm"))
            }
        }
    })
    .await?;
    Ok(opened.map(|stream| {
        conversation.rounds.model_asked();
        conversation.streams.push(Some(stream));
        u32::try_from(conversation.streams.len() - 1).unwrap_or(u32::MAX)
    }))
}

/// The next piece.
pub(crate) async fn next(call: &Call, conversation: &mut Conversation, handle: u32) -> Answer<Option<Delta>> {
    let Some(mut stream) = conversation.streams.get_mut(handle as usize).and_then(Option::take) else {
        return waiting(call, &NEXT, 0, Err(invalid("llm-stream", "the stream is gone")), async { Ok(None) }).await;
    };
    let reply = conversation.reply.as_ref();
    let answer = waiting(call, &NEXT, 0, Ok(()), async {
        if stream.over {
            return Ok(None);
        }
        match stream.stream.next().await {
            Ok(Some(delta)) => {
                stream.heard += delta.text.len() + delta.reasoning.len() + calls_bytes(&delta.tool_calls);
                if stream.heard > MAX_ANSWER {
                    stream.settle(call);
                    return Err(too_large());
                }
                call.meter.piece_in();
                if let Some(model) = stream.stream.model() {
                    call.meter.model_answers(model);
                }
                if let Some(reason) = &delta.finish_reason {
                    call.meter.model_ended(reason);
                }
                if !delta.reasoning.is_empty() {
                    note(reply, ReplyEvent::Reasoning(delta.reasoning.clone())).await;
                }
                Ok(Some(delta))
            }
            Ok(None) => {
                stream.settle(call);
                Ok(None)
            }
            Err(problem) => {
                stream.settle(call);
                Err(from_backend(&problem, "llm"))
            }
        }
    })
    .await?;
    if answer.is_err() && !stream.over {
        stream.settle(call);
    }
    if let Some(place) = conversation.streams.get_mut(handle as usize) {
        *place = Some(stream);
    }
    Ok(answer)
}

/// What the answer cost, once the model has finished.
pub(crate) fn usage(call: &Call, conversation: &Conversation, handle: u32) -> Result<Option<Usage>, LimitBroken> {
    let stream = conversation.streams.get(handle as usize).and_then(Option::as_ref);
    Ok(at_once(call, &USAGE, 0, || stream.and_then(|stream| stream.stream.usage()))?.flatten())
}

/// The guest lets go: the model is cancelled, what was heard is booked.
pub(crate) fn drop_stream(call: &Call, conversation: &mut Conversation, handle: u32) {
    if let Some(mut stream) = conversation.streams.get_mut(handle as usize).and_then(Option::take)
        && !stream.over
    {
        stream.settle(call);
    }
}
