//! The typed door to kind `task-intelligence`. Every answer is a proposal: the host creates nothing of it by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmtime::Store;

use crate::call::{CallState, Called, Export, GuestError, invoke};
use crate::caller::Caller;
use crate::error::CallError;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::weigh::{MAX_LINE, MAX_SUMMARY, at_most, good_pairs, good_tags, id, maybe, pairs, share, text, texts};
use crate::wit::task_intelligence::{Draft, Effort, Origin, Ranked, Step, Suggestion};
use crate::wit::types::values::{Message, Moment, Task};
use crate::xp_rules::span;

/// Most suggestions, steps or drafts.
const MAX_ITEMS: usize = 20;
/// Most tasks that are ordered at once.
const MAX_RANKED: usize = 200;
/// Most bytes of a description.
const MAX_DESCRIPTION: usize = 16 << 10;
/// Most bytes of a recurrence.
const MAX_RECURRENCE: usize = 1 << 10;
/// Longest work that is believed, in minutes: a year.
const MAX_MINUTES: u32 = 366 * 24 * 60;

/// Calls on one revision of kind `task-intelligence`, for one caller.
#[derive(Debug)]
pub struct TaskIntelligence<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

impl TaskIntelligence<'_> {
    /// What the caller might want to do: at most `limit` (1…20).
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn suggest(self, moment: Moment, limit: u32) -> Result<Called<(Vec<Suggestion>, Origin)>, CallError> {
        let span = span!("plugin.task_intelligence.suggest", self);
        let called = self.runtime.call(self.revision, self.caller, span, Suggest(moment, limit)).await?;
        if called.value.0.len() <= limit as usize { Ok(called) } else { Err(called.reject("it suggests more than was asked for")) }
    }

    /// The parts of a task in order: at most 20.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn break_down(self, task: Task, moment: Moment) -> Result<Called<(Vec<Step>, Origin)>, CallError> {
        let span = span!("plugin.task_intelligence.break_down", self);
        self.runtime.call(self.revision, self.caller, span, BreakDown(task, moment)).await
    }

    /// How long a task may take: `low` ≤ `minutes` ≤ `high`.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn estimate(self, task: Task, moment: Moment) -> Result<Called<(Effort, Origin)>, CallError> {
        let span = span!("plugin.task_intelligence.estimate", self);
        self.runtime.call(self.revision, self.caller, span, Estimate(task, moment)).await
    }

    /// Tasks found in at most 64 messages: at most 20.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn extract(self, messages: Vec<Message>, moment: Moment) -> Result<Called<(Vec<Draft>, Origin)>, CallError> {
        let span = span!("plugin.task_intelligence.extract", self);
        self.runtime.call(self.revision, self.caller, span, Extract(messages, moment)).await
    }

    /// Orders at most 200 tasks: each of them once, highest score first.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn prioritize(self, tasks: Vec<Task>, moment: Moment) -> Result<Called<(Vec<Ranked>, Origin)>, CallError> {
        let span = span!("plugin.task_intelligence.prioritize", self);
        let given: BTreeSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
        let mut called = self.runtime.call(self.revision, self.caller, span, Prioritize(tasks, moment)).await?;
        let answered: BTreeSet<&str> = called.value.0.iter().map(|ranked| ranked.id.as_str()).collect();
        if called.value.0.len() != given.len() || answered.len() != given.len() || !given.iter().all(|id| answered.contains(id.as_str())) {
            return Err(called.reject("the order does not name each given task once"));
        }
        // Equal scores keep the plugin's own order.
        called.value.0.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(called)
    }
}

/// The interface and its functions; each [`Export`] names its place here.
pub(crate) const FUNCTIONS: (&str, &[&str]) =
    ("mnemosyne:task-intelligence/intelligence@0.1.0", &["suggest", "break-down", "estimate", "extract", "prioritize"]);

/// What every answer of this kind is: something, and where it comes from.
type Answered<T> = wasmtime::Result<Result<(T, Origin), GuestError>>;

