//! Server-sent events as a client reads them, however the bytes are cut.

use serde_json::Value;

/// What has arrived so far.
#[derive(Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// The id of the last whole frame.
    pub(crate) last: Option<String>,
}

impl Frames {
    /// Takes bytes; gives the data of the frames that are whole now.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Value> {
        self.bytes.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
            let frame: Vec<u8> = self.bytes.drain(..end + 2).collect();
            for line in String::from_utf8_lossy(&frame).lines() {
                if let Some(id) = line.strip_prefix("id: ") {
                    self.last = Some(id.to_owned());
                } else if let Some(data) = line.strip_prefix("data: ")
                    && let Ok(data) = serde_json::from_str(data)
                {
                    frames.push(data);
                }
            }
        }
        frames
    }
}

/// The text of a frame: of a chat stream, or of a model server's.
pub(crate) fn text(frame: &Value) -> &str {
    match frame["type"].as_str() {
        Some("delta") => frame["text"].as_str().unwrap_or_default(),
        Some(_) => "",
        None => frame["choices"][0]["delta"]["content"].as_str().unwrap_or_default(),
    }
}
