//! The typed door to kind `xp-rules`.

use std::sync::Arc;

use wasmtime::Store;

use crate::call::{CallState, Called, Export, GuestError, invoke};
use crate::caller::Caller;
use crate::error::CallError;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::weigh::{MAX_ID, MAX_LINE, MAX_SUMMARY, MAX_TITLE, chars, good_pairs, id, pairs, text};
use crate::wit::types::values::Task;
use crate::wit::xp_rules::{Card, Completion, Facts, Level, Proposal};

/// Most bonuses, and most achievements, of a proposal.
const MAX_BONUSES: usize = 32;
/// Most achievements of a card.
const MAX_ACHIEVEMENTS: usize = 64;
/// Points of a proposal's base or of a bonus are within plus or minus this.
const MAX_POINTS: i32 = 100_000;

/// Calls on one revision of kind `xp-rules`, for one caller.
#[derive(Debug)]
pub struct XpRules<'r> {
    pub(crate) runtime: &'r Arc<Runtime>,
    pub(crate) revision: &'r Arc<Revision>,
    pub(crate) caller: Caller,
}

macro_rules! span {
    ($name:literal, $self:ident) => {
        tracing::info_span!(
            $name,
            plugin = %$self.revision.id().plugin,
            version = %$self.revision.id().version,
            slot = %$self.caller.slot,
            request = %$self.caller.request
        )
    };
}
pub(crate) use span;

impl XpRules<'_> {
    /// Who these rules are.
    ///
    /// # Errors
    /// Every [`crate::Failure`] but `GuestError`.
    pub async fn describe(self, locale: String) -> Result<Called<Card>, CallError> {
        let span = span!("plugin.xp_rules.describe", self);
        self.runtime.call(self.revision, self.caller, span, Describe(locale)).await
    }

    /// What a completion is worth: a proposal with at most 32 bonuses and 32 achievements, still to be clamped.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn award(self, completion: Completion) -> Result<Called<Proposal>, CallError> {
        let span = span!("plugin.xp_rules.award", self);
        self.runtime.call(self.revision, self.caller, span, Award(completion)).await
    }

    /// The level at so many points: `floor` ≤ points < `next`.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn level_at(self, total_points: u64) -> Result<Called<Level>, CallError> {
        let span = span!("plugin.xp_rules.level_at", self);
        let called = self.runtime.call(self.revision, self.caller, span, LevelAt(total_points)).await?;
        let fits = called.value.floor <= total_points && total_points <= called.value.next && called.value.floor < called.value.next;
        if fits { Ok(called) } else { Err(called.reject("the level does not contain the points that were asked for")) }
    }

    /// The quest type of a task that names none.
    ///
    /// # Errors
    /// Every [`crate::Failure`].
    pub async fn classify(self, task: Task, facts: Facts) -> Result<Called<String>, CallError> {
        let span = span!("plugin.xp_rules.classify", self);
        self.runtime.call(self.revision, self.caller, span, Classify(task, facts)).await
    }
}

/// The interface and its functions; each [`Export`] names its place here.
pub(crate) const FUNCTIONS: (&str, &[&str]) = ("mnemosyne:xp-rules/rules@0.1.0", &["describe", "award", "level-at", "classify"]);

struct Describe(String);

impl Export for Describe {
    const NAME: &'static str = "xp-rules.describe";
    type Output = Card;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Card, GuestError>> {
        let (card,) = invoke::<(&str,), (Card,)>(store, revision, 0, (&self.0,)).await?;
        Ok(Ok(card))
    }

    fn bytes(card: &Card) -> usize {
        let achievements = card.achievements.iter();
        text(&card.title)
            + text(&card.summary)
            + achievements.map(|a| text(&a.id) + text(&a.title) + text(&a.summary) + text(&a.icon) + pairs(&a.extra)).sum::<usize>()
            + pairs(&card.extra)
    }

