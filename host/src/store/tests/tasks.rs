//! Tasks: what is stored comes back, filters, pages, trees, figures.

use serde_json::json;
use uuid::Uuid;

use crate::model::page::{Page, Slice};
use crate::model::task::{Priority, Recurrence, Status, Task, TaskFilter, TaskSort};
use crate::store::testing::{TestDb, id, log, on_all, task, user};
use crate::store::{Error, tasks};

async fn stored(db: &TestDb, task: Task) -> Task {
    tasks::insert(&db.db, &task).await.unwrap();
    task
}

fn titles(slice: &Slice<Task>) -> Vec<&str> {
    slice.items.iter().map(|task| task.title.as_str()).collect()
}

#[tokio::test]
async fn every_field_comes_back_as_it_went_in() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let mut full = task(alice.id, "Größe \u{1F600}");
        full.description = "two\nlines".into();
        full.tags = vec!["home".into(), "ä'\"".into()];
        full.assignees = vec!["bob".into()];
        full.value_impact = [("wisdom".to_owned(), 0.7), ("strength".to_owned(), -99.999_999_999_999)].into();
        full.recurrence = Some(Recurrence { rrule: "FREQ=DAILY".into(), text: None, timezone: "UTC".into(), anchor: "schedule".into() });
        full.metadata = json!({"nested": {"list": [1, 2.5, null, true]}}).as_object().unwrap().clone();
        full.due_date = Some(-5);
        full.is_shared = true;
        full.series_id = Some(id());
        let full = stored(db, full).await;
        assert_eq!(tasks::get(&db.db, alice.id, full.id).await.unwrap(), full);
        assert_eq!(tasks::find(&db.db, id(), full.id).await.unwrap(), None, "someone else's is not found");
    })
    .await;
}

#[tokio::test]
async fn text_that_one_database_cannot_keep_is_refused_as_text() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let mut bad = task(alice.id, "nul \0 inside");
        bad.tags = vec!["\0".into()];
        match tasks::insert(&db.db, &bad).await {
            Ok(()) => assert_eq!(db.dialect(), crate::store::Dialect::Sqlite),
            Err(error) => assert!(matches!(error, Error::Text), "{error:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_writers_the_second_is_told() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let first = stored(db, task(alice.id, "one")).await;
        let changed = tasks::update(&db.db, Task { title: "two".into(), updated_at: 300, ..first.clone() }).await.unwrap();
        assert_eq!(changed.version, 2);
        assert!(matches!(tasks::update(&db.db, Task { title: "three".into(), ..first.clone() }).await, Err(Error::Stale)));
        assert_eq!(tasks::get(&db.db, alice.id, first.id).await.unwrap(), changed);
    })
    .await;
}

