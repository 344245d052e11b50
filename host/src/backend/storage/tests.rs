//! The caller's tasks on both databases: the order of the contract, page by page, and nobody else's.

use mnemosyne_runtime::capability::storage::tasks::{TaskFilter, TaskList, TasksBackend};

use super::tasks::PluginTasks;
use crate::model::task::{Status, Task};
use crate::store::{tasks, testing};

const EVERYTHING: usize = 1 << 20;

fn list<'a>(filter: &'a TaskFilter, cursor: Option<&'a str>, limit: u32) -> TaskList<'a> {
    TaskList { filter, cursor, limit, max_bytes: EVERYTHING }
}

#[tokio::test]
async fn open_tasks_by_due_date_then_ended_ones_newest_first_whatever_the_page() {
    for db in testing::databases().await {
        let (ada, bob) = (testing::user(&db, "ada").await, testing::user(&db, "bob").await);
        let rows = [
            ("late", Status::Pending, Some(300), None),
            ("no date", Status::Blocked, None, None),
            ("soon", Status::InProgress, Some(100), None),
            ("done first", Status::Completed, None, Some(1_000)),
            ("done last", Status::Completed, None, Some(2_000)),
        ];
        for (title, status, due_date, completed_at) in rows {
            let task = Task { status, due_date, completed_at, ..testing::task(ada.id, title) };
            tasks::insert(&db.db, &task).await.unwrap();
        }
        let foreign = testing::task(bob.id, "foreign");
        tasks::insert(&db.db, &foreign).await.unwrap();
        let plugin = PluginTasks::new(db.db.clone());
        let all = TaskFilter::default();
        for limit in [1, 2, 3, 5, 100] {
            let (mut titles, mut cursor) = (Vec::new(), None);
            loop {
                let page = plugin.list(ada.id, list(&all, cursor.as_deref(), limit)).await.unwrap();
                titles.extend(page.items.into_iter().map(|task| task.title));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(titles, ["soon", "late", "no date", "done last", "done first"], "{limit} a page");
        }
        assert!(plugin.get(ada.id, foreign.id).await.unwrap().is_none());
        assert!(plugin.get(bob.id, foreign.id).await.unwrap().is_some());
        let unknown = TaskFilter { statuses: vec!["dreamt".into()], ..TaskFilter::default() };
        assert!(plugin.list(ada.id, list(&unknown, None, 5)).await.unwrap().items.is_empty());
        assert!(plugin.list(ada.id, list(&all, Some("x.1.2"), 5)).await.is_err());
    }
}
