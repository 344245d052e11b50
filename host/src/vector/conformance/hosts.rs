//! Two hosts on one database, the memory's bound, many at once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;

use super::{Host, Numbers, assert_nearest, item, items, part, shelf, space};
use crate::model::vector::Shelf;
use crate::store::testing::id;
use crate::vector::{Remove, Search};

pub(in crate::vector) async fn another_host_sees_every_change(host: Host) {
    let (of, space, user) = (shelf(), space("m", 2), id());
    let other = host.another(super::ROOM);
    let north = || vec![0.0, 1.0];
    let search = Search::items(&space, &[0.0, 1.0], 9);
    let both = async |of: &Shelf| {
        let seen = host.ids(of, search).await;
        assert_eq!(other.ids(of, search).await, seen);
        seen
    };
    assert_eq!(both(&of).await, [""; 0]);
    host.put(&of, &space, &[item("a", north())]).await;
    assert_eq!(both(&of).await, ["a"]);
    other.put(&of, &space, &[item("b", vec![0.1, 1.0]), item("c", vec![0.2, 1.0])]).await;
    assert_eq!(both(&of).await, ["a", "b", "c"]);
    host.put(&of, &space, &[item("a", vec![0.3, 1.0])]).await;
    assert_eq!(both(&of).await, ["b", "c", "a"]);
    other.remove(&of, Remove::Items(&["b"])).await;
    assert_eq!(both(&of).await, ["c", "a"]);
    // forgotten and made anew: an index of the earlier shelf is no index of this one
    let hers = Shelf::memories(user);
    host.put(&hers, &space, &[item("old", north())]).await;
    assert_eq!(both(&hers).await, ["old"]);
    let mut tx = other.db.begin().await.unwrap();
    other.store.forget_user(&mut tx, user).await.unwrap();
    other.store.upsert(&mut tx, &hers, &space, &[item("new", north())]).await.unwrap();
    tx.commit().await.unwrap();
    other.store.settle().await.unwrap();
    assert_eq!(both(&hers).await, ["new"]);
}

pub(in crate::vector) async fn the_memory_is_bounded_and_everything_is_found(host: Host) {
    let (space, mut numbers) = (space("m", 256), Numbers(21));
    let budget = 100_000;
    let small = host.another(budget);
    let shelves: Vec<_> = (0..8).map(|_| (shelf(), items((0..64).map(|_| numbers.vector(256))))).collect();
    for (of, items) in &shelves {
        host.put(of, &space, items).await;
    }
    for round in 0..3 {
        for (at, (of, items)) in shelves.iter().enumerate() {
            let query = &items[round + at].vector;
            let hits = small.found(of, Search::items(&space, query, 5)).await;
            assert_nearest(&hits, items, query, 5);
            assert!(small.store.usage().bytes <= budget, "{:?}", small.store.usage());
        }
    }
    // those used last are the ones that stayed
    let before = small.store.usage();
    small.found(&shelves[7].0, Search::items(&space, &shelves[7].1[0].vector, 1)).await;
    assert_eq!(small.store.usage(), before);
}

/// A shelf that alone passes the bound: found all the same, with every filter, and nobody else's index goes for it.
pub(in crate::vector) async fn what_is_too_large_for_the_memory_is_found(host: Host) {
    let (of, beside, space, mut numbers) = (shelf(), shelf(), space("m", 256), Numbers(22));
    let small = host.another(60_000);
    let parents: Vec<_> = (0..1_200).map(|_| id()).collect();
    let vectors = items((0..1_200).map(|_| numbers.vector(256)));
    let parts: Vec<_> = vectors.iter().zip(&parents).map(|(item, parent)| part(&item.id, *parent, item.vector.clone())).collect();
    host.put(&of, &space, &parts).await;
    host.put(&beside, &space, &vectors[..20]).await;
    small.found(&beside, Search::items(&space, &vectors[0].vector, 1)).await;
    let before = small.store.usage();
    let query = numbers.vector(256);
    assert_nearest(&small.found(&of, Search::items(&space, &query, 10)).await, &vectors, &query, 10);
    assert_nearest(&small.found(&of, Search::parents(&space, &query, 10)).await, &vectors, &query, 10);
    let within = HashSet::from([parents[3], parents[1_100]]);
    let few = small.found(&of, Search { within: Some(&within), ..Search::items(&space, &query, 10) }).await;
    assert_eq!(few.iter().filter_map(|hit| hit.parent).collect::<HashSet<_>>(), within);
    assert_eq!(small.store.spaces(&of).await.unwrap(), [(space.clone(), 1_200)]);
    assert_eq!(small.store.usage(), before);
    // grown beyond the bound while its index was in use
    for part in vectors.chunks(200) {
        host.put(&beside, &space, part).await;
        small.found(&beside, Search::items(&space, &query, 10)).await;
    }
    assert_nearest(&small.found(&beside, Search::items(&space, &query, 10)).await, &vectors, &query, 10);
    assert!(small.store.usage().bytes <= 60_000);
}

