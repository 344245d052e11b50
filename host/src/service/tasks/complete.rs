//! Completing a task: the one journey of this product that must never fail because of a plugin.

use serde_json::json;
use uuid::Uuid;

use super::transition::{self, By};
use super::{TRIES, Tasks, expect, failed, lost};
use crate::error::{Failure as _, Fault, Outcome};
use crate::model::Object;
use crate::model::game::{Award, Bonus, Completion, CompletionState, Rules};
use crate::model::task::{Status, Task};
use crate::plugin::xp_rules::{AchievementCard, Bound, Failed, Level};
use crate::service::bounds;
use crate::service::game::{Known, Unlocked};
use crate::service::principal::Principal;
use crate::store::{self, game, tasks};

/// What there is to say about a completion.
#[derive(Clone, Debug, Default)]
pub struct Completing {
    /// Minutes it took.
    pub actual_duration_minutes: Option<i64>,
    /// Evidence and reflection: they go into the task's log, at most 16 KiB.
    pub note: Object,
}

/// What completing a task gave.
#[derive(Clone, Debug)]
pub struct Completed {
    /// As it is now.
    pub task: Task,
    /// Points in the ledger for it; 0 while pending.
    pub points: i64,
    /// Why.
    pub breakdown: Vec<Bonus>,
    /// Unlocked by it.
    pub achievements: Vec<Unlocked>,
    /// Sum of the ledger.
    pub total: i64,
    /// Where that is on the ladder.
    pub level: Option<Level>,
    /// Who gave the points; `None` = pending.
    pub rules: Option<Rules>,
}

/// Names this completion for the rules, the same after a reopening: their luck belongs to the occurrence.
pub(super) fn occurrence(task: &Task) -> String {
    task.id.to_string()
}

impl Tasks {
    /// Completes a task. When the rules fail it is completed all the same; a job scores it later.
    ///
    /// # Errors
    /// 404; 412 for another version than `if_version`; 409 when it is not open, or when it needs its parts completed and they
    /// are not; 422 for a note over 16 KiB.
    pub async fn complete(&self, caller: &Principal, id: Uuid, if_version: Option<i64>, completing: Completing) -> Outcome<Completed> {
        let mut tries = TRIES;
        loop {
            let task = self.get(caller, id).await?;
            bounds::too_large(&completing.note, "/evidence").map_or(Ok(()), |field| Err(Fault::invalid(vec![field])))?;
            expect(&task, if_version)?;
            transition::check(task.status, Status::Completed, By::Complete)?;
            if task.requires_all_complete {
                self.check_parts(&task).await?;
            }
            let bound = self.game.rules.bound(&caller.into());
            match self.complete_once(task, bound.as_ref(), &completing).await? {
                Ok((written, award)) => return Ok(self.told(caller, written, award, bound.ok()).await),
                Err(error) if lost(&error, if_version, tries) => tries -= 1,
                Err(error) => return Err(failed(error, if_version)),
            }
        }
    }

    /// One try: facts, award, transaction. The inner error is the store's.
    async fn complete_once(
        &self,
        task: Task,
        bound: Result<&Bound, &Failed>,
        completing: &Completing,
    ) -> Outcome<store::Result<(game::Completed, Option<Award>)>> {
        let now = self.clock.now().max(task.updated_at);
        let version = task.version;
        let seen = Task {
            actual_duration_minutes: completing.actual_duration_minutes.or(task.actual_duration_minutes),
            progress: 100,
            updated_at: now,
            ..task
        };
        let known = self.game.known(seen.user_id, now).await?;
        let facts = known.completion(&seen, occurrence(&seen));
        let award = match bound {
            Ok(bound) => bound.award(&facts, self.game.bounds(&known)).await.map(|points| Award {
                entry_id: self.ids.id(),
                points: points.total,
                breakdown: points.breakdown,
                rules: bound.rules().clone(),
                achievements: points.achievements,
            }),
            Err(failed) => Err(failed.clone()),
        };
        let award = award
            .inspect_err(|failed| tracing::warn!(task = %seen.id, code = failed.code().text(), %failed, "the completion is pending"))
            .ok();
        let completion = Completion {
            id: self.ids.id(),
            user_id: seen.user_id,
            task_id: seen.id,
            day: known.day.clone(),
            completed_at: now,
            on_time: seen.due_date.map(|due| now <= due),
            facts: facts.canonical().map_err(Fault::internal)?,
            occurrence: facts.occurrence,
            state: if award.is_some() { CompletionState::Scored } else { CompletionState::Pending },
            rules: award.as_ref().map(|award| award.rules.clone()),
            attempts: 0,
            created_at: now,
        };
        let mut note = completing.note.clone();
        match &award {
            Some(award) => note.insert("experience_gained".into(), json!(award.points)),
            None => note.insert("pending".into(), json!(true)),
        };
        let log = self.log(&seen, "completed", note);
        let writing = game::Completing {
            version,
            completion: &completion,
            award: award.as_ref(),
            actual_minutes: completing.actual_duration_minutes,
            log: &log,
        };
        Ok(self.commit(writing, &known).await.map(|written| (written, award)))
    }

    /// The one transaction. With a bound on the day, a completion that another one has overtaken is judged again: only here,
    /// where the day is locked, is it known what is left of it.
    async fn commit(&self, writing: game::Completing<'_>, known: &Known) -> store::Result<game::Completed> {
        let mut tx = self.db.begin().await?;
        let written = game::complete_in(&mut tx, writing).await?;
        if self.game.xp_per_day > 0
            && game::day_points(&mut tx, writing.completion.user_id, &known.day).await? > self.game.xp_per_day.max(known.tallies.day.points)
        {
            tx.rollback().await?;
            return Err(store::Error::Stale);
        }
        tx.commit().await?;
        Ok(written)
    }

    /// What the person is told.
    async fn told(&self, caller: &Principal, written: game::Completed, award: Option<Award>, bound: Option<Bound>) -> Completed {
        let game::Completed { task, unlocked, total } = written;
        let mut achievements = Vec::with_capacity(unlocked.len());
        let mut level = None;
        if let Some(bound) = bound {
            level = bound.level(total).await;
            if !unlocked.is_empty() {
                let card = bound.card(&caller.locale).await.unwrap_or_default();
                let named = |id: &str| card.achievement(id).cloned().unwrap_or_else(|| AchievementCard::bare(id));
                achievements.extend(unlocked.iter().map(|id| Unlocked { card: named(id), at: task.updated_at }));
            }
        }
        match award {
            Some(award) => {
                Completed { task, points: award.points, breakdown: award.breakdown, achievements, total, level, rules: Some(award.rules) }
            }
            None => Completed { task, points: 0, breakdown: Vec::new(), achievements, total, level, rules: None },
        }
    }

    /// Refuses while a part is not completed, in words; the transaction checks it once more.
    async fn check_parts(&self, task: &Task) -> Outcome<()> {
        match tasks::open_children(&self.db, task.id).await? {
            0 => Ok(()),
            count => Err(Fault::conflict(format!("{count} of its subtasks are not completed"))
                .hint("complete them first, or set `requires_all_complete` to false")),
        }
    }
}
