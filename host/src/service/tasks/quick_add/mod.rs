//! A task from one line of text: `Pay rent tomorrow 9am every month !high #home ~30m`.
//!
//! ```text
//! words.rs    the line as words; what stands in quotes, after a backslash or in an ignored span is not read
//! read.rs     which words are a token; of two dates, times, priorities or rules the last one counts
//! marks.rs    !priority p1…p4 #tag ~estimate
//! dates.rs    days in plain English words     times.rs   the clock
//! repeat.rs   how something comes again, as an RRULE
//! ```
//! Pure but for the last step. Days and times are the person's own: the wall clock of their zone, resolved like every other
//! time (a time that a clock change skips is read by the clock before it, one that comes twice is the first). A day without
//! a time is meant until its end, 23:59. What is not recognised stays in the title.

mod dates;
mod marks;
mod read;
mod repeat;
#[cfg(test)]
mod tests;
mod times;
mod words;

use jiff::civil::{Date, DateTime, Time};
use uuid::Uuid;

pub use self::read::TokenKind;
use self::read::{Found, Sense};
use self::repeat::Repeat;
use super::{NewTask, Tasks};
use crate::clock::Millis;
use crate::error::{Fault, FieldError, Outcome};
use crate::model::task::{Recurrence, Task};
use crate::service::moment::Calendar;
use crate::service::principal::Principal;
use crate::store::tasks;

/// What was recognised in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As what.
    pub kind: TokenKind,
    /// The words as they stand.
    pub text: String,
    /// Where they begin in the text, in UTF-16 code units.
    pub start: usize,
    /// Where they end.
    pub end: usize,
    /// What they mean: `2026-03-01`, `09:00`, an RRULE, `high`, the tag, minutes.
    pub value: String,
}

/// A line as it was understood.
#[derive(Clone, Debug)]
pub struct QuickAdded {
    /// The task; not stored when it was only tried: then its id is nil and its version 0.
    pub task: Task,
    /// In the order of the text.
    pub tokens: Vec<Token>,
}

/// Part of a text in UTF-16 code units, half open.
pub type Span = (usize, usize);

impl Tasks {
    /// Makes a task from a line of text, or with `dry_run` shows which one it would be. Further lines are its description.
    /// Words that touch an `ignore`d span are not read.
    ///
    /// # Errors
    /// 422 for a line that leaves no title, a bound that it breaks, or a span outside of it.
    pub async fn quick_add(&self, caller: &Principal, text: &str, ignore: &[Span], dry_run: bool) -> Outcome<QuickAdded> {
        let length = text.encode_utf16().count();
        let outside = |(at, span): (usize, &Span)| {
            (span.0 >= span.1 || span.1 > length).then(|| FieldError::new(format!("/ignore/{at}"), "must be a part of the text"))
        };
        let fields: Vec<FieldError> = ignore.iter().enumerate().filter_map(outside).collect();
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        let here = self.here(caller).await?;
        let understood = understand(text, ignore, &here.calendar, here.now);
        let (new, tokens) = understood.ok_or_else(|| Fault::field("/text", "says no more than when or how: what is to be done?"))?;
        new.validate(caller.user).map_err(about_the_text)?;
        let mut prepared = self.prepare(caller, vec![new]).await?;
        let Some((mut task, log)) = prepared.pop() else { return Err(Fault::internal("one task was prepared")) };
        if dry_run {
            (task.id, task.version) = (Uuid::nil(), 0);
            return Ok(QuickAdded { task, tokens });
        }
        let mut tx = self.db.begin().await?;
        tasks::insert(&mut tx, &task).await?;
        tasks::log(&mut tx, &log).await?;
        tx.commit().await?;
        Ok(QuickAdded { task, tokens })
    }
}

/// The text is the only field that a client has sent.
fn about_the_text(mut fault: Fault) -> Fault {
    for field in &mut fault.fields {
        field.message = format!("{}: {}", field.pointer.trim_start_matches('/'), field.message);
        "/text".clone_into(&mut field.pointer);
    }
    fault.param = fault.fields.first().map(|field| field.pointer.clone());
    fault
}

