//! Days in plain English words, from today on. Numbers with slashes are nobody's date for sure: `3/4` stays text.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// Nobody plans further ahead, in years.
const FURTHEST: i16 = 100;
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A day that some words name.
pub(super) struct Day {
    pub(super) date: Date,
    /// That they imply.
    pub(super) minute: Option<u16>,
    /// How many words.
    pub(super) used: usize,
    /// They are a day only where a thought ends: `the 2nd` may be the second floor.
    pub(super) vague: bool,
}

/// A whole name; a plural only where `plural`; a short name only where `short`.
pub(super) fn weekday(word: &str, short: bool) -> Option<Weekday> {
    let fits = |name: &str| {
        word == name
            // `sat` and `sun` are other words too.
            || (word.len() >= 3 && name.starts_with(word) && (short || (!matches!(word, "sat" | "sun") && matches!(word, "mon" | "tue" | "tues" | "wed" | "thu" | "thur" | "thurs" | "fri"))))
    };
    WEEKDAYS.iter().find(|(name, _)| fits(name)).map(|(_, day)| *day)
}

/// `in 20 minutes`, `in an hour`: minutes from now.
pub(super) fn after(words: &[&str]) -> Option<(i64, usize)> {
    let (minutes, used) = match words {
        ["in", "half", "an", "hour", ..] => (30, 4),
        ["in", count, unit, ..] => match unit.trim_end_matches('s') {
            "minute" | "min" => (count_of(count)?, 3),
            "hour" | "hr" => (count_of(count)? * 60, 3),
            _ => return None,
        },
        _ => return None,
    };
    Some((minutes, used))
}

/// The day that the words begin with. `led`: a preposition stands before them.
pub(super) fn day(words: &[&str], today: Date, led: bool) -> Option<Day> {
    let mut found = plain(words, today, led).or_else(|| numbered(words, today, led))?;
    let within = found.date >= today && found.date.year() <= today.year() + FURTHEST;
    if found.minute.is_none()
        && let Some(minute) = words.get(found.used).and_then(|word| part_of_day(word))
    {
        found.minute = Some(minute);
        found.used += 1;
    }
    within.then_some(found)
}

fn part_of_day(word: &str) -> Option<u16> {
    match word {
        "morning" => Some(9 * 60),
        "afternoon" => Some(15 * 60),
        "evening" => Some(18 * 60),
        "night" => Some(20 * 60),
        _ => None,
    }
}

fn plain(words: &[&str], today: Date, led: bool) -> Option<Day> {
    let of = |date: Date, used: usize| Some(Day { date, minute: None, used, vague: false });
    let later = |days: i64| today.checked_add(days.days()).ok();
    match words {
        ["today" | "tod", ..] => of(today, 1),
        ["tonight", ..] => Some(Day { date: today, minute: part_of_day("night"), used: 1, vague: false }),
        ["this", part @ ("morning" | "afternoon" | "evening"), ..] => {
            Some(Day { date: today, minute: part_of_day(part), used: 2, vague: false })
        }
        ["tomorrow" | "tmr" | "tmrw" | "tom", ..] => of(later(1)?, 1),
        ["day", "after", "tomorrow", ..] => of(later(2)?, 3),
        ["the", "day", "after", "tomorrow", ..] => of(later(2)?, 4),
        ["next", "week", ..] => of(next(today, Weekday::Monday)?, 2),
        ["next", "month", ..] => of(today.last_of_month().tomorrow().ok()?, 2),
        ["next", "year", ..] => of(today.last_of_year().tomorrow().ok()?, 2),
        ["this" | "the", "weekend", ..] => of(weekend(today)?, 2),
        ["next", "weekend", ..] => of(weekend(today)?.checked_add(7.days()).ok()?, 2),
        ["next" | "this" | "coming", name, ..] if weekday(name, true).is_some() => of(next(today, weekday(name, true)?)?, 2),
        ["the", "end", "of", rest @ ..] => end_of(rest, today).and_then(|(day, used)| of(day, 3 + used)),
        ["end", "of", rest @ ..] => end_of(rest, today).and_then(|(day, used)| of(day, 2 + used)),
        ["in", count, unit, ..] => of(ahead(count_of(count)?, unit, today)?, 3),
        [count, unit, "from", "now", ..] => of(ahead(count_of(count)?, unit, today)?, 4),
        [name, ..] if weekday(name, led).is_some() => of(next(today, weekday(name, led)?)?, 1),
        _ => None,
    }
}

