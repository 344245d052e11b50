//! Between model types and the runtime's: the only file of this kind that knows how the contract spells things.

use std::sync::Arc;
use std::time::Duration;

use mnemosyne_runtime::wit::types::values;
use mnemosyne_runtime::wit::xp_rules as wit;
use mnemosyne_runtime::{Binding, CallError, Called, Failure, Runtime, User};

use super::Failed;
use super::card::{AchievementCard, Card};
use super::facts::{Completion, Facts, Moment, TaskFacts, Window};
use super::levels::Level;
use super::proposal::{Broken, Proposal, ProposedBonus};
use crate::error::Code;
use crate::plugin::Caller;

/// A bound revision, for one caller.
pub(super) struct Revision {
    runtime: Arc<Runtime>,
    binding: Arc<Binding>,
    caller: mnemosyne_runtime::Caller,
}

impl Revision {
    pub(super) fn new(runtime: Arc<Runtime>, binding: Arc<Binding>, caller: &Caller) -> Self {
        let slot = binding.slot.clone();
        // rules may not ask who somebody is, so roles and permissions stay at home
        let user = caller.user.map(|id| {
            let (display_name, timezone, locale) = (caller.display_name.clone(), caller.timezone.clone(), caller.locale.clone());
            Arc::new(User { id, display_name, timezone, locale, ..User::default() })
        });
        let mut of = mnemosyne_runtime::Caller::nobody(slot, crate::timings::request()).at(binding.generation);
        of.user = user;
        Self { runtime, binding, caller: of }
    }

    fn rules(&self) -> mnemosyne_runtime::xp_rules::XpRules<'_> {
        self.runtime.xp_rules(&self.binding.revision, self.caller.clone())
    }

    pub(super) async fn award<T>(&self, completion: &Completion, judge: impl FnOnce(Proposal) -> Result<T, Broken>) -> Result<T, Failed> {
        let input = wit::Completion {
            task: task(&completion.task),
            occurrence: completion.occurrence.clone(),
            history: wit::History {
                completed: completion.history.completed,
                missed: completion.history.missed,
                streak: completion.history.streak,
                last: completion.history.last,
            },
            facts: facts(&completion.facts),
        };
        let bonus = |one: wit::Bonus| ProposedBonus { code: one.code, reason: one.reason, points: one.points };
        Self::taken(self.rules().award(input).await, |answer| {
            let bonuses = answer.bonuses.into_iter().map(bonus).collect();
            judge(Proposal { base: answer.base, bonuses, achievements: answer.achievements })
        })
    }

    pub(super) async fn classify<T>(
        &self,
        of: &TaskFacts,
        known: &Facts,
        judge: impl FnOnce(String) -> Result<T, Broken>,
    ) -> Result<T, Failed> {
        Self::taken(self.rules().classify(task(of), facts(known)).await, judge)
    }

    pub(super) async fn level_at(&self, total: u64) -> Result<Level, Failed> {
        Self::taken(self.rules().level_at(total).await, |level| {
            Level { number: level.number, title: level.title, floor: level.floor, next: level.next }.checked(total)
        })
    }

    pub(super) async fn describe(&self, locale: &str) -> Result<Card, Failed> {
        let achievement = |one: wit::Achievement| AchievementCard { id: one.id, title: one.title, summary: one.summary, icon: one.icon };
        Self::taken(self.rules().describe(locale.to_owned()).await, |card| {
            let achievements = card.achievements.into_iter().map(achievement).collect();
            Card { title: card.title, summary: card.summary, achievements }.checked()
        })
    }

    /// What the judge makes of the answer, or why there is none; either way the request's timings know of it. A refused
    /// answer is the revision's failure: in its call record, and for the breaker.
    fn taken<T, U>(called: Result<Called<T>, CallError>, judge: impl FnOnce(T) -> Result<U, Broken>) -> Result<U, Failed> {
        let record = match &called {
            Ok(called) => &called.record,
            Err(error) => &error.record,
        };
        let took: Duration = record.waited + record.wall;
        crate::timings::plugin(&record.revision.plugin, &record.revision.version, took);
        let judged = called.and_then(|called| called.judged(judge));
        judged.map_err(|error| Failed::new(code(&error.failure), error.failure.to_string()))
    }
}

/// The row of the code table for a failure.
pub(in crate::plugin) const fn code(failure: &Failure) -> Code {
    match failure {
        Failure::Trapped(_) => Code::PluginTrapped,
        Failure::CpuExceeded(_)
        | Failure::MemoryExceeded(_)
        | Failure::StackExceeded
        | Failure::ResourceExceeded(_)
        | Failure::OutputTooLarge(_)
        | Failure::HostCallsExceeded(_) => Code::PluginOverLimit,
        Failure::DeadlineExceeded(_) => Code::PluginDeadline,
        Failure::BadOutput(_) | Failure::GuestError { .. } => Code::PluginBadOutput,
        Failure::Overloaded | Failure::Suspended(_) => Code::Overloaded,
        Failure::Internal(_) => Code::Internal,
    }
}

pub(in crate::plugin) fn task(of: &TaskFacts) -> values::Task {
    values::Task {
        id: of.id.clone(),
        title: of.title.clone(),
        description: of.description.clone(),
        status: of.status.clone(),
        priority: of.priority.clone(),
        quest_type: of.quest_type.clone(),
        difficulty: of.difficulty,
        created: of.created,
        started: of.started,
        due: of.due,
        completed: of.completed,
        estimate_minutes: of.estimate_minutes,
        actual_minutes: of.actual_minutes,
        parent: of.parent.clone(),
        series: of.series.clone(),
        tags: of.tags.clone(),
        assignees: of.assignees,
        shared: of.shared,
        recurring: of.recurring,
        value_impact: of.value_impact.iter().map(|(name, value)| (name.clone(), *value)).collect(),
        extra: Vec::new(),
    }
}

fn facts(known: &Facts) -> wit::Facts {
    let tally = |window: &Window| wit::Tally { window: window.window.clone(), points: window.points, completions: window.completions };
    wit::Facts {
        moment: moment(&known.moment),
        streak_days: known.streak_days,
        tallies: known.tallies.iter().map(tally).collect(),
        achievements: known.achievements.clone(),
        extra: known.extra.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

pub(in crate::plugin) fn moment(at: &Moment) -> values::Moment {
    values::Moment {
        at: at.at,
        seed: at.seed,
        timezone: at.timezone.clone(),
        offset_minutes: at.offset_minutes,
        date: at.date.clone(),
        minute_of_day: at.minute_of_day,
        day: at.day.clone(),
        weekday: at.weekday,
        locale: at.locale.clone(),
    }
}
