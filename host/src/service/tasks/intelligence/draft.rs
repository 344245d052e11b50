//! What a plugin drafts, read by the host. The door has held it against the contract; here it becomes a task that could be
//! made: a day that exists in the person's zone, a rule that schedules understand, tags that lists can carry.

use jiff::civil::DateTime;
use uuid::Uuid;

use super::{Here, share};
use crate::clock::Millis;
use crate::model::task::{Priority, Recurrence};
use crate::plugin::task_intelligence::Draft;
use crate::service::tasks::NewTask;
use crate::service::tasks::quick_add::recurrence_in;

/// Nobody plans further ahead than a hundred years; a due date a year past is a mistake.
const FUTURE: Millis = 100 * 366 * DAY;
const PAST: Millis = 366 * DAY;
const DAY: Millis = 86_400_000;
const MOST_TAGS: usize = 50;

/// A task that could be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Drafted {
    /// 1…500 characters.
    pub title: String,
    /// At most 16 KiB.
    pub description: String,
    /// How pressing.
    pub priority: Priority,
    /// 1…5.
    pub difficulty: i64,
    /// Until when; a date that does not exist or makes no sense has been dropped.
    pub due_date: Option<Millis>,
    /// How it comes again; what was not understood has been dropped.
    pub recurrence: Option<Recurrence>,
    /// At most 50.
    pub tags: Vec<String>,
    /// 0…1.
    pub confidence: f64,
    /// The words it was read from.
    pub evidence: String,
    /// The open task with the same title, if there is one.
    pub duplicate_of: Option<Uuid>,
}

/// `None` for a draft without a title.
pub(super) fn read(draft: Draft, here: &Here) -> Option<Drafted> {
    let title: String = draft.title.trim().chars().take(500).collect();
    if title.is_empty() {
        return None;
    }
    let due_date = draft.due_local.as_deref().and_then(|wall| due(wall, here));
    let mut tags: Vec<String> = Vec::new();
    for tag in draft.tags {
        if !tag.trim().is_empty() && !tag.contains(',') && tag.chars().count() <= 64 && !tags.contains(&tag) && tags.len() < MOST_TAGS {
            tags.push(tag);
        }
    }
    Some(Drafted {
        title,
        description: draft.description,
        priority: draft.priority.parse().unwrap_or(Priority::Medium),
        difficulty: i64::from(draft.difficulty).clamp(1, 5),
        recurrence: draft.recurrence.as_deref().and_then(|words| recurrence_in(words, &here.calendar, due_date, here.now)),
        due_date,
        tags,
        confidence: share(draft.confidence),
        evidence: draft.evidence,
        duplicate_of: None,
    })
}

fn due(wall: &str, here: &Here) -> Option<Millis> {
    let at = here.calendar.instant(wall.parse::<DateTime>().ok()?)?;
    (here.now - PAST..=here.now + FUTURE).contains(&at).then_some(at)
}

impl Drafted {
    /// The task to make of it. What it was read from stays with it.
    pub(super) fn task(&self, conversation: Option<Uuid>) -> NewTask {
        let mut origin = serde_json::json!({ "confidence": self.confidence, "evidence": self.evidence });
        if let Some(conversation) = conversation {
            origin["conversation_id"] = conversation.to_string().into();
        }
        NewTask {
            description: self.description.clone(),
            priority: self.priority,
            difficulty: self.difficulty,
            due_date: self.due_date,
            recurrence: self.recurrence.clone(),
            tags: self.tags.clone(),
            metadata: crate::model::Object::from_iter([("extracted".to_owned(), origin)]),
            ..NewTask::titled(self.title.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::moment::Calendar;

    fn here(zone: &str) -> Here {
        let calendar = Calendar::new(zone, 0);
        // 2026-03-28T12:00Z, the day before clocks change in Europe.
        let now = 1_774_699_200_000;
        Here { now, moment: calendar.moment(now, 1, "en"), calendar }
    }

    fn draft(due: Option<&str>) -> Draft {
        Draft {
            title: "Pay rent".into(),
            description: String::new(),
            priority: "high".into(),
            difficulty: 3,
            due_local: due.map(str::to_owned),
            recurrence: None,
            tags: Vec::new(),
            confidence: 0.755,
            evidence: "I must pay the rent".into(),
        }
    }

    #[test]
    fn due_dates_are_resolved_in_the_persons_zone_and_absurd_ones_dropped() {
        let at = |zone: &str, wall: &str| read(draft(Some(wall)), &here(zone)).unwrap().due_date;
        assert_eq!(at("Europe/Berlin", "2026-03-29T02:30"), Some(1_774_747_800_000), "skipped by the clock: 03:30 there");
        assert_eq!(at("UTC", "2026-03-29T02:30"), Some(1_774_751_400_000));
        for absurd in ["2026-02-31T09:00", "9999-12-31T23:59", "0001-01-01T00:00", "1999-01-01T00:00", "tomorrow", "", "2026-03-29T24:00"] {
            assert_eq!(at("Europe/Berlin", absurd), None, "{absurd}");
        }
    }

    #[test]
    fn what_breaks_a_bound_is_dropped_and_not_the_draft() {
        let odd = Draft {
            title: format!(" {} ", "x".repeat(600)),
            priority: "now".into(),
            difficulty: 0,
            tags: vec!["a,b".into(), "ok".into(), "ok".into(), " ".into(), "y".repeat(65)],
            confidence: f32::NAN,
            recurrence: Some("whenever".into()),
            ..draft(None)
        };
        let read = read(odd, &here("UTC")).unwrap();
        assert_eq!((read.title.len(), read.priority, read.difficulty, read.confidence), (500, Priority::Medium, 1, 0.0));
        assert_eq!((read.tags.as_slice(), read.recurrence), (["ok".to_owned()].as_slice(), None));
        assert!(super::read(Draft { title: " ".into(), ..draft(None) }, &here("UTC")).is_none());
        assert!(read.evidence.starts_with("I must"));
    }
}
