//! How something comes again, in plain words, as an RRULE of RFC 5545.

use std::fmt::Write as _;

use jiff::civil::{Date, Weekday};

use super::dates::{WEEKDAYS, count_of, day_of, weekday};

/// Most of `every n`.
const MOST: i64 = 999;
const WORKDAYS: [Weekday; 5] = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat {
    every: Every,
    interval: i64,
    /// Of a week; empty: that of the first one.
    days: Vec<Weekday>,
    /// Of a month: which one of that weekday; −1 = the last.
    nth: Option<(i8, Weekday)>,
    /// Of a month; −1 = the last.
    day: Option<i8>,
    /// Counted from when it was done, not from when it was due.
    pub(super) after_completion: bool,
}

impl Repeat {
    const fn of(every: Every, interval: i64) -> Self {
        Self { every, interval, days: Vec::new(), nth: None, day: None, after_completion: false }
    }

    fn on(days: impl Into<Vec<Weekday>>) -> Self {
        Self { days: days.into(), ..Self::of(Every::Week, 1) }
    }

    /// The rule of a series whose first day this is.
    pub(super) fn rrule(&self, first: Date) -> String {
        let mut rule = format!(
            "FREQ={}",
            match self.every {
                Every::Day => "DAILY",
                Every::Week => "WEEKLY",
                Every::Month => "MONTHLY",
                Every::Year => "YEARLY",
            }
        );
        if self.interval != 1 {
            let _ = write!(rule, ";INTERVAL={}", self.interval);
        }
        if !self.days.is_empty() {
            let days: Vec<&str> = self.days.iter().map(|day| code(*day)).collect();
            let _ = write!(rule, ";BYDAY={}", days.join(","));
        }
        if let Some((nth, day)) = self.nth {
            let _ = write!(rule, ";BYDAY={nth}{}", code(day));
        }
        if self.every == Every::Month && self.nth.is_none() {
            match self.day.unwrap_or(first.day()) {
                -1 => rule.push_str(";BYMONTHDAY=-1"),
                // Months without that day have their last one instead.
                late @ 29.. => {
                    let days: Vec<String> = (28..=late).map(|day| day.to_string()).collect();
                    let _ = write!(rule, ";BYMONTHDAY={};BYSETPOS=-1", days.join(","));
                }
                day if self.day.is_some() => {
                    let _ = write!(rule, ";BYMONTHDAY={day}");
                }
                _ => {}
            }
        }
        rule
    }

    /// The first day of the rule, from this one on.
    pub(super) fn first(&self, from: Date) -> Date {
        let fits = |day: &Date| {
            let last = day.last_of_month();
            let nth =
                self.nth.is_none_or(|(nth, weekday)| last.first_of_month().nth_weekday_of_month(nth, weekday).is_ok_and(|own| own == *day));
            let number = self.day.is_none_or(|number| if number < 0 { *day == last } else { day.day() == number.min(last.day()) });
            (self.days.is_empty() || self.days.contains(&day.weekday())) && nth && number
        };
        from.series(jiff::Span::new().days(1)).take(70).find(fits).unwrap_or(from)
    }
}

