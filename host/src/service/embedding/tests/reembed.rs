//! A move to another space: killed, refused, delayed, with texts that change under it.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Host, away, chunks, embeddings, host, traces};
use crate::backend::embedding::collections::{Collections, ITEMS};
use crate::backend::embedding::testing::Script;
use crate::backend::embedding::{Desk, Embedder, HashedNgram};
use crate::clock::{FixedClock, SystemIds};
use crate::model::vector::{Shelf, Space, VectorItem};
use crate::service::audit::Actor;
use crate::service::jobs::{JobView, Jobs};
use crate::service::memories::{Memories, NewMemory};
use crate::service::principal::{Principal, Role};
use crate::store::testing::{TestDb, id, on_all, user};
use crate::store::vectors::TextItem;
use crate::store::{jobs, vectors};
use crate::vector::embedded::EmbeddedVectors;

fn who(user: Uuid) -> Principal {
    Principal {
        user,
        display_name: "Alice".into(),
        roles: vec![Role::User],
        permissions: Role::User.permissions(),
        session: None,
        authenticated_at: 0,
        api_key: None,
        timezone: "UTC".into(),
        locale: "en".into(),
    }
}

/// Memories with these contents, as a host with the built-in embedder keeps them.
async fn keep(db: &TestDb, of: Uuid, contents: &[String]) -> Vec<Uuid> {
    let clock = Arc::new(FixedClock::at(1_000));
    let before = embeddings(db, Arc::new(HashedNgram::new(64)), &clock);
    let memories = Memories::new(db.db.clone(), clock, Arc::new(SystemIds), before);
    let mut ids = Vec::new();
    for content in contents {
        let new = NewMemory { content: content.clone(), ..NewMemory::default() };
        ids.push(memories.create(&who(of), new).await.unwrap().memory.id);
    }
    ids
}

fn notes(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("note number {at} about something")).collect()
}

impl Host {
    fn jobs(&self, db: &TestDb) -> Jobs {
        Jobs::new(db.db.clone(), Arc::clone(&self.clock) as _, Arc::new(SystemIds), self.embeddings.space().clone())
    }

    async fn ask(&self, db: &TestDb) -> JobView {
        self.jobs(db).reembed(&Actor::host()).await.unwrap()
    }

    /// Works on the job to its end.
    async fn moves(&self, db: &TestDb, job: &JobView) -> JobView {
        assert!(self.embeddings.move_vectors("here", &CancellationToken::new()).await.unwrap());
        self.jobs(db).get(job.id).await.unwrap()
    }

    /// How many memories a search by meaning finds, in whatever space they are.
    async fn all(&self, user: Uuid) -> usize {
        let near = self.embeddings.search(user, "note number about something", None, 500).await.unwrap();
        near.into_iter().map(|near| near.memory).collect::<HashSet<_>>().len()
    }
}

async fn spaces(db: &TestDb, user: Uuid, memory: Uuid) -> Vec<String> {
    let rows = vectors::of_parent(&db.db, &Shelf::memories(user), memory).await.unwrap();
    rows.into_iter().map(|row| format!("{}/{}", row.model, row.dimension)).collect()
}

#[tokio::test]
async fn a_move_goes_on_where_a_host_was_killed() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        let memories = keep(db, alice, &notes(120)).await;
        let dying = host(db, Script::Answers);
        let job = dying.ask(db).await;
        assert_eq!((job.state.as_str(), job.progress.total, job.progress.moved), ("waiting", 120, 0));
        assert_eq!(dying.ask(db).await.id, job.id, "asked for again it is the same");
        // one answer for the job, and it hangs: killed there
        dying.embedder.now(Script::AnswersWhen(Arc::new(Semaphore::new(1))));
        {
            let (stop, asked) = (CancellationToken::new(), async {
                while dying.embedder.calls() < 2 {
                    tokio::task::yield_now().await;
                }
            });
            tokio::select! { _ = dying.embeddings.move_vectors("dying", &stop) => panic!("it was to hang"), () = asked => {} }
        }
        let half = dying.jobs(db).get(job.id).await.unwrap();
        assert!(half.state == "running" && (1..120).contains(&half.progress.moved), "{half:?}");
        let other = host(db, Script::Answers);
        assert_eq!(other.all(alice).await, 120, "everything is found meanwhile");
        assert!(!other.embeddings.move_vectors("other", &CancellationToken::new()).await.unwrap(), "it is held");
        other.clock.advance(20_000);
        let done = other.moves(db, &job).await;
        assert_eq!((done.state.as_str(), done.progress.moved, done.progress.total), ("done", 120, 120));
        let asked: usize = other.embedder.asked().iter().map(Vec::len).sum();
        assert!(u64::try_from(asked).unwrap() <= 121 - half.progress.moved, "what was moved is not embedded again");
        assert_eq!(other.all(alice).await, 120);
        for memory in memories {
            assert_eq!(spaces(db, alice, memory).await, ["far/128"]);
        }
        assert_eq!(other.jobs(db).reembed(&Actor::host()).await.unwrap_err().code.text(), "DB_002");
    })
    .await;
}

