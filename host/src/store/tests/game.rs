//! Completions and the ledger.

use std::sync::Arc;

use crate::model::game::{Award, Bonus, Completion, CompletionState, Rules, Windows};
use crate::model::page::Page;
use crate::model::task::{Status, Task};
use crate::model::user::User;
use crate::store::game::{self, Completed, Completing, Reopening};
use crate::store::testing::{TestDb, id, log, on_all, task, user};
use crate::store::{Error, tasks};

fn completion(task: &Task, day: &str) -> Completion {
    Completion {
        id: id(),
        user_id: task.user_id,
        task_id: task.id,
        occurrence: "once".into(),
        day: day.into(),
        completed_at: 1_000,
        on_time: Some(true),
        facts: "{\"b\":1,\"a\":0.70}".into(),
        state: CompletionState::Pending,
        rules: None,
        attempts: 0,
        created_at: 1_000,
    }
}

fn award(points: i64) -> Award {
    Award {
        entry_id: id(),
        points,
        breakdown: vec![Bonus { reason: "base".into(), points }],
        rules: Rules { plugin: "classic".into(), version: "1.0.0".into(), digest: "d".into() },
        achievements: vec!["first-quest".into()],
    }
}

async fn complete(db: &TestDb, task: &Task, day: &str, award: Option<&Award>) -> crate::store::Result<Completed> {
    let completion = completion(task, day);
    let log = log(task, "completed");
    game::complete(&db.db, Completing { version: task.version, completion: &completion, award, actual_minutes: Some(5), log: &log }).await
}

async fn reopen(db: &TestDb, task: &Task) -> crate::store::Result<Completed> {
    let log = log(task, "reopened");
    game::reopen(&db.db, Reopening { task, entry_id: id(), now: 2_000, log: &log }).await
}

async fn with_task(db: &TestDb, name: &str) -> (User, Task) {
    let owner = user(db, name).await;
    let task = task(owner.id, "quest");
    tasks::insert(&db.db, &task).await.unwrap();
    (owner, task)
}

#[tokio::test]
async fn completing_gives_points_once_and_reopening_takes_exactly_them() {
    on_all(async |db| {
        let (alice, task) = with_task(db, "alice").await;
        let done = complete(db, &task, "2026-01-05", Some(&award(25))).await.unwrap();
        assert_eq!(
            (done.total, done.unlocked.as_slice(), done.task.status),
            (25, ["first-quest".to_owned()].as_slice(), Status::Completed)
        );
        assert_eq!((done.task.experience_points, done.task.actual_duration_minutes, done.task.version), (25, Some(5), 2));
        assert!(matches!(complete(db, &done.task, "2026-01-05", Some(&award(25))).await, Err(Error::Stale)), "twice");
        assert!(matches!(complete(db, &task, "2026-01-05", Some(&award(25))).await, Err(Error::Stale)), "by an old version");

        let open = reopen(db, &done.task).await.unwrap();
        assert_eq!((open.total, open.task.status, open.task.completion_id), (0, Status::Pending, None));
        assert!(matches!(reopen(db, &done.task).await, Err(Error::Stale)));
        let entries = game::ledger(&db.db, alice.id, &Page::skip(0, 10)).await.unwrap();
        assert_eq!(
            entries.items.iter().map(|entry| (entry.kind.as_str(), entry.points)).collect::<Vec<_>>(),
            [("reversal", -25), ("award", 25)]
        );
        assert_eq!(entries.total, Some(2));

        let again = complete(db, &open.task, "2026-01-06", Some(&award(30))).await.unwrap();
        assert_eq!((again.total, again.unlocked.len()), (30, 0), "an achievement comes once");
        assert_eq!(game::total(&db.db, alice.id).await.unwrap(), 30);
        assert_eq!(game::days(&db.db, alice.id).await.unwrap().len(), 1);
        assert_eq!(game::achievements(&db.db, alice.id).await.unwrap().len(), 1);
        assert!(game::verify(&db.db).await.unwrap().is_empty());
        let stored = game::completion(&db.db, alice.id, again.task.completion_id.unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.facts.as_str(), stored.state), ("{\"b\":1,\"a\":0.70}", CompletionState::Scored), "facts keep their bytes");
    })
    .await;
}

#[tokio::test]
async fn a_failed_completion_writes_nothing() {
    on_all(async |db| {
        let (alice, task) = with_task(db, "alice").await;
        let mut child = crate::store::testing::task(alice.id, "child");
        child.parent_id = Some(task.id);
        tasks::insert(&db.db, &child).await.unwrap();
        let strict = tasks::update(&db.db, Task { requires_all_complete: true, ..task }).await.unwrap();
        assert!(matches!(complete(db, &strict, "2026-01-05", Some(&award(5))).await, Err(Error::Stale)), "a child is open");
        complete(db, &child, "2026-01-05", Some(&award(5))).await.unwrap();
        complete(db, &strict, "2026-01-05", Some(&award(7))).await.unwrap();
        assert_eq!(game::total(&db.db, alice.id).await.unwrap(), 12);
    })
    .await;
}

