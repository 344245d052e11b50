//! What sort of quest a new task is, when its author does not say and the rules do not answer: the list of `domain.md`.

use crate::model::task::QuestType;
use crate::plugin::xp_rules::facts::TaskFacts;

/// First match: recurring → daily; shared with more than 5 → raid; with more than 1 → party; a hard part → epic; hard →
/// challenge; the person's first task → tutorial; else solo.
pub(in crate::service) fn classify(task: &TaskFacts, first: bool) -> QuestType {
    match task {
        task if task.recurring => QuestType::Daily,
        task if task.shared && task.assignees > 5 => QuestType::Raid,
        task if task.shared && task.assignees > 1 => QuestType::Party,
        task if task.parent.is_some() && task.difficulty >= 3 => QuestType::Epic,
        task if task.difficulty >= 4 => QuestType::Challenge,
        _ if first => QuestType::Tutorial,
        _ => QuestType::Solo,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::xp_rules::facts::tests::sample;

    #[test]
    fn the_first_match_counts() {
        let plain = TaskFacts { recurring: false, shared: false, assignees: 0, parent: None, difficulty: 1, ..sample().task };
        let cases = [
            (TaskFacts { recurring: true, shared: true, assignees: 9, ..plain.clone() }, QuestType::Daily),
            (TaskFacts { shared: true, assignees: 6, ..plain.clone() }, QuestType::Raid),
            (TaskFacts { shared: true, assignees: 5, ..plain.clone() }, QuestType::Party),
            (TaskFacts { shared: true, assignees: 1, ..plain.clone() }, QuestType::Solo),
            (TaskFacts { shared: false, assignees: 9, ..plain.clone() }, QuestType::Solo),
            (TaskFacts { parent: Some("p".into()), difficulty: 3, ..plain.clone() }, QuestType::Epic),
            (TaskFacts { parent: Some("p".into()), difficulty: 2, ..plain.clone() }, QuestType::Solo),
            (TaskFacts { difficulty: 4, ..plain.clone() }, QuestType::Challenge),
        ];
        for (task, expected) in cases {
            assert_eq!(classify(&task, false), expected);
        }
        assert_eq!(classify(&plain, true), QuestType::Tutorial);
        assert_eq!(classify(&TaskFacts { difficulty: 5, ..plain }, true), QuestType::Challenge);
    }
}
