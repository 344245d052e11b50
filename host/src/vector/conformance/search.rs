//! What is found, in which order, and what is never found.

use std::collections::HashSet;

use super::{Host, Numbers, assert_nearest, cosine, item, items, nearest, part, shelf, space};
use crate::error::Failure as _;
use crate::model::vector::Shelf;
use crate::store::testing::id;
use crate::vector::{Error, Search};

pub(in crate::vector) async fn cosine_decides_the_order(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 64), Numbers(1));
    let items = items((0..300).map(|_| numbers.vector(64)));
    host.put(&of, &space, &items).await;
    for _ in 0..10 {
        let query = numbers.vector(64);
        for limit in [1, 10, 100, 400] {
            let hits = host.found(&of, Search::items(&space, &query, limit)).await;
            assert_nearest(&hits, &items, &query, limit);
        }
    }
}

/// The first pass may round: at k = 10 nothing of it shows, on vectors in all directions, in clusters, and mostly zero.
pub(in crate::vector) async fn eight_bits_first_find_what_floats_find(host: Host) {
    let (space, mut numbers) = (space("m", 256), Numbers(2));
    let centres: Vec<Vec<f32>> = (0..20).map(|_| numbers.vector(256)).collect();
    let scattered = items((0..1_000).map(|_| numbers.vector(256)));
    let clustered = items((0..1_000).map(|at| numbers.around(&centres[at % 20], 0.4)));
    let sparse = items((0..1_000).map(|_| {
        let mut vector = vec![0.0; 256];
        (0..20).for_each(|_| vector[numbers.below(256)] += numbers.float());
        vector
    }));
    for items in [scattered, clustered, sparse] {
        let of = shelf();
        host.put(&of, &space, &items).await;
        let (mut wanted, mut found) = (0, 0);
        for _ in 0..20 {
            let near = numbers.below(1_000);
            let query = numbers.around(&items[near].vector, 0.3);
            let nearest: HashSet<String> = nearest(&items, &query, 10).into_iter().map(|(id, _)| id).collect();
            let hits = host.ids(&of, Search::items(&space, &query, 10)).await;
            wanted += nearest.len();
            found += hits.iter().filter(|id| nearest.contains(*id)).count();
        }
        assert!(found * 100 >= wanted * 99, "{found} of {wanted}");
    }
}

pub(in crate::vector) async fn vectors_nearly_alike_are_told_apart(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 64), Numbers(3));
    let centre = numbers.vector(64);
    let items = items((0..400).map(|_| numbers.around(&centre, 0.01)));
    host.put(&of, &space, &items).await;
    let hits = host.found(&of, Search::items(&space, &items[7].vector, 10)).await;
    assert_nearest(&hits, &items, &items[7].vector, 10);
    assert_eq!(hits[0].item, "item-0007");
}

pub(in crate::vector) async fn spaces_never_meet(host: Host) {
    let (of, query) = (shelf(), [1.0, 0.0, 0.0, 0.0]);
    let (one, twin, wide) = (space("one", 4), space("twin", 4), space("one", 8));
    host.put(&of, &one, &[item("a", vec![1.0, 0.1, 0.0, 0.0])]).await;
    host.put(&of, &twin, &[item("b", vec![1.0, 0.0, 0.0, 0.0])]).await;
    host.put(&of, &wide, &[item("c", vec![1.0; 8])]).await;
    assert_eq!(host.ids(&of, Search::items(&one, &query, 10)).await, ["a"]);
    assert_eq!(host.ids(&of, Search::items(&twin, &query, 10)).await, ["b"]);
    assert_eq!(host.ids(&of, Search::items(&wide, &[1.0; 8], 10)).await, ["c"]);
    assert_eq!(host.ids(&of, Search::items(&space("none", 4), &query, 10)).await, [""; 0]);
    let mut spaces = host.store.spaces(&of).await.unwrap();
    spaces.sort();
    assert_eq!(spaces, [(one, 1), (wide, 1), (twin, 1)]);
}

