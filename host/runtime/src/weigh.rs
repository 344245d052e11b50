//! Sizes and caps of what guests answer: shared by the typed doors.

/// Most characters of a title, label or name.
pub(crate) const MAX_TITLE: usize = 100;
/// Most characters of a line for the user.
pub(crate) const MAX_LINE: usize = 200;
/// Most characters of a summary.
pub(crate) const MAX_SUMMARY: usize = 500;
/// Most bytes of an id.
pub(crate) const MAX_ID: usize = 64;
/// Pointer and length in a guest's memory: what a text or list weighs when it is empty.
const PLACE: usize = 8;

/// Bytes of a text.
pub(crate) fn text(text: &str) -> usize {
    PLACE + text.len()
}

/// Bytes of an optional text.
pub(crate) fn maybe(maybe: Option<&String>) -> usize {
    maybe.map_or(4, |inner| text(inner))
}

/// Bytes of documented keys and values.
pub(crate) fn pairs(pairs: &[(String, String)]) -> usize {
    PLACE + pairs.iter().map(|(key, value)| text(key) + text(value)).sum::<usize>()
}

/// Characters of a text.
pub(crate) fn chars(text: &str) -> usize {
    // Counting is only needed near the cap.
    if text.len() <= MAX_TITLE { text.len() } else { text.chars().count() }
}

/// A stable word: `[a-z0-9_.-]`, 1…64 bytes.
pub(crate) fn id(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(good)
}
