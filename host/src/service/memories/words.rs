//! Texts as words: one way to cut them for both databases, for memories and for queries.
//!
//! A word is a run of letters and digits in lower case. Where a script writes without spaces (Han, kana, Hangul), each
//! character is a word, and each pair of neighbours: a query of several characters asks for its pairs only. A word is kept as
//! a key, a hash of person and word, so the index of words tells nothing to who does not know both.

use std::collections::HashMap;

use uuid::Uuid;

/// Different words of a memory that are findable; the text itself may have more.
pub(super) const MOST_WORDS: usize = 20_000;
/// Words of a query that count.
pub(super) const MOST_ASKED: usize = 32;
/// Bytes of one word in a bag: four of its key, two of its count.
const ENTRY: usize = 6;

/// The key of one word of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u64);

impl Key {
    /// FNV-1a over person and word, then mixed (the finaliser of MurmurHash3): fixed for ever.
    fn of(user: Uuid, word: &str) -> Self {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        for byte in user.as_bytes().iter().chain(word.as_bytes()) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        state ^= state >> 33;
        state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 33;
        state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        Self(state ^ (state >> 33))
    }

    /// As the index has it.
    pub(super) fn text(self) -> String {
        format!("{:016x}", self.0)
    }

    /// As a bag has it: the upper half.
    const fn short(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A memory's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// All of them.
    pub(super) length: i64,
    /// How often which.
    pub(super) bag: Vec<u8>,
    /// Keys, each once, with spaces between them.
    pub(super) keys: String,
}

impl Words {
    /// Of title and content together.
    pub(super) fn of(user: Uuid, title: &str, content: &str) -> Self {
        let (mut length, mut counts) = (0, HashMap::<Key, u16>::new());
        for text in [title, content] {
            each(text, true, |word| {
                length += 1;
                let key = Key::of(user, word);
                if let Some(count) = counts.get_mut(&key) {
                    *count = count.saturating_add(1);
                } else if counts.len() < MOST_WORDS {
                    counts.insert(key, 1);
                }
            });
        }
        let mut keys: Vec<Key> = counts.keys().copied().collect();
        keys.sort_unstable();
        let mut bag = Vec::with_capacity(keys.len() * ENTRY);
        let mut text = String::with_capacity(keys.len() * 17);
        for key in keys {
            bag.extend_from_slice(&key.short().to_be_bytes());
            bag.extend_from_slice(&counts[&key].to_be_bytes());
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&key.text());
        }
        Self { length, bag, keys: text }
    }
}

/// The words of a query, each once, in their order, with the words themselves for who wants to be told.
pub(super) fn asked(user: Uuid, query: &str) -> Vec<(Key, String)> {
    let mut found: Vec<(Key, String)> = Vec::new();
    each(query, false, |word| {
        let key = Key::of(user, word);
        if found.len() < MOST_ASKED && found.iter().all(|(known, _)| *known != key) {
            found.push((key, word.to_owned()));
        }
    });
    found
}

/// How often a word is in a bag. Keys there are sorted, so this halves its way to it.
pub(super) fn count(bag: &[u8], key: Key) -> u16 {
    let entries = bag.as_chunks::<ENTRY>().0;
    let wanted = key.short().to_be_bytes();
    let found = entries.binary_search_by(|entry| entry[..4].cmp(&wanted));
    found.map_or(0, |at| u16::from_be_bytes([entries[at][4], entries[at][5]]))
}

/// Every word of a bag: its short key and its count.
pub(super) fn entries(bag: &[u8]) -> impl Iterator<Item = (u32, u16)> {
    bag.as_chunks::<ENTRY>()
        .0
        .iter()
        .map(|[a, b, c, d, high, low]| (u32::from_be_bytes([*a, *b, *c, *d]), u16::from_be_bytes([*high, *low])))
}

/// Calls `take` with each word. `singles`: single characters of a longer run without spaces too.
pub(super) fn each(text: &str, singles: bool, mut take: impl FnMut(&str)) {
    let mut word = String::new();
    let mut run: Vec<char> = Vec::new();
    for character in text.chars().chain(std::iter::once(' ')) {
        if unspaced(character) {
            if !word.is_empty() {
                take(&word);
                word.clear();
            }
            run.push(character);
            continue;
        }
        if !run.is_empty() {
            unspaced_words(&run, singles, &mut take);
            run.clear();
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        } else if !word.is_empty() {
            take(&word);
            word.clear();
        }
    }
}

fn unspaced_words(run: &[char], singles: bool, take: &mut impl FnMut(&str)) {
    let mut word = String::with_capacity(8);
    if singles || run.len() == 1 {
        for character in run {
            word.clear();
            word.push(*character);
            take(&word);
        }
    }
    for pair in run.windows(2) {
        word.clear();
        word.extend(pair);
        take(&word);
    }
}

/// Letters of scripts that write without spaces.
const fn unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(text, true, |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        assert_eq!(words("Don't forget: Größe 42, naïve_x!"), ["don", "t", "forget", "größe", "42", "naïve", "x"]);
        assert_eq!(words(" … 👍 "), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_spaces_are_found_by_any_two_neighbours() {
        assert_eq!(words("東京都 x"), ["東", "京", "都", "東京", "京都", "x"]);
        let user = Uuid::from_u128(1);
        let asked: Vec<String> = asked(user, "東京").into_iter().map(|(_, word)| word).collect();
        assert_eq!(asked, ["東京"]);
    }

    #[test]
    fn a_bag_knows_how_often_each_word_is_there_and_a_person_has_words_of_their_own() {
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let bag = Words::of(ada, "Tea", "tea, coffee; TEA");
        assert_eq!(bag.length, 4);
        assert_eq!((count(&bag.bag, Key::of(ada, "tea")), count(&bag.bag, Key::of(ada, "coffee"))), (3, 1));
        assert_eq!((count(&bag.bag, Key::of(ada, "milk")), count(&bag.bag, Key::of(bob, "tea"))), (0, 0));
        assert_eq!(bag.keys.split(' ').count(), 2);
        assert_eq!(entries(&bag.bag).map(|(_, count)| count).sum::<u16>(), 4);
    }
}
