//! The door of `persona/reply`: within the answer's size? → to the reader, at the reader's pace.

use std::time::Duration;

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::backend::{ReplyEvent, ReplySink};
use crate::call::Call;
use crate::capability::door::{Answer, HostFunction, denied, error, invalid, waiting};
use crate::conversation::Conversation;
use crate::error::Failure;
use crate::meter::LimitBroken;
use crate::text::scrub;

/// Most bytes of a piece.
const MAX_PIECE: usize = 16 << 10;
/// Most characters of a status.
const MAX_STATUS: usize = 200;
/// Most memories that are named.
const MAX_CITES: u32 = 32;
/// Pushes that may be refused before the call is ended: a plugin that does not listen is not waited for.
const MAX_REFUSED: u32 = 16;

const fn row(function: &'static str, name: &'static str, max_bytes_in: usize) -> HostFunction {
    HostFunction {
        interface: "persona/reply",
        function,
        name,
        cost: 1,
        max_bytes_in,
        max_bytes_out: 0,
        // As long as the call itself: it waits for a slow reader.
        deadline: Duration::from_mins(2),
        idempotent: false,
    }
}

pub(crate) const PUSH: HostFunction = row("[method]reply.push", "persona/reply.[method]reply.push", MAX_PIECE);
pub(crate) const STATUS: HostFunction = row("[method]reply.status", "persona/reply.[method]reply.status", 4 << 10);
pub(crate) const CITE: HostFunction = row("[method]reply.cite", "persona/reply.[method]reply.cite", 256);

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Reply {
    sink: ReplySink,
    bytes: u64,
    cites: u32,
    refused: u32,
}

impl Reply {
    pub(crate) fn to(sink: ReplySink) -> Self {
        Self { sink, bytes: 0, cites: 0, refused: 0 }
    }
}

fn gone() -> Error {
    error(ErrorKind::Unavailable, "reply-gone", "the client has left or cancelled: stop", false)
}

/// Whether this piece may go out.
fn allowed(call: &Call, reply: &Reply, text: &str) -> Result<(), Error> {
    if reply.sink.is_gone() {
        return Err(gone());
    }
    if text.len() > MAX_PIECE {
        return Err(invalid("reply-too-large", "a piece has at most 16 KiB"));
    }
    if reply.bytes + text.len() as u64 > call.limits().output_bytes {
        return Err(error(ErrorKind::Quota, "reply-full", "the answer is full", false));
    }
    Ok(())
}

/// Sends a piece. An empty one is a host call and nothing else.
pub(crate) async fn push(call: &Call, conversation: &mut Conversation, text: String) -> Answer<()> {
    let Some(reply) = &mut conversation.reply else {
        return waiting(call, &PUSH, 0, Err(denied("reply-none", "nothing is being answered in this call")), async { Ok(()) }).await;
    };
    let check = allowed(call, reply, &text);
    let (sink, bytes) = (&reply.sink, text.len());
    let answer = waiting(call, &PUSH, bytes, check, async {
        if bytes == 0 || sink.send(ReplyEvent::Piece(text)).await { Ok(()) } else { Err(gone()) }
    })
    .await?;
    match &answer {
        Ok(()) if bytes > 0 => {
            reply.bytes += bytes as u64;
            call.meter.piece_out();
        }
        Ok(()) => {}
        Err(_) => {
            reply.refused += 1;
            if reply.refused > MAX_REFUSED {
                call.meter.breaks(Failure::HostCallsExceeded(u64::from(MAX_REFUSED)));
                return Err(LimitBroken);
            }
        }
    }
    Ok(answer)
}

/// Tells what is going on. What is too long, or comes after the reader has left, is dropped: the function cannot fail.
pub(crate) async fn status(call: &Call, reply: Option<&Reply>, text: &str) -> Result<(), LimitBroken> {
    let text = scrub(text, STATUS.max_bytes_in);
    let fits = text.chars().count() <= MAX_STATUS;
    tell(call, reply.filter(|_| fits), &STATUS, ReplyEvent::Status(text)).await
}

/// Names a memory; as [`status`], at most [`MAX_CITES`].
pub(crate) async fn cite(call: &Call, reply: Option<&mut Reply>, memory: String) -> Result<(), LimitBroken> {
    let reply = reply.filter(|reply| reply.cites < MAX_CITES && memory.len() <= 64).map(|reply| {
        reply.cites += 1;
        &*reply
    });
    tell(call, reply, &CITE, ReplyEvent::Cite(memory)).await
}

async fn tell(call: &Call, reply: Option<&Reply>, row: &'static HostFunction, event: ReplyEvent) -> Result<(), LimitBroken> {
    let told = waiting(call, row, 0, Ok(()), async {
        note(reply, event).await;
        Ok(())
    });
    told.await.map(drop)
}

/// An event that other doors have to tell; lost when nobody is answered.
pub(crate) async fn note(reply: Option<&Reply>, event: ReplyEvent) {
    if let Some(reply) = reply {
        reply.sink.send(event).await;
    }
}