    fn check(card: &Card) -> Result<(), &'static str> {
        let fits = |title: &str, summary: &str| chars(title) <= MAX_TITLE && chars(summary) <= MAX_SUMMARY;
        if !fits(&card.title, &card.summary) {
            return Err("the card's title or summary is too long");
        }
        if !good_pairs(&card.extra) {
            return Err("the card's extra has more than 32 pairs, one too long, or a key twice");
        }
        if card.achievements.len() > MAX_ACHIEVEMENTS {
            return Err("the card has more than 64 achievements");
        }
        let good = card.achievements.iter().all(|a| id(&a.id) && fits(&a.title, &a.summary) && a.icon.len() <= MAX_ID);
        if good { Ok(()) } else { Err("an achievement of the card has a bad id or a text that is too long") }
    }
}

struct Award(Completion);

impl Export for Award {
    const NAME: &'static str = "xp-rules.award";
    type Output = Proposal;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Proposal, GuestError>> {
        let (answer,) = invoke::<(&Completion,), (Result<Proposal, GuestError>,)>(store, revision, 1, (&self.0,)).await?;
        Ok(answer)
    }

    fn bytes(proposal: &Proposal) -> usize {
        let bonuses = proposal.bonuses.iter().map(|bonus| 4 + text(&bonus.code) + text(&bonus.reason));
        4 + bonuses.sum::<usize>() + proposal.achievements.iter().map(|id| text(id)).sum::<usize>() + pairs(&proposal.extra)
    }

    fn check(proposal: &Proposal) -> Result<(), &'static str> {
        if !good_pairs(&proposal.extra) {
            return Err("the proposal's extra has more than 32 pairs, one too long, or a key twice");
        }
        let range = -MAX_POINTS..=MAX_POINTS;
        if proposal.bonuses.len() > MAX_BONUSES || proposal.achievements.len() > MAX_BONUSES {
            return Err("the proposal has more than 32 bonuses or achievements");
        }
        if !range.contains(&proposal.base) || !proposal.bonuses.iter().all(|bonus| range.contains(&bonus.points)) {
            return Err("points of the proposal are beyond 100 000");
        }
        if !proposal.bonuses.iter().all(|bonus| id(&bonus.code) && bonus.code != "clamped" && chars(&bonus.reason) <= MAX_LINE) {
            return Err("a bonus of the proposal has a bad code or too long a reason");
        }
        if proposal.achievements.iter().all(|achievement| id(achievement)) { Ok(()) } else { Err("an achievement has a bad id") }
    }
}

struct LevelAt(u64);

impl Export for LevelAt {
    const NAME: &'static str = "xp-rules.level-at";
    type Output = Level;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<Level, GuestError>> {
        let (answer,) = invoke::<(u64,), (Result<Level, GuestError>,)>(store, revision, 2, (self.0,)).await?;
        Ok(answer)
    }

    fn bytes(level: &Level) -> usize {
        20 + text(&level.title)
    }

    fn check(level: &Level) -> Result<(), &'static str> {
        if level.number == 0 {
            return Err("levels begin with 1");
        }
        if chars(&level.title) <= MAX_TITLE { Ok(()) } else { Err("the level's title is too long") }
    }
}

struct Classify(Task, Facts);

impl Export for Classify {
    const NAME: &'static str = "xp-rules.classify";
    type Output = String;

    async fn invoke(self, store: &mut Store<CallState>, revision: &Revision) -> wasmtime::Result<Result<String, GuestError>> {
        let arguments = (&self.0, &self.1);
        let (answer,) = invoke::<(&Task, &Facts), (Result<String, GuestError>,)>(store, revision, 3, arguments).await?;
        Ok(answer)
    }

    fn bytes(quest_type: &String) -> usize {
        text(quest_type)
    }

    fn check(quest_type: &String) -> Result<(), &'static str> {
        if id(quest_type) { Ok(()) } else { Err("the quest type is no word") }
    }
}
