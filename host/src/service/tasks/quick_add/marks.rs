//! Words that begin with a mark: `!high`, `p1`, `#home`, `~30m`.

use super::read::Sense;
use crate::model::task::Priority;

const TAG_CHARS: usize = 64;
/// Ten years, as everywhere.
const MOST_MINUTES: i64 = 5_256_000;

/// What a marked word means.
pub(super) fn mark(word: &str) -> Option<Sense> {
    if let Some(name) = word.strip_prefix('!') {
        return priority(&name.to_lowercase()).map(Sense::Priority);
    }
    if let Some(tag) = word.strip_prefix('#') {
        return is_tag(tag).then(|| Sense::Tag(tag.to_owned()));
    }
    if let Some(length) = word.strip_prefix('~') {
        return minutes(&length.to_lowercase()).map(Sense::Estimate);
    }
    match word {
        "p1" => Some(Sense::Priority(Priority::Urgent)),
        "p2" => Some(Sense::Priority(Priority::High)),
        "p3" => Some(Sense::Priority(Priority::Medium)),
        "p4" => Some(Sense::Priority(Priority::Low)),
        _ => None,
    }
}

fn priority(name: &str) -> Option<Priority> {
    match name {
        "low" => Some(Priority::Low),
        "medium" | "med" | "normal" => Some(Priority::Medium),
        "high" => Some(Priority::High),
        "urgent" => Some(Priority::Urgent),
        _ => None,
    }
}

/// Letters of any script, digits, `-`, `_`, `/`; not digits alone: `#42` is the number of something.
fn is_tag(tag: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/') || !c.is_ascii() && !c.is_control() && !c.is_whitespace();
    tag.chars().count() <= TAG_CHARS
        && tag.chars().all(good)
        && tag.chars().any(|c| c.is_alphanumeric() || !c.is_ascii())
        && !tag.bytes().all(|byte| byte.is_ascii_digit())
}

/// `90`, `30m`, `30min`, `1h`, `1.5h`, `1h30`, `1h30m`: more than nothing, at most ten years.
fn minutes(length: &str) -> Option<i64> {
    let number =
        |text: &str| (!text.is_empty() && text.len() <= 7 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<i64>().ok())?;
    let total = match length.split_once('h') {
        None => number(strip_minutes(length))?,
        Some((hours, rest)) => {
            let hours = match hours.split_once('.') {
                None => number(hours)? * 60,
                Some((whole, tenth)) if tenth.len() == 1 && rest.is_empty() => number(whole)? * 60 + number(tenth)? * 6,
                Some(_) => return None,
            };
            hours + if rest.is_empty() { 0 } else { number(strip_minutes(rest)).filter(|minutes| *minutes < 60)? }
        }
    };
    (1..=MOST_MINUTES).contains(&total).then_some(total)
}

fn strip_minutes(text: &str) -> &str {
    text.strip_suffix("min").or_else(|| text.strip_suffix('m')).unwrap_or(text)
}
