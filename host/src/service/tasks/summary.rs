//! The person's day: what is due, what is late, what is done, and what there is to notice about it.

use super::Tasks;
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::page::{Page, Slice};
use crate::model::task::{Priority, Task, TaskFilter, TaskSort};
use crate::service::principal::Principal;
use crate::service::streak::streak;
use crate::store::{game, tasks};

/// Tasks of each list; the counts know all of them.
const MOST: i64 = 100;
const DAY: Millis = 86_400_000;

/// A day of a person.
#[derive(Clone, Debug)]
pub struct DailySummary {
    /// The person's day, `YYYY-MM-DD`.
    pub date: String,
    /// Open and due within this day, soonest first.
    pub due_today: Slice<Task>,
    /// Open and past due, longest first. What was due earlier today stands here too.
    pub overdue: Slice<Task>,
    /// Completed today, newest first.
    pub completed: Slice<Task>,
    /// Points of this day.
    pub experience: i64,
    /// Estimated minutes of what is due today and listed.
    pub planned_minutes: i64,
    /// What there is to notice.
    pub insights: Vec<Insight>,
}

/// Something to notice about a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// A stable word: clients translate by it.
    pub kind: &'static str,
    /// In English.
    pub text: String,
}

impl DailySummary {
    /// How many of the listed tasks due today have this priority.
    pub fn due_with(&self, priority: Priority) -> i64 {
        count(self.due_today.items.iter().filter(|task| task.priority == priority).count())
    }
}

impl Tasks {
    /// The caller's day, in their zone and by the hour at which it begins.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn daily_summary(&self, caller: &Principal) -> Outcome<DailySummary> {
        let now = self.clock.now();
        let calendar = self.game.settings_of(caller.user).await?.calendar();
        let (begins, ends) = calendar.bounds(now);
        let windows = calendar.windows(now);
        let page = Page::skip(0, MOST);
        let due = TaskFilter { open_only: true, due_after: Some(begins), due_before: Some(ends), ..TaskFilter::default() };
        let late = TaskFilter { open_only: true, due_before: Some(now), ..TaskFilter::default() };
        let done = TaskFilter { completed_after: Some(begins), completed_before: Some(ends), ..TaskFilter::default() };
        let due_today = tasks::list(&self.db, caller.user, &due, TaskSort::Due(false), &page).await?;
        let overdue = tasks::list(&self.db, caller.user, &late, TaskSort::Due(false), &page).await?;
        let completed = tasks::list(&self.db, caller.user, &done, TaskSort::Ended(true), &page).await?;
        let tallies = game::tallies(&self.db, caller.user, &windows).await?;
        let days = game::days(&self.db, caller.user).await?;
        let in_a_row = streak(&days, &windows.day).current;
        let planned_minutes = due_today.items.iter().filter_map(|task| task.estimated_duration_minutes).fold(0, i64::saturating_add);
        let mut summary = DailySummary {
            date: windows.day,
            due_today,
            overdue,
            completed,
            experience: tallies.day.points,
            planned_minutes,
            insights: Vec::new(),
        };
        summary.insights = insights(&summary, now, in_a_row);
        Ok(summary)
    }
}

fn insights(of: &DailySummary, now: Millis, in_a_row: u32) -> Vec<Insight> {
    let mut found = Vec::new();
    let mut add = |kind, text| found.push(Insight { kind, text });
    let (due, late, done) = (of.due_today.total.unwrap_or(0), of.overdue.total.unwrap_or(0), of.completed.total.unwrap_or(0));
    if let Some(oldest) = of.overdue.items.first().and_then(|task| task.due_date) {
        let since = match (now - oldest) / DAY {
            0 => "since less than a day".to_owned(),
            days => format!("for {}", plural(days, "day")),
        };
        let what = if late == 1 { "1 task is overdue,".to_owned() } else { format!("{late} tasks are overdue, the oldest") };
        add("overdue", format!("{what} {since}"));
    }
    match of.due_with(Priority::Urgent) {
        0 => {}
        1 => add("urgent", "1 task of today is urgent".to_owned()),
        many => add("urgent", format!("{many} tasks of today are urgent")),
    }
    if of.planned_minutes > 0 {
        add("planned", format!("about {} of work is due today", duration(of.planned_minutes)));
    }
    if due == 0 && late == 0 {
        add("free", "nothing more is due today".to_owned());
    }
    if done > 0 {
        add("completed", format!("{} completed today, for {}", plural(done, "task"), plural(of.experience, "point")));
    }
    if in_a_row > 0 {
        let days = plural(i64::from(in_a_row), "day");
        let text = if done > 0 { format!("{days} in a row") } else { format!("{days} in a row: one completion today keeps it going") };
        add("streak", text);
    }
    found
}

fn plural(number: i64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn duration(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => plural(minutes, "minute"),
        (hours, 0) => plural(hours, "hour"),
        (hours, minutes) => format!("{} {}", plural(hours, "hour"), plural(minutes, "minute")),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_tell_them() {
        assert_eq!((plural(1, "task"), plural(0, "task"), plural(-2, "point")), ("1 task".into(), "0 tasks".into(), "-2 points".into()));
        assert_eq!([30, 60, 90, 121].map(duration), ["30 minutes", "1 hour", "1 hour 30 minutes", "2 hours 1 minute"]);
    }
}