pub(in crate::vector) async fn shelves_never_meet(host: Host) {
    let (space, alice, bob) = (space("m", 2), id(), id());
    let shelves = [
        Shelf::memories(alice),
        Shelf::memories(bob),
        Shelf::plugin("p", Some(alice), "memories"),
        Shelf::plugin("p", Some(alice), "notes"),
        Shelf::plugin("p", None, "notes"),
        Shelf::plugin("q", Some(alice), "notes"),
    ];
    for (at, of) in shelves.iter().enumerate() {
        host.put(of, &space, &[item(&format!("of-{at}"), vec![1.0, 0.0])]).await;
    }
    for (at, of) in shelves.iter().enumerate() {
        assert_eq!(host.ids(of, Search::items(&space, &[1.0, 0.0], 10)).await, [format!("of-{at}")]);
    }
}

/// Three allowed ones that are the farthest of five hundred are all found.
pub(in crate::vector) async fn filters_hold_before_anything_is_scored(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    let parents: Vec<_> = (0..500).map(|_| id()).collect();
    let far = |at: usize| vec![1.0, f32::from(u16::try_from(at).unwrap())];
    let items: Vec<_> = parents.iter().enumerate().map(|(at, parent)| part(&format!("item-{at:04}"), *parent, far(at))).collect();
    host.put(&of, &space, &items).await;
    host.put(&of, &space, &[item("orphan", vec![1.0, 0.0])]).await;
    let query = [1.0, 0.0];
    let within = HashSet::from([parents[499], parents[497], parents[498]]);
    let search = Search { within: Some(&within), ..Search::items(&space, &query, 10) };
    assert_eq!(host.ids(&of, search).await, ["item-0497", "item-0498", "item-0499"]);
    let both = Search { without: Some(parents[498]), ..search };
    assert_eq!(host.ids(&of, both).await, ["item-0497", "item-0499"]);
    let without = Search { without: Some(parents[0]), ..Search::items(&space, &query, 2) };
    assert_eq!(host.ids(&of, without).await, ["orphan", "item-0001"]);
    let none = HashSet::new();
    assert_eq!(host.ids(&of, Search { within: Some(&none), ..Search::items(&space, &query, 10) }).await, [""; 0]);
    let strangers = HashSet::from([id()]);
    assert_eq!(host.ids(&of, Search { within: Some(&strangers), ..Search::items(&space, &query, 10) }).await, [""; 0]);
}

pub(in crate::vector) async fn pairs_are_all_wanted(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let with = |id: &str, y: f32, pairs: &[(String, String)]| crate::model::vector::VectorItem {
        metadata: pairs.to_vec(),
        ..item(id, vec![1.0, y])
    };
    let (red, big) = (pair("colour", "red"), pair("size", "big"));
    let items = [
        with("plain", 0.0, &[]),
        with("red", 1.0, std::slice::from_ref(&red)),
        with("both", 2.0, &[big.clone(), red.clone()]),
        with("blue", 3.0, &[pair("colour", "blue"), big.clone()]),
    ];
    host.put(&of, &space, &items).await;
    let found =
        async |wanted: &[(String, String)]| host.ids(&of, Search { where_equal: wanted, ..Search::items(&space, &[1.0, 0.0], 10) }).await;
    assert_eq!(found(&[]).await, ["plain", "red", "both", "blue"]);
    assert_eq!(found(std::slice::from_ref(&red)).await, ["red", "both"]);
    assert_eq!(found(&[red, big]).await, ["both"]);
    assert_eq!(found(&[pair("colour", "re")]).await, [""; 0]);
    let hits = host.found(&of, Search { where_equal: &[pair("size", "big")], ..Search::items(&space, &[1.0, 0.0], 1) }).await;
    assert_eq!(hits[0].metadata, items[2].metadata);
}

