//! Lines of a stream of server-sent events (WHATWG HTML §9.2), as servers really send them.
//!
//! `\n`, `\r\n` and `\r` end a line, also when a pair is split over two reads; `data:` with and without its space; several
//! `data` lines are one event; comments, ids and names of events are skipped. Bytes, not text: half a character at the end
//! of a read is joined with its other half. An event has a bound, so that a line without end cannot fill memory.

use std::collections::VecDeque;

/// Most bytes of one event: a model's piece has a few hundred.
pub(super) const EVENT: usize = 1 << 20;

/// Reads events out of bytes.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    /// A `\r` ended the last line: a `\n` that follows belongs to it.
    carriage_return: bool,
    begun: bool,
}

/// An event is larger than [`EVENT`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Decoder {
    /// Takes what was read; what is complete goes to `events`.
    pub(super) fn push(&mut self, bytes: &[u8], events: &mut VecDeque<Vec<u8>>) -> Result<(), TooLong> {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.carriage_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.keep(rest);
            };
            self.keep(&rest[..end])?;
            self.carriage_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            self.end_line(events)?;
        }
        Ok(())
    }

    /// The bytes have ended: some servers leave the last empty line out.
    pub(super) fn finish(&mut self, events: &mut VecDeque<Vec<u8>>) -> Result<(), TooLong> {
        self.end_line(events)?;
        events.extend(self.data.take());
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() + self.data.as_ref().map_or(0, Vec::len) > EVENT {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, events: &mut VecDeque<Vec<u8>>) -> Result<(), TooLong> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if line.is_empty() {
            events.extend(self.data.take());
            return Ok(());
        }
        let Some(value) = line.strip_prefix(b"data") else { return Ok(()) };
        let value = match value.first() {
            None => value,
            Some(b':') => value[1..].strip_prefix(b" ").unwrap_or(&value[1..]),
            Some(_) => return Ok(()),
        };
        match &mut self.data {
            None => self.data = Some(value.to_vec()),
            Some(data) if data.len() + value.len() < EVENT => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            Some(_) => return Err(TooLong),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut events) = (Decoder::default(), VecDeque::new());
        for part in parts {
            decoder.push(part, &mut events).unwrap();
        }
        decoder.finish(&mut events).unwrap();
        events.into_iter().map(|event| String::from_utf8(event).unwrap()).collect()
    }

    #[test]
    fn every_way_of_ending_a_line_is_one() {
        for text in ["data: a\n\ndata: b\n\n", "data:a\r\n\r\ndata:b\r\n\r\n", "data: a\r\rdata: b\r\r", "data: a\n\ndata: b"] {
            assert_eq!(read(&[text.as_bytes()]), ["a", "b"], "{text:?}");
        }
    }

    #[test]
    fn any_split_gives_the_same() {
        let text =
            "\u{feff}: hello\r\nid: 1\r\nevent: x\r\ndata: {\"a\":\r\ndata: \"ü€\"}\r\n\r\ndata\n\nretry: 5\ndatum: no\ndata:[DONE]\n\n"
                .as_bytes();
        let whole = read(&[text]);
        assert_eq!(whole, ["{\"a\":\n\"ü€\"}", "", "[DONE]"]);
        for at in 0..text.len() {
            assert_eq!(read(&[&text[..at], &text[at..]]), whole, "split at {at}");
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&single), whole);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let (mut decoder, mut events) = (Decoder::default(), VecDeque::new());
        let part = vec![b'x'; 64 << 10];
        let refused = (0..100).find(|_| decoder.push(&part, &mut events).is_err());
        assert_eq!(refused, Some(16), "after {EVENT} bytes");
        let (mut decoder, line) = (Decoder::default(), [b"data: ".as_slice(), &part, b"\n"].concat());
        assert!((0..100).any(|_| decoder.push(&line, &mut events).is_err()), "many lines of one event are bounded too");
    }
}
