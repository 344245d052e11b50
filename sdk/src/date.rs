//! Calendar dates, for rules: counted in days, so that arithmetic is arithmetic. No zones: a [`Moment`] says what is on its
//! user's wall.

use std::fmt;

use crate::{Instant, Moment};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// A day of the Gregorian calendar, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(i64);

impl Date {
    /// The day on the wall of the moment's user at an instant. Only as right as the moment's own offset: across a change of
    /// the clocks an hour around midnight may land on the neighbouring day.
    ///
    /// ```
    /// use mnemosyne_sdk::{date::Date, sample};
    /// assert_eq!(Date::at(sample::NOW - sample::DAY, &sample::moment()).to_string(), "2025-01-14");
    /// ```
    pub fn at(instant: Instant, moment: &Moment) -> Self {
        Self(instant.saturating_add(i64::from(moment.offset_minutes) * MINUTE_MS).div_euclid(DAY_MS))
    }

    /// The moment's date on the wall.
    ///
    /// ```
    /// use mnemosyne_sdk::{date::Date, sample};
    /// assert_eq!(Date::today(&sample::moment()).plus(17).to_string(), "2025-02-01");
    /// ```
    pub fn today(moment: &Moment) -> Self {
        Self::parse(&moment.date).unwrap_or_else(|| Self::at(moment.at, moment))
    }

    /// `YYYY-MM-DD`; `None` for anything else and for days that do not exist.
    ///
    /// ```
    /// use mnemosyne_sdk::date::Date;
    /// assert!(Date::parse("2024-02-29").is_some() && Date::parse("2025-02-29").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(str::parse);
        let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        Self::of(i64::from(year), month, day)
    }

    /// A day by its numbers; `None` when there is none.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::date::Date::of(2025, 4, 31).is_none());
    /// ```
    pub fn of(year: i64, month: u32, day: u32) -> Option<Self> {
        if !(1..=12).contains(&month) || !(1..=9999).contains(&year) {
            return None;
        }
        // Days from the civil calendar, after H. Hinnant: years begin in March, so that the leap day is their last.
        let shifted = if month > 2 { year } else { year - 1 };
        let day_of_year = (153 * (i64::from(month) + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
        let year_of_era = shifted.rem_euclid(400);
        let date =
            Self(shifted.div_euclid(400) * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468);
        (date.numbers() == (year, month, day)).then_some(date)
    }

    /// Year, month 1…12, day 1…31.
    ///
    /// ```
    /// use mnemosyne_sdk::date::Date;
    /// assert_eq!(Date::parse("2025-12-31").unwrap().plus(1).numbers(), (2026, 1, 1));
    /// ```
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "months and days are small and positive")]
    pub fn numbers(self) -> (i64, u32, u32) {
        let days = self.0 + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
    }

    /// 1 = Monday … 7 = Sunday.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::date::Date::parse("2025-01-15").unwrap().weekday(), 3);
    /// ```
    #[expect(clippy::cast_possible_truncation, reason = "1…7")]
    pub fn weekday(self) -> u8 {
        (self.0 + 3).rem_euclid(7) as u8 + 1
    }

    /// So many days later; negative = earlier.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this one; negative when it is later.
    ///
    /// ```
    /// use mnemosyne_sdk::date::Date;
    /// let (one, other) = (Date::parse("2025-02-28").unwrap(), Date::parse("2025-03-01").unwrap());
    /// assert_eq!(other.days_since(one), 1);
    /// ```
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The next such weekday after this day, a week later when it is one.
    ///
    /// ```
    /// use mnemosyne_sdk::date::Date;
    /// assert_eq!(Date::parse("2025-01-15").unwrap().next(3).to_string(), "2025-01-22");
    /// ```
    #[must_use]
    pub fn next(self, weekday: u8) -> Self {
        let ahead = (i64::from(weekday) - i64::from(self.weekday())).rem_euclid(7);
        self.plus(if ahead == 0 { 7 } else { ahead })
    }

    /// The last day of its month.
    ///
    /// ```
    /// use mnemosyne_sdk::date::Date;
    /// assert_eq!(Date::parse("2024-02-10").unwrap().end_of_month().to_string(), "2024-02-29");
    /// ```
    #[must_use]
    pub fn end_of_month(self) -> Self {
        let (year, month, day) = self.numbers();
        let last = (28..=31).rev().find_map(|last| Self::of(year, month, last));
        last.unwrap_or(self.plus(31 - i64::from(day)))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.numbers();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}
