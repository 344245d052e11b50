//! Days in plain English words.

use mnemosyne_sdk::date::Date;

pub(super) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// A day and how many words say it.
pub(super) fn date(words: &[&str], today: Date) -> Option<(Date, usize)> {
    let weekday = |word: &str| WEEKDAYS.iter().position(|day| *day == word).and_then(|at| u8::try_from(at + 1).ok());
    let number = |word: &&str| {
        word.parse::<i64>().ok().or(match *word {
            "a" | "an" | "one" => Some(1),
            "two" => Some(2),
            "three" => Some(3),
            _ => None,
        })
    };
    match words {
        ["today" | "tonight", ..] => Some((today, 1)),
        ["tomorrow", ..] => Some((today.plus(1), 1)),
        ["day", "after", "tomorrow", ..] => Some((today.plus(2), 3)),
        ["the", "day", "after", "tomorrow", ..] => Some((today.plus(2), 4)),
        ["next", "week", ..] => Some((today.next(1), 2)),
        ["next", "month", ..] => Some((today.end_of_month().plus(1), 2)),
        ["this" | "the", "weekend", ..] => Some((today.plus(-1).next(6), 2)),
        ["next" | "this" | "coming", day, ..] if weekday(day).is_some() => Some((today.next(weekday(day)?), 2)),
        ["end", "of", "the", unit, ..] => Some((end_of(unit, today)?, 4)),
        ["the", "end", "of", "the", unit, ..] => Some((end_of(unit, today)?, 5)),
        ["end", "of", unit, ..] => Some((end_of(unit, today)?, 3)),
        ["in", count, unit, ..] => {
            let count = number(count).filter(|count| (0..=1000).contains(count))?;
            let days = match unit.trim_end_matches('s') {
                "day" => count,
                "week" => 7 * count,
                "month" => 30 * count,
                _ => return None,
            };
            Some((today.plus(days), 3))
        }
        [day, ..] if weekday(day).is_some() => Some((today.next(weekday(day)?), 1)),
        [iso, ..] if iso.len() == 10 && Date::parse(iso).is_some() => Some((Date::parse(iso)?, 1)),
        [first, second, ..] => {
            let (month, day) = match (month(first), month(second)) {
                (Some(month), _) => (month, ordinal(second)?),
                (_, Some(month)) => (month, ordinal(first)?),
                _ => return None,
            };
            Some((coming(month, day, today)?, 2))
        }
        _ => None,
    }
}

fn end_of(unit: &str, today: Date) -> Option<Date> {
    match unit {
        "day" => Some(today),
        "week" => Some(today.plus(-1).next(5)),
        "month" => Some(today.end_of_month()),
        _ => None,
    }
}

/// A whole name, or its first three letters.
fn month(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|month| *month == word || (word.len() == 3 && month.starts_with(word)))?;
    u32::try_from(at + 1).ok()
}

fn ordinal(word: &str) -> Option<u32> {
    word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok().filter(|day| (1..=31).contains(day))
}

/// The next such day; one that has passed is meant for next year.
fn coming(month: u32, day: u32, today: Date) -> Option<Date> {
    let year = today.numbers().0;
    (year..year + 5).filter_map(|year| Date::of(year, month, day)).find(|date| *date >= today)
}