#[tokio::test]
async fn filters_find_what_they_say() {
    on_all(async |db| {
        let (alice, bob) = (user(db, "alice").await, user(db, "bob").await);
        stored(db, task(bob.id, "bob's")).await;
        let mut a = task(alice.id, "Alpha 100%");
        a.tags = vec!["x".into(), "y".into()];
        a.due_date = Some(500);
        let a = stored(db, a).await;
        let mut b = task(alice.id, "beta ÄPFEL");
        b.tags = vec!["x".into()];
        b.status = Status::Blocked;
        b.priority = Priority::Urgent;
        b.created_at = 101;
        b.parent_id = Some(a.id);
        let b = stored(db, b).await;
        let mut gone = task(alice.id, "gone");
        gone.deleted_at = Some(400);
        gone.updated_at = 400;
        stored(db, gone).await;

        let all = TaskFilter::default();
        let cases: Vec<(TaskFilter, Vec<&str>)> = vec![
            (all.clone(), vec!["Alpha 100%", "beta ÄPFEL"]),
            (TaskFilter { tags: vec!["x".into(), "y".into()], ..all.clone() }, vec!["Alpha 100%"]),
            (TaskFilter { statuses: vec![Status::Blocked, Status::Failed], ..all.clone() }, vec!["beta ÄPFEL"]),
            (TaskFilter { priorities: vec![Priority::Medium], ..all.clone() }, vec!["Alpha 100%"]),
            (TaskFilter { parent_id: Some(a.id), ..all.clone() }, vec!["beta ÄPFEL"]),
            (TaskFilter { roots_only: true, ..all.clone() }, vec!["Alpha 100%"]),
            (TaskFilter { due_before: Some(501), due_after: Some(500), ..all.clone() }, vec!["Alpha 100%"]),
            (TaskFilter { due_before: Some(500), ..all.clone() }, vec![]),
            (TaskFilter { search: Some("äpfel".into()), ..all.clone() }, vec!["beta ÄPFEL"]),
            (TaskFilter { search: Some("0%".into()), ..all.clone() }, vec!["Alpha 100%"]),
            (TaskFilter { search: Some("_".into()), ..all.clone() }, vec![]),
            (TaskFilter { include_deleted: true, updated_after: Some(399), ..all.clone() }, vec!["gone"]),
            (TaskFilter { open_only: true, ..all.clone() }, vec!["Alpha 100%", "beta ÄPFEL"]),
        ];
        for (filter, expected) in cases {
            let found = tasks::list(&db.db, alice.id, &filter, TaskSort::Created(false), &Page::skip(0, 10)).await.unwrap();
            assert_eq!(titles(&found), expected, "{filter:?}");
            assert_eq!(found.total, i64::try_from(expected.len()).ok());
            assert_eq!(tasks::count(&db.db, alice.id, &filter).await.unwrap(), i64::try_from(expected.len()).unwrap());
        }
        assert_eq!(tasks::children(&db.db, alice.id, a.id).await.unwrap(), [b]);
        assert_eq!(tasks::open_children(&db.db, a.id).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn pages_by_cursor_meet_every_row_once_in_every_order() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        for number in 0..11_i64 {
            let mut each = task(alice.id, &format!("t{}", number % 3));
            each.created_at = 100 + number / 2;
            each.updated_at = 300 - number / 3;
            each.due_date = (number % 2 == 0).then_some(number / 4);
            each.priority = Priority::ALL[usize::try_from(number % 4).unwrap()];
            each.difficulty = 1 + number % 5;
            stored(db, each).await;
        }
        let filter = TaskFilter::default();
        for order in [TaskSort::Created, TaskSort::Updated, TaskSort::Due, TaskSort::Priority, TaskSort::Difficulty, TaskSort::Title] {
            for descending in [false, true] {
                let sort = order(descending);
                let whole = tasks::list(&db.db, alice.id, &filter, sort, &Page::skip(0, 100)).await.unwrap();
                assert_eq!((whole.items.len(), whole.total), (11, Some(11)));
                let mut met = Vec::new();
                let mut page = Page::skip(0, 4);
                loop {
                    let part = tasks::list(&db.db, alice.id, &filter, sort, &page).await.unwrap();
                    met.extend(part.items);
                    let Some(next) = part.next else { break };
                    page = Page::after(next, 4);
                }
                assert_eq!(met, whole.items, "{sort:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_tree_is_walked_measured_hidden_and_erased_as_one() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let mut chain: Vec<Task> = Vec::new();
        for level in 0..4 {
            let mut each = task(alice.id, &format!("level {level}"));
            each.parent_id = chain.last().map(|parent| parent.id);
            chain.push(stored(db, each).await);
        }
        let (root, leaf) = (chain[0].id, chain[3].id);
        let walked: Vec<Uuid> = tasks::subtree(&db.db, alice.id, root).await.unwrap().iter().map(|task| task.id).collect();
        assert_eq!(walked, chain.iter().map(|task| task.id).collect::<Vec<_>>());
        assert_eq!(tasks::height(&db.db, alice.id, root).await.unwrap(), 3);
        assert_eq!(tasks::ancestors(&db.db, alice.id, leaf).await.unwrap(), chain.iter().rev().map(|task| task.id).collect::<Vec<_>>());
        tasks::log(&db.db, &log(&chain[3], "created")).await.unwrap();
        assert_eq!(tasks::logs(&db.db, alice.id, leaf, &Page::skip(0, 5)).await.unwrap().total, Some(1));

        assert!(matches!(tasks::delete(&db.db, alice.id, chain[1].id, Some(9), 500).await, Err(Error::Stale)));
        assert_eq!(tasks::delete(&db.db, alice.id, chain[1].id, Some(1), 500).await.unwrap().len(), 3);
        assert!(matches!(tasks::delete(&db.db, alice.id, chain[1].id, None, 500).await, Err(Error::NotFound)));
        assert_eq!(tasks::subtree(&db.db, alice.id, root).await.unwrap().len(), 1);
        assert!(matches!(tasks::erase(&db.db, id(), root, None).await, Err(Error::NotFound)));
        tasks::erase(&db.db, alice.id, root, None).await.unwrap();
        let everything = TaskFilter { include_deleted: true, ..TaskFilter::default() };
        assert_eq!(tasks::count(&db.db, alice.id, &everything).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_circle_does_not_hang_the_walk() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let a = stored(db, task(alice.id, "a")).await;
        let mut b = task(alice.id, "b");
        b.parent_id = Some(a.id);
        let b = stored(db, b).await;
        db.write("UPDATE tasks SET parent_id = $1 WHERE id = $2").bind(b.id).bind(a.id).execute().await.unwrap();
        assert!(tasks::subtree(&db.db, alice.id, a.id).await.unwrap().len() <= 17);
        assert!(tasks::ancestors(&db.db, alice.id, a.id).await.unwrap().len() <= 17);
    })
    .await;
}

#[tokio::test]
async fn figures_count_what_is_there() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        assert_eq!(tasks::stats(&db.db, alice.id, 1_000).await.unwrap().total, 0);
        let mut late = task(alice.id, "late");
        late.due_date = Some(900);
        late.difficulty = 5;
        stored(db, late).await;
        for completed_at in [700, 900] {
            let mut done = task(alice.id, "done");
            done.status = Status::Completed;
            done.due_date = Some(800);
            done.completed_at = Some(completed_at);
            stored(db, done).await;
        }
        let stats = tasks::stats(&db.db, alice.id, 1_000).await.unwrap();
        assert_eq!((stats.total, stats.overdue, stats.completed_with_due, stats.completed_on_time), (3, 1, 2, 1));
        assert_eq!((stats.by_status[&Status::Completed], stats.by_status[&Status::Pending]), (2, 1));
        assert!((stats.average_difficulty - 3.0).abs() < 1e-9);
    })
    .await;
}