#[tokio::test]
async fn a_pending_completion_is_claimed_by_one_and_scored_once() {
    on_all(async |db| {
        let (alice, task) = with_task(db, "alice").await;
        let done = complete(db, &task, "2026-01-05", None).await.unwrap();
        assert_eq!((done.total, done.task.experience_points), (0, 20), "the guess stays until it is scored");
        assert_eq!(game::days(&db.db, alice.id).await.unwrap()[0].completions, 1, "it counts for the streak at once");

        let claims = futures::future::join_all((0..8).map(|host| {
            let holder = format!("h{host}");
            async move { game::claim_pending(&db.db, &holder, 10, 1_000, 500).await.unwrap() }
        }))
        .await;
        assert_eq!(claims.iter().map(Vec::len).sum::<usize>(), 1);
        let mine = claims.into_iter().flatten().next().unwrap();
        assert_eq!(mine.attempts, 1);
        assert_eq!(game::claim_pending(&db.db, "late", 10, 1_500, 500).await.unwrap().len(), 1, "a lease ends");
        game::release(&db.db, mine.id, 9_000).await.unwrap();
        assert_eq!(game::claim_pending(&db.db, "late", 10, 8_999, 500).await.unwrap().len(), 0);

        let scored = game::score(&db.db, &mine, &award(40), 3_000).await.unwrap().unwrap();
        assert_eq!((scored.total, scored.unlocked.len()), (40, 1));
        assert!(game::score(&db.db, &mine, &award(40), 3_000).await.unwrap().is_none(), "once");
        let task = tasks::get(&db.db, alice.id, task.id).await.unwrap();
        assert_eq!(task.experience_points, 40);
        reopen(db, &task).await.unwrap();
        assert_eq!(game::total(&db.db, alice.id).await.unwrap(), 0);
        assert!(game::verify(&db.db).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn reopening_a_pending_completion_cancels_it_for_good() {
    on_all(async |db| {
        let (alice, task) = with_task(db, "alice").await;
        let done = complete(db, &task, "2026-01-05", None).await.unwrap();
        let claimed = game::claim_pending(&db.db, "h", 1, 1_000, 500).await.unwrap().remove(0);
        reopen(db, &done.task).await.unwrap();
        assert!(game::score(&db.db, &claimed, &award(40), 3_000).await.unwrap().is_none());
        assert_eq!(game::total(&db.db, alice.id).await.unwrap(), 0);
        assert!(game::days(&db.db, alice.id).await.unwrap().is_empty());
        assert!(game::verify(&db.db).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn tallies_cover_their_windows() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        for (day, points) in [("2026-03-12", 1), ("2026-03-09", 10), ("2026-03-01", 100), ("2026-01-01", 1_000), ("2025-12-31", 10_000)] {
            let task = task(alice.id, day);
            tasks::insert(&db.db, &task).await.unwrap();
            complete(db, &task, day, Some(&award(points))).await.unwrap();
        }
        let windows =
            Windows { day: "2026-03-12".into(), week: "2026-03-09".into(), month: "2026-03-01".into(), year: "2026-01-01".into() };
        let tallies = game::tallies(&db.db, alice.id, &windows).await.unwrap();
        let points = [tallies.day, tallies.week, tallies.month, tallies.year, tallies.all].map(|tally| (tally.points, tally.completions));
        assert_eq!(points, [(1, 1), (11, 2), (111, 3), (1_111, 4), (11_111, 5)]);
        let nobody = game::tallies(&db.db, id(), &windows).await.unwrap();
        assert_eq!(nobody, crate::model::game::Tallies::default());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_complete_and_reopen_and_the_sum_is_the_total() {
    for db in crate::store::testing::databases().await {
        let (alice, task) = with_task(&db, "alice").await;
        let db = Arc::new(db);
        let mut running = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (db, owner, id) = (Arc::clone(&db), alice.id, task.id);
            running.spawn(async move {
                for _ in 0..3 {
                    let now = tasks::get(&db.db, owner, id).await.unwrap();
                    let outcome = if now.status == Status::Completed {
                        reopen(&db, &now).await
                    } else {
                        complete(&db, &now, "2026-01-05", (number % 4 != 0).then(|| award(7)).as_ref()).await
                    };
                    assert!(matches!(outcome, Ok(_) | Err(Error::Stale)), "{outcome:?}");
                }
            });
        }
        while let Some(finished) = running.join_next().await {
            finished.unwrap();
        }
        let last = tasks::get(&db.db, alice.id, task.id).await.unwrap();
        let total = game::total(&db.db, alice.id).await.unwrap();
        assert!(total == 0 || (total == 7 && last.status == Status::Completed), "{total} {:?}", last.status);
        assert!(game::verify(&db.db).await.unwrap().is_empty());
    }
}