fn code(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

/// The rule that the words begin with, and how many words say it.
pub(super) fn repeat(words: &[&str]) -> Option<(Repeat, usize)> {
    let (mut rule, mut used) = head(words)?;
    used += tail(&mut rule, &words[used..]);
    if let ["after" | "from", "completion", ..] = words[used..] {
        rule.after_completion = true;
        used += 2;
    }
    Some((rule, used))
}

fn head(words: &[&str]) -> Option<(Repeat, usize)> {
    let every = |unit: &str| match unit.trim_end_matches('s') {
        "day" => Some(Every::Day),
        "week" => Some(Every::Week),
        "month" => Some(Every::Month),
        "year" => Some(Every::Year),
        _ => None,
    };
    match words {
        ["every" | "each", rest @ ..] => {
            let (rule, used) = match rest {
                ["other" | "second", unit, ..] if every(unit).is_some() => (Repeat::of(every(unit)?, 2), 2),
                ["weekday" | "workday" | "weekdays" | "workdays", ..] => (Repeat::on(WORKDAYS), 1),
                ["weekend" | "weekends", ..] => (Repeat::on([Weekday::Saturday, Weekday::Sunday]), 1),
                [number, unit, ..] if every(unit).is_some() && count_of(number).is_some_and(|count| (1..=MOST).contains(&count)) => {
                    (Repeat::of(every(unit)?, count_of(number)?), 2)
                }
                [place, day, ..] if nth(place).is_some() && weekday(day, true).is_some() => {
                    (Repeat { nth: Some((nth(place)?, weekday(day, true)?)), ..Repeat::of(Every::Month, 1) }, 2)
                }
                [number, ..] if number.ends_with(|c: char| c.is_ascii_alphabetic()) && day_of(number).is_some() => {
                    (Repeat { day: day_of(number), ..Repeat::of(Every::Month, 1) }, 1)
                }
                [unit, ..] if every(unit).is_some() => (Repeat::of(every(unit)?, 1), 1),
                _ => {
                    let (days, used) = weekdays(rest, false)?;
                    (Repeat::on(days), used)
                }
            };
            Some((rule, used + 1))
        }
        ["on", rest @ ..] => plural(rest).map(|(rule, used)| (rule, used + 1)),
        ["daily", ..] => Some((Repeat::of(Every::Day, 1), 1)),
        ["weekly", ..] => Some((Repeat::of(Every::Week, 1), 1)),
        ["biweekly" | "fortnightly", ..] => Some((Repeat::of(Every::Week, 2), 1)),
        ["monthly", ..] => Some((Repeat::of(Every::Month, 1), 1)),
        ["quarterly", ..] => Some((Repeat::of(Every::Month, 3), 1)),
        ["yearly" | "annually", ..] => Some((Repeat::of(Every::Year, 1), 1)),
        _ => plural(words),
    }
}

/// `weekdays`, `mondays and fridays`.
fn plural(words: &[&str]) -> Option<(Repeat, usize)> {
    match words {
        ["weekdays" | "workdays", ..] => Some((Repeat::on(WORKDAYS), 1)),
        ["weekends", ..] => Some((Repeat::on([Weekday::Saturday, Weekday::Sunday]), 1)),
        _ => weekdays(words, true).map(|(days, used)| (Repeat::on(days), used)),
    }
}

/// `monday`, `mon and fri`, `monday wednesday` (commas are gone); with `plural` only `mondays` counts.
fn weekdays(words: &[&str], plural: bool) -> Option<(Vec<Weekday>, usize)> {
    let one = |word: &str| match word.strip_suffix('s') {
        Some(single) if WEEKDAYS.iter().any(|(name, _)| *name == single) => weekday(single, false),
        _ if plural => None,
        _ => weekday(word, true),
    };
    let (mut days, mut used, mut at) = (Vec::new(), 0, 0);
    while let Some(word) = words.get(at) {
        if let Some(day) = one(word) {
            if !days.contains(&day) {
                days.push(day);
            }
            used = at + 1;
        } else if days.is_empty() || !matches!(*word, "and" | "&" | "or") {
            // `mon,wed` without a space is one word.
            let parts: Option<Vec<Weekday>> = word.split(',').map(one).collect();
            match parts.filter(|parts| parts.len() > 1 && days.is_empty()) {
                Some(parts) => (days, used) = (parts, at + 1),
                None => break,
            }
        }
        at += 1;
    }
    days.sort_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    (!days.is_empty()).then_some((days, used))
}

/// `on friday`, `on the 15th`, `on the last day`, `on the first monday`; how many words.
fn tail(rule: &mut Repeat, words: &[&str]) -> usize {
    let ["on", rest @ ..] = words else { return 0 };
    match rule.every {
        Every::Week if rule.days.is_empty() => match weekdays(rest, false) {
            Some((days, used)) => {
                rule.days = days;
                used + 1
            }
            None => 0,
        },
        Every::Month if rule.nth.is_none() && rule.day.is_none() => {
            let (rest, the) = match rest {
                ["the", rest @ ..] => (rest, 1),
                _ => (rest, 0),
            };
            match rest {
                ["last", "day", ..] => {
                    rule.day = Some(-1);
                    3 + the
                }
                [place, day, ..] if nth(place).is_some() && weekday(day, true).is_some() => {
                    rule.nth = nth(place).zip(weekday(day, true));
                    3 + the
                }
                [number, ..] if number.ends_with(|c: char| c.is_ascii_alphabetic()) && day_of(number).is_some() => {
                    rule.day = day_of(number);
                    2 + the
                }
                _ => 0,
            }
        }
        _ => 0,
    }
}

fn nth(word: &str) -> Option<i8> {
    match word {
        "first" | "1st" => Some(1),
        "second" | "2nd" => Some(2),
        "third" | "3rd" => Some(3),
        "fourth" | "4th" => Some(4),
        "last" => Some(-1),
        _ => None,
    }
}

/// An RRULE as somebody wrote it, in its usual spelling; `None` when it is none, or one that no schedule takes: no frequency or
/// one below a day, an interval of nothing, a count beside an end.
pub(super) fn given(text: &str) -> Option<String> {
    let rule = text.strip_prefix("RRULE:").unwrap_or(text).to_ascii_uppercase();
    let mut seen: Vec<&str> = Vec::new();
    for part in rule.split(';') {
        let (key, value) = part.split_once('=')?;
        let number = |range: std::ops::RangeInclusive<i32>| value.parse::<i32>().is_ok_and(|number| range.contains(&number));
        let each = |fits: &dyn Fn(&str) -> bool| value.split(',').all(fits);
        let whole = |most: i32| each(&|item| item.parse::<i32>().is_ok_and(|number| number != 0 && number.abs() <= most));
        let good = match key {
            "FREQ" => matches!(value, "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY"),
            "INTERVAL" => number(1..=999),
            "COUNT" => number(1..=1000),
            "UNTIL" => (8..=16).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'T' | b'Z')),
            "BYDAY" => each(&is_day),
            "WKST" => is_day(value) && value.len() == 2,
            "BYMONTHDAY" => whole(31),
            "BYMONTH" => each(&|item| item.parse::<i32>().is_ok_and(|month| (1..=12).contains(&month))),
            "BYSETPOS" => whole(366),
            _ => false,
        };
        if !good || seen.contains(&key) {
            return None;
        }
        seen.push(key);
    }
    let bounded_twice = seen.contains(&"COUNT") && seen.contains(&"UNTIL");
    (seen.contains(&"FREQ") && !bounded_twice).then_some(rule)
}

/// `MO`, `-1FR`.
fn is_day(item: &str) -> bool {
    let Some((place, day)) = item.len().checked_sub(2).and_then(|at| item.split_at_checked(at)) else { return false };
    let good = matches!(day, "MO" | "TU" | "WE" | "TH" | "FR" | "SA" | "SU");
    good && (place.is_empty() || place.parse::<i32>().is_ok_and(|place| place != 0 && place.abs() <= 53))
}
