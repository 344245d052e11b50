//! Everything `award` sees. Stored with the completion as canonical JSON, so that it can be scored later, or again.
//!
//! Canonical: struct fields stand in alphabetical order (a test holds them there), maps are ordered, no white space, absent
//! values are left out, numbers are the shortest text that reads back as the same number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::model::game::{Tallies, Tally};
use crate::model::task::Task;

/// Characters of a description that rules get to see; the completion stores what they saw.
const DESCRIPTION_CHARS: usize = 2_000;

/// An instant as its user lives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the epoch.
    pub at: Millis,
    /// The civil date there, `YYYY-MM-DD`.
    pub date: String,
    /// The product's day, `YYYY-MM-DD`: the civil date, or the one before until the person's day has begun.
    pub day: String,
    /// BCP 47.
    pub locale: String,
    /// 0…1439, of the local wall clock.
    pub minute_of_day: u16,
    /// Local time minus UTC.
    pub offset_minutes: i16,
    /// The luck of this occurrence: the same whenever it is scored again.
    pub seed: u32,
    /// IANA zone.
    pub timezone: String,
    /// 1 = Monday … 7 = Sunday, of `day`.
    pub weekday: u8,
}

/// Points and completions in one window of the person's days, before this completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Completions that stand.
    pub completions: u32,
    /// Sum of the ledger.
    pub points: i64,
    /// `day`, `week`, `month`, `year`, `all`.
    pub window: String,
}

/// What the person has done so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Held already.
    pub achievements: Vec<String>,
    /// Documented keys that came later than the contract.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// When.
    pub moment: Moment,
    /// Days in a row with a completion, up to and including `moment.day`; when judging a completion, that one counts.
    pub streak_days: u32,
    /// By window.
    pub tallies: Vec<Window>,
}

/// How the task's series went so far; zero for a one-off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Occurrences completed.
    pub completed: u32,
    /// When the last one was completed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<Millis>,
    /// Occurrences missed.
    pub missed: u32,
    /// Completed in a row.
    pub streak: u32,
}

/// The task as rules see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFacts {
    /// Minutes it took.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual_minutes: Option<u32>,
    /// How many others take part. Their names are nobody's business here.
    pub assignees: u32,
    /// When it was completed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completed: Option<Millis>,
    /// When it was made.
    pub created: Millis,
    /// At most 2 000 characters.
    pub description: String,
    /// 1…5.
    pub difficulty: u8,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Millis>,
    /// Minutes it should take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub estimate_minutes: Option<u32>,
    /// UUIDv7.
    pub id: String,
    /// The task it is a part of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
    /// `low` … `urgent`.
    pub priority: String,
    /// `solo` …; absent while it is being decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quest_type: Option<String>,
    /// Whether it comes again.
    pub recurring: bool,
    /// The series it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub series: Option<String>,
    /// Done together.
    pub shared: bool,
    /// When it was begun.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started: Option<Millis>,
    /// Where it stands.
    pub status: String,
    /// As given.
    pub tags: Vec<String>,
    /// At most 500 characters.
    pub title: String,
    /// Values it serves or harms, −100…100.
    pub value_impact: BTreeMap<String, f64>,
}

/// One completion with everything that decides its worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The person.
    pub facts: Facts,
    /// The series.
    pub history: History,
    /// Which occurrence; the same after a reopening, so that luck cannot be farmed.
    pub occurrence: String,
    /// The task.
    pub task: TaskFacts,
}

impl TaskFacts {
    /// What rules see of `task`.
    pub fn of(task: &Task) -> Self {
        let minutes = |value: Option<i64>| value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
        Self {
            actual_minutes: minutes(task.actual_duration_minutes),
            assignees: u32::try_from(task.assignees.len()).unwrap_or(u32::MAX),
            completed: task.completed_at,
            created: task.created_at,
            description: task.description.chars().take(DESCRIPTION_CHARS).collect(),
            difficulty: u8::try_from(task.difficulty).unwrap_or(1),
            due: task.due_date,
            estimate_minutes: minutes(task.estimated_duration_minutes),
            id: task.id.to_string(),
            parent: task.parent_id.map(|id| id.to_string()),
            priority: task.priority.text().to_owned(),
            quest_type: Some(task.quest_type.text().to_owned()),
            recurring: task.recurrence.is_some(),
            series: task.series_id.map(|id| id.to_string()),
            shared: task.is_shared,
            started: task.started_at,
            status: task.status.text().to_owned(),
            tags: task.tags.clone(),
            title: task.title.clone(),
            value_impact: task.value_impact.clone(),
        }
    }
}

impl Facts {
    /// The windows in the order of the contract.
    pub fn windows(tallies: &Tallies) -> Vec<Window> {
        let window = |name: &str, tally: Tally| Window {
            completions: u32::try_from(tally.completions).unwrap_or(0),
            points: tally.points,
            window: name.to_owned(),
        };
        vec![
            window("day", tallies.day),
            window("week", tallies.week),
            window("month", tallies.month),
            window("year", tallies.year),
            window("all", tallies.all),
        ]
    }
}

impl Completion {
    /// Canonical JSON.
    ///
    /// # Errors
    /// None in practice: every number was checked to be finite when the task was written.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads back what [`Self::canonical`] wrote.
    ///
    /// # Errors
    /// Text that is something else.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Completion {
        Completion {
            facts: Facts {
                achievements: vec!["first-quest".into()],
                extra: BTreeMap::from([("tasks".into(), "3".into())]),
                moment: Moment {
                    at: 1_767_225_600_000,
                    date: "2026-01-01".into(),
                    day: "2025-12-31".into(),
                    locale: "en".into(),
                    minute_of_day: 60,
                    offset_minutes: 60,
                    seed: 7,
                    timezone: "Europe/Berlin".into(),
                    weekday: 3,
                },
                streak_days: 4,
                tallies: Facts::windows(&Tallies::default()),
            },
            history: History { last: Some(1), ..History::default() },
            occurrence: "o".into(),
            task: TaskFacts {
                actual_minutes: Some(1),
                assignees: 0,
                completed: Some(2),
                created: 1,
                description: String::new(),
                difficulty: 3,
                due: Some(9),
                estimate_minutes: Some(30),
                id: "t".into(),
                parent: Some("p".into()),
                priority: "high".into(),
                quest_type: Some("solo".into()),
                recurring: false,
                series: Some("s".into()),
                shared: false,
                started: Some(1),
                status: "pending".into(),
                tags: vec!["home".into()],
                title: "Wash up".into(),
                value_impact: BTreeMap::from([("order".into(), 0.7)]),
            },
        }
    }

    #[test]
    fn facts_are_canonical_and_read_back() {
        let facts = sample();
        let text = facts.canonical().unwrap();
        assert_eq!(Completion::read(&text).unwrap(), facts);
        assert_eq!(text, Completion::read(&text).unwrap().canonical().unwrap());
        assert!(text.contains("\"order\":0.7"), "0.7 stays 0.7: {text}");
        assert_sorted(&text);
    }

    /// Keys of every object in the text stand in order: a `Value` would hide the order they were written in.
    fn assert_sorted(text: &str) {
        let mut open: Vec<Vec<String>> = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            match character {
                '{' => open.push(Vec::new()),
                '}' => {
                    let keys = open.pop().unwrap();
                    assert!(keys.is_sorted(), "{keys:?}");
                }
                '"' => {
                    let end = rest.find('"').unwrap();
                    let word = rest[..end].to_owned();
                    rest = &rest[end + 1..];
                    if rest.starts_with(':') {
                        open.last_mut().unwrap().push(word);
                    }
                }
                _ => {}
            }
        }
    }
}
