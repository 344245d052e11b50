//! How many tokens a text has, and what of a conversation is left out when it does not fit.
//!
//! No tokenizer is at hand for every model, so this is an estimate, and one that would rather count too many: four letters a
//! token within words, each sign of punctuation one, two letters of other alphabets one, one a character where words have no
//! spaces. For English prose it is some 10 % above what byte-pair encodings count.

use mnemosyne_runtime::wit::types::values::Message;

/// Around each message: its role and its fences.
const MESSAGE: u32 = 4;

/// Tokens of a text, estimated.
pub fn tokens(text: &str) -> u32 {
    let (mut count, mut letters, mut foreign) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            letters += 1;
            continue;
        }
        count += letters.div_ceil(4);
        letters = 0;
        match c {
            ' ' | '\t' => {}
            _ if is_ideograph(c) => count += 1,
            _ if c.is_alphabetic() => foreign += 1,
            _ if c.is_ascii() => count += 1,
            _ => count += 2,
        }
    }
    count += letters.div_ceil(4) + foreign.div_ceil(2);
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Chinese, Japanese, Korean.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x11ff | 0x2e80..=0x9fff | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

/// Tokens of a message with all that stands around it, estimated.
pub fn message_tokens(message: &Message) -> u32 {
    let calls = message.tool_calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments) + MESSAGE).fold(0, u32::saturating_add);
    tokens(&message.content).saturating_add(calls).saturating_add(MESSAGE)
}

/// Leaves out the oldest turns until the rest has at most `room` tokens; tells how many messages went. What is system stays,
/// so does the last turn; a turn goes with all that followed it, as templates want a person to speak first. `None`: even that does not fit.
pub fn trim(messages: &mut Vec<Message>, room: u32) -> Option<usize> {
    let sizes: Vec<u32> = messages.iter().map(message_tokens).collect();
    let mut total = sizes.iter().copied().fold(0, u32::saturating_add);
    let last = messages.iter().rposition(|message| message.role == "user").unwrap_or(messages.len().saturating_sub(1));
    let mut keep = vec![true; messages.len()];
    let mut dropped = 0;
    let mut at = 0;
    while total > room && at < last {
        let mut end = at + 1;
        while end < last && messages[end].role != "user" {
            end += 1;
        }
        for place in (at..end).filter(|place| messages[*place].role != "system") {
            keep[place] = false;
            total = total.saturating_sub(sizes[place]);
            dropped += 1;
        }
        at = end;
    }
    let mut kept = keep.into_iter();
    messages.retain(|_| kept.next().unwrap_or(true));
    (total <= room).then_some(dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, content: &str) -> Message {
        Message {
            role: role.into(),
            content: content.into(),
            at: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            attachments: Vec::new(),
            extra: Vec::new(),
        }
    }

    #[test]
    fn the_estimate_is_near_what_tokenizers_count_and_above() {
        // counts of cl100k
        for (text, counted) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("fn main() { println!(\"{}\", 1 + 2); }", 16),
            ("Ich möchte morgen früh schwimmen gehen.", 12),
            ("今天天气很好", 8),
        ] {
            let estimated = tokens(text);
            assert!(estimated * 4 >= counted * 3 && estimated <= counted * 2, "{text}: {estimated} for {counted}");
        }
        assert_eq!(tokens(""), 0);
    }

    #[test]
    fn the_oldest_turns_go_first_and_the_system_stays() {
        let long = "word ".repeat(100);
        let mut messages: Vec<Message> =
            [("system", "be kind"), ("user", &*long), ("assistant", "yes"), ("tool", "42"), ("user", "and now?")]
                .map(|(role, text)| message(role, text))
                .into();
        messages.splice(1..1, [message("user", &long), message("assistant", &long)]);
        let left =
            |messages: &[Message]| messages.iter().map(|message| message.content.chars().take(4).collect::<String>()).collect::<Vec<_>>();
        assert_eq!(trim(&mut messages.clone(), 1_000), Some(0));
        assert_eq!(trim(&mut messages, 200), Some(2), "a question goes with its answer");
        assert_eq!(left(&messages), ["be k", "word", "yes", "42", "and "]);
        assert_eq!(trim(&mut messages, 30), Some(3));
        assert_eq!(left(&messages), ["be k", "and "]);
        assert_eq!(trim(&mut messages, 5), None);
        assert_eq!(messages.len(), 2, "what must stay stays");
    }
}
