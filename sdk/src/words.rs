//! Words of a text, for rules: whole words, whatever the case, so that "help me learn" is about learning and "wrongly" is
//! not "wrong".

/// The words in lower case, in order; an apostrophe belongs to its word (`don't`).
///
/// ```
/// assert_eq!(mnemosyne_sdk::words::of("Don’t wait: GO!"), ["don't", "wait", "go"]);
/// ```
pub fn of(text: &str) -> Vec<String> {
    let text = text.replace('’', "'").to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').map(|word| word.trim_matches('\''));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether `phrase` (words with single spaces, lower case) stands in `words` as a whole.
///
/// ```
/// use mnemosyne_sdk::words::{has, of};
/// assert!(has(&of("I feel stuck again"), "feel stuck"));
/// assert!(!has(&of("unstuck"), "stuck"));
/// ```
pub fn has(words: &[String], phrase: &str) -> bool {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    words.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(|(word, wanted)| word == wanted))
}

/// English words that say nothing about a subject, and short ones of any language.
///
/// ```
/// use mnemosyne_sdk::words::is_filler;
/// assert!(is_filler("the") && is_filler("me") && !is_filler("rain"));
/// ```
pub fn is_filler(word: &str) -> bool {
    word.chars().count() < 3 || word.bytes().all(|byte| byte.is_ascii_digit()) || FILLERS.binary_search(&word).is_ok()
}

/// In order.
#[rustfmt::skip]
const FILLERS: [&str; 160] = [
    "about", "after", "again", "all", "also", "always", "and", "any", "are", "because", "been", "before", "being", "but", "can", "can't",
    "could", "did", "didn't", "does", "doesn't", "doing", "don't", "done", "down", "each", "even", "every", "feel", "felt", "few", "for",
    "from", "get", "gets", "getting", "give", "goes", "going", "gone", "good", "got", "had", "has", "have", "having", "her", "here",
    "hers", "him", "his", "how", "i'd", "i'll", "i'm", "i've", "into", "isn't", "it's", "its", "just", "keep", "know", "last", "less",
    "let", "like", "little", "look", "lot", "made", "make", "makes", "many", "maybe", "more", "most", "much", "must", "need", "never",
    "new", "next", "not", "nothing", "now", "off", "often", "one", "only", "other", "our", "out", "over", "own", "please", "really",
    "same", "says", "see", "she", "should", "since", "some", "something", "still", "such", "take", "than", "that", "that's", "the",
    "their", "them", "then", "there", "these", "they", "thing", "things", "think", "this", "those", "though", "through", "time", "today",
    "told", "tomorrow", "too", "under", "until", "upon", "use", "very", "want", "wanted", "was", "wasn't", "way", "well", "were", "what",
    "when", "where", "which", "while", "who", "why", "will", "with", "without", "won't", "would", "yes", "yesterday", "yet", "you",
    "you're", "your",
];

/// The words that say something, each once, in order.
///
/// ```
/// assert_eq!(mnemosyne_sdk::words::telling("Water the plants, water them well"), ["water", "plants"]);
/// ```
pub fn telling(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in of(text) {
        if !is_filler(&word) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// How alike two texts are by their telling words: what they share over all they have (Jaccard), 0…1.
///
/// ```
/// use mnemosyne_sdk::words::likeness;
/// assert!(likeness("Write the report", "write report") > 0.99);
/// assert!(likeness("Write the report", "Bake bread") < 0.01);
/// ```
pub fn likeness(one: &str, other: &str) -> f32 {
    shared(&telling(one), &telling(other))
}

/// As [`likeness`], of telling words: for one text against many.
///
/// ```
/// use mnemosyne_sdk::words::{shared, telling};
/// assert_eq!(shared(&telling("red apples"), &telling("green apples")), 1.0 / 3.0);
/// ```
#[expect(clippy::cast_precision_loss, reason = "a text has far fewer than 2^23 words")]
pub fn shared(one: &[String], other: &[String]) -> f32 {
    let shared = one.iter().filter(|word| other.contains(word)).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}

/// Whether two words are forms of one: the same, or the same beginning of four letters or more and at most four letters of ending.
/// Where a script writes without spaces, a pair of characters in common suffices.
///
/// ```
/// use mnemosyne_sdk::words::alike;
/// assert!(alike("plan", "planning") && alike("dentist", "dental") && !alike("water", "watch"));
/// assert!(alike("明日の天気", "天気予報") && !alike("明日", "日本"));
/// ```
pub fn alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if one.chars().chain(other.chars()).any(|c| c >= '\u{2e80}') {
        let pairs = |word: &str| word.chars().zip(word.chars().skip(1)).collect::<Vec<_>>();
        let others = pairs(other);
        return pairs(one).iter().any(|pair| others.contains(pair));
    }
    let begin = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    begin >= 4 && one.chars().count().max(other.chars().count()) <= begin + 4
}

/// The beginning of a text, at most `max` characters, cut between words and marked with `…`; white space is one space.
///
/// ```
/// assert_eq!(mnemosyne_sdk::words::excerpt("one two\nthree", 9), "one two…");
/// ```
pub fn excerpt(text: &str, max: usize) -> String {
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if whole.chars().count() <= max {
        return whole;
    }
    let cut: String = whole.chars().take(max.saturating_sub(1)).collect();
    let kept = cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before);
    format!("{kept}…")
}

/// The sentences of a text, trimmed: ended by `.`, `!`, `?`, `…` before white space, or by a line's end.
///
/// ```
/// assert_eq!(mnemosyne_sdk::words::sentences("It cost 3.50. Why?\nWell"), ["It cost 3.50.", "Why?", "Well"]);
/// ```
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends = ".!?…".contains(c) && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
            if ends {
                found.push(line[start..at + c.len_utf8()].trim());
                start = at + c.len_utf8();
            }
        }
        found.push(line[start..].trim());
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_are_sorted_for_the_search() {
        assert!(FILLERS.is_sorted());
    }

    #[test]
    fn an_excerpt_is_never_longer_than_asked_for() {
        for max in 1..40 {
            let short = excerpt("a naïve tale of 日本語 and verylongwordswithoutend", max);
            assert!(short.chars().count() <= max, "{max}: {short}");
        }
    }
}