/// Writers, removers and searchers on two hosts: whoever begins to look after a commit sees it.
pub(in crate::vector) async fn many_write_and_search_at_once(host: Host) {
    let (of, space) = (shelf(), space("m", 8));
    let hosts = [Arc::new(host.another(super::ROOM)), Arc::new(host.another(super::ROOM))];
    // what is there for sure, with a number that no later change repeats; absent while it changes
    let committed: Arc<Mutex<HashMap<String, (bool, u64)>>> = Arc::default();
    let writing = Arc::new(AtomicBool::new(true));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4_u64 {
        let (host, of, space, committed) =
            (Arc::clone(&hosts[usize::from(writer % 2 == 1)]), of.clone(), space.clone(), Arc::clone(&committed));
        writers.spawn(async move {
            let mut numbers = Numbers(writer);
            for round in 0..25 {
                let name = format!("{writer}-{}", round % 9);
                committed.lock().unwrap().remove(&name);
                let stays = round % 5 < 4;
                if stays {
                    host.put(&of, &space, &[item(&name, numbers.vector(8))]).await;
                } else {
                    host.remove(&of, Remove::Items(&[&name])).await;
                }
                committed.lock().unwrap().insert(name, (stays, round));
            }
        });
    }
    let mut searchers = tokio::task::JoinSet::new();
    for host in hosts.iter().chain(&hosts) {
        let host = Arc::clone(host);
        let (of, space, committed, writing) = (of.clone(), space.clone(), Arc::clone(&committed), Arc::clone(&writing));
        searchers.spawn(async move {
            let mut numbers = Numbers(77);
            while writing.load(Ordering::Relaxed) {
                let before = committed.lock().unwrap().clone();
                let ids = host.ids(&of, Search::items(&space, &numbers.vector(8), 100)).await;
                let after = committed.lock().unwrap().clone();
                let distinct: HashSet<&String> = ids.iter().collect();
                assert_eq!(distinct.len(), ids.len(), "an item twice");
                for (name, (there, _)) in before.iter().filter(|(name, state)| after.get(*name) == Some(state)) {
                    // nobody touched it while this search was on its way
                    assert_eq!(distinct.contains(name), *there, "{name}");
                }
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    writing.store(false, Ordering::Relaxed);
    while let Some(done) = searchers.join_next().await {
        done.unwrap();
    }
    let mut wanted: Vec<String> = committed.lock().unwrap().iter().filter(|(_, (there, _))| *there).map(|(name, _)| name.clone()).collect();
    wanted.sort();
    for host in &hosts {
        let mut ids = host.ids(&of, Search::items(&space, &[1.0; 8], 100)).await;
        ids.sort();
        assert_eq!(ids, wanted);
        assert_eq!(host.store.spaces(&of).await.unwrap(), [(space.clone(), wanted.len() as u64)]);
    }
}

/// A client that leaves drops its search wherever it is.
pub(in crate::vector) async fn a_search_that_is_dropped_harms_nobody(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 64), Numbers(23));
    let mut all = items((0..1_300).map(|_| numbers.vector(64)));
    host.put(&of, &space, &all).await;
    let query = numbers.vector(64);
    for patience in [0, 200, 1_000, 2_000, 4_000, 8_000] {
        let searching = host.store.search(&of, Search::items(&space, &query, 10));
        let _ = tokio::time::timeout(Duration::from_micros(patience), searching).await;
        // while it was on its way one went and one came
        let gone = all.swap_remove(numbers.below(all.len()));
        host.remove(&of, Remove::Items(&[&gone.id])).await;
    }
    let _ = host.store.search(&of, Search::items(&space, &query, 10)).now_or_never();
    let hits = host.found(&of, Search::items(&space, &query, 10)).await;
    assert_nearest(&hits, &all, &query, 10);
    assert_eq!(host.store.spaces(&of).await.unwrap(), [(space.clone(), all.len() as u64)]);
}
