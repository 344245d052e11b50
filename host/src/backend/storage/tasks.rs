//! `storage/tasks` for plugins: the caller's tasks, read only. Who the caller is was decided by the runtime's door.

use async_trait::async_trait;
use mnemosyne_runtime::BackendError;
use mnemosyne_runtime::capability::storage::tasks::{TaskFilter, TaskList, TaskPage, TasksBackend};
use mnemosyne_runtime::wit::types::values;
use uuid::Uuid;

use super::failed;
use crate::model::page::{Cursor, Key, Page};
use crate::model::task::{Status, Task, TaskFilter as Stored, TaskSort};
use crate::store::{self, Db};

/// Statuses of tasks that wait to be done.
const OPEN: [Status; 3] = [Status::Pending, Status::InProgress, Status::Blocked];
/// Statuses of tasks that are over.
const ENDED: [Status; 3] = [Status::Completed, Status::Failed, Status::Cancelled];

/// Tasks in the platform's database.
pub struct PluginTasks(Db);

impl PluginTasks {
    /// Over this database.
    pub fn new(db: Db) -> Self {
        Self(db)
    }
}

/// The two halves of a listing: open ones by due date, then ended ones, newest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Open,
    Ended,
}

impl Half {
    const fn sort(self) -> TaskSort {
        match self {
            Self::Open => TaskSort::Due(false),
            Self::Ended => TaskSort::Ended(true),
        }
    }

    /// The wanted statuses of this half; `None`: none of them is wanted.
    fn statuses(self, wanted: &[Status]) -> Option<Vec<Status>> {
        let mine = if self == Self::Open { OPEN } else { ENDED };
        let both: Vec<Status> = mine.into_iter().filter(|status| wanted.is_empty() || wanted.contains(status)).collect();
        (!both.is_empty()).then_some(both)
    }

    fn cursor(self, task: &Task) -> String {
        let (word, key) = match self {
            Self::Open => ('o', task.due_date.unwrap_or(i64::MAX)),
            Self::Ended => ('e', task.completed_at.unwrap_or(task.updated_at)),
        };
        format!("{word}.{key}.{}", task.id.simple())
    }
}

/// Where a page begins: in which half, after which task.
fn begin(cursor: Option<&str>) -> Result<(Half, Option<Cursor>), BackendError> {
    let Some(text) = cursor else { return Ok((Half::Open, None)) };
    let read = || {
        let mut parts = text.split('.');
        let half = match parts.next()? {
            "o" => Half::Open,
            "e" => Half::Ended,
            _ => return None,
        };
        let cursor = Cursor { key: Key::Int(parts.next()?.parse().ok()?), id: Uuid::try_parse(parts.next()?).ok()? };
        parts.next().is_none().then_some((half, Some(cursor)))
    };
    read().ok_or_else(|| BackendError::invalid("tasks-cursor", "the cursor is not one that this function gave"))
}

fn task(of: Task) -> values::Task {
    let minutes = |value: Option<i64>| value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
    values::Task {
        id: of.id.to_string(),
        title: of.title,
        description: of.description,
        status: of.status.text().to_owned(),
        priority: of.priority.text().to_owned(),
        quest_type: Some(of.quest_type.text().to_owned()),
        difficulty: u8::try_from(of.difficulty).unwrap_or(1),
        created: of.created_at,
        started: of.started_at,
        due: of.due_date,
        completed: of.completed_at,
        estimate_minutes: minutes(of.estimated_duration_minutes),
        actual_minutes: minutes(of.actual_duration_minutes),
        parent: of.parent_id.map(|id| id.to_string()),
        series: of.series_id.map(|id| id.to_string()),
        tags: of.tags,
        assignees: u32::try_from(of.assignees.len()).unwrap_or(u32::MAX),
        shared: of.is_shared,
        recurring: of.recurrence.is_some(),
        value_impact: of.value_impact.into_iter().collect(),
        extra: Vec::new(),
    }
}

#[async_trait]
impl TasksBackend for PluginTasks {
    async fn list(&self, user: Uuid, list: TaskList<'_>) -> Result<TaskPage, BackendError> {
        let TaskFilter { statuses, text, tags, parent, completed_since, due_before } = list.filter.clone();
        // A status that nobody knows fits no task.
        let known: Vec<Status> = statuses.iter().filter_map(|word| word.parse().ok()).collect();
        if known.is_empty() && !statuses.is_empty() {
            return Ok(TaskPage::default());
        }
        let filter = Stored { tags, parent_id: parent, due_before, completed_after: completed_since, search: text, ..Stored::default() };
        let (first, mut after) = begin(list.cursor)?;
        let (mut page, mut bytes) = (TaskPage::default(), 0);
        for half in [Half::Open, Half::Ended].into_iter().skip(usize::from(first == Half::Ended)) {
            let Some(statuses) = half.statuses(&known) else { continue };
            let room = i64::from(list.limit) - i64::try_from(page.items.len()).unwrap_or(i64::MAX);
            if room <= 0 {
                // Whether more follow is told by the next page, which may be empty.
                return Ok(page);
            }
            let part = match after.take() {
                Some(cursor) => Page::after(cursor, room),
                None => Page::skip(0, room),
            };
            let filter = Stored { statuses, ..filter.clone() };
            let found = store::tasks::list(&self.0, user, &filter, half.sort(), &part).await.map_err(failed)?;
            let more = found.has_more;
            for row in found.items {
                bytes += row.title.len() + row.description.len() + 256;
                if bytes > list.max_bytes && !page.items.is_empty() {
                    return Ok(page);
                }
                page.next = Some(half.cursor(&row));
                page.items.push(task(row));
            }
            if more {
                return Ok(page);
            }
        }
        page.next = None;
        Ok(page)
    }

    async fn get(&self, user: Uuid, id: Uuid) -> Result<Option<values::Task>, BackendError> {
        let found = store::tasks::find(&self.0, user, id).await.map_err(failed)?;
        Ok(found.filter(|found| found.deleted_at.is_none()).map(task))
    }
}
