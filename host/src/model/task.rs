//! Tasks and their logs.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Object, text_enum};
use crate::clock::Millis;

text_enum! {
    /// Where a task stands.
    Status {
        /// Not begun.
        Pending = "pending",
        /// Begun.
        InProgress = "in_progress",
        /// Done; only by completing it.
        Completed = "completed",
        /// Given up as failed.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
        /// Waits for something.
        Blocked = "blocked",
    }
}

text_enum! {
    /// How pressing it is; ordered.
    Priority {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Urgent.
        Urgent = "urgent",
    }
}

text_enum! {
    /// What sort of quest it is.
    QuestType {
        /// The first one.
        Tutorial = "tutorial",
        /// Recurring.
        Daily = "daily",
        /// Alone.
        Solo = "solo",
        /// With a few.
        Party = "party",
        /// With many.
        Raid = "raid",
        /// A hard part of something larger.
        Epic = "epic",
        /// Hard.
        Challenge = "challenge",
    }
}

text_enum! {
    /// How soon something is due.
    Urgency {
        /// Within the hour.
        Urgent = "urgent",
        /// Within four hours.
        Soon = "soon",
        /// Within a day.
        Today = "today",
        /// Later.
        Upcoming = "upcoming",
    }
}

impl Urgency {
    /// Of what is due in so many milliseconds.
    pub const fn of(left: Millis) -> Self {
        const HOUR: Millis = 3_600_000;
        if left <= HOUR {
            Self::Urgent
        } else if left <= 4 * HOUR {
            Self::Soon
        } else if left <= 24 * HOUR {
            Self::Today
        } else {
            Self::Upcoming
        }
    }
}

/// How a task comes again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recurrence {
    /// RFC 5545 rule.
    pub rrule: String,
    /// The words it was given in.
    pub text: Option<String>,
    /// IANA zone.
    pub timezone: String,
    /// `schedule` or `completion`.
    pub anchor: String,
}

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The task it is a part of.
    pub parent_id: Option<Uuid>,
    /// At most 500 characters.
    pub title: String,
    /// At most 256 KiB.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// How pressing.
    pub priority: Priority,
    /// What sort.
    pub quest_type: QuestType,
    /// 1…5.
    pub difficulty: i64,
    /// What the rules gave, or would give now.
    pub experience_points: i64,
    /// Until when.
    pub due_date: Option<Millis>,
    /// From when.
    pub start_date: Option<Millis>,
    /// When it was begun.
    pub started_at: Option<Millis>,
    /// When it was completed.
    pub completed_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed.
    pub updated_at: Millis,
    /// When it was deleted; a tombstone then.
    pub deleted_at: Option<Millis>,
    /// Minutes it should take.
    pub estimated_duration_minutes: Option<i64>,
    /// Minutes it took.
    pub actual_duration_minutes: Option<i64>,
    /// 0…100.
    pub progress: i64,
    /// At most 50 of 64 characters.
    pub tags: Vec<String>,
    /// Who else takes part.
    pub assignees: Vec<String>,
    /// Whether it is done together.
    pub is_shared: bool,
    /// At most 32 keys, −100…100.
    pub value_impact: BTreeMap<String, f64>,
    /// Completing it needs its children completed.
    pub requires_all_complete: bool,
    /// How it comes again.
    pub recurrence: Option<Recurrence>,
    /// The series it is an occurrence of.
    pub series_id: Option<Uuid>,
    /// When the series is due next.
    pub next_due: Option<Millis>,
    /// The client's own object, at most 16 KiB.
    pub metadata: Object,
    /// The completion that stands.
    pub completion_id: Option<Uuid>,
    /// Grows with every change; the ETag.
    pub version: i64,
}

/// One line of a task's history.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskLog {
    /// UUIDv7.
    pub id: Uuid,
    /// Of which task.
    pub task_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// `created`, `updated`, `started`, `completed`, `reopened`, `deleted`, `note` …
    pub kind: String,
    /// For people's eyes.
    pub message: String,
    /// What changed.
    pub metadata: Object,
    /// When.
    pub created_at: Millis,
}

/// How a list of tasks is ordered; ties by id. `true` = descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSort {
    /// When made.
    Created(bool),
    /// When changed.
    Updated(bool),
    /// When due; without a due date last (first, if descending).
    Due(bool),
    /// How pressing.
    Priority(bool),
    /// How hard.
    Difficulty(bool),
    /// By title, case ignored.
    Title(bool),
    /// When it was completed, else when it was changed.
    Ended(bool),
}

/// Which tasks are wanted; every given part must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskFilter {
    /// One of these; empty = any.
    pub statuses: Vec<Status>,
    /// One of these; empty = any.
    pub priorities: Vec<Priority>,
    /// One of these; empty = any.
    pub quest_types: Vec<QuestType>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// Children of this task.
    pub parent_id: Option<Uuid>,
    /// Only tasks without a parent.
    pub roots_only: bool,
    /// Due before.
    pub due_before: Option<Millis>,
    /// Due at or after.
    pub due_after: Option<Millis>,
    /// Completed at or after.
    pub completed_after: Option<Millis>,
    /// Completed before.
    pub completed_before: Option<Millis>,
    /// Neither completed, failed nor cancelled.
    pub open_only: bool,
    /// This text in title or description, case ignored.
    pub search: Option<String>,
    /// Changed after.
    pub updated_after: Option<Millis>,
    /// With tombstones.
    pub include_deleted: bool,
}

/// A user's tasks in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskStats {
    /// All that are not deleted.
    pub total: i64,
    /// By status.
    pub by_status: BTreeMap<Status, i64>,
    /// By quest type.
    pub by_quest_type: BTreeMap<QuestType, i64>,
    /// Open and past due.
    pub overdue: i64,
    /// Mean difficulty; 0 without tasks.
    pub average_difficulty: f64,
    /// Completed ones that had a due date.
    pub completed_with_due: i64,
    /// Of those, completed in time.
    pub completed_on_time: i64,
    /// Sum of the ledger.
    pub total_experience: i64,
}
