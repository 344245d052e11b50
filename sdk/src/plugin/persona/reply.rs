//! Where an answer goes: the host's `reply`, or a test's.

#[cfg(not(target_arch = "wasm32"))]
use super::double::Heard;
use super::wit_reply::Reply as Handle;
use crate::Error;

/// One push takes at most so many bytes.
const PIECE: usize = 16 << 10;

/// The answer under way. The host owns it: what was pushed survives the plugin.
pub struct Reply<'a>(Inner<'a>);

enum Inner<'a> {
    /// The host's; natively never met.
    Held(&'a Handle),
    #[cfg(not(target_arch = "wasm32"))]
    Double(&'a Heard),
}

impl<'a> From<&'a Handle> for Reply<'a> {
    fn from(handle: &'a Handle) -> Self {
        Self(Inner::Held(handle))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<'a> From<&'a Heard> for Reply<'a> {
    fn from(heard: &'a Heard) -> Self {
        Self(Inner::Double(heard))
    }
}

impl Reply<'_> {
    /// Sends text to the client, in pieces the host takes; waits while the client is slow.
    ///
    /// # Errors
    /// `unavailable` = the client has left or cancelled: stop. `quota` = the answer is full, at 256 KiB.
    pub fn push(&self, text: &str) -> Result<(), Error> {
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = rest.len().min(PIECE);
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (piece, after) = rest.split_at(end);
            match &self.0 {
                Inner::Held(handle) => handle.push(piece)?,
                #[cfg(not(target_arch = "wasm32"))]
                Inner::Double(heard) => heard.push(piece)?,
            }
            rest = after;
        }
        Ok(())
    }

    /// Says what is going on (`reading your notes`), at most 200 characters; no part of the answer.
    pub fn status(&self, text: &str) {
        match &self.0 {
            Inner::Held(handle) => handle.status(text),
            #[cfg(not(target_arch = "wasm32"))]
            Inner::Double(heard) => heard.status(text),
        }
    }

    /// Names a memory that the answer rests on; at most 32.
    pub fn cite(&self, memory_id: &str) {
        match &self.0 {
            Inner::Held(handle) => handle.cite(memory_id),
            #[cfg(not(target_arch = "wasm32"))]
            Inner::Double(heard) => heard.cite(memory_id),
        }
    }
}
