//! The desk: vectors made before, time limits, breakers.

use std::sync::Arc;

use crate::backend::embedding::breaker::OPEN;
use crate::backend::embedding::desk::BATCH;
use crate::backend::embedding::testing::{Script, Scripted};
use crate::backend::embedding::{Desk, Embedder as _, Error, HashedNgram};
use crate::clock::FixedClock;
use crate::model::vector::{Shelf, Space, VectorItem};
use crate::store::testing::{TestDb, id, on_all};
use crate::store::vectors;

struct Office {
    embedder: Arc<Scripted>,
    clock: Arc<FixedClock>,
    desk: Desk,
}

fn office(db: &TestDb, script: Script) -> Office {
    let (embedder, clock) = (Arc::new(Scripted::new("far", 64, script)), Arc::new(FixedClock::at(1_000)));
    let desk = Desk::new(Arc::clone(&embedder) as _, db.db.clone(), Arc::clone(&clock) as _);
    Office { embedder, clock, desk }
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

/// Keeps vectors as rows, as a memory would.
async fn keep(db: &TestDb, desk: &Desk, of: &[&str]) -> Shelf {
    let embedded = desk.patient(&texts(of)).await.unwrap();
    let shelf = Shelf::memories(id());
    let items: Vec<VectorItem> = embedded
        .vectors
        .into_iter()
        .zip(embedded.hashes)
        .map(|(vector, hash)| VectorItem { id: id().to_string(), parent: Some(id()), hash, vector, metadata: Vec::new() })
        .collect();
    let mut tx = db.begin().await.unwrap();
    let touched = vectors::touch(&mut tx, &shelf, id()).await.unwrap();
    vectors::put(&mut tx, touched, &embedded.space, &items).await.unwrap();
    tx.commit().await.unwrap();
    shelf
}

#[tokio::test]
async fn a_text_that_has_a_vector_is_not_asked_for_again() {
    on_all(async |db| {
        let office = office(db, Script::Answers);
        let shelf = keep(db, &office.desk, &["tea", "milk", "tea"]).await;
        assert_eq!(office.embedder.asked().len(), 1);
        assert_eq!(office.embedder.asked()[0].len(), 2, "a text twice is asked for once");
        let again = office.desk.inline(&texts(&["milk", "sugar", "tea"])).await.unwrap();
        assert_eq!(office.embedder.asked()[1], ["sugar"]);
        let maker = HashedNgram::new(64);
        assert_eq!(again.vectors, ["milk", "sugar", "tea"].map(|text| maker.vector(text)));
        // other models know nothing of it, and when the rows are gone nobody does
        let other = Arc::new(Scripted::new("other", 64, Script::Answers));
        let desk = Desk::new(Arc::clone(&other) as _, db.db.clone(), Arc::clone(&office.clock) as _);
        desk.inline(&texts(&["tea"])).await.unwrap();
        assert_eq!(other.calls(), 1);
        vectors::forget_user(&db.db, shelf.user).await.unwrap();
        office.desk.inline(&texts(&["tea"])).await.unwrap();
        assert_eq!(office.embedder.asked()[2], ["tea"]);
    })
    .await;
}

#[tokio::test]
async fn many_texts_are_asked_for_in_portions() {
    on_all(async |db| {
        let office = office(db, Script::Answers);
        let all: Vec<String> = (0..=BATCH * 2).map(|at| format!("text {at}")).collect();
        let embedded = office.desk.patient(&all).await.unwrap();
        assert_eq!(office.embedder.calls(), 3);
        let maker = HashedNgram::new(64);
        assert!(all.iter().zip(&embedded.vectors).all(|(text, vector)| maker.vector(text) == *vector));
    })
    .await;
}

#[tokio::test]
async fn an_embedder_that_hangs_is_waited_for_twice_and_then_skipped() {
    on_all(async |db| {
        let office = office(db, Script::Hangs);
        for _ in 0..2 {
            assert_eq!(office.desk.inline(&texts(&["a"])).await, Err(Error::TimedOut));
        }
        for _ in 0..20 {
            assert!(matches!(office.desk.inline(&texts(&["a"])).await, Err(Error::Unavailable(_))));
        }
        assert_eq!((office.embedder.calls(), office.desk.skipped()), (2, 20));
        // after half a minute one is let through, and closes it
        office.embedder.now(Script::Answers);
        office.clock.advance(OPEN + 1);
        office.desk.inline(&texts(&["a"])).await.unwrap();
        office.desk.inline(&texts(&["a"])).await.unwrap();
        assert_eq!(office.embedder.calls(), 4);
    })
    .await;
}

#[tokio::test]
async fn work_in_the_background_tells_writers_and_searchers_that_it_is_back() {
    on_all(async |db| {
        let office = office(db, Script::Fails(Error::Unavailable("status 503".into())));
        let space = office.embedder.space().clone();
        for _ in 0..3 {
            assert!(office.desk.inline(&texts(&["a"])).await.is_err());
            assert!(office.desk.query(&space, "a").await.is_err());
        }
        assert_eq!(office.embedder.calls(), 4, "two of each kind");
        office.embedder.now(Script::Answers);
        office.desk.patient(&texts(&["b"])).await.unwrap();
        office.desk.inline(&texts(&["c"])).await.unwrap();
        office.desk.query(&space, "c").await.unwrap();
    })
    .await;
}

/// A refusal comes at once: it costs nobody's time, and the next text may be another matter.
#[tokio::test]
async fn a_refusal_opens_no_breaker() {
    on_all(async |db| {
        let office = office(db, Script::Refuses("bad"));
        for _ in 0..5 {
            assert!(matches!(office.desk.inline(&texts(&["bad"])).await, Err(Error::Refused(_))));
        }
        office.desk.inline(&texts(&["good"])).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn answers_that_are_no_vectors_of_the_space_are_refused() {
    on_all(async |db| {
        let office = office(db, Script::Answers);
        for (says, why) in [
            (vec![], "0 vectors for 1 texts"),
            (vec![vec![1.0; 64]; 2], "2 vectors for 1 texts"),
            (vec![vec![1.0; 63]], "63 floats instead of 64"),
            (vec![vec![f32::NAN; 64]], "not finite"),
        ] {
            office.embedder.now(Script::Says(says));
            match office.desk.patient(&texts(&["a"])).await {
                Err(Error::BadAnswer(said)) => assert!(said.contains(why), "{said}"),
                other => panic!("{why}: {other:?}"),
            }
        }
    })
    .await;
}

/// A model that knows nothing of a text answers zeros; no store takes these.
#[tokio::test]
async fn a_text_that_a_model_does_not_know_is_near_to_itself_only() {
    on_all(async |db| {
        let office = office(db, Script::Says(vec![vec![0.0; 64]]));
        let space = office.embedder.space().clone();
        let one = office.desk.patient(&texts(&["xyzzy"])).await.unwrap().vectors.remove(0);
        let same = office.desk.query(&space, "xyzzy").await.unwrap();
        let other = office.desk.query(&space, "plugh").await.unwrap();
        let cosine = |right: &[f32]| one.iter().zip(right).map(|(a, b)| a * b).sum::<f32>();
        assert!((cosine(&same) - 1.0).abs() < 1e-5 && cosine(&other).abs() < 0.6, "{} {}", cosine(&same), cosine(&other));
    })
    .await;
}

#[tokio::test]
async fn a_query_costs_one_call_and_another_space_needs_its_own_embedder() {
    on_all(async |db| {
        let office = office(db, Script::Answers);
        let space = office.embedder.space().clone();
        for _ in 0..3 {
            office.desk.query(&space, "where is the key").await.unwrap();
        }
        assert_eq!(office.embedder.calls(), 1);
        let built_in = Space { model: "hashed-ngram-v1".into(), dimension: 32 };
        assert_eq!(*office.desk.query(&built_in, "key").await.unwrap(), HashedNgram::new(32).vector("key"));
        let gone = Space { model: "gone".into(), dimension: 64 };
        assert!(matches!(office.desk.query(&gone, "key").await, Err(Error::Unavailable(_))));
        assert_eq!(office.embedder.calls(), 1);
        office.desk.query(&space, "   ").await.unwrap();
        assert_eq!(office.embedder.asked()[1], [" "], "no text is empty");
    })
    .await;
}
