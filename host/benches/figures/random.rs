//! Numbers, vectors and texts that look random and are the same in every run.

/// splitmix64.
pub(crate) struct Random(pub(crate) u64);

/// Syllables that the words of texts are made of: a few thousand words, some common, most rare.
const SYLLABLES: [&str; 16] = ["ka", "lo", "mi", "ren", "tas", "vel", "or", "pi", "sun", "dra", "ve", "no", "gar", "el", "bo", "sti"];

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Nearly normal, −1…1.
    pub(crate) fn float(&mut self) -> f32 {
        let sum: u16 = self.next().to_le_bytes().as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two) / 4).sum();
        f32::from(sum) / 32_768.0 - 1.0
    }

    pub(crate) fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.float()).collect()
    }

    /// So many words.
    pub(crate) fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        for at in 0..words {
            // the square of an even number is small more often: common words
            let (one, other) = (self.next() % 64, self.next() % 64);
            let word = one * other;
            let syllable = |place: u32| SYLLABLES[usize::try_from(word >> (4 * place)).unwrap_or_default() % SYLLABLES.len()];
            text.push_str(if at == 0 { "" } else { " " });
            (0..3).for_each(|place| text.push_str(syllable(place)));
        }
        text
    }
}
