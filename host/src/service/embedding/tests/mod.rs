//! Memories and their vectors: inline or through the outbox, once, and never of an older text; moved to another space whole.
//!
//! `mod.rs` what a memory goes through · `reembed.rs` what a move goes through

mod reembed;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Embeddings, Unavailable};
use crate::backend::embedding::testing::{Script, Scripted};
use crate::backend::embedding::{Desk, Embedder, Error, HashedNgram};
use crate::clock::{FixedClock, SystemIds};
use crate::model::vector::{Chunk, Shelf, Space};
use crate::store::testing::{TestDb, id, on_all, user};
use crate::store::{embedding_outbox, vectors};
use crate::vector::embedded::EmbeddedVectors;

/// A host with an embedder far away.
struct Host {
    embedder: Arc<Scripted>,
    clock: Arc<FixedClock>,
    embeddings: Arc<Embeddings>,
}

fn embeddings(db: &TestDb, embedder: Arc<dyn Embedder>, clock: &Arc<FixedClock>) -> Arc<Embeddings> {
    let vectors = Arc::new(EmbeddedVectors::new(db.db.clone(), Arc::new(SystemIds), 1 << 24));
    let desk = Arc::new(Desk::new(embedder, db.db.clone(), Arc::clone(clock) as _));
    Arc::new(Embeddings::new(db.db.clone(), Arc::clone(clock) as _, Arc::new(SystemIds), vectors, desk))
}

fn host(db: &TestDb, script: Script) -> Host {
    let (embedder, clock) = (Arc::new(Scripted::new("far", 128, script)), Arc::new(FixedClock::at(1_000)));
    Host { embeddings: embeddings(db, Arc::clone(&embedder) as _, &clock), embedder, clock }
}

fn away() -> Script {
    Script::Fails(Error::Unavailable("status 503".into()))
}

fn chunks(texts: &[&str]) -> Vec<Chunk> {
    texts.iter().map(|text| Chunk { id: id(), text: (*text).to_owned() }).collect()
}

impl Host {
    async fn found(&self, user: Uuid, query: &str) -> Vec<Uuid> {
        self.embeddings.search(user, query, None, 10).await.unwrap().into_iter().map(|near| near.memory).collect()
    }

    /// Drains until nothing is left to claim; tells how many vectors were written.
    async fn drain(&self, holder: &str) -> usize {
        let mut written = 0;
        loop {
            let drained = self.embeddings.drain(holder).await.unwrap();
            written += drained.written;
            if drained.claimed == 0 {
                return written;
            }
        }
    }

    async fn waiting(&self) -> i64 {
        self.embeddings.backlog().await.unwrap().0
    }
}

/// Rows of a memory: what is in the store of vectors and what waits.
async fn traces(db: &TestDb, user: Uuid, memory: Uuid) -> (usize, usize) {
    let rows = vectors::of_parent(&db.db, &Shelf::memories(user), memory).await.unwrap();
    (rows.len(), embedding_outbox::among(&db.db, user, &[memory]).await.unwrap().len())
}

