//! Kind `task-intelligence`: help with tasks. Reference: `wit/deps/task-intelligence.wit`.
//!
//! Every function answers without a model too, by rules, and says where its answer comes from ([`Origin`]). What a plugin
//! does not implement answers with nothing, by rules.

use std::marker::PhantomData;

use crate::bindings::task_intelligence::exports::mnemosyne::task_intelligence::intelligence as wit;
pub use crate::bindings::task_intelligence::exports::mnemosyne::task_intelligence::intelligence::{
    Draft, Effort, Origin, Ranked, Step, Suggestion,
};
use crate::{Error, Message, Moment, Task};

/// Help with tasks.
pub trait TaskIntelligence {
    /// What the caller might want to do; at most `limit` (1…20), best first.
    fn suggest(_moment: &Moment, _limit: u32) -> Result<(Vec<Suggestion>, Origin), Error> {
        Ok((Vec::new(), Origin::rules()))
    }

    /// The parts of a task in order; at most 20.
    fn break_down(_task: &Task, _moment: &Moment) -> Result<(Vec<Step>, Origin), Error> {
        Ok((Vec::new(), Origin::rules()))
    }

    /// How long a task may take. The usual answer: what the user expects, else half an hour a difficulty.
    fn estimate(task: &Task, _moment: &Moment) -> Result<(Effort, Origin), Error> {
        Ok((Effort::usual(task), Origin::rules()))
    }

    /// Tasks found in at most 64 messages; at most 20.
    fn extract(_messages: &[Message], _moment: &Moment) -> Result<(Vec<Draft>, Origin), Error> {
        Ok((Vec::new(), Origin::rules()))
    }

    /// Orders at most 200 tasks; each appears once. The usual order: by [`urgency`].
    fn prioritize(tasks: &[Task], moment: &Moment) -> Result<(Vec<Ranked>, Origin), Error> {
        let ranked = tasks.iter().map(|task| {
            let (score, reason) = urgency(task, moment);
            Ranked { id: task.id.clone(), score, reason }
        });
        let mut ranked: Vec<Ranked> = ranked.collect();
        ranked.sort_by(|one, other| other.score.total_cmp(&one.score));
        Ok((ranked, Origin::rules()))
    }
}

/// Exports a type that implements [`TaskIntelligence`] as the plugin of this crate. On other targets than `wasm32`: nothing.
///
/// ```
/// use mnemosyne_sdk::plugin::task_intelligence::TaskIntelligence;
/// use mnemosyne_sdk::sample;
///
/// struct Calm;
/// impl TaskIntelligence for Calm {}
/// mnemosyne_sdk::export_task_intelligence!(Calm);
///
/// let (effort, origin) = Calm::estimate(&sample::task(), &sample::moment()).unwrap();
/// assert_eq!((effort.minutes, origin.source.as_str()), (30, "rules"));
/// ```
#[macro_export]
macro_rules! export_task_intelligence {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneExport = $crate::plugin::task_intelligence::Export<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::task_intelligence::export!(MnemosyneExport with_types_in $crate::bindings::task_intelligence);
    };
}

#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: TaskIntelligence> wit::Guest for Export<T> {
    fn suggest(moment: Moment, limit: u32) -> Result<(Vec<Suggestion>, Origin), Error> {
        T::suggest(&moment, limit)
    }

    fn break_down(task: Task, moment: Moment) -> Result<(Vec<Step>, Origin), Error> {
        T::break_down(&task, &moment)
    }

    fn estimate(task: Task, moment: Moment) -> Result<(Effort, Origin), Error> {
        T::estimate(&task, &moment)
    }

    fn extract(messages: Vec<Message>, moment: Moment) -> Result<(Vec<Draft>, Origin), Error> {
        T::extract(&messages, &moment)
    }

    fn prioritize(tasks: Vec<Task>, moment: Moment) -> Result<(Vec<Ranked>, Origin), Error> {
        T::prioritize(&tasks, &moment)
    }
}