#[tokio::test]
async fn a_host_that_ends_in_good_order_gives_the_move_back() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        keep(db, alice, &notes(3)).await;
        let ending = host(db, Script::Hangs);
        let job = ending.ask(db).await;
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(ending.embeddings.move_vectors("ending", &stop).await.unwrap());
        let other = host(db, Script::Answers);
        assert_eq!(other.moves(db, &job).await.progress.moved, 3);
        assert_eq!(jobs::find(&db.db, job.id).await.unwrap().unwrap().error, None);
    })
    .await;
}

/// Lets a move go as far as the embedder, changes something, and lets it end.
async fn meanwhile(db: &TestDb, change: impl AsyncFn(&Host, Uuid, &[Uuid])) -> (Host, Uuid, Vec<Uuid>, JobView) {
    let alice = user(db, "alice").await.id;
    let memories = keep(db, alice, &notes(3)).await;
    let host = host(db, Script::Answers);
    let job = host.ask(db).await;
    let rings = Arc::new(Semaphore::new(0));
    host.embedder.now(Script::AnswersWhen(Arc::clone(&rings)));
    let working = Arc::clone(&host.embeddings);
    let moving = tokio::spawn(async move { working.move_vectors("here", &CancellationToken::new()).await.unwrap() });
    while host.embedder.calls() < 1 {
        tokio::task::yield_now().await;
    }
    change(&host, alice, &memories).await;
    rings.add_permits(1_000);
    assert!(moving.await.unwrap());
    let job = host.jobs(db).get(job.id).await.unwrap();
    assert_eq!(job.state, "done");
    (host, alice, memories, job)
}

#[tokio::test]
async fn a_text_that_changed_while_it_moved_keeps_the_vectors_of_the_new_one() {
    on_all(async |db| {
        let change = async |host: &Host, alice, memories: &[Uuid]| {
            host.embedder.now(Script::Answers);
            assert!(host.embeddings.index(alice, memories[1], &chunks(&["quite another text"])).await.unwrap());
        };
        let (host, alice, memories, _) = meanwhile(db, change).await;
        assert_eq!(spaces(db, alice, memories[1]).await, ["far/128"]);
        let near = host.embeddings.search(alice, "quite another text", None, 1).await.unwrap();
        assert!(near[0].memory == memories[1] && (near[0].score - 1.0).abs() < 1e-5, "{near:?}");
        assert_eq!(spaces(db, alice, memories[0]).await, ["far/128"]);
    })
    .await;
}

#[tokio::test]
async fn a_memory_deleted_while_it_moved_does_not_come_back() {
    on_all(async |db| {
        let change = async |host: &Host, alice, memories: &[Uuid]| host.embeddings.forget(alice, &memories[1..2]).await.unwrap();
        let (_, alice, memories, job) = meanwhile(db, change).await;
        assert_eq!((traces(db, alice, memories[1]).await, spaces(db, alice, memories[2]).await.len()), ((0, 0), 1));
        assert!(job.progress.moved <= 3);
    })
    .await;
}

#[tokio::test]
async fn vectors_whose_memory_is_no_more_go_at_the_end() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        keep(db, alice, &notes(2)).await;
        let clock = Arc::new(FixedClock::at(0));
        let lost = id();
        embeddings(db, Arc::new(HashedNgram::new(64)), &clock).index(alice, lost, &chunks(&["of nothing"])).await.unwrap();
        let host = host(db, Script::Answers);
        let job = host.ask(db).await;
        assert_eq!(host.moves(db, &job).await.state, "done");
        assert_eq!((traces(db, alice, lost).await, host.all(alice).await), ((0, 0), 2));
    })
    .await;
}