fn origin_bytes(origin: &Origin) -> usize {
    text(&origin.source) + 1 + text(&origin.note)
}

fn good_origin(origin: &Origin) -> Result<(), &'static str> {
    let good = matches!(origin.source.as_str(), "rules" | "model") && at_most(&origin.note, MAX_LINE);
    if good { Ok(()) } else { Err("the origin is not `rules` or `model`, or its note is too long") }
}

fn draft_bytes(draft: &Draft) -> usize {
    let texts_of = text(&draft.title) + text(&draft.description) + text(&draft.priority) + text(&draft.evidence);
    texts_of + 5 + maybe(draft.due_local.as_ref()) + maybe(draft.recurrence.as_ref()) + texts(&draft.tags) + pairs(&draft.extra)
}

fn good_draft(draft: &Draft) -> Result<(), &'static str> {
    if draft.title.trim().is_empty() || !at_most(&draft.title, MAX_SUMMARY) || draft.description.len() > MAX_DESCRIPTION {
        return Err("a draft's title or description is missing or too long");
    }
    if !matches!(draft.priority.as_str(), "low" | "medium" | "high" | "urgent") || !(1..=5).contains(&draft.difficulty) {
        return Err("a draft's priority or difficulty does not exist");
    }
    if !draft.due_local.as_deref().is_none_or(good_wall_time) {
        return Err("a draft's due time is no wall time `YYYY-MM-DDTHH:MM`");
    }
    let good = draft.recurrence.as_ref().is_none_or(|rule| (1..=MAX_RECURRENCE).contains(&rule.len()))
        && good_tags(&draft.tags)
        && share(draft.confidence)
        && at_most(&draft.evidence, MAX_SUMMARY)
        && good_pairs(&draft.extra);
    if good { Ok(()) } else { Err("a draft's recurrence, tags, confidence, evidence or extra breaks its cap") }
}

/// The shape and plausible fields; whether the day exists is the host's question.
fn good_wall_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    bytes.len() == 16
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && (bytes[4], bytes[7], bytes[10], bytes[13]) == (b'-', b'-', b'T', b':')
        && ("01".."13").contains(&&text[5..7])
        && ("01".."32").contains(&&text[8..10])
        && ("00".."24").contains(&&text[11..13])
        && ("00".."60").contains(&&text[14..16])
}

struct Suggest(Moment, u32);

impl Export for Suggest {
    const NAME: &'static str = "task-intelligence.suggest";
    type Output = (Vec<Suggestion>, Origin);

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> Answered<Vec<Suggestion>> {
        let arguments = (&self.0, self.1);
        let (answer,) = invoke::<(&Moment, u32), (Result<Self::Output, GuestError>,)>(store, revision, 0, arguments).await?;
        Ok(answer)
    }

    fn bytes((suggestions, origin): &Self::Output) -> usize {
        let bytes = |suggestion: &Suggestion| draft_bytes(&suggestion.draft) + text(&suggestion.reason) + text(&suggestion.source);
        suggestions.iter().map(bytes).sum::<usize>() + origin_bytes(origin)
    }

    fn check((suggestions, origin): &Self::Output) -> Result<(), &'static str> {
        good_origin(origin)?;
        if suggestions.len() > MAX_ITEMS {
            return Err("there are more than 20 suggestions");
        }
        suggestions.iter().try_for_each(|suggestion| {
            good_draft(&suggestion.draft)?;
            let good = at_most(&suggestion.reason, MAX_LINE) && id(&suggestion.source);
            if good { Ok(()) } else { Err("a suggestion's reason is too long, or its source no word") }
        })
    }
}

struct BreakDown(Task, Moment);

impl Export for BreakDown {
    const NAME: &'static str = "task-intelligence.break-down";
    type Output = (Vec<Step>, Origin);

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> Answered<Vec<Step>> {
        let arguments = (&self.0, &self.1);
        let (answer,) = invoke::<(&Task, &Moment), (Result<Self::Output, GuestError>,)>(store, revision, 1, arguments).await?;
        Ok(answer)
    }

