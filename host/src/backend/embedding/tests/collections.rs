//! Plugins' collections: one sort each, bounded, embedded by the host.

use std::sync::Arc;

use crate::backend::embedding::collections::{Collections, Error, ITEMS};
use crate::backend::embedding::testing::{Script, Scripted};
use crate::backend::embedding::{Desk, Embedder};
use crate::clock::{FixedClock, SystemIds};
use crate::model::vector::{Shelf, Space, VectorItem};
use crate::store::testing::{TestDb, id, on_all};
use crate::store::vectors::TextItem;
use crate::vector::VectorStore;
use crate::vector::embedded::EmbeddedVectors;

fn collections(db: &TestDb, embedder: Arc<dyn Embedder>) -> Collections {
    let vectors: Arc<dyn VectorStore> = Arc::new(EmbeddedVectors::new(db.db.clone(), Arc::new(SystemIds), 1 << 24));
    let desk = Arc::new(Desk::new(embedder, db.db.clone(), Arc::new(FixedClock::at(0))));
    Collections::new(db.db.clone(), Arc::new(SystemIds), vectors, desk)
}

fn text(id: &str, text: &str) -> TextItem {
    TextItem { item: id.into(), text: text.into(), metadata: vec![("kind".into(), id[..1].into())] }
}

fn vector(id: &str) -> VectorItem {
    VectorItem { id: id.into(), parent: None, hash: None, vector: vec![1.0, 2.0], metadata: Vec::new() }
}

#[tokio::test]
async fn texts_are_found_by_text_and_by_their_pairs() {
    on_all(async |db| {
        let all = collections(db, Arc::new(Scripted::new("far", 256, Script::Answers)));
        let of = Shelf::plugin("p", Some(id()), "notes");
        let items = [text("a1", "green tea with ginger"), text("a2", "black coffee"), text("b1", "green tea with lemon")];
        assert_eq!(all.upsert_text(&of, &items, ITEMS).await.unwrap(), 3);
        assert_eq!(all.upsert_text(&of, &[text("a2", "white coffee"), text("a3", "milk"), text("a3", "cream")], ITEMS).await.unwrap(), 1);
        let ids = async |query: &str, pairs: &[(String, String)]| -> Vec<String> {
            let hits = all.search_text(&of, query, 2, &pairs.to_vec()).await.unwrap();
            hits.into_iter().map(|hit| hit.item).collect()
        };
        assert_eq!(ids("tea with lemon", &[]).await, ["b1", "a1"]);
        assert_eq!(ids("tea with lemon", &[("kind".into(), "a".into())]).await[0], "a1");
        assert_eq!(ids("cream", &[]).await[0], "a3", "of two of one id the last");
        assert_eq!(all.remove(&of, &["b1", "nobody"]).await.unwrap(), 1);
        assert_eq!(ids("tea with lemon", &[]).await[0], "a1");
        assert_eq!(all.remove(&Shelf::plugin("p", None, "never"), &["b1"]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_collection_is_of_one_sort() {
    on_all(async |db| {
        let all = collections(db, Arc::new(Scripted::new("far", 64, Script::Answers)));
        let (texts, vectors) = (Shelf::plugin("p", None, "texts"), Shelf::plugin("p", None, "vectors"));
        let (own, other) = (Space { model: "mine".into(), dimension: 2 }, Space { model: "mine2".into(), dimension: 2 });
        all.upsert_text(&texts, &[text("a", "tea")], ITEMS).await.unwrap();
        all.upsert(&vectors, &own, &[vector("a")], ITEMS).await.unwrap();
        assert!(matches!(all.upsert(&texts, &own, &[vector("b")], ITEMS).await, Err(Error::OtherSpace(_))));
        assert!(matches!(all.upsert_text(&vectors, &[text("b", "tea")], ITEMS).await, Err(Error::OtherSpace(_))));
        assert!(matches!(all.upsert(&vectors, &other, &[vector("b")], ITEMS).await, Err(Error::OtherSpace(_))));
        let zeros = VectorItem { vector: vec![0.0; 2], ..vector("b") };
        assert!(matches!(all.upsert(&vectors, &own, &[zeros], ITEMS).await, Err(Error::Vectors(crate::vector::Error::Zero))));
        assert_eq!(all.search(&vectors, &own, &[1.0, 2.0], 9, &Vec::new()).await.unwrap().len(), 1, "nothing of what was refused");
    })
    .await;
}

#[tokio::test]
async fn a_collection_takes_no_more_than_was_granted() {
    on_all(async |db| {
        let all = collections(db, Arc::new(Scripted::new("far", 64, Script::Answers)));
        let (of, own) = (Shelf::plugin("p", None, "vectors"), Space { model: "mine".into(), dimension: 2 });
        assert_eq!(all.upsert(&of, &own, &[vector("a"), vector("b")], 3).await.unwrap(), 2);
        assert!(matches!(all.upsert(&of, &own, &[vector("c"), vector("d")], 3).await, Err(Error::Full)));
        assert_eq!(all.upsert(&of, &own, &[vector("a"), vector("c")], 3).await.unwrap(), 1, "what is replaced needs no room");
        let other = Shelf::plugin("p", None, "others");
        assert!(matches!(all.upsert(&other, &own, &[vector("x")], 3).await, Err(Error::Full)), "all collections count together");
        assert_eq!(all.upsert(&Shelf::plugin("q", None, "others"), &own, &[vector("x")], 3).await.unwrap(), 1, "another plugin's do not");
        assert!(matches!(
            all.upsert_text(&Shelf::plugin("p", None, "texts"), &[text("a", "x"), text("b", "y")], 1).await,
            Err(Error::Full)
        ));
    })
    .await;
}

#[tokio::test]
async fn without_an_embedder_texts_are_refused_and_nothing_is_half_written() {
    on_all(async |db| {
        let away = crate::backend::embedding::Error::Unavailable("status 503".into());
        let embedder = Arc::new(Scripted::new("far", 64, Script::Fails(away)));
        let all = collections(db, Arc::clone(&embedder) as _);
        let of = Shelf::plugin("p", None, "texts");
        assert!(matches!(all.upsert_text(&of, &[text("a", "tea")], ITEMS).await, Err(Error::Embedding(_))));
        assert_eq!(all.search_text(&of, "tea", 9, &Vec::new()).await.unwrap(), []);
        embedder.now(Script::Answers);
        assert_eq!(all.upsert_text(&of, &[text("a", "tea")], ITEMS).await.unwrap(), 1);
    })
    .await;
}
