//! Levels as rules see them, remembered as bands: whoever stands between `floor` and `next` stands on that level.
//!
//! One guest call answers for a whole band, so a completion costs one guest call (`award`) once the few bands that a
//! host's users live in are known. A memory belongs to one revision with one configuration and dies with it.

use std::sync::{PoisonError, RwLock};

use super::proposal::{Broken, clean};

/// Characters of a level's title.
const TITLE_CHARS: usize = 100;

/// Bands remembered at most; a hostile curve with a level a point must not fill the memory.
const MOST_BANDS: usize = 1_024;

/// A level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// 1….
    pub number: u32,
    /// Its name.
    pub title: String,
    /// Total at which it begins.
    pub floor: u64,
    /// Total at which the next begins; `u64::MAX` on the last one.
    pub next: u64,
}

impl Level {
    /// A guest's answer for `total`, checked and cleaned.
    ///
    /// # Errors
    /// [`Broken`] when the level does not hold the total it was asked about.
    pub fn checked(self, total: u64) -> Result<Self, Broken> {
        if !(self.floor <= total && total < self.next) {
            return Err(Broken(format!("the level from {} to {} does not hold the total {total}", self.floor, self.next)));
        }
        Ok(Self { title: clean(&self.title, TITLE_CHARS), ..self })
    }
}

/// The bands one revision has told so far, by floor.
#[derive(Debug, Default)]
pub struct Levels(RwLock<Vec<Level>>);

impl Levels {
    /// The level of `total`, if its band is known.
    pub fn find(&self, total: u64) -> Option<Level> {
        let bands = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let after = bands.partition_point(|level| level.floor <= total);
        bands.get(after.checked_sub(1)?).filter(|level| total < level.next).cloned()
    }

    /// Remembers a band that does not overlap what is known (rules that contradict themselves keep their first answer).
    pub fn remember(&self, level: Level) {
        let mut bands = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let at = bands.partition_point(|known| known.floor < level.floor);
        let clear = bands.get(at).is_none_or(|known| level.next <= known.floor) && (at == 0 || bands[at - 1].next <= level.floor);
        if clear && bands.len() < MOST_BANDS {
            bands.insert(at, level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(number: u32, floor: u64, next: u64) -> Level {
        Level { number, title: String::new(), floor, next }
    }

    #[test]
    fn a_band_answers_for_every_total_in_it() {
        let levels = Levels::default();
        assert_eq!(levels.find(0), None);
        levels.remember(level(2, 100, 380));
        levels.remember(level(1, 0, 100));
        assert_eq!(levels.find(99).unwrap().number, 1);
        assert_eq!(levels.find(100).unwrap().number, 2);
        assert_eq!(levels.find(379).unwrap().number, 2);
        assert_eq!(levels.find(380), None);
    }

    #[test]
    fn a_contradicting_band_is_not_remembered() {
        let levels = Levels::default();
        levels.remember(level(2, 100, 380));
        for bad in [level(3, 100, 200), level(3, 50, 101), level(3, 379, 900), level(3, 0, 1000)] {
            levels.remember(bad);
        }
        assert_eq!(levels.find(379).unwrap().number, 2);
        assert_eq!(levels.find(50), None);
    }

    #[test]
    fn a_level_must_hold_its_total() {
        assert!(level(1, 0, 100).checked(100).is_err());
        assert!(level(1, 50, 100).checked(49).is_err());
        assert!(level(1, 0, 100).checked(99).is_ok());
    }
}
