//! The bounds of a task that its schema cannot say (`operations.md`, Bounds; `domain.md`, Tasks), all of them at once.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{NewTask, TaskEdit};
use crate::clock::Millis;
use crate::error::Outcome;
use crate::model::task::Status;
use crate::service::bounds::{Bad, owner};

const DESCRIPTION_BYTES: usize = 256 * 1024;
const MOST_ASSIGNEES: usize = 100;
const ASSIGNEE_CHARS: usize = 200;
const MOST_VALUES: usize = 32;
const VALUE_CHARS: usize = 64;
/// Ten years.
const MOST_MINUTES: i64 = 5_256_000;

impl Bad {
    fn named(&mut self, title: &str) {
        self.when(title.trim().is_empty(), "/title", "must not be blank");
        self.title(title);
    }

    fn description(&mut self, text: &str) {
        self.when(text.len() > DESCRIPTION_BYTES, "/description", "must have at most 256 KiB");
    }

    fn values(&mut self, values: &BTreeMap<String, f64>) {
        self.when(values.len() > MOST_VALUES, "/value_impact", format!("must have at most {MOST_VALUES} fields"));
        values.iter().take(MOST_VALUES).for_each(|(name, value)| self.value(name, *value));
    }

    fn value(&mut self, name: &str, value: f64) {
        let pointer = format!("/value_impact/{}", name.replace('~', "~0").replace('/', "~1"));
        self.when(
            name.is_empty() || name.chars().count() > VALUE_CHARS,
            &pointer,
            format!("must have a name of 1 to {VALUE_CHARS} characters"),
        );
        self.when(!(-100.0..=100.0).contains(&value), &pointer, "must be a number from -100 to 100");
    }

    fn number(&mut self, value: i64, pointer: &str, least: i64, most: i64) {
        self.when(!(least..=most).contains(&value), pointer, format!("must be from {least} to {most}"));
    }

    fn minutes(&mut self, value: Option<i64>, pointer: &str) {
        if let Some(value) = value {
            self.number(value, pointer, 0, MOST_MINUTES);
        }
    }

    fn period(&mut self, start: Option<Millis>, due: Option<Millis>) {
        self.when(matches!((start, due), (Some(start), Some(due)) if due < start), "/due_date", "must not be before `start_date`");
    }
}

impl NewTask {
    /// Checks every bound.
    ///
    /// # Errors
    /// 403 for somebody else's `user_id`; 422 with every bad field.
    pub fn validate(&self, caller: Uuid) -> Outcome<()> {
        owner(self.user_id, caller, "task")?;
        let mut bad = Bad::default();
        bad.named(&self.title);
        bad.description(&self.description);
        bad.when(self.status == Status::Completed, "/status", "a task is made open; complete it with POST /api/v1/tasks/{id}/complete");
        bad.tags(&self.tags);
        bad.number(self.difficulty, "/difficulty", 1, 5);
        bad.minutes(self.estimated_duration_minutes, "/estimated_duration_minutes");
        bad.minutes(self.actual_duration_minutes, "/actual_duration_minutes");
        bad.number(self.progress, "/progress", 0, 100);
        bad.texts(&self.assignees, "/assignees", MOST_ASSIGNEES, ASSIGNEE_CHARS);
        bad.values(&self.value_impact);
        bad.period(self.start_date, self.due_date);
        bad.metadata(&self.metadata);
        bad.done()
    }
}

impl TaskEdit {
    /// Checks every bound of what is given. The period is checked against the rest of the task when it is applied.
    ///
    /// # Errors
    /// 403 for somebody else's `user_id`; 422 with every bad field.
    pub fn validate(&self, caller: Uuid) -> Outcome<()> {
        owner(self.user_id, caller, "task")?;
        let mut bad = Bad::default();
        self.title.iter().for_each(|title| bad.named(title));
        self.description.iter().for_each(|text| bad.description(text));
        self.tags.iter().for_each(|tags| bad.tags(tags));
        self.difficulty.iter().for_each(|value| bad.number(*value, "/difficulty", 1, 5));
        bad.minutes(self.estimated_duration_minutes.flatten(), "/estimated_duration_minutes");
        bad.minutes(self.actual_duration_minutes.flatten(), "/actual_duration_minutes");
        self.progress.iter().for_each(|value| bad.number(*value, "/progress", 0, 100));
        self.assignees.iter().for_each(|list| bad.texts(list, "/assignees", MOST_ASSIGNEES, ASSIGNEE_CHARS));
        let given = self.value_impact.iter().flatten().flatten();
        given.for_each(|(name, value)| value.iter().for_each(|value| bad.value(name, *value)));
        bad.done()
    }
}

/// The bounds that concern a whole task after a change.
pub(super) fn whole(task: &crate::model::task::Task) -> Outcome<()> {
    let mut bad = Bad::default();
    bad.period(task.start_date, task.due_date);
    bad.when(task.value_impact.len() > MOST_VALUES, "/value_impact", format!("must have at most {MOST_VALUES} fields"));
    bad.metadata(&task.metadata);
    bad.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::model::Object;

    fn task() -> NewTask {
        NewTask::titled("Wash up")
    }

    #[test]
    fn one_answer_names_every_bad_field() {
        let values = BTreeMap::from([("a/b".to_owned(), f64::NAN), ("c".to_owned(), 100.5), ("d".to_owned(), -100.0)]);
        let bad = NewTask {
            title: "  ".into(),
            status: Status::Completed,
            tags: vec!["x".repeat(65), "a,b".into()],
            difficulty: 6,
            value_impact: values,
            start_date: Some(2),
            due_date: Some(1),
            metadata: Object::from_iter([("big".to_owned(), "x".repeat(17_000).into())]),
            ..task()
        };
        let fault = bad.validate(Uuid::nil()).unwrap_err();
        let pointers: Vec<&str> = fault.fields.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            ["/title", "/status", "/tags/0", "/tags/1", "/difficulty", "/value_impact/a~1b", "/value_impact/c", "/due_date", "/metadata"]
        );
    }

    #[test]
    fn somebody_elses_user_id_is_forbidden_and_ones_own_is_fine() {
        let me = Uuid::from_u128(1);
        assert!(NewTask { user_id: Some(me), ..task() }.validate(me).is_ok());
        assert_eq!(NewTask { user_id: Some(Uuid::from_u128(2)), ..task() }.validate(me).unwrap_err().code, Code::NotPermitted);
    }
}