    fn bytes((steps, origin): &Self::Output) -> usize {
        let bytes = |step: &Step| text(&step.title) + text(&step.description) + 5 + pairs(&step.extra);
        steps.iter().map(bytes).sum::<usize>() + origin_bytes(origin)
    }

    fn check((steps, origin): &Self::Output) -> Result<(), &'static str> {
        good_origin(origin)?;
        let good = |step: &Step| {
            !step.title.trim().is_empty()
                && at_most(&step.title, MAX_SUMMARY)
                && step.description.len() <= MAX_DESCRIPTION
                && step.estimate_minutes <= MAX_MINUTES
                && (1..=5).contains(&step.difficulty)
                && good_pairs(&step.extra)
        };
        let fits = steps.len() <= MAX_ITEMS && steps.iter().all(good);
        if fits { Ok(()) } else { Err("there are more than 20 steps, or one breaks its caps") }
    }
}

struct Estimate(Task, Moment);

impl Export for Estimate {
    const NAME: &'static str = "task-intelligence.estimate";
    type Output = (Effort, Origin);

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> Answered<Effort> {
        let arguments = (&self.0, &self.1);
        let (answer,) = invoke::<(&Task, &Moment), (Result<Self::Output, GuestError>,)>(store, revision, 2, arguments).await?;
        Ok(answer)
    }

    fn bytes((effort, origin): &Self::Output) -> usize {
        13 + text(&effort.basis) + origin_bytes(origin)
    }

    fn check((effort, origin): &Self::Output) -> Result<(), &'static str> {
        good_origin(origin)?;
        let ordered = effort.low <= effort.minutes && effort.minutes <= effort.high && effort.high <= MAX_MINUTES;
        let good = ordered && (1..=5).contains(&effort.difficulty) && at_most(&effort.basis, MAX_LINE);
        if good { Ok(()) } else { Err("the effort is not low ≤ minutes ≤ high, or its difficulty or basis breaks its cap") }
    }
}

struct Extract(Vec<Message>, Moment);

impl Export for Extract {
    const NAME: &'static str = "task-intelligence.extract";
    type Output = (Vec<Draft>, Origin);

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> Answered<Vec<Draft>> {
        let arguments = (self.0.as_slice(), &self.1);
        let (answer,) = invoke::<(&[Message], &Moment), (Result<Self::Output, GuestError>,)>(store, revision, 3, arguments).await?;
        Ok(answer)
    }

    fn bytes((drafts, origin): &Self::Output) -> usize {
        drafts.iter().map(draft_bytes).sum::<usize>() + origin_bytes(origin)
    }

    fn check((drafts, origin): &Self::Output) -> Result<(), &'static str> {
        good_origin(origin)?;
        if drafts.len() > MAX_ITEMS {
            return Err("there are more than 20 drafts");
        }
        drafts.iter().try_for_each(good_draft)
    }
}

struct Prioritize(Vec<Task>, Moment);

impl Export for Prioritize {
    const NAME: &'static str = "task-intelligence.prioritize";
    type Output = (Vec<Ranked>, Origin);

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> Answered<Vec<Ranked>> {
        let arguments = (self.0.as_slice(), &self.1);
        let (answer,) = invoke::<(&[Task], &Moment), (Result<Self::Output, GuestError>,)>(store, revision, 4, arguments).await?;
        Ok(answer)
    }

    fn bytes((ranked, origin): &Self::Output) -> usize {
        ranked.iter().map(|one| text(&one.id) + 4 + text(&one.reason)).sum::<usize>() + origin_bytes(origin)
    }

    fn check((ranked, origin): &Self::Output) -> Result<(), &'static str> {
        good_origin(origin)?;
        let good = ranked.len() <= MAX_RANKED && ranked.iter().all(|one| share(one.score) && at_most(&one.reason, MAX_LINE));
        if good { Ok(()) } else { Err("there are more than 200 ranks, or a score or reason breaks its cap") }
    }
}

#[cfg(test)]
mod tests;
