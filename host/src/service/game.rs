//! Points, levels, streaks, achievements: what stands in the ledger, told to its owner.
//!
//! The ledger is the truth: the total is always its sum. Rules are asked only for words (levels, names) and for previews;
//! while they do not answer, the profile shows points without a level.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::moment::Calendar;
use super::principal::Principal;
use super::streak::{Streak, streak};
use super::tasks::NewTask;
use crate::clock::{Clock, IdSource, Millis};
use crate::config::Limits;
use crate::error::{Fault, Outcome};
use crate::model::game::{LedgerEntry, Rules};
use crate::model::page::{Page, Slice};
use crate::model::task::{QuestType, TaskFilter};
use crate::model::user::UserChange;
use crate::plugin::xp_rules::{AchievementCard, Card, Level, Points, XpRules};
use crate::store::{Db, game, tasks, users};

mod facts;
mod settle;

pub(super) use facts::{Decided, Known};

/// How long a person's settings are believed without asking the database. A change through this host is seen at once.
const SETTINGS_LIVE: Duration = Duration::from_secs(1);

/// The service.
#[derive(Clone)]
pub struct Game {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) rules: Arc<XpRules>,
    /// Points of one completion at most.
    pub(super) xp_per_task: i64,
    /// Points of one local day at most; 0 = no bound.
    pub(super) xp_per_day: i64,
    settings: moka::sync::Cache<Uuid, Settings>,
}

/// How a person's days are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Hour of the local clock at which the day begins.
    pub day_start: i64,
    /// IANA zone.
    pub timezone: String,
    /// BCP 47.
    pub locale: String,
}

impl Settings {
    /// Their calendar.
    pub fn calendar(&self) -> Calendar {
        Calendar::new(&self.timezone, self.day_start)
    }
}

/// Where a person stands.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Sum of the ledger.
    pub total: i64,
    /// `None` while the rules do not answer.
    pub level: Option<Level>,
    /// Days in a row.
    pub streak: Streak,
    /// What they have.
    pub achievements: Vec<Held>,
    /// How their days are counted.
    pub settings: Settings,
}

/// An achievement, and since when and by which plugin somebody has it.
#[derive(Clone, Debug)]
pub struct Held {
    /// What it is.
    pub card: AchievementCard,
    /// When it was unlocked, and which plugin gave it.
    pub since: Option<(Millis, String)>,
}

/// An achievement that was just unlocked.
#[derive(Clone, Debug)]
pub struct Unlocked {
    /// What it is.
    pub card: AchievementCard,
    /// When.
    pub at: Millis,
}

/// The rules in force.
#[derive(Clone, Debug)]
pub struct RulesInForce {
    /// Which revision.
    pub rules: Rules,
    /// What it says about itself.
    pub card: Arc<Card>,
    /// Points of one completion at most.
    pub xp_per_task: i64,
    /// Points of one local day at most; 0 = no bound.
    pub xp_per_day: i64,
}

/// What one task would give.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// As given.
    pub title: String,
    /// As given, or as it would be decided.
    pub quest_type: QuestType,
    /// Clamped as a completion would be.
    pub points: Points,
}

/// What several tasks would give, each by itself.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// In the order given.
    pub results: Vec<Simulated>,
    /// By which revision.
    pub rules: Rules,
}

impl Game {
    /// Over the database and the rules bound to `xp-rules`.
    pub fn new(db: Db, rules: Arc<XpRules>, limits: &Limits, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let settings = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(SETTINGS_LIVE).build();
        Self { db, clock, ids, rules, xp_per_task: limits.xp_per_task, xp_per_day: limits.xp_per_day, settings }
    }

    /// How somebody's days are counted.
    pub(crate) async fn settings_of(&self, user: Uuid) -> Outcome<Settings> {
        if let Some(known) = self.settings.get(&user) {
            return Ok(known);
        }
        let account = users::find(&self.db, user).await?.ok_or_else(Fault::not_found)?;
        let settings = Settings { day_start: account.day_start, timezone: account.timezone, locale: account.locale };
        self.settings.insert(user, settings.clone());
        Ok(settings)
    }

