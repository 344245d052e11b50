//! Gathers what rules may know about a person, in few statements and before any guest runs.

use uuid::Uuid;

use super::{Game, Settings};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::game::{Day, Tallies};
use crate::model::task::{QuestType, Status, Task};
use crate::plugin::xp_rules::facts::{Completion, Facts, History, TaskFacts};
use crate::plugin::xp_rules::{Bound, Bounds, Failed};
use crate::service::moment::{Calendar, seed};
use crate::service::streak::streak;
use crate::service::tasks::classify;
use crate::store::game;

/// What is known about a person at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The moment.
    pub(crate) at: Millis,
    user: Uuid,
    settings: Settings,
    calendar: Calendar,
    /// The person's day.
    pub(crate) day: String,
    /// By window, before anything happens now.
    pub(crate) tallies: Tallies,
    days: Vec<Day>,
    held: Vec<String>,
}

/// A quest type, and who decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// The person.
    Given(QuestType),
    /// The rules.
    ByRules(QuestType),
    /// The host, because the rules did not answer.
    ByHost(QuestType),
}

impl Decided {
    /// The type.
    pub(crate) const fn value(self) -> QuestType {
        match self {
            Self::Given(value) | Self::ByRules(value) | Self::ByHost(value) => value,
        }
    }
}

impl Known {
    /// The facts of completing `task` now: the task as it will be stored, the streak with this completion in it.
    pub(crate) fn completion(&self, task: &Task, occurrence: String) -> Completion {
        let with_this = Day { day: self.day.clone(), points: 0, completions: 1 };
        let days: Vec<Day> = self.days.iter().cloned().chain([with_this]).collect();
        let mut task = TaskFacts::of(task);
        Status::Completed.text().clone_into(&mut task.status);
        task.completed = Some(self.at);
        let facts = self.facts(seed(self.user, &occurrence), streak(&days, &self.day).current);
        Completion { facts, history: History::default(), occurrence, task }
    }

    /// The facts for deciding what sort of quest a new task is.
    pub(crate) fn for_classifying(&self, tasks_created: i64) -> Facts {
        let mut facts = self.facts(seed(self.user, ""), streak(&self.days, &self.day).current);
        facts.extra.insert("tasks-created".to_owned(), tasks_created.to_string());
        facts
    }

    fn facts(&self, seed: u32, streak_days: u32) -> Facts {
        Facts {
            achievements: self.held.iter().take(256).cloned().collect(),
            extra: std::collections::BTreeMap::new(),
            moment: self.calendar.moment(self.at, seed, &self.settings.locale),
            streak_days,
            tallies: Facts::windows(&self.tallies),
        }
    }
}

impl Game {
    /// Reads what is known about `user` at `at`.
    pub(crate) async fn known(&self, user: Uuid, at: Millis) -> Outcome<Known> {
        let settings = self.settings_of(user).await?;
        let calendar = settings.calendar();
        let windows = calendar.windows(at);
        let tallies = game::tallies(&self.db, user, &windows).await?;
        let days = game::days(&self.db, user).await?;
        let held = game::achievements(&self.db, user).await?.into_iter().map(|held| held.achievement).collect();
        Ok(Known { at, user, settings, calendar, day: windows.day, tallies, days, held })
    }

    /// How much one completion may give now.
    pub(crate) fn bounds(&self, known: &Known) -> Bounds {
        Bounds::new(self.xp_per_task, self.xp_per_day, known.tallies.day.points)
    }

    /// What sort of quest a new task without a type is: by the rules, else by the host's own list.
    pub(crate) async fn quest_type(&self, bound: Result<&Bound, &Failed>, task: &Task, known: &Known, created: i64) -> Decided {
        let mut facts = TaskFacts::of(task);
        facts.quest_type = None;
        let by_rules = match bound {
            Ok(bound) => bound.classify(&facts, &known.for_classifying(created)).await.ok(),
            Err(_) => None,
        };
        by_rules.map_or_else(|| Decided::ByHost(classify(&facts, created == 0)), Decided::ByRules)
    }
}