#[tokio::test]
async fn an_embedder_that_answers_makes_a_memory_findable_at_once() {
    on_all(async |db| {
        let (host, alice, bob) = (host(db, Script::Answers), user(db, "alice").await.id, user(db, "bob").await.id);
        let (tea, coffee) = (id(), id());
        assert!(host.embeddings.index(alice, tea, &chunks(&["green tea", "with ginger and lemon"])).await.unwrap());
        assert!(host.embeddings.index(alice, coffee, &chunks(&["black coffee"])).await.unwrap());
        let near = host.embeddings.search(alice, "ginger tea", None, 10).await.unwrap();
        assert_eq!(near.iter().map(|near| near.memory).collect::<Vec<_>>(), [tea, coffee]);
        assert!(host.found(bob, "ginger tea").await.is_empty());
        let only = HashSet::from([coffee]);
        let near = host.embeddings.search(alice, "ginger tea", Some(&only), 10).await.unwrap();
        assert_eq!(near.iter().map(|near| near.memory).collect::<Vec<_>>(), [coffee]);
        let spaces = host.embeddings.spaces(alice, &[tea, coffee, id()]).await.unwrap();
        assert_eq!(spaces, [(tea, host.embeddings.space().clone()), (coffee, host.embeddings.space().clone())].into());
        assert_eq!(host.waiting().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_slow_embedder_delays_two_memories_and_then_none_and_loses_no_text() {
    on_all(async |db| {
        let (host, alice) = (host(db, Script::Hangs), user(db, "alice").await.id);
        let memories: Vec<Uuid> = (0..10).map(|_| id()).collect();
        for (at, memory) in memories.iter().enumerate() {
            assert!(!host.embeddings.index(alice, *memory, &chunks(&[&format!("note number {at}")])).await.unwrap());
        }
        assert_eq!((host.embedder.calls(), host.waiting().await), (2, 10));
        host.embedder.now(Script::Answers);
        assert_eq!(host.drain("a").await, 10);
        assert_eq!(host.waiting().await, 0);
        assert_eq!(host.found(alice, "note number 7").await.len(), 10);
        // it is back: the next memory does not wait for the breaker's time
        assert!(host.embeddings.index(alice, id(), &chunks(&["another note"])).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn two_hosts_empty_the_outbox_once() {
    on_all(async |db| {
        let (one, alice) = (host(db, away()), user(db, "alice").await.id);
        let other = host(db, Script::Answers);
        for at in 0..60 {
            one.embeddings.index(alice, id(), &chunks(&[&format!("note {at}")])).await.unwrap();
        }
        one.embedder.now(Script::Answers);
        let before = one.embedder.calls();
        let (first, second) = tokio::join!(one.drain("one"), other.drain("other"));
        assert_eq!((first + second, one.waiting().await), (60, 0));
        let asked: Vec<String> = one.embedder.asked().into_iter().skip(before).chain(other.embedder.asked()).flatten().collect();
        assert_eq!(asked.len(), 60, "no text was embedded twice");
        assert_eq!(asked.into_iter().collect::<HashSet<_>>().len(), 60);
        assert_eq!(one.embeddings.search(alice, "note", None, 100).await.unwrap().len(), 60);
    })
    .await;
}

#[tokio::test]
async fn what_a_host_that_died_had_claimed_is_done_by_another() {
    on_all(async |db| {
        let (one, alice, memory) = (host(db, away()), user(db, "alice").await.id, id());
        one.embeddings.index(alice, memory, &chunks(&["note"])).await.unwrap();
        let rings = Arc::new(Semaphore::new(0));
        one.embedder.now(Script::AnswersWhen(rings));
        {
            let dying = one.embeddings.drain("dying");
            tokio::pin!(dying);
            let asked = async {
                while one.embedder.calls() < 2 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! { _ = &mut dying => panic!("it was to hang"), () = asked => {} }
        }
        let other = host(db, Script::Answers);
        assert_eq!(other.drain("other").await, 0, "it is claimed");
        other.clock.advance(200_000);
        assert_eq!(other.drain("other").await, 1);
        assert_eq!(traces(db, alice, memory).await, (1, 0));
    })
    .await;
}

/// Lets one claim of the outbox go as far as the embedder, changes the memory meanwhile, and lets it end.
async fn meanwhile(db: &TestDb, change: impl AsyncFn(&Host, Uuid, Uuid)) -> (Host, Uuid, Uuid, usize) {
    let (host, alice, memory) = (host(db, away()), user(db, "alice").await.id, id());
    host.embeddings.index(alice, memory, &chunks(&["an old secret", "of two parts"])).await.unwrap();
    let rings = Arc::new(Semaphore::new(0));
    host.embedder.now(Script::AnswersWhen(Arc::clone(&rings)));
    let embeddings = Arc::clone(&host.embeddings);
    let draining = tokio::spawn(async move { embeddings.drain("a").await.unwrap() });
    while host.embedder.calls() < 2 {
        tokio::task::yield_now().await;
    }
    change(&host, alice, memory).await;
    rings.add_permits(100);
    let drained = draining.await.unwrap();
    (host, alice, memory, drained.written)
}

#[tokio::test]
async fn a_text_that_changed_meanwhile_keeps_no_vector_of_the_old_one() {
    on_all(async |db| {
        let change = async |host: &Host, alice, memory| {
            host.embedder.now(Script::Answers);
            assert!(host.embeddings.index(alice, memory, &chunks(&["a new text"])).await.unwrap());
        };
        let (host, alice, memory, written) = meanwhile(db, change).await;
        assert_eq!((written, traces(db, alice, memory).await), (0, (1, 0)));
        let near = host.embeddings.search(alice, "a new text", None, 10).await.unwrap();
        assert!((near[0].score - 1.0).abs() < 1e-5, "{near:?}");
    })
    .await;
}

#[tokio::test]
async fn a_text_that_changed_into_the_outbox_meanwhile_is_embedded_as_it_is_now() {
    on_all(async |db| {
        let change = async |host: &Host, alice, memory| {
            host.embedder.now(away());
            assert!(!host.embeddings.index(alice, memory, &chunks(&["a new text"])).await.unwrap());
            host.embedder.now(Script::Answers);
        };
        let (host, alice, memory, written) = meanwhile(db, change).await;
        assert_eq!((written, traces(db, alice, memory).await), (0, (0, 1)));
        assert_eq!((host.drain("b").await, traces(db, alice, memory).await), (1, (1, 0)));
        let near = host.embeddings.search(alice, "a new text", None, 10).await.unwrap();
        assert!((near[0].score - 1.0).abs() < 1e-5, "{near:?}");
    })
    .await;
}

#[tokio::test]
async fn a_memory_deleted_meanwhile_leaves_nothing() {
    on_all(async |db| {
        let change = async |host: &Host, alice, memory| host.embeddings.forget(alice, &[memory]).await.unwrap();
        let (host, alice, memory, written) = meanwhile(db, change).await;
        assert_eq!((written, traces(db, alice, memory).await), (0, (0, 0)));
        assert_eq!((host.drain("b").await, host.found(alice, "secret").await), (0, vec![]));
    })
    .await;
}

#[tokio::test]
async fn a_deleted_memory_and_a_deleted_person_leave_nothing() {
    on_all(async |db| {
        let (host, alice) = (host(db, Script::Answers), user(db, "alice").await.id);
        let (gone, kept) = (id(), id());
        host.embeddings.index(alice, gone, &chunks(&["one", "two"])).await.unwrap();
        host.embeddings.index(alice, kept, &chunks(&["three"])).await.unwrap();
        host.embeddings.forget(alice, &[gone, id()]).await.unwrap();
        assert_eq!((traces(db, alice, gone).await, host.found(alice, "one").await), ((0, 0), vec![kept]));
        host.embedder.now(away());
        host.embeddings.index(alice, gone, &chunks(&["four"])).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        host.embeddings.forget_user(&mut tx, alice).await.unwrap();
        crate::store::users::delete(&mut tx, alice).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((traces(db, alice, gone).await, traces(db, alice, kept).await), ((0, 0), (0, 0)));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_changes_nothing() {
    on_all(async |db| {
        let (host, alice, memory) = (host(db, Script::Answers), user(db, "alice").await.id, id());
        host.embeddings.index(alice, memory, &chunks(&["before"])).await.unwrap();
        for script in [Script::Answers, away()] {
            host.embedder.now(script);
            let (chunks, mut tx) = (chunks(&["after"]), db.begin().await.unwrap());
            let ahead = host.embeddings.ahead(&chunks).await;
            host.embeddings.attach(&mut tx, alice, memory, &chunks, ahead).await.unwrap();
            tx.rollback().await.unwrap();
            assert_eq!(traces(db, alice, memory).await, (1, 0));
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_that_is_refused_does_not_hold_up_the_others() {
    on_all(async |db| {
        let (host, alice) = (host(db, away()), user(db, "alice").await.id);
        for text in ["bad", "good", "better"] {
            host.embeddings.index(alice, id(), &chunks(&[text])).await.unwrap();
        }
        host.embedder.now(Script::Refuses("bad"));
        let drained = host.embeddings.drain("a").await.unwrap();
        assert_eq!((drained.claimed, drained.written, drained.postponed), (3, 2, 1));
        // it is tried again with longer pauses, and works once the embedder takes it
        let mut pauses = 0;
        for pause in [1_000, 2_000, 4_000] {
            assert_eq!(host.embeddings.drain("a").await.unwrap().claimed, 0);
            host.clock.advance(pause);
            pauses += host.embeddings.drain("a").await.unwrap().postponed;
        }
        assert_eq!(pauses, 3);
        host.embedder.now(Script::Answers);
        host.clock.advance(300_000);
        assert_eq!((host.drain("a").await, host.waiting().await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_away_for_one_is_away_for_all_and_not_asked_again() {
    on_all(async |db| {
        let (host, alice) = (host(db, away()), user(db, "alice").await.id);
        for at in 0..5 {
            host.embeddings.index(alice, id(), &chunks(&[&format!("note {at}")])).await.unwrap();
        }
        let before = host.embedder.calls();
        let drained = host.embeddings.drain("a").await.unwrap();
        assert_eq!((drained.postponed, host.embedder.calls() - before), (5, 1));
    })
    .await;
}

#[tokio::test]
async fn without_an_embedder_a_search_says_so() {
    on_all(async |db| {
        let (host, alice) = (host(db, Script::Answers), user(db, "alice").await.id);
        host.embeddings.index(alice, id(), &chunks(&["note"])).await.unwrap();
        host.embedder.now(away());
        assert!(matches!(host.embeddings.search(alice, "something", None, 10).await, Err(Unavailable::Embedder)));
        // where there are no vectors there is nothing that an embedder could find
        assert_eq!(host.embeddings.search(user(db, "bob").await.id, "something", None, 10).await.unwrap(), []);
        assert_eq!(host.embeddings.search(alice, "something", Some(&HashSet::new()), 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn vectors_of_two_spaces_are_searched_each_in_its_own() {
    on_all(async |db| {
        let (alice, clock) = (user(db, "alice").await.id, Arc::new(FixedClock::at(0)));
        let before = embeddings(db, Arc::new(HashedNgram::new(256)), &clock);
        let (tea, coffee) = (id(), id());
        before.index(alice, tea, &chunks(&["green tea with ginger"])).await.unwrap();
        let now = host(db, Script::Answers);
        now.embeddings.index(alice, coffee, &chunks(&["black coffee with ginger"])).await.unwrap();
        let mut found = now.found(alice, "ginger").await;
        found.sort();
        assert_eq!(found, [tea, coffee]);
        assert_eq!(now.embedder.asked().last().unwrap(), &["ginger"]);
        let spaces = now.embeddings.spaces(alice, &[tea, coffee]).await.unwrap();
        assert_eq!(spaces[&tea], Space { model: "hashed-ngram-v1".into(), dimension: 256 });
        // the new embedder is away: what has not moved is still found
        now.embedder.now(away());
        assert_eq!(now.found(alice, "something with ginger").await, [tea]);
    })
    .await;
}

#[tokio::test]
async fn memories_near_to_one_are_told_without_itself() {
    on_all(async |db| {
        let (host, alice) = (host(db, Script::Answers), user(db, "alice").await.id);
        let (tea, more_tea, train, bare) = (id(), id(), id(), id());
        host.embeddings.index(alice, tea, &chunks(&["green tea with ginger", "and a slice of lemon"])).await.unwrap();
        host.embeddings.index(alice, more_tea, &chunks(&["tea with lemon"])).await.unwrap();
        host.embeddings.index(alice, train, &chunks(&["the train to Hamburg"])).await.unwrap();
        let near = host.embeddings.similar(alice, tea, 10).await.unwrap();
        assert_eq!(near.iter().map(|near| near.memory).collect::<Vec<_>>(), [more_tea, train]);
        assert_eq!(host.embeddings.similar(alice, bare, 10).await.unwrap(), []);
    })
    .await;
}