pub(in crate::vector) async fn a_parent_is_its_best_item(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 32), Numbers(5));
    let parents: Vec<_> = (0..30).map(|_| id()).collect();
    let mut items = Vec::new();
    for (at, parent) in parents.iter().enumerate() {
        // the first has far more parts than are scored at once
        for chunk in 0..if at == 0 { 300 } else { 3 } {
            items.push(part(&format!("{at:02}-{chunk:03}"), *parent, numbers.vector(32)));
        }
    }
    host.put(&of, &space, &items).await;
    let query = numbers.around(&items[5].vector, 0.5);
    let hits = host.found(&of, Search::parents(&space, &query, 20)).await;
    let mut best: Vec<_> = parents
        .iter()
        .map(|parent| {
            let own = items.iter().filter(|item| item.parent == Some(*parent));
            (*parent, own.map(|item| cosine(&query, &item.vector)).fold(f64::MIN, f64::max))
        })
        .collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    let found: Vec<_> = hits.iter().map(|hit| hit.parent.unwrap()).collect();
    assert_eq!(found, best[..20].iter().map(|(parent, _)| *parent).collect::<Vec<_>>());
    assert!(hits.iter().zip(&best).all(|(hit, (_, score))| (f64::from(hit.score) - score).abs() < 1e-5));
    assert_eq!(host.found(&of, Search::parents(&space, &query, 100)).await.len(), 30);
}

pub(in crate::vector) async fn equal_scores_stand_by_id(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    let items: Vec<_> = ["d", "b", "a", "c"].map(|id| item(id, vec![1.0, 0.0])).into();
    host.put(&of, &space, &items).await;
    assert_eq!(host.ids(&of, Search::items(&space, &[2.0, 0.0], 4)).await, ["a", "b", "c", "d"]);
    // exactly one of a kind: its cosine is 1, not nearly
    assert_eq!(host.found(&of, Search::items(&space, &[2.0, 0.0], 1)).await[0].score.to_bits(), 1.0_f32.to_bits());
}

pub(in crate::vector) async fn what_is_not_there_is_not_found(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    assert_eq!(host.found(&of, Search::items(&space, &[1.0, 0.0], 10)).await, []);
    assert_eq!(host.store.spaces(&of).await.unwrap(), []);
    assert_eq!(host.store.of_parent(&of, id()).await.unwrap(), []);
    host.put(&of, &space, &[item("a", vec![-1.0, 0.0])]).await;
    assert_eq!(host.ids(&of, Search::items(&space, &[1.0, 0.0], 0)).await, [""; 0]);
    let opposite = host.found(&of, Search::items(&space, &[1.0, 0.0], 10)).await;
    assert_eq!((opposite.len(), opposite[0].score.to_bits()), (1, (-1.0_f32).to_bits()));
}

pub(in crate::vector) async fn vectors_that_do_not_fit_are_refused(host: Host) {
    let (of, space) = (shelf(), space("m", 3));
    let good = || item("good", vec![1.0, 2.0, 3.0]);
    for bad in [vec![1.0, 2.0], vec![1.0; 4], vec![], vec![1.0, f32::NAN, 0.0], vec![f32::INFINITY, 0.0, 0.0], vec![0.0, -0.0, 0.0]] {
        let refused = host.try_put(&of, &space, &[good(), item("bad", bad.clone())]).await.unwrap_err();
        assert!(matches!(refused, Error::Dimension { .. } | Error::NotFinite | Error::Zero), "{bad:?}: {refused}");
        assert_eq!(refused.code().text(), "VAL_001");
        assert!(refused.public().is_some(), "it says what is wrong");
        assert!(host.store.search(&of, Search::items(&space, &bad, 5)).await.is_err(), "{bad:?} as a query");
    }
    assert_eq!(host.ids(&of, Search::items(&space, &[1.0; 3], 5)).await, [""; 0], "not even the good one beside it");
}

pub(in crate::vector) async fn the_size_of_floats_does_not_matter(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    let items = [item("huge", vec![3e38, 0.0]), item("tiny", vec![1e-40, 1e-40]), item("plain", vec![0.0, 1.0])];
    host.put(&of, &space, &items).await;
    for query in [[1.0, 0.0], [1e38, 0.0], [1e-38, 0.0]] {
        let hits = host.found(&of, Search::items(&space, &query, 3)).await;
        assert_nearest(&hits, &items, &query.map(|value| value / query[0]), 3);
    }
}
