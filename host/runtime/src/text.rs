//! Text that comes from guests, made fit for a log line or an operator's screen.

/// `text` cut to `max` bytes and without anything that could forge a line, colour a terminal or turn reading order:
/// control characters (C0, C1, so no ANSI escape survives) become `·`, bidirectional controls vanish.
pub fn scrub(text: &str, max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(max));
    for character in text.chars() {
        let character = match character {
            c if c.is_control() => '·',
            '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => continue,
            '\u{2028}' | '\u{2029}' => '·',
            c => c,
        };
        if clean.len() + character.len_utf8() > max {
            clean.push('…');
            break;
        }
        clean.push(character);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_forges_a_line_survives() {
        assert_eq!(scrub("a\r\nlevel=error \u{1b}[31mred\u{9b}1m", 100), "a··level=error ·[31mred·1m");
        assert_eq!(scrub("user\u{202E}nimda", 100), "usernimda");
        assert_eq!(scrub("a\u{2028}b", 100), "a·b");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(scrub("ééé", 4), "éé…");
        assert_eq!(scrub("short", 5), "short");
    }
}
