//! What comes out of this door, and how the contract spells it. Texts for people are cleaned of what hides or forges.

use mnemosyne_runtime::wit::task_intelligence as wit;

use crate::error::Code;
use crate::model::game::Rules;
use crate::plugin::xp_rules::proposal::clean;

/// An answer, or an empty one with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Helped<T> {
    /// The proposal; empty when there is a reason.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
    /// Which revision; `None` when nothing is bound.
    pub revision: Option<Rules>,
    /// Why there is no answer; `None` = there is one.
    pub reason: Option<Code>,
}

impl<T> Helped<T> {
    /// The same answer of something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Helped<U> {
        Helped { value: change(self.value), origin: self.origin, revision: self.revision, reason: self.reason }
    }
}

/// Where an answer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `rules` or `model`; `none` when there is no answer.
    pub source: String,
    /// A model would have been asked but was not there, or there is no answer.
    pub degraded: bool,
    /// For the person, at most 200 characters; may be empty.
    pub note: String,
}

impl Origin {
    pub(super) fn none() -> Self {
        Self { source: "none".to_owned(), degraded: true, note: String::new() }
    }
}

/// A task somebody might want to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// 1…500 characters.
    pub title: String,
    /// At most 16 KiB.
    pub description: String,
    /// `low` … `urgent`.
    pub priority: String,
    /// 1…5.
    pub difficulty: u8,
    /// Wall time `YYYY-MM-DDTHH:MM` in the person's zone; whether the day exists is still to be asked.
    pub due_local: Option<String>,
    /// An RRULE or plain words.
    pub recurrence: Option<String>,
    /// At most 50.
    pub tags: Vec<String>,
    /// 0…1.
    pub confidence: f32,
    /// The words it was read from.
    pub evidence: String,
}

/// A draft with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// What to do.
    pub draft: Draft,
    /// Why, at most 200 characters.
    pub reason: String,
    /// `habit`, `follow-up`, `memory`, `rhythm` …
    pub source: String,
}

/// A part of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// 1…500 characters.
    pub title: String,
    /// At most 16 KiB.
    pub description: String,
    /// `None` = unknown.
    pub estimate_minutes: Option<u32>,
    /// 1…5.
    pub difficulty: u8,
}

/// How much work a task is: `low` ≤ `minutes` ≤ `high`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The best guess.
    pub minutes: u32,
    /// One in ten is done sooner.
    pub low: u32,
    /// One in ten takes longer.
    pub high: u32,
    /// 1…5.
    pub difficulty: u8,
    /// What it rests on, at most 200 characters.
    pub basis: String,
}

/// A task's place in an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Of one of the tasks given.
    pub id: String,
    /// 0…1, highest first.
    pub score: f32,
    /// At most 200 characters.
    pub reason: String,
}

/// Lines may stay; what hides or forges goes.
fn prose(text: &str) -> String {
    text.lines().map(|line| clean(line, usize::MAX)).collect::<Vec<_>>().join("\n").trim().to_owned()
}

pub(super) fn origin(origin: wit::Origin) -> Origin {
    Origin { source: origin.source, degraded: origin.degraded, note: clean(&origin.note, 200) }
}

pub(super) fn draft(draft: wit::Draft) -> Draft {
    Draft {
        title: clean(&draft.title, 500),
        description: prose(&draft.description),
        priority: draft.priority,
        difficulty: draft.difficulty,
        due_local: draft.due_local,
        recurrence: draft.recurrence.map(|rule| clean(&rule, 1024)),
        tags: draft.tags.iter().map(|tag| clean(tag, 64)).filter(|tag| !tag.is_empty()).collect(),
        confidence: draft.confidence,
        evidence: clean(&draft.evidence, 500),
    }
}

pub(super) fn suggestion(suggestion: wit::Suggestion) -> Suggestion {
    Suggestion { draft: draft(suggestion.draft), reason: clean(&suggestion.reason, 200), source: suggestion.source }
}

pub(super) fn step(step: &wit::Step) -> Step {
    Step {
        title: clean(&step.title, 500),
        description: prose(&step.description),
        estimate_minutes: (step.estimate_minutes > 0).then_some(step.estimate_minutes),
        difficulty: step.difficulty,
    }
}

pub(super) fn effort(effort: &wit::Effort) -> Effort {
    Effort { minutes: effort.minutes, low: effort.low, high: effort.high, difficulty: effort.difficulty, basis: clean(&effort.basis, 200) }
}

pub(super) fn ranked(ranked: wit::Ranked) -> Ranked {
    Ranked { id: ranked.id, score: ranked.score, reason: clean(&ranked.reason, 200) }
}
