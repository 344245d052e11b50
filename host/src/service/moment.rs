//! The person's own time: their zone, their day, which begins at an hour of their wall clock (0…23), and the windows that
//! tallies are kept in.
//!
//! A day is decided by the wall clock, not by subtracting hours from an instant, so a day with 23 or 25 hours is one day.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Zoned};
use uuid::Uuid;

use crate::clock::Millis;
use crate::model::game::Windows;
use crate::plugin::xp_rules::facts::Moment;

/// How a person's days are counted.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    name: String,
    day_start: i8,
}

impl Calendar {
    /// `timezone` as stored, UTC if the zone database does not know it (it did when it was stored); `day_start` 0…23.
    pub fn new(timezone: &str, day_start: i64) -> Self {
        let day_start = i8::try_from(day_start.clamp(0, 23)).unwrap_or(0);
        match TimeZone::get(timezone) {
            Ok(zone) => Self { zone, name: timezone.to_owned(), day_start },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned(), day_start },
        }
    }

    /// Whether the zone database knows this name. Fixed offsets and POSIX strings are not names.
    pub fn knows(timezone: &str) -> bool {
        timezone.len() <= 64 && TimeZone::get(timezone).is_ok_and(|zone| zone.iana_name().is_some())
    }

    fn local(&self, at: Millis) -> Zoned {
        let end = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(at).unwrap_or(end).to_zoned(self.zone.clone())
    }

    /// The name of the zone.
    pub fn zone(&self) -> &str {
        &self.name
    }

    /// What the wall clock shows at `at`.
    pub fn wall(&self, at: Millis) -> DateTime {
        self.local(at).datetime()
    }

    /// When the wall clock shows `wall`: a time that a clock change skips is read by the clock before it, one that comes
    /// twice is the first. `None` beyond what a time can be.
    pub fn instant(&self, wall: DateTime) -> Option<Millis> {
        wall.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp().as_millisecond())
    }

    fn day_of(&self, local: &Zoned) -> Date {
        if local.hour() < self.day_start { local.date().yesterday().unwrap_or(Date::MIN) } else { local.date() }
    }

    /// The day that `at` belongs to.
    pub fn day(&self, at: Millis) -> Date {
        self.day_of(&self.local(at))
    }

    /// First instant of the day that `at` belongs to, and of the next one.
    pub fn bounds(&self, at: Millis) -> (Millis, Millis) {
        let day = self.day(at);
        (self.begins(day), self.begins(day.tomorrow().unwrap_or(Date::MAX)))
    }

    /// When `day` begins. A wall time that a clock change skips becomes the first one after the gap, twice-told becomes the first.
    fn begins(&self, day: Date) -> Millis {
        day.at(self.day_start, 0, 0, 0).to_zoned(self.zone.clone()).map_or(Millis::MAX, |zoned| zoned.timestamp().as_millisecond())
    }

    /// Where the windows around `at` begin. Weeks begin on Monday.
    pub fn windows(&self, at: Millis) -> Windows {
        let day = self.day(at);
        let week = day.checked_sub(Span::new().days(i64::from(day.weekday().since(Weekday::Monday)))).unwrap_or(day);
        Windows {
            day: day.to_string(),
            week: week.to_string(),
            month: day.first_of_month().to_string(),
            year: day.first_of_year().to_string(),
        }
    }

    /// What a plugin is told about `at`.
    pub fn moment(&self, at: Millis, seed: u32, locale: &str) -> Moment {
        let local = self.local(at);
        let day = self.day_of(&local);
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        Moment {
            at,
            date: local.date().to_string(),
            day: day.to_string(),
            locale: locale.to_owned(),
            minute_of_day: u16::try_from(minute).unwrap_or(0),
            offset_minutes: i16::try_from(local.offset().seconds() / 60).unwrap_or(0),
            seed,
            timezone: self.name.clone(),
            weekday: day.weekday().to_monday_one_offset().unsigned_abs(),
        }
    }
}

/// The day before `day`, both `YYYY-MM-DD`; `None` for text that is no date.
pub fn day_before(day: &str) -> Option<String> {
    let date: Date = day.parse().ok()?;
    date.checked_sub(1.day()).ok().map(|date| date.to_string())
}

