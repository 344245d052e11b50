//! How well a message suits a persona, by whole words and phrases.
//!
//! The host asks every bound persona and takes the highest score. So that crisis comes before reflection, reflection before
//! conflict, conflict before learning, the bundled personas use the scores below; a persona of yours may stand between them.

use super::Fit;
use crate::words;

/// Somebody may be in danger.
pub const CRISIS: f32 = 0.95;
/// Somebody looks at themselves.
pub const REFLECTION: f32 = 0.85;
/// Two positions.
pub const CONFLICT: f32 = 0.75;
/// Somebody wants to learn.
pub const LEARNING: f32 = 0.65;
/// Somebody says how they are.
pub const FEELING: f32 = 0.55;

/// The host takes at most so many signals, of 64 bytes each.
const SIGNALS_AT_MOST: usize = 8;

/// Words or phrases, any of which gives a score.
///
/// ```
/// use mnemosyne_sdk::plugin::persona::{Signal, affinity};
/// const GARDEN: &[Signal] = &[Signal { score: 0.6, words: &["garden", "green thumb"] }];
/// let fit = affinity::by_words("Do I have a green thumb?", GARDEN);
/// assert_eq!((fit.score, fit.signals.as_slice()), (0.6, &["green thumb".to_owned()][..]));
/// assert_eq!(affinity::by_words("gardening gloves", GARDEN).score, 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// 0…1; 0.5 and more means "mine".
    pub score: f32,
    /// In lower case, whole, with single spaces.
    pub words: &'static [&'static str],
}

/// The highest score of the signals found in a message, and what they were.
pub fn by_words(message: &str, signals: &[Signal]) -> Fit {
    let said = words::of(message);
    let mut fit = Fit { score: 0.0, signals: Vec::new() };
    for signal in signals {
        for phrase in signal.words.iter().filter(|phrase| words::has(&said, phrase)) {
            fit.score = fit.score.max(signal.score);
            if fit.signals.len() < SIGNALS_AT_MOST && !fit.signals.iter().any(|known| known == phrase) {
                fit.signals.push((*phrase).to_owned());
            }
        }
    }
    fit
}