/// The task and the tokens of a text; `None` when no title is left.
fn understand(text: &str, ignore: &[Span], calendar: &Calendar, now: Millis) -> Option<(NewTask, Vec<Token>)> {
    let begin = text.len() - text.trim_start().len();
    let (line, more) = text[begin..].split_once('\n').unwrap_or((&text[begin..], ""));
    let offset = text[..begin].encode_utf16().count();
    let words = words::split(line, offset, ignore);
    let today = calendar.wall(now).date();
    let found = read::read(&words, today);
    let title = words::without(line, &words, found.iter().map(|one| one.words.clone()));
    if !title.chars().any(char::is_alphanumeric) {
        return None;
    }
    let mut new = NewTask { description: more.trim().to_owned(), ..NewTask::titled(title) };
    let due = due(&found, calendar, now);
    new.due_date = due.and_then(|due| due.at(calendar));
    let day = due.map_or(today, |due| calendar.wall(due.at(calendar).unwrap_or(now)).date());
    for one in &found {
        match &one.sense {
            Sense::Priority(priority) => new.priority = *priority,
            Sense::Estimate(minutes) => new.estimated_duration_minutes = Some(*minutes),
            Sense::Tag(tag) if !new.tags.contains(tag) => new.tags.push(tag.clone()),
            Sense::Repeat(repeat) => {
                let (from, to) = words::bytes(&words, &one.words);
                new.recurrence = Some(recurrence(repeat, &line[from..to], day, calendar));
            }
            Sense::Tag(_) | Sense::Day { .. } | Sense::After(_) | Sense::Time(_) => {}
        }
    }
    let tokens = found.iter().map(|one| token(one, &words, line, offset, day, calendar, now)).collect();
    Some((new, tokens))
}

/// When it is due: a wall time, or an instant.
#[derive(Clone, Copy)]
enum Due {
    Wall(DateTime),
    At(Millis),
}

impl Due {
    fn at(self, calendar: &Calendar) -> Option<Millis> {
        match self {
            Self::Wall(wall) => calendar.instant(wall),
            Self::At(at) => Some(at),
        }
    }
}

fn due(found: &[Found], calendar: &Calendar, now: Millis) -> Option<Due> {
    let (mut day, mut minute, mut usual, mut repeat) = (None, None, None, None);
    for one in found {
        match &one.sense {
            Sense::After(minutes) => return Some(Due::At(now - now.rem_euclid(60_000) + minutes * 60_000)),
            Sense::Day { day: found, minute } => (day, usual) = (Some(*found), *minute),
            Sense::Time(found) => minute = Some(*found),
            Sense::Repeat(found) => repeat = Some(found),
            _ => {}
        }
    }
    let clock = minute.or(usual);
    let wall = |day: Date| Some(Due::Wall(day.to_datetime(time(clock.unwrap_or(times::END)))));
    let passed = |day: Date| wall(day).and_then(|due| due.at(calendar)).is_some_and(|at| at <= now);
    let today = calendar.wall(now).date();
    match (day, repeat) {
        (Some(day), _) => wall(day),
        (None, Some(repeat)) => {
            let first = repeat.first(today);
            wall(if passed(first) { repeat.first(first.tomorrow().ok()?) } else { first })
        }
        // A time alone is the next time that the clock shows it.
        (None, None) if clock.is_some() => wall(if passed(today) { today.tomorrow().ok()? } else { today }),
        (None, None) => None,
    }
}

fn time(minute: u16) -> Time {
    let part = |number: u16| i8::try_from(number).unwrap_or(0);
    Time::new(part(minute / 60), part(minute % 60), 0, 0).unwrap_or(Time::MIN)
}

fn token(one: &Found, words: &[words::Word<'_>], line: &str, offset: usize, day: Date, calendar: &Calendar, now: Millis) -> Token {
    let (from, to) = words::bytes(words, &one.words);
    let text = line[from..to].to_owned();
    let start = offset + line[..from].encode_utf16().count();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let value = match &one.sense {
        Sense::Day { day, .. } => day.to_string(),
        Sense::After(minutes) => calendar.wall(now - now.rem_euclid(60_000) + minutes * 60_000).to_string(),
        Sense::Time(minute) => clock(*minute),
        Sense::Repeat(repeat) => repeat.rrule(day),
        Sense::Priority(priority) => priority.text().to_owned(),
        Sense::Tag(tag) => tag.clone(),
        Sense::Estimate(minutes) => minutes.to_string(),
    };
    Token { kind: one.sense.kind(), end: start + text.encode_utf16().count(), text, start, value }
}

fn recurrence(repeat: &Repeat, text: &str, day: Date, calendar: &Calendar) -> Recurrence {
    let anchor = if repeat.after_completion { "completion" } else { "schedule" };
    Recurrence { rrule: repeat.rrule(day), text: Some(text.to_owned()), timezone: calendar.zone().to_owned(), anchor: anchor.to_owned() }
}

/// A rule in plain words, or an RRULE, of a task that is due then; `None` when it is neither.
pub(super) fn recurrence_in(text: &str, calendar: &Calendar, due: Option<Millis>, now: Millis) -> Option<Recurrence> {
    let text = text.trim();
    if let Some(rrule) = repeat::given(text) {
        let timezone = calendar.zone().to_owned();
        return Some(Recurrence { rrule, text: None, timezone, anchor: "schedule".to_owned() });
    }
    let words = words::split(text, 0, &[]);
    let lower: Vec<&str> = words.iter().map(|word| word.lower.as_str()).collect();
    let (repeat, used) = repeat::repeat(&lower)?;
    let day = calendar.wall(due.unwrap_or(now)).date();
    (used == lower.len()).then(|| recurrence(&repeat, text, day, calendar))
}
