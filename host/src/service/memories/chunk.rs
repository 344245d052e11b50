//! Content as chunks: at most 400 tokens each, 60 of them shared with the one before, cut where a paragraph or a sentence
//! ends if one does in time.
//!
//! Tokens are estimated, since each embedder counts its own: five letters of a word, a mark, or a character of a script
//! without spaces are about one.

use std::ops::Range;

/// Tokens of a chunk at most.
pub(super) const MOST_TOKENS: usize = 400;
/// Tokens that it shares with the one before, about.
pub(super) const OVERLAP: usize = 60;
/// Longer runs without a space are cut.
const LONGEST_RUN: usize = 100;

/// A piece of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes of the content.
    pub(super) at: Range<usize>,
    /// As estimated.
    pub(super) tokens: usize,
}

/// What ends after a run of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Nothing,
    Sentence,
    Paragraph,
}

struct Run {
    at: Range<usize>,
    tokens: usize,
    end: End,
}

/// Cuts a content; at least one piece unless it is mere space. A short one is one piece.
pub(super) fn cut(content: &str) -> Vec<Piece> {
    let runs = runs(content);
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < runs.len() {
        let (mut to, mut tokens) = (from, 0);
        while to < runs.len() && (to == from || tokens + runs[to].tokens <= MOST_TOKENS) {
            tokens += runs[to].tokens;
            to += 1;
        }
        if to < runs.len() {
            to = best_end(&runs, from, to);
        }
        let tokens = runs[from..to].iter().map(|run| run.tokens).sum();
        pieces.push(Piece { at: runs[from].at.start..runs[to - 1].at.end, tokens });
        if to == runs.len() {
            break;
        }
        from = next_begin(&runs, from, to);
    }
    pieces
}

/// Where a chunk that could go to `to` ends: after the last paragraph of its second half, else after the last sentence of
/// its last two thirds, else there.
fn best_end(runs: &[Run], from: usize, to: usize) -> usize {
    let length = to - from;
    let after = |end: End, least: usize| (from + least..to).rev().find(|at| runs[*at].end >= end).map(|at| at + 1);
    after(End::Paragraph, length / 2).or_else(|| after(End::Sentence, length / 3)).unwrap_or(to)
}

/// Where the next chunk begins: so far back that it shares [`OVERLAP`] tokens, at the first sentence that begins there if
/// one does. Always after `from`, so that the walk ends.
fn next_begin(runs: &[Run], from: usize, to: usize) -> usize {
    let (mut begin, mut shared) = (to, 0);
    while begin > from + 1 && shared + runs[begin - 1].tokens <= OVERLAP {
        begin -= 1;
        shared += runs[begin].tokens;
    }
    (begin..to).find(|at| runs[at - 1].end > End::Nothing).unwrap_or(begin)
}

/// The runs of characters between spaces, long ones cut.
fn runs(content: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut begin, mut chars) = (None, 0);
    let mut breaks = 0;
    for (at, character) in content.char_indices() {
        if character.is_whitespace() {
            if let Some(begin) = begin.take() {
                runs.push(run(content, begin..at));
            }
            breaks = if character == '\n' { breaks + 1 } else { breaks };
            if breaks >= 2
                && let Some(last) = runs.last_mut()
            {
                last.end = End::Paragraph;
            }
            continue;
        }
        breaks = 0;
        let long = chars >= LONGEST_RUN || content[..at].chars().next_back().is_some_and(ends_unspaced);
        match begin {
            Some(from) if long => {
                runs.push(run(content, from..at));
                (begin, chars) = (Some(at), 0);
            }
            Some(_) => {}
            None => (begin, chars) = (Some(at), 0),
        }
        chars += 1;
    }
    if let Some(begin) = begin {
        runs.push(run(content, begin..content.len()));
    }
    runs
}

fn run(content: &str, at: Range<usize>) -> Run {
    let text = &content[at.clone()];
    let bare = text.trim_end_matches(['"', '\'', ')', ']', '»', '”', '’']);
    let end = if bare.ends_with(['.', '!', '?', '…', '。', '！', '？']) { End::Sentence } else { End::Nothing };
    Run { tokens: tokens(text), at, end }
}

/// Sentence marks after which no space follows.
const fn ends_unspaced(character: char) -> bool {
    matches!(character, '。' | '！' | '？')
}

/// About how many tokens a text is.
pub(super) fn tokens(text: &str) -> usize {
    let (mut tokens, mut letters) = (0, 0_usize);
    for character in text.chars() {
        if character.is_alphanumeric() && (character as u32) < 0x3000 {
            letters += if character.is_ascii() { 2 } else { 4 };
            continue;
        }
        tokens += letters.div_ceil(10);
        letters = 0;
        tokens += usize::from(!character.is_whitespace());
    }
    tokens + letters.div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(number: usize) -> String {
        format!("This is sentence number {number} of a long story about rivers.")
    }

    #[test]
    fn a_short_text_is_one_piece_without_the_space_around_it() {
        assert_eq!(cut("  Hello world. \n"), [Piece { at: 2..14, tokens: 3 }]);
        assert!(cut(" \n\t ").is_empty());
    }

    #[test]
    fn long_texts_are_cut_at_sentences_within_the_bound_and_share_some() {
        let text: Vec<String> = (0..200).map(sentence).collect();
        let text = text.join(" ");
        let pieces = cut(&text);
        assert!(pieces.len() > 5);
        for piece in &pieces {
            assert!(piece.tokens <= MOST_TOKENS);
            assert!(text[piece.at.clone()].ends_with('.') && text[piece.at.clone()].starts_with("This"), "{:?}", &text[piece.at.clone()]);
        }
        for pair in pieces.windows(2) {
            let shared = &text[pair[1].at.start..pair[0].at.end];
            assert!((20..=OVERLAP).contains(&tokens(shared)), "{shared}");
        }
        assert_eq!((pieces[0].at.start, pieces.last().unwrap().at.end), (0, text.len()));
    }

    #[test]
    fn a_paragraph_is_kept_together_where_it_fits() {
        let paragraph: Vec<String> = (0..18).map(sentence).collect();
        let text = vec![paragraph.join(" "); 6].join("\n\n");
        let ends: Vec<&str> = cut(&text).iter().map(|piece| &text[piece.at.end..(piece.at.end + 2).min(text.len())]).collect();
        assert!(ends.iter().filter(|end| **end == "\n\n").count() >= 3, "{ends:?}");
    }

    #[test]
    fn text_without_any_space_or_sentence_is_cut_too() {
        for text in ["x".repeat(200_000), "東京".repeat(5_000), "word ".repeat(5_000), "。".repeat(900), "e\u{301}".repeat(9_000)] {
            let pieces = cut(&text);
            assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.tokens <= MOST_TOKENS));
            assert!(pieces.windows(2).all(|pair| pair[0].at.start < pair[1].at.start && pair[1].at.start <= pair[0].at.end));
        }
    }
}
