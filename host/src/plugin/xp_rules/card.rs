//! What a rule set says about itself, checked and cleaned: title, summary, the achievements it may give.

use std::collections::BTreeSet;

use super::proposal::{Broken, CODE_BYTES, clean, is_word};

/// Achievements on one card.
const MOST_ACHIEVEMENTS: usize = 64;
/// Characters of a title.
const TITLE_CHARS: usize = 100;
/// Characters of a summary.
const SUMMARY_CHARS: usize = 500;

/// A rule set, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub title: String,
    /// How points come about.
    pub summary: String,
    /// What can be earned.
    pub achievements: Vec<AchievementCard>,
}

/// Something that can be earned, once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AchievementCard {
    /// Stable word.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What one has to do.
    pub summary: String,
    /// An emoji or a name; may be empty.
    pub icon: String,
}

impl AchievementCard {
    /// Of an achievement whose rules are gone: its id has to do as its name.
    pub fn bare(id: &str) -> Self {
        Self { id: id.to_owned(), title: id.to_owned(), ..Self::default() }
    }
}

impl Card {
    /// A guest's card, checked and cleaned.
    ///
    /// # Errors
    /// [`Broken`] for too many achievements, an id that is no word, or one that stands twice.
    pub fn checked(self) -> Result<Self, Broken> {
        if self.achievements.len() > MOST_ACHIEVEMENTS {
            return Err(Broken(format!("{} achievements on the card; the cap is {MOST_ACHIEVEMENTS}", self.achievements.len())));
        }
        let mut seen = BTreeSet::new();
        let mut achievements = Vec::with_capacity(self.achievements.len());
        for one in self.achievements {
            if !is_word(&one.id) {
                return Err(Broken("an achievement on the card has an id that is no word".to_owned()));
            }
            if !seen.insert(one.id.clone()) {
                return Err(Broken(format!("the achievement `{}` stands twice on the card", one.id)));
            }
            let (title, summary, icon) = (clean(&one.title, TITLE_CHARS), clean(&one.summary, SUMMARY_CHARS), clean(&one.icon, CODE_BYTES));
            achievements.push(AchievementCard { id: one.id, title, summary, icon });
        }
        Ok(Self { title: clean(&self.title, TITLE_CHARS), summary: clean(&self.summary, SUMMARY_CHARS), achievements })
    }

    /// The ids that proposals may name.
    pub fn ids(&self) -> BTreeSet<String> {
        self.achievements.iter().map(|one| one.id.clone()).collect()
    }

    /// The achievement of this id.
    pub fn achievement(&self, id: &str) -> Option<&AchievementCard> {
        self.achievements.iter().find(|one| one.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str) -> AchievementCard {
        AchievementCard { id: id.into(), title: "T\u{202e}".into(), ..AchievementCard::default() }
    }

    #[test]
    fn a_card_is_cleaned() {
        let card = Card { title: "x".repeat(300), summary: String::new(), achievements: vec![one("first-quest")] }.checked().unwrap();
        assert_eq!((card.title.len(), card.achievements[0].title.as_str()), (100, "T"));
    }

    #[test]
    fn bad_ids_doubles_and_floods_are_refused() {
        for achievements in [vec![one("a b")], vec![one("a"), one("a")], (0..65).map(|n| one(&format!("a{n}"))).collect()] {
            assert!(Card { achievements, ..Card::default() }.checked().is_err());
        }
    }
}
