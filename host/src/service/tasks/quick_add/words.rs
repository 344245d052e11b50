//! A line as words, and what is left of it.

use std::ops::Range;

use super::Span;

/// What stands around a word and is no part of it.
const OPENING: &[char] = &['(', '[', '{', '<', '«', '„', '“', '"', '\'', '‘'];
const CLOSING: &[char] = &[')', ']', '}', '>', '»', '”', '“', '"', '\'', '’', '.', ',', ';', ':', '!', '?', '…'];

/// A word.
pub(super) struct Word<'t> {
    /// As it stands, without the punctuation around it.
    pub(super) text: &'t str,
    /// In lower case; empty when it must not be read.
    pub(super) lower: String,
    /// Where `text` stands in the line.
    pub(super) bytes: Range<usize>,
    /// A backslash before it: nobody wants to see it.
    pub(super) escape: Option<usize>,
    /// Punctuation follows.
    pub(super) ends: bool,
}

/// The words of a line that begins at `offset` UTF-16 units of its text.
pub(super) fn split<'t>(line: &'t str, offset: usize, ignore: &[Span]) -> Vec<Word<'t>> {
    let quoted = quotes(line);
    let mut words = Vec::new();
    let (mut at, mut units) = (0, offset);
    for piece in line.split(char::is_whitespace) {
        let from = at;
        // `split` leaves out exactly one character of white space.
        let space = line[from + piece.len()..].chars().next();
        at = from + piece.len() + space.map_or(0, char::len_utf8);
        let begins = units;
        let ends = begins + piece.encode_utf16().count();
        units = ends + space.map_or(0, char::len_utf16);
        if piece.is_empty() {
            continue;
        }
        let touched = |span: &Span| span.0 < ends && begins < span.1;
        let hidden = ignore.iter().any(touched) || quoted.iter().any(|range| range.start < from + piece.len() && from < range.end);
        words.push(word(piece, from, hidden));
    }
    words
}

fn word(piece: &str, from: usize, hidden: bool) -> Word<'_> {
    let inner = piece.trim_start_matches(OPENING);
    let lead = piece.len() - inner.len();
    let escaped = inner.starts_with('\\') && inner[1..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '#' | '!' | '~'));
    let escape = (escaped && !hidden).then_some(from + lead);
    let skip = lead + usize::from(escape.is_some());
    // A word of punctuation alone is itself.
    let text = match piece[skip..].trim_end_matches(CLOSING) {
        "" => &piece[skip..],
        text => text,
    };
    let lower = if hidden || escaped { String::new() } else { text.to_lowercase() };
    Word { text, lower, bytes: from + skip..from + skip + text.len(), escape, ends: skip + text.len() < piece.len() }
}

/// Where quotations stand; a mark that is never closed quotes nothing.
fn quotes(line: &str) -> Vec<Range<usize>> {
    let (mut found, mut open) = (Vec::new(), None);
    for (at, mark) in line.char_indices() {
        match (mark, open) {
            ('"', None) => open = Some((at, '"')),
            ('“' | '„', None) => open = Some((at, '”')),
            (_, Some((from, close))) if mark == close || (close == '”' && mark == '“') => {
                found.push(from..at + mark.len_utf8());
                open = None;
            }
            _ => {}
        }
    }
    found
}

/// Where some words stand in the line.
pub(super) fn bytes(words: &[Word<'_>], range: &Range<usize>) -> (usize, usize) {
    let from = words.get(range.start).map_or(0, |word| word.bytes.start);
    let to = range.end.checked_sub(1).and_then(|last| words.get(last)).map_or(from, |word| word.bytes.end);
    (from, to.max(from))
}

/// The line without those words: single spaces, no brackets around nothing, no punctuation that has lost its word.
pub(super) fn without(line: &str, words: &[Word<'_>], taken: impl Iterator<Item = Range<usize>>) -> String {
    let mut cuts: Vec<(usize, usize)> = taken.map(|range| bytes(words, &range)).collect();
    cuts.extend(words.iter().filter_map(|word| word.escape).map(|at| (at, at + 1)));
    if cuts.is_empty() {
        return line.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    cuts.sort_unstable();
    let mut left = String::with_capacity(line.len());
    let mut at = 0;
    for (from, to) in cuts {
        left.push_str(&line[at.min(from)..from]);
        at = at.max(to);
    }
    left.push_str(&line[at..]);
    let mut title = String::with_capacity(left.len());
    for piece in left.split_whitespace().filter(|piece| !matches!(*piece, "()" | "[]" | "(,)")) {
        let orphan = piece.chars().all(|c| matches!(c, ',' | ';' | ':' | '.' | '!' | '?'));
        if orphan {
            title.truncate(title.trim_end_matches([',', ';', ':']).len());
        } else if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(piece);
    }
    let trimmed = title.trim_start_matches(|c: char| matches!(c, ',' | ';' | ':' | '.' | '-' | '–' | '—') || c.is_whitespace());
    trimmed.trim_end_matches(|c: char| matches!(c, ',' | ';' | ':' | '-' | '–' | '—') || c.is_whitespace()).to_owned()
}
