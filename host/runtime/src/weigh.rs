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

/// Bytes of a list of texts.
pub(crate) fn texts(texts: &[String]) -> usize {
    PLACE + texts.iter().map(|inner| text(inner)).sum::<usize>()
}

/// Whether a text has at most so many characters.
pub(crate) fn at_most(text: &str, most: usize) -> bool {
    text.len() <= most || (text.len() <= most * 4 && text.chars().count() <= most)
}

/// Whether documented pairs keep their caps: 32 of 64 bytes and 1 KiB, a key once.
pub(crate) fn good_pairs(pairs: &[(String, String)]) -> bool {
    let sized = pairs.len() <= 32 && pairs.iter().all(|(key, value)| (1..=64).contains(&key.len()) && value.len() <= 1 << 10);
    sized && pairs.iter().enumerate().all(|(index, (key, _))| pairs[..index].iter().all(|(other, _)| other != key))
}

/// Whether tags keep their caps: 50 of 64 characters.
pub(crate) fn good_tags(tags: &[String]) -> bool {
    tags.len() <= 50 && tags.iter().all(|tag| !tag.is_empty() && at_most(tag, 64))
}

/// Whether a share is a number between 0 and 1.
pub(crate) fn share(number: f32) -> bool {
    (0.0..=1.0).contains(&number)
}
