//! Source text with comments and literals blanked out, and the paths that the rest names. A lexer of one screen is enough: what
//! it must not do is take a word in a comment or in a string for code.

/// The text with comments, strings and characters turned into spaces; lines stay where they were.
pub(super) fn without_words(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => find(bytes, at + 2, b"*/") + 2,
            b'r' if !part_of_word(bytes, at) && raw_hashes(bytes, at + 1).is_some() => {
                let hashes = raw_hashes(bytes, at + 1).unwrap();
                let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
                find(bytes, at + hashes + 2, &close) + close.len()
            }
            b'"' => end_of_quoted(bytes, at, b'"'),
            b'\'' if is_character(bytes, at) => end_of_quoted(bytes, at, b'\''),
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(bytes.len());
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(out).unwrap()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    (from..bytes.len()).find(|at| bytes[*at..].starts_with(what)).unwrap_or(bytes.len())
}

fn part_of_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && is_word(bytes[at - 1]) && !(bytes[at - 1] == b'b' && (at < 2 || !is_word(bytes[at - 2])))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn raw_hashes(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(at + hashes) == Some(&b'"')).then_some(hashes)
}

fn end_of_quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// A character and not a lifetime.
fn is_character(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at + 1) {
        Some(b'\\') => true,
        Some(byte) if byte.is_ascii() => bytes.get(at + 2) == Some(&b'\''),
        Some(_) => true,
        None => false,
    }
}

/// A path named in code: the line, the first word, and the words that follow it (several for `crate::{a, b::c}`).
pub(super) struct Named<'c> {
    pub(super) line: usize,
    pub(super) root: &'c str,
    pub(super) next: Vec<&'c str>,
    /// Written at the top level of its file, outside of any braces.
    pub(super) outermost: bool,
}

/// Every path in blanked code, whether in a `use` or in the middle of an expression.
pub(super) fn paths(code: &str) -> Vec<Named<'_>> {
    let bytes = code.as_bytes();
    let (mut found, mut line, mut depth, mut at) = (Vec::new(), 1, 0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => line += 1,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            byte if is_word(byte) => {
                let end = (at..bytes.len()).find(|end| !is_word(bytes[*end])).unwrap_or(bytes.len());
                let follows = code[..at].trim_end().ends_with("::");
                let leads = code[end..].starts_with("::");
                let imported = code[..at].trim_end().ends_with("use") && code[end..].trim_start().starts_with([';', ' ']);
                if !follows && (leads || imported) {
                    let next = if leads { heads(&code[end + 2..]) } else { Vec::new() };
                    found.push(Named { line, root: &code[at..end], next, outermost: depth == 0 });
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The first words after `::`: one, or those of a `{…}` list.
fn heads(rest: &str) -> Vec<&str> {
    let word = |text: &'_ str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(list) = rest.strip_prefix('{') else {
        return vec![&rest[..word(rest)]];
    };
    let (mut depth, mut starts, mut close) = (0_i32, vec![0], list.len());
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                close = at;
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts
        .into_iter()
        .filter(|start| *start < close)
        .map(|start| list[start..close].trim_start())
        .map(|item| &item[..word(item)])
        .filter(|name| !name.is_empty())
        .collect()
}
