//! Completions whose points are not known yet: scored later, once, by whoever claims them first.

use std::time::Duration;

use super::Game;
use crate::clock::Millis;
use crate::error::{Failure, Fault, Outcome};
use crate::model::game::{Award, Completion};
use crate::plugin::Caller;
use crate::plugin::xp_rules::{Bounds, facts};
use crate::store::game;

/// How long a claim holds: longer than a guest call with its wait for admission and a slow transaction.
const CLAIM: Duration = Duration::from_secs(30);
/// The first pause after a failure; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause. Rules that were replaced are noticed at the latest then.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

impl Game {
    /// Claims up to `limit` pending completions and scores each by the rules bound now. Tells how many were claimed.
    ///
    /// # Errors
    /// Only the database's; a failing plugin postpones its completion.
    pub async fn score_pending(&self, limit: i64) -> Outcome<usize> {
        let now = self.clock.now();
        let worker = self.ids.id().to_string();
        let claimed = game::claim_pending(&self.db, &worker, limit, now, millis(CLAIM)).await?;
        for completion in &claimed {
            if let Err(fault) = self.score(completion).await {
                tracing::warn!(completion = %completion.id, code = fault.code.text(), attempts = completion.attempts, "a pending completion could not be scored");
                let pause = pause(completion.attempts, self.ids.id().as_u128());
                game::release(&self.db, completion.id, self.clock.now() + millis(pause)).await?;
            }
        }
        Ok(claimed.len())
    }

    async fn score(&self, completion: &Completion) -> Outcome<()> {
        let facts = facts::Completion::read(&completion.facts).map_err(Fault::internal)?;
        let bound = self.rules.bound(&Caller::default()).map_err(Failure::fault)?;
        let today = match self.xp_per_day {
            0 => 0,
            _ => game::days(&self.db, completion.user_id).await?.iter().find(|day| day.day == completion.day).map_or(0, |day| day.points),
        };
        let points = bound.award(&facts, Bounds::new(self.xp_per_task, self.xp_per_day, today)).await?;
        let award = Award {
            entry_id: self.ids.id(),
            points: points.total,
            breakdown: points.breakdown,
            rules: bound.rules().clone(),
            achievements: points.achievements,
        };
        if game::score(&self.db, completion, &award, self.clock.now()).await?.is_some() {
            tracing::info!(completion = %completion.id, points = award.points, "a pending completion was scored");
        }
        Ok(())
    }
}

/// Doubles with each attempt, and is spread over its last quarter so that many do not come back at once.
fn pause(attempts: i64, luck: u128) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.clamp(0, 16)).min(LONGEST_PAUSE);
    let spread = u32::try_from(luck % 256).unwrap_or(0);
    doubled.saturating_sub(doubled / 4 * spread / 256)
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(pause(0, 0), Duration::from_secs(2));
        assert_eq!(pause(3, 0), Duration::from_secs(16));
        assert_eq!(pause(1_000, 0), LONGEST_PAUSE);
        for attempts in 0..40 {
            for luck in [0, 1, 255, 256, u128::MAX] {
                let full = pause(attempts, 0);
                assert!(pause(attempts, luck) <= full && pause(attempts, luck) >= full.saturating_sub(full / 4));
            }
        }
    }
}
