//! Dates, times and repetition in plain English words.

mod calendar;

use mnemosyne_sdk::Moment;
use mnemosyne_sdk::date::Date;

use self::calendar::{WEEKDAYS, date};

/// What was found.
pub(crate) struct When {
    /// `YYYY-MM-DDTHH:MM` on the wall; a day without a time is meant until its end.
    pub(crate) due_local: Option<String>,
    /// Days from today to it.
    pub(crate) days: Option<i64>,
    /// Plain words.
    pub(crate) recurrence: Option<String>,
    /// The text without the words of time.
    pub(crate) rest: String,
}

/// Reads a clause, word by word; each word belongs to one thing.
pub(crate) fn read(clause: &str, moment: &Moment) -> When {
    let today = Date::today(moment);
    let text: Vec<&str> = clause.split_whitespace().collect();
    let lower: Vec<String> = text.iter().map(|word| word.trim_matches([',', '.', ';', '!', ')', '(']).to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let (mut day, mut minute, mut recurrence) = (None, None, None);
    let mut kept = Vec::new();
    let mut at = 0;
    while at < lower.len() {
        // A preposition belongs to the date that follows it.
        let after = usize::from(["on", "by", "at", "until", "before", "from"].contains(&lower[at]));
        let words = &lower[(at + after).min(lower.len())..];
        let strict = after == 1 && lower[at] == "at";
        if let Some((minutes, used)) = ahead(words).filter(|_| day.is_none() && minute.is_none()) {
            let then = u32::from(moment.minute_of_day) + minutes;
            day = Some(today.plus(i64::from(then / 1440)));
            minute = u16::try_from(then % 1440).ok();
            at += after + used;
        } else if let Some((found, used)) = recurring(words).filter(|_| recurrence.is_none()) {
            recurrence = Some(found);
            at += after + used;
        } else if let Some((found, used)) = date(words, today).filter(|_| day.is_none()) {
            day = Some(found);
            at += after + used;
        } else if let Some((found, used)) = time(words, strict).filter(|_| minute.is_none()) {
            minute = Some(found);
            at += after + used;
        } else {
            kept.push(text[at]);
            at += 1;
        }
    }
    if lower.contains(&"tonight") && minute.is_none() {
        minute = Some(20 * 60);
    }
    // A time alone is the next time the clock shows it.
    if day.is_none()
        && let Some(minute) = minute
    {
        day = Some(if minute > moment.minute_of_day { today } else { today.plus(1) });
    }
    let due_local = day.map(|day| format!("{day}T{:02}:{:02}", minute.unwrap_or(1439) / 60, minute.unwrap_or(1439) % 60));
    When { due_local, days: day.map(|day| day.days_since(today)), recurrence, rest: kept.join(" ") }
}

/// "in 20 minutes", "in an hour": minutes from now. Clocks that change in between are the host's business.
fn ahead(words: &[&str]) -> Option<(u32, usize)> {
    let ["in", count, unit, ..] = words else { return None };
    let count = if ["a", "an", "one"].contains(count) { 1 } else { count.parse::<u32>().ok().filter(|count| *count <= 1000)? };
    match unit.trim_end_matches('s') {
        "minute" => Some((count, 3)),
        "hour" => Some((count * 60, 3)),
        _ => None,
    }
}

/// Minutes since midnight and how many words say it; a bare number only after "at".
fn time(words: &[&str], strict: bool) -> Option<(u16, usize)> {
    let first = *words.first()?;
    if ["noon", "midday"].contains(&first) {
        return Some((12 * 60, 1));
    }
    let (digits, suffix) = first.split_at(first.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(first.len()));
    let (suffix, used) = match (suffix, words.get(1)) {
        ("", Some(&next @ ("am" | "pm"))) => (next, 2),
        _ => (suffix, 1),
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) => (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?),
        None => (digits.parse().ok()?, 0),
    };
    let hour = match suffix {
        "am" if (1..=12).contains(&hour) => hour % 12,
        "pm" if (1..=12).contains(&hour) => hour % 12 + 12,
        "" if strict || digits.contains(':') => hour,
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some((hour * 60 + minute, used))
}

/// In the plain words that schedules take, and how many words say it.
fn recurring(words: &[&str]) -> Option<(String, usize)> {
    let unit = |word: &str| ["day", "week", "month", "year", "weekday"].contains(&word) || WEEKDAYS.contains(&word);
    match words {
        ["every", "other", word, ..] if unit(word) => Some((format!("every 2 {word}s"), 3)),
        ["every", count, word, ..] if count.parse::<u16>().is_ok_and(|count| count > 0) && unit(word.trim_end_matches('s')) => {
            Some((format!("every {count} {word}"), 3))
        }
        ["every" | "each", word, ..] if unit(word) => Some((format!("every {word}"), 2)),
        ["daily", ..] => Some(("every day".to_owned(), 1)),
        ["weekly", ..] => Some(("every week".to_owned(), 1)),
        ["monthly", ..] => Some(("every month".to_owned(), 1)),
        ["yearly", ..] => Some(("every year".to_owned(), 1)),
        _ => None,
    }
}