#[tokio::test]
async fn a_text_that_is_refused_keeps_its_old_vector_and_holds_up_nobody() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        let mut contents = notes(9);
        contents.push("a bad note number 10".into());
        let memories = keep(db, alice, &contents).await;
        let host = host(db, Script::Refuses("bad"));
        let job = host.ask(db).await;
        let done = host.moves(db, &job).await;
        assert_eq!((done.state.as_str(), done.progress.moved, done.progress.skipped), ("done", 9, 1));
        assert_eq!((spaces(db, alice, memories[9]).await, host.all(alice).await), (vec!["hashed-ngram-v1/64".to_owned()], 10));
        // once the embedder takes it, it moves
        host.embedder.now(Script::Answers);
        let job = host.ask(db).await;
        assert_eq!((job.progress.total, host.moves(db, &job).await.progress.moved), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn an_embedder_that_takes_nothing_ends_the_move_in_words_and_changes_nothing() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        let memories = keep(db, alice, &notes(3)).await;
        for (script, why) in
            [(Script::Refuses("note"), "refuses every text"), (Script::Says(vec![vec![1.0; 3]; 3]), "3 floats instead of 128")]
        {
            let host = host(db, script);
            let job = host.ask(db).await;
            let ended = host.moves(db, &job).await;
            assert!(ended.state == "failed" && ended.error.as_ref().is_some_and(|says| says.contains(why)), "{ended:?}");
            assert_eq!(spaces(db, alice, memories[0]).await, ["hashed-ngram-v1/64"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_move_waits_for_an_embedder_that_is_away() {
    on_all(async |db| {
        let alice = user(db, "alice").await.id;
        keep(db, alice, &notes(3)).await;
        let host = host(db, away());
        let job = host.ask(db).await;
        let working = Arc::clone(&host.embeddings);
        let moving = tokio::spawn(async move { working.move_vectors("here", &CancellationToken::new()).await.unwrap() });
        while host.jobs(db).get(job.id).await.unwrap().progress.waiting.is_none() {
            tokio::task::yield_now().await;
        }
        host.embedder.now(Script::Answers);
        assert!(moving.await.unwrap());
        let done = host.jobs(db).get(job.id).await.unwrap();
        assert_eq!((done.state.as_str(), done.progress.moved, done.progress.waiting), ("done", 3, None));
    })
    .await;
}

#[tokio::test]
async fn texts_of_plugins_move_and_their_own_vectors_do_not() {
    on_all(async |db| {
        let (texts, own) = (Shelf::plugin("p", Some(id()), "texts"), Shelf::plugin("p", None, "vectors"));
        let collections = |embedder: Arc<dyn Embedder>| {
            let store = Arc::new(EmbeddedVectors::new(db.db.clone(), Arc::new(SystemIds), 1 << 24));
            let desk = Arc::new(Desk::new(embedder, db.db.clone(), Arc::new(FixedClock::at(0))));
            Collections::new(db.db.clone(), Arc::new(SystemIds), store, desk)
        };
        let before = collections(Arc::new(HashedNgram::new(64)));
        let item = |at: usize| TextItem {
            item: format!("t{at:03}"),
            text: format!("tea number {at}"),
            metadata: vec![("at".into(), at.to_string())],
        };
        before.upsert_text(&texts, &(0..100).map(item).collect::<Vec<_>>(), ITEMS).await.unwrap();
        let mine = Space { model: "mine".into(), dimension: 2 };
        let vector = VectorItem { id: "v".into(), parent: None, hash: None, vector: vec![1.0, 0.0], metadata: Vec::new() };
        before.upsert(&own, &mine, &[vector], ITEMS).await.unwrap();
        let host = host(db, Script::Answers);
        let job = host.ask(db).await;
        assert_eq!(job.progress.total, 100);
        assert_eq!(host.moves(db, &job).await.progress.moved, 100);
        let after = collections(Arc::clone(&host.embedder) as _);
        let hits = after.search_text(&texts, "tea number 42", 1, &Vec::new()).await.unwrap();
        assert_eq!((hits[0].item.as_str(), &hits[0].metadata), ("t042", &vec![("at".to_owned(), "42".to_owned())]));
        assert_eq!(after.search(&own, &mine, &[1.0, 0.0], 9, &Vec::new()).await.unwrap().len(), 1);
        assert_eq!(json!(host.jobs(db).reembed(&Actor::host()).await.unwrap_err().code.text()), json!("DB_002"));
    })
    .await;
}
