//! Streaks: days in a row with at least one completion that stands.
//!
//! Days are the person's own (zone and day start), as they were when the task was completed. A streak lives until a whole
//! day has passed without a completion: whoever has done nothing *today* has not lost it yet.

use crate::model::game::Day;

use super::moment::day_before;

/// Days in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// Up to today, or to yesterday while today has no completion.
    pub current: u32,
    /// Ever.
    pub longest: u32,
}

/// The streak of someone with these days (in any order, days without a completion do not count), seen from `today`.
pub fn streak(days: &[Day], today: &str) -> Streak {
    let mut done: Vec<&str> = days.iter().filter(|day| day.completions > 0).map(|day| day.day.as_str()).collect();
    done.sort_unstable_by(|a, b| b.cmp(a));
    done.dedup();
    let yesterday = day_before(today);
    let (mut longest, mut run, mut current, mut expected) = (0, 0, 0, None::<String>);
    let mut alive = false;
    for day in done {
        if expected.as_deref() == Some(day) {
            run += 1;
        } else {
            alive = expected.is_none() && (day >= today || yesterday.as_deref() == Some(day));
            run = 1;
        }
        if alive {
            current = run;
        }
        longest = longest.max(run);
        expected = Some(day_before(day).unwrap_or_default());
    }
    Streak { current, longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(list: &[&str]) -> Vec<Day> {
        list.iter().map(|day| Day { day: (*day).to_owned(), points: 0, completions: 1 }).collect()
    }

    #[test]
    fn nothing_done_is_no_streak() {
        assert_eq!(streak(&[], "2026-03-01"), Streak::default());
    }

    #[test]
    fn a_streak_lives_until_a_whole_day_has_passed() {
        let list = days(&["2026-02-27", "2026-02-28", "2026-03-01"]);
        assert_eq!(streak(&list, "2026-03-01").current, 3);
        assert_eq!(streak(&list, "2026-03-02").current, 3);
        assert_eq!(streak(&list, "2026-03-03"), Streak { current: 0, longest: 3 });
    }

    #[test]
    fn a_gap_ends_it_and_the_longest_is_kept() {
        let list = days(&["2026-01-05", "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-06"]);
        assert_eq!(streak(&list, "2026-01-06"), Streak { current: 2, longest: 3 });
    }

    #[test]
    fn a_day_whose_completions_were_all_taken_back_does_not_count() {
        let mut list = days(&["2026-01-01", "2026-01-02", "2026-01-03"]);
        list[1].completions = 0;
        assert_eq!(streak(&list, "2026-01-03"), Streak { current: 1, longest: 1 });
    }

    #[test]
    fn a_day_ahead_counts_as_today() {
        // someone who travelled west after completing a task tomorrow
        assert_eq!(streak(&days(&["2026-01-02", "2026-01-03"]), "2026-01-02").current, 2);
    }
}
