//! Which words are a token. Every word belongs to one; a preposition belongs to the date or time that follows it.

use std::ops::Range;

use jiff::civil::Date;

use super::repeat::Repeat;
use super::words::Word;
use super::{dates, marks, repeat, times};
use crate::model::task::Priority;
use crate::model::text_enum;

text_enum! {
    /// What words of a line can be.
    TokenKind {
        /// A day, or a time from now.
        Date = "date",
        /// A time of day.
        Time = "time",
        /// How it comes again.
        Recurrence = "recurrence",
        /// How pressing it is.
        Priority = "priority",
        /// A word to find it by.
        Tag = "tag",
        /// How long it may take.
        Estimate = "estimate",
    }
}

/// What some words mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sense {
    /// A day, with the minute that its words imply (`tonight`).
    Day { day: Date, minute: Option<u16> },
    /// So many minutes from now.
    After(i64),
    /// Minutes since midnight.
    Time(u16),
    /// Again and again.
    Repeat(Repeat),
    /// How pressing.
    Priority(Priority),
    /// A tag.
    Tag(String),
    /// Minutes of work.
    Estimate(i64),
}

impl Sense {
    pub(super) const fn kind(&self) -> TokenKind {
        match self {
            Self::Day { .. } | Self::After(_) => TokenKind::Date,
            Self::Time(_) => TokenKind::Time,
            Self::Repeat(_) => TokenKind::Recurrence,
            Self::Priority(_) => TokenKind::Priority,
            Self::Tag(_) => TokenKind::Tag,
            Self::Estimate(_) => TokenKind::Estimate,
        }
    }
}

/// Words with a meaning.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) sense: Sense,
    pub(super) words: Range<usize>,
}

/// What may stand before a date or a time and belongs to it.
const LEADS: [&str; 9] = ["on", "by", "at", "until", "till", "before", "due", "from", "starting"];

/// How far it is looked ahead whether a word ends a thought.
const AHEAD: u8 = 3;

/// All tokens, in order: of each kind but tags the last one, whose words nobody else has. The others are title again.
pub(super) fn read(words: &[Word<'_>], today: Date) -> Vec<Found> {
    let line = Line { words, lower: words.iter().map(|word| word.lower.as_str()).collect(), today };
    let (mut all, mut at, mut after_day) = (Vec::<Found>::new(), 0, false);
    while at < words.len() {
        if let Some(found) = line.token(at, after_day, AHEAD) {
            after_day = matches!(found.sense, Sense::Day { .. });
            at = found.words.end;
            all.push(found);
        } else {
            after_day = false;
            at += 1;
        }
    }
    // A time from now says the hour too.
    let last_date = all.iter().rev().find(|one| one.sense.kind() == TokenKind::Date);
    if last_date.is_some_and(|one| matches!(one.sense, Sense::After(_))) {
        all.retain(|one| one.sense.kind() != TokenKind::Time);
    }
    let counts = |at: usize| {
        let kind = all[at].sense.kind();
        kind == TokenKind::Tag || all[at + 1..].iter().all(|later| later.sense.kind() != kind)
    };
    let kept: Vec<bool> = (0..all.len()).map(counts).collect();
    all.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(found, _)| found).collect()
}

struct Line<'w, 't> {
    words: &'w [Word<'t>],
    lower: Vec<&'w str>,
    today: Date,
}

impl Line<'_, '_> {
    /// The token that begins at this word.
    fn token(&self, at: usize, after_day: bool, ahead: u8) -> Option<Found> {
        let word = self.words.get(at).filter(|word| !word.lower.is_empty())?;
        let found = |sense, used: usize| Some(Found { sense, words: at..at + used });
        if let Some(sense) = marks::mark(word.text) {
            return found(sense, 1);
        }
        if let Some((repeat, used)) = repeat::repeat(&self.lower[at..])
            && (used > 1 || self.ends_at(at + used, ahead))
        {
            return found(Sense::Repeat(repeat), used);
        }
        let lead = LEADS.iter().find(|lead| **lead == self.lower[at]).copied();
        let skip = usize::from(lead.is_some());
        let rest = &self.lower[at + skip..];
        if let Some((minutes, used)) = dates::after(rest) {
            return found(Sense::After(minutes), skip + used);
        }
        if let Some(day) = dates::day(rest, self.today, lead.is_some())
            && (!day.vague || self.ends_at(at + skip + day.used, ahead))
        {
            return found(Sense::Day { day: day.date, minute: day.minute }, skip + day.used);
        }
        let (minute, used, bare) = times::time(rest, lead == Some("at"))?;
        // `3:16` is a time only where something says so: a preposition, or a day beside it.
        let said = lead.is_some() || after_day || dates::day(&rest[used..], self.today, false).is_some();
        if bare && !said { None } else { found(Sense::Time(minute), skip + used) }
    }

    /// Whether a thought ends before this word: at the end of the line, at punctuation, or because a token follows.
    fn ends_at(&self, at: usize, ahead: u8) -> bool {
        let closed = at >= self.words.len() || at.checked_sub(1).and_then(|last| self.words.get(last)).is_some_and(|word| word.ends);
        closed || (ahead > 0 && self.token(at, false, ahead - 1).is_some())
    }
}