/// With numbers: `2026-03-01`, `1.3.2026`, `March 1st 2027`, `1 March`, `the 17th`.
fn numbered(words: &[&str], today: Date, led: bool) -> Option<Day> {
    let of = |date: Date, used: usize, vague: bool| Some(Day { date, minute: None, used, vague });
    let first = *words.first()?;
    if first.len() == 10 && first.as_bytes()[4] == b'-' {
        return of(first.parse().ok()?, 1, false);
    }
    if let [day, month, year] = first.split('.').collect::<Vec<_>>()[..] {
        let part = |text: &str| (text.len() <= 2).then(|| text.parse::<i8>().ok())?;
        return of(Date::new(year_of(year)?, part(month)?, part(day)?).ok()?, 1, false);
    }
    if first == "the" && led {
        return numbered(&words[1..], today, true).map(|found| Day { used: found.used + 1, ..found });
    }
    let (month, day, used) = match words {
        [name, number, ..] if month(name).is_some() && day_of(number).is_some() => (month(name)?, day_of(number)?, 2),
        [number, "of", name, ..] if month(name).is_some() && day_of(number).is_some() => (month(name)?, day_of(number)?, 3),
        [number, name, ..] if month(name).is_some() && day_of(number).is_some() => (month(name)?, day_of(number)?, 2),
        // The next day of that number; a bare number is none.
        [number, ..] if led && number.ends_with(|c: char| c.is_ascii_alphabetic()) => {
            let number = day_of(number)?;
            let coming = (0..12).filter_map(|months| today.first_of_month().checked_add(months.months()).ok());
            let day = coming.filter_map(|first| Date::new(first.year(), first.month(), number).ok()).find(|day| *day >= today)?;
            return of(day, 1, true);
        }
        _ => return None,
    };
    if let Some(year) = words.get(used).and_then(|word| year_of(word)) {
        return of(Date::new(year, month, day).ok()?, used + 1, false);
    }
    // One that has passed is meant for next year; the 29th of February for the next leap year.
    let day = (today.year()..=today.year() + 8).filter_map(|year| Date::new(year, month, day).ok()).find(|found| *found >= today)?;
    of(day, used, false)
}

/// The next such weekday after today.
fn next(today: Date, day: Weekday) -> Option<Date> {
    today.nth_weekday(1, day).ok()
}

/// This Saturday; today, when it is Saturday or Sunday.
fn weekend(today: Date) -> Option<Date> {
    match today.weekday() {
        Weekday::Saturday | Weekday::Sunday => Some(today),
        _ => next(today, Weekday::Saturday),
    }
}

fn end_of(words: &[&str], today: Date) -> Option<(Date, usize)> {
    let (words, used) = match words {
        ["the" | "this", rest @ ..] => (rest, 2),
        _ => (words, 1),
    };
    let day = match *words.first()? {
        "day" => today,
        // Friday, or today on a weekend.
        "week" => match today.weekday() {
            Weekday::Friday | Weekday::Saturday | Weekday::Sunday => today,
            _ => next(today, Weekday::Friday)?,
        },
        "month" => today.last_of_month(),
        "year" => today.last_of_year(),
        _ => return None,
    };
    Some((day, used))
}

fn ahead(count: i64, unit: &str, today: Date) -> Option<Date> {
    let span = match unit.trim_end_matches('s') {
        "day" => count.days(),
        "week" | "wk" => count.weeks(),
        "month" => count.months(),
        "year" => count.years(),
        _ => return None,
    };
    today.checked_add(span).ok()
}

/// 0…9999, in digits or the first words of counting.
pub(super) fn count_of(word: &str) -> Option<i64> {
    const WORDS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match word {
        "a" | "an" => Some(1),
        _ if word.len() <= 4 && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => word.parse().ok(),
        _ => WORDS.iter().position(|known| *known == word).and_then(|at| i64::try_from(at + 1).ok()),
    }
}

/// A whole name, or its first three letters.
fn month(word: &str) -> Option<i8> {
    let at = MONTHS
        .iter()
        .position(|month| *month == word || (word.len() == 3 && month.starts_with(word)) || (word == "sept" && *month == "september"))?;
    i8::try_from(at + 1).ok()
}

/// `3`, `3rd`.
pub(super) fn day_of(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word);
    let good = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| digits.parse::<i8>().ok())?.filter(|day| (1..=31).contains(day))
}

fn year_of(word: &str) -> Option<i16> {
    (word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.parse().ok())?
}
