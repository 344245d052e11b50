//! The suite that every vector store passes: what [`super::VectorStore`] promises, on every database.
//!
//! ```text
//! mod.rs      how a store joins; what claims are written with
//! search.rs   what is found, in which order, and what is never found
//! writes.rs   what replaces, what goes, what a transaction that is rolled back leaves
//! hosts.rs    two hosts on one database, the memory's bound, many at once
//! ```
//! A store joins with one line in `tests.rs`: `conforms!(pgvector, |db, budget| …)`.

pub(super) mod hosts;
pub(super) mod search;
pub(super) mod writes;

use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;

use super::{Hit, Remove, Result, Search, VectorStore};
use crate::model::vector::{Metadata, Shelf, Space, VectorItem};
use crate::store::Db;
use crate::store::testing::{id, on_all};

/// Makes a store over a database, with a bound on its memory in bytes.
pub(super) type Make = fn(Db, usize) -> Arc<dyn VectorStore>;

/// Memory enough for everything but the claims about its bound.
pub(super) const ROOM: usize = 64 << 20;

/// A host with the store under test.
pub(super) struct Host {
    pub(super) db: Db,
    pub(super) store: Arc<dyn VectorStore>,
    make: Make,
}

/// Runs a claim on every database.
pub(super) async fn everywhere(make: Make, claim: impl AsyncFn(Host)) {
    on_all(async |db| claim(Host { db: db.db.clone(), store: make(db.db.clone(), ROOM), make }).await).await;
}

/// One test a claim, so that whoever joins has them all.
macro_rules! conforms {
    ($store:ident, $make:expr) => {
        mod $store {
            $crate::vector::conformance::claims! { $make;
                search: cosine_decides_the_order, eight_bits_first_find_what_floats_find, vectors_nearly_alike_are_told_apart,
                    spaces_never_meet, shelves_never_meet, filters_hold_before_anything_is_scored, pairs_are_all_wanted,
                    a_parent_is_its_best_item, equal_scores_stand_by_id, what_is_not_there_is_not_found, vectors_that_do_not_fit_are_refused,
                    the_size_of_floats_does_not_matter;
                writes: an_item_replaces_the_one_of_its_id, of_two_of_one_id_the_last_stands, items_parents_and_other_spaces_are_removed,
                    a_user_is_forgotten_everywhere, a_transaction_that_is_rolled_back_leaves_nothing, vectors_come_back_as_they_went,
                    a_thousand_at_once, many_removed_are_counted;
                hosts: another_host_sees_every_change, the_memory_is_bounded_and_everything_is_found, what_is_too_large_for_the_memory_is_found,
                    many_write_and_search_at_once, a_search_that_is_dropped_harms_nobody;
            }
        }
    };
}
pub(super) use conforms;

macro_rules! claims {
    ($make:expr; $($room:ident: $($claim:ident),+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                $crate::vector::conformance::everywhere($make, $crate::vector::conformance::$room::$claim).await;
            }
        )+)+
    };
}
pub(super) use claims;

impl Host {
    /// Another host on the same database.
    fn another(&self, budget: usize) -> Self {
        Self { db: self.db.clone(), store: (self.make)(self.db.clone(), budget), make: self.make }
    }

    async fn try_put(&self, of: &Shelf, space: &Space, items: &[VectorItem]) -> Result<()> {
        let mut tx = self.db.begin().await.unwrap();
        self.store.upsert(&mut tx, of, space, items).await?;
        tx.commit().await.unwrap();
        self.store.settle().await
    }

    async fn put(&self, of: &Shelf, space: &Space, items: &[VectorItem]) {
        self.try_put(of, space, items).await.unwrap();
    }

    async fn remove(&self, of: &Shelf, what: Remove<'_>) -> u64 {
        let mut tx = self.db.begin().await.unwrap();
        let removed = self.store.remove(&mut tx, of, what).await.unwrap();
        tx.commit().await.unwrap();
        self.store.settle().await.unwrap();
        removed
    }

    async fn found(&self, of: &Shelf, search: Search<'_>) -> Vec<Hit> {
        self.store.search(of, search).await.unwrap()
    }

    /// Ids of the nearest items.
    async fn ids(&self, of: &Shelf, search: Search<'_>) -> Vec<String> {
        self.found(of, search).await.into_iter().map(|hit| hit.item).collect()
    }
}

/// Numbers that look random and are the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// −1…1, nearly normal: the sum of four even ones.
    fn float(&mut self) -> f32 {
        let sum: u16 = self.next().to_le_bytes().as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two) / 4).sum();
        f32::from(sum) / 32_768.0 - 1.0
    }

    fn vector(&mut self, dimension: u32) -> Vec<f32> {
        (0..dimension).map(|_| self.float()).collect()
    }

    /// Near to a vector.
    fn around(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        centre.iter().map(|value| value + self.float() * spread).collect()
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

fn space(model: &str, dimension: u32) -> Space {
    Space { model: model.into(), dimension }
}

fn shelf() -> Shelf {
    Shelf::memories(id())
}

fn item(id: &str, vector: Vec<f32>) -> VectorItem {
    VectorItem { id: id.into(), parent: None, hash: None, vector, metadata: Metadata::new() }
}

fn part(id: &str, of: Uuid, vector: Vec<f32>) -> VectorItem {
    VectorItem { parent: Some(of), ..item(id, vector) }
}

/// `item-0000`… with these vectors.
fn items(vectors: impl IntoIterator<Item = Vec<f32>>) -> Vec<VectorItem> {
    vectors.into_iter().enumerate().map(|(at, vector)| item(&format!("item-{at:04}"), vector)).collect()
}

/// The cosine in double precision: what every store must agree with.
fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

/// Ids and cosines of the nearest, by looking at all of them.
fn nearest(items: &[VectorItem], query: &[f32], limit: usize) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = items.iter().map(|item| (item.id.clone(), cosine(query, &item.vector))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

/// The hits are the nearest: the same ids but where cosines differ by less than single precision tells, and exact scores.
#[track_caller]
fn assert_nearest(hits: &[Hit], items: &[VectorItem], query: &[f32], limit: usize) {
    let nearest = nearest(items, query, limit);
    assert_eq!(hits.len(), nearest.len());
    let distinct: HashSet<&str> = hits.iter().map(|hit| hit.item.as_str()).collect();
    assert_eq!(distinct.len(), hits.len(), "an item twice");
    for (hit, (id, score)) in hits.iter().zip(&nearest) {
        let own = items.iter().find(|item| item.id == hit.item).map(|item| cosine(query, &item.vector));
        assert!(own.is_some_and(|own| (own - f64::from(hit.score)).abs() < 1e-5), "{hit:?} has the cosine {own:?}");
        assert!((f64::from(hit.score) - score).abs() < 1e-5, "{} at {} instead of {id} at {score}", hit.item, hit.score);
    }
}