    /// Where the caller stands.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn profile(&self, caller: &Principal) -> Outcome<Profile> {
        let settings = self.settings_of(caller.user).await?;
        let today = settings.calendar().day(self.clock.now()).to_string();
        let total = game::total(&self.db, caller.user).await?;
        let days = game::days(&self.db, caller.user).await?;
        let level = self.level(caller, total).await;
        let achievements = self.achievements(caller).await?.into_iter().filter(|held| held.since.is_some()).collect();
        Ok(Profile { total, level, streak: streak(&days, &today), achievements, settings })
    }

    /// The level of a total, if the rules answer.
    pub(super) async fn level(&self, caller: &Principal, total: i64) -> Option<Level> {
        let bound = self.rules.bound(&caller.into()).ok()?;
        bound.level(total).await
    }

    /// The caller's ledger, newest first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn ledger(&self, caller: &Principal, page: &Page) -> Outcome<Slice<LedgerEntry>> {
        Ok(game::ledger(&self.db, caller.user, page).await?)
    }

    /// All achievements of the rules in force, then those the caller has from other rules.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn achievements(&self, caller: &Principal) -> Outcome<Vec<Held>> {
        let held = game::achievements(&self.db, caller.user).await?;
        let card = self.card(caller).await.unwrap_or_default();
        let since = |id: &str| held.iter().find(|one| one.achievement == id).map(|one| (one.unlocked_at, one.plugin.clone()));
        let announced = card.achievements.iter().map(|one| Held { since: since(&one.id), card: one.clone() });
        let others = held.iter().filter(|one| card.achievement(&one.achievement).is_none());
        let others = others.map(|one| Held { card: AchievementCard::bare(&one.achievement), since: since(&one.achievement) });
        Ok(announced.chain(others).collect())
    }

    async fn card(&self, caller: &Principal) -> Option<Arc<Card>> {
        let bound = self.rules.bound(&caller.into()).ok()?;
        bound.card(&caller.locale).await.ok()
    }

    /// The rules in force.
    ///
    /// # Errors
    /// `PLG_005` when nothing is bound, `PLG_001`… when the rules do not answer.
    pub async fn rules(&self, caller: &Principal) -> Outcome<RulesInForce> {
        let bound = self.rules.bound(&caller.into())?;
        let card = bound.card(&caller.locale).await?;
        Ok(RulesInForce { rules: bound.rules().clone(), card, xp_per_task: self.xp_per_task, xp_per_day: self.xp_per_day })
    }

    /// What completing these tasks now would give, each by itself. Nothing is stored.
    ///
    /// # Errors
    /// 422 for a task that could not be made; `PLG_…` when the rules do not answer: a preview has nothing to fall back on.
    pub async fn simulate(&self, caller: &Principal, tasks: Vec<NewTask>) -> Outcome<Simulation> {
        for (index, task) in tasks.iter().enumerate() {
            task.validate(caller.user).map_err(|fault| under(fault, &format!("/tasks/{index}")))?;
        }
        let bound = self.rules.bound(&caller.into())?;
        let known = self.known(caller.user, self.clock.now()).await?;
        let made = TaskFilter { include_deleted: true, ..TaskFilter::default() };
        let created = tasks::count(&self.db, caller.user, &made).await?;
        let mut results = Vec::with_capacity(tasks.len());
        for task in tasks {
            let given = task.quest_type;
            let mut task = task.draft(Uuid::nil(), caller.user, known.at);
            task.quest_type = match given {
                Some(given) => given,
                None => self.quest_type(Ok(&bound), &task, &known, created).await.value(),
            };
            let points = bound.award(&known.completion(&task, String::new()), self.bounds(&known)).await?;
            results.push(Simulated { title: task.title, quest_type: task.quest_type, points });
        }
        Ok(Simulation { results, rules: bound.rules().clone() })
    }

    /// Sets how the caller's days are counted. Days that were counted stay as they were.
    ///
    /// # Errors
    /// 422 for an unknown zone or an hour outside 0…23.
    pub async fn change_settings(&self, caller: &Principal, day_start: Option<i64>, timezone: Option<String>) -> Outcome<Settings> {
        if day_start.is_some_and(|hour| !(0..=23).contains(&hour)) {
            return Err(Fault::field("/day_start", "must be an hour from 0 to 23"));
        }
        if timezone.as_deref().is_some_and(|zone| !Calendar::knows(zone)) {
            return Err(Fault::field("/timezone", "must be a name of the IANA time zone database, such as `Europe/Lisbon`"));
        }
        let change = UserChange { timezone, day_start, ..UserChange::default() };
        let mut tx = self.db.begin().await?;
        users::update(&mut tx, caller.user, &change, self.clock.now()).await?;
        tx.commit().await?;
        self.settings.invalidate(&caller.user);
        self.settings_of(caller.user).await
    }
}

/// The same fault about a part of a larger body.
fn under(mut fault: Fault, at: &str) -> Fault {
    for field in &mut fault.fields {
        field.pointer.insert_str(0, at);
    }
    fault.param = fault.fields.first().map(|field| field.pointer.clone()).or(fault.param);
    fault
}
