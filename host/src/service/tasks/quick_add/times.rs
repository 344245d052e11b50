//! The clock: `9am`, `9:30 pm`, `at 15`, `noon`.

/// The end of a day, when no time is told.
pub(super) const END: u16 = 23 * 60 + 59;

/// Minutes since midnight, how many words say it, and whether they are digits alone (`9:30`), which need something beside them
/// that speaks of time. A bare hour is one only after `at`.
pub(super) fn time(words: &[&str], at: bool) -> Option<(u16, usize, bool)> {
    let first = *words.first()?;
    match first {
        "noon" | "midday" => return Some((12 * 60, 1, false)),
        "midnight" => return Some((END, 1, false)),
        _ => {}
    }
    let letters = first.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(first.len());
    let (digits, suffix) = first.split_at(letters);
    let (suffix, used) = match (suffix, words.get(1)) {
        ("", Some(&next @ ("am" | "pm" | "a.m" | "p.m"))) => (next, 2),
        _ => (suffix, 1),
    };
    let number = |text: &str, most: usize| {
        ((1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u16>().ok())?
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (number(hour, 2)?, number(minute, 2)?),
        Some(_) => return None,
        None => (number(digits, 2)?, 0),
    };
    let (hour, bare) = match suffix {
        "am" | "a.m" if (1..=12).contains(&hour) => (hour % 12, false),
        "pm" | "p.m" if (1..=12).contains(&hour) => (hour % 12 + 12, false),
        "" if digits.contains(':') => (hour, true),
        "" if at => (hour, false),
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some((hour * 60 + minute, used, bare))
}