/// The luck of an occurrence: a hash, so that scoring it again meets the same one and nobody can roll twice.
pub fn seed(user: Uuid, occurrence: &str) -> u32 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::new()
        .chain_update(b"mnemosyne/xp-rules/seed\0")
        .chain_update(user.as_bytes())
        .chain_update(occurrence.as_bytes())
        .finalize();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_day_begins_at_the_persons_hour() {
        let berlin = Calendar::new("Europe/Berlin", 4);
        assert_eq!(berlin.day(at("2026-06-01T01:59:59Z")).to_string(), "2026-05-31");
        assert_eq!(berlin.day(at("2026-06-01T02:00:00Z")).to_string(), "2026-06-01");
        let moment = berlin.moment(at("2026-06-01T01:30:00Z"), 9, "de");
        assert_eq!(
            (moment.date.as_str(), moment.day.as_str(), moment.minute_of_day, moment.offset_minutes, moment.weekday),
            ("2026-06-01", "2026-05-31", 210, 120, 7)
        );
    }

    #[test]
    fn days_follow_each_other_through_every_clock_change() {
        let zones = [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "America/Havana",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Africa/Cairo",
            "America/Santiago",
            "Pacific/Apia",
        ];
        for zone in zones {
            for day_start in [0, 1, 2, 3, 5, 23] {
                let calendar = Calendar::new(zone, day_start);
                let mut now = at("2026-01-01T00:00:00Z");
                let mut last = calendar.day(now);
                while now < at("2027-01-01T00:00:00Z") {
                    now += 20 * 60_000;
                    let day = calendar.day(now);
                    assert!(day == last || day == last.tomorrow().unwrap(), "{zone} {day_start}: {last} → {day}");
                    let (begins, ends) = calendar.bounds(now);
                    assert!(begins <= now && now < ends, "{zone} {day_start} {day}");
                    last = day;
                }
            }
        }
    }

    #[test]
    fn a_wall_time_is_one_instant_through_every_clock_change() {
        let told = |zone: &str, wall: &str| {
            let millis = Calendar::new(zone, 0).instant(wall.parse().unwrap()).unwrap();
            Timestamp::from_millisecond(millis).unwrap().to_string()
        };
        assert_eq!(told("Europe/Berlin", "2026-03-29T02:30"), "2026-03-29T01:30:00Z", "skipped: by the clock before");
        assert_eq!(told("Europe/Berlin", "2026-10-25T02:30"), "2026-10-25T00:30:00Z", "twice: the first");
        assert_eq!(told("America/Santiago", "2026-09-06T00:00"), "2026-09-06T04:00:00Z", "midnight itself is skipped");
        assert_eq!(told("Asia/Kathmandu", "2026-01-01T09:00"), "2026-01-01T03:15:00Z");
        assert!(Calendar::new("UTC", 0).instant(DateTime::MAX).is_none_or(|at| at > 0));
    }

    #[test]
    fn windows_begin_on_monday_first_and_new_year() {
        let windows = Calendar::new("UTC", 0).windows(at("2026-01-01T12:00:00Z"));
        assert_eq!(
            (windows.day.as_str(), windows.week.as_str(), windows.month.as_str(), windows.year.as_str()),
            ("2026-01-01", "2025-12-29", "2026-01-01", "2026-01-01")
        );
    }

    #[test]
    fn zones_are_names_of_the_database() {
        for good in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"] {
            assert!(Calendar::knows(good), "{good}");
        }
        for bad in ["", "Mars/Olympus", "../etc/passwd", "+02:00", "EST5EDT4,M3.2.0,M11.1.0"] {
            assert!(!Calendar::knows(bad), "{bad}");
        }
    }

    #[test]
    fn the_seed_belongs_to_the_occurrence_and_the_person() {
        let (alice, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(seed(alice, "t"), seed(alice, "t"));
        assert_ne!(seed(alice, "t"), seed(bob, "t"));
        assert_ne!(seed(alice, "t"), seed(alice, "u"));
    }
}
