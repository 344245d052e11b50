//! Which status may follow which (`domain.md`, Tasks).
//!
//! ```text
//! pending ↔ in_progress ↔ blocked      any of the three → completed (by completing), failed, cancelled
//! completed → pending (by reopening)   failed, cancelled → pending
//! ```

use crate::error::Fault;
use crate::model::task::Status;

/// What brings a task into another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `status` in a PUT or PATCH.
    Change,
    /// `/start`.
    Start,
    /// `/complete`.
    Complete,
    /// `/reopen`.
    Reopen,
}

/// Whether a task counts as open: neither done nor given up.
pub(super) const fn is_open(status: Status) -> bool {
    matches!(status, Status::Pending | Status::InProgress | Status::Blocked)
}

/// May a task go from `from` to `to` this way? Staying where it is is no transition: the caller decides what that means.
pub(super) const fn allowed(from: Status, to: Status, by: By) -> bool {
    use Status::{Blocked, Cancelled, Completed, Failed, InProgress, Pending};
    match by {
        By::Complete => is_open(from) && matches!(to, Completed),
        By::Reopen => matches!((from, to), (Completed | Failed | Cancelled, Pending)),
        By::Start => matches!((from, to), (Pending | Blocked, InProgress)),
        By::Change => {
            matches!((from, to), (Pending | Blocked, InProgress) | (InProgress, Pending | Blocked) | (Failed | Cancelled, Pending))
                || (is_open(from) && matches!(to, Failed | Cancelled))
        }
    }
}

/// Checks a transition.
///
/// # Errors
/// 409 with what to do instead.
pub(super) fn check(from: Status, to: Status, by: By) -> Result<(), Fault> {
    if allowed(from, to, by) {
        return Ok(());
    }
    let hint = match (from, to, by) {
        (Status::Completed, _, By::Complete) => {
            "it is completed already; reopen it with POST /api/v1/tasks/{id}/reopen to complete it again"
        }
        (_, Status::Completed, By::Change) => "complete a task with POST /api/v1/tasks/{id}/complete: that is what gives experience points",
        (Status::Completed, _, _) => "reopen it first with POST /api/v1/tasks/{id}/reopen",
        (Status::Failed | Status::Cancelled, _, _) => "set its status to `pending` first",
        (Status::Pending, Status::Blocked, _) => "start it first with POST /api/v1/tasks/{id}/start",
        (Status::Blocked, Status::Pending, _) => "set its status to `in_progress` first",
        (_, _, By::Reopen) => "only a completed, failed or cancelled task can be reopened",
        (Status::InProgress, _, By::Start) => "it is in progress already",
        _ => "the documentation shows which status may follow which",
    };
    Err(Fault::conflict(format!("a task that is {} cannot become {}", words(from), words(to))).hint(hint))
}

fn words(status: Status) -> &'static str {
    match status {
        Status::InProgress => "in progress",
        other => other.text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_domain_and_nothing_else() {
        use Status::{Blocked, Cancelled, Completed, Failed, InProgress, Pending};
        let table = [
            (
                By::Change,
                vec![
                    (Pending, InProgress),
                    (InProgress, Pending),
                    (InProgress, Blocked),
                    (Blocked, InProgress),
                    (Pending, Failed),
                    (InProgress, Failed),
                    (Blocked, Failed),
                    (Pending, Cancelled),
                    (InProgress, Cancelled),
                    (Blocked, Cancelled),
                    (Failed, Pending),
                    (Cancelled, Pending),
                ],
            ),
            (By::Start, vec![(Pending, InProgress), (Blocked, InProgress)]),
            (By::Complete, vec![(Pending, Completed), (InProgress, Completed), (Blocked, Completed)]),
            (By::Reopen, vec![(Completed, Pending), (Failed, Pending), (Cancelled, Pending)]),
        ];
        for (by, good) in table {
            for from in Status::ALL {
                for to in Status::ALL {
                    assert_eq!(check(*from, *to, by).is_ok(), good.contains(&(*from, *to)), "{from} → {to} by {by:?}");
                }
            }
        }
    }

    #[test]
    fn completing_by_a_change_is_refused_with_the_way_that_works() {
        let fault = check(Status::Pending, Status::Completed, By::Change).unwrap_err();
        assert_eq!(fault.code, crate::error::Code::Conflict);
        assert!(fault.public_hint().contains("/complete"));
    }
}