/// How pressing a task is, 0…1, and why, for the user: its due date first, then priority, then that it has been begun.
///
/// ```
/// use mnemosyne_sdk::{plugin::task_intelligence::urgency, sample};
/// let mut late = sample::task();
/// late.due = Some(sample::NOW - sample::DAY);
/// let (score, reason) = urgency(&late, &sample::moment());
/// assert!(score > urgency(&sample::task(), &sample::moment()).0);
/// assert_eq!(reason, "overdue by 1 day");
/// ```
#[expect(clippy::cast_precision_loss, reason = "days, far below 2^23")]
pub fn urgency(task: &Task, moment: &Moment) -> (f32, String) {
    const HOUR: i64 = 3_600_000;
    let plural = |count: i64, noun: &str| if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
    let (due, why) = match task.due.map(|due| due.saturating_sub(moment.at)) {
        None => (0.0, String::new()),
        Some(left) if left < 0 => {
            let days = (-left) / (24 * HOUR);
            let late = if days == 0 { "overdue since today".to_owned() } else { format!("overdue by {}", plural(days, "day")) };
            (0.5 + 0.1 * (days.min(14) as f32 / 14.0), late)
        }
        Some(left) if left < 24 * HOUR => (0.45, format!("due in {}", plural((left / HOUR).max(1), "hour"))),
        Some(left) => {
            let days = left / (24 * HOUR);
            ((0.4 - 0.03 * days as f32).max(0.05), format!("due in {}", plural(days, "day")))
        }
    };
    let priority = match task.priority.as_str() {
        "urgent" => 0.3,
        "high" => 0.2,
        "medium" => 0.1,
        _ => 0.0,
    };
    let begun = if task.status == "in_progress" { 0.1 } else { 0.0 };
    let waits = if task.status == "blocked" { 0.4 } else { 0.0 };
    let mut reasons = vec![why];
    if priority >= 0.2 {
        reasons.push(format!("{} priority", task.priority));
    }
    if begun > 0.0 {
        reasons.push("already begun".to_owned());
    }
    if waits > 0.0 {
        reasons.push("blocked".to_owned());
    }
    reasons.retain(|reason| !reason.is_empty());
    let reason = if reasons.is_empty() { "nothing presses".to_owned() } else { reasons.join(", ") };
    ((due + priority + begun - waits).clamp(0.0, 1.0), reason)
}

impl Origin {
    /// By rules, as intended.
    pub fn rules() -> Self {
        Self { source: "rules".to_owned(), degraded: false, note: String::new() }
    }

    /// By a model.
    pub fn model() -> Self {
        Self { source: "model".to_owned(), ..Self::rules() }
    }

    /// By rules, because the model was not there or made nothing of it; `note` for the user, at most 200 characters.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::plugin::task_intelligence::Origin::degraded("no model").degraded);
    /// ```
    pub fn degraded(note: &str) -> Self {
        Self { degraded: true, note: note.to_owned(), ..Self::rules() }
    }
}

impl Draft {
    /// A one-off of medium priority and difficulty 1, without a due date.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::task_intelligence::Draft::new("Call Ada", 0.8).priority, "medium");
    /// ```
    pub fn new(title: &str, confidence: f32) -> Self {
        Self {
            title: title.to_owned(),
            description: String::new(),
            priority: "medium".to_owned(),
            difficulty: 1,
            due_local: None,
            recurrence: None,
            tags: Vec::new(),
            confidence,
            evidence: String::new(),
            extra: Vec::new(),
        }
    }
}

impl Step {
    /// A part with an estimate in minutes, 0 = unknown.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::task_intelligence::Step::new("Pack", 15).difficulty, 1);
    /// ```
    pub fn new(title: &str, estimate_minutes: u32) -> Self {
        Self { title: title.to_owned(), description: String::new(), estimate_minutes, difficulty: 1, extra: Vec::new() }
    }
}

impl Effort {
    /// What the user expects, else half an hour a difficulty; between half and double of it.
    pub fn usual(task: &Task) -> Self {
        let (minutes, basis) = match task.estimate_minutes {
            Some(minutes) => (minutes, "your own estimate"),
            None => (30 * u32::from(task.difficulty.max(1)), "its difficulty alone"),
        };
        let (low, high) = (minutes / 2, minutes.saturating_mul(2));
        Self { minutes, low, high, difficulty: task.difficulty.clamp(1, 5), basis: basis.to_owned() }
    }
}
