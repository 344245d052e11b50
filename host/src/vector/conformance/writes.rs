//! What replaces, what goes, what a transaction that is rolled back leaves.

use super::{Host, Numbers, item, items, part, shelf, space};
use crate::model::vector::{Shelf, VectorItem};
use crate::store::testing::id;
use crate::vector::{Remove, Search};

const NORTH: [f32; 2] = [0.0, 1.0];

fn north() -> Vec<f32> {
    NORTH.to_vec()
}

pub(in crate::vector) async fn an_item_replaces_the_one_of_its_id(host: Host) {
    let (of, space, other) = (shelf(), space("m", 2), space("new", 2));
    let (first, second) = (id(), id());
    host.put(&of, &space, &[part("a", first, vec![1.0, 0.0]), part("b", first, north())]).await;
    host.found(&of, Search::items(&space, &NORTH, 9)).await;
    let pairs = vec![("k".to_owned(), "v".to_owned())];
    host.put(&of, &space, &[VectorItem { metadata: pairs.clone(), ..part("a", second, vec![0.1, 1.0]) }]).await;
    let hits = host.found(&of, Search::items(&space, &NORTH, 9)).await;
    assert_eq!(hits.iter().map(|hit| hit.item.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!((hits[1].parent, &hits[1].metadata), (Some(second), &pairs));
    // into another space: it is there, and no longer here
    host.put(&of, &other, &[part("a", second, north())]).await;
    assert_eq!(host.ids(&of, Search::items(&space, &NORTH, 9)).await, ["b"]);
    assert_eq!(host.ids(&of, Search::items(&other, &NORTH, 9)).await, ["a"]);
    assert_eq!(host.store.of_parent(&of, second).await.unwrap(), [(other, north())]);
    assert_eq!(host.store.spaces(&of).await.unwrap().len(), 2);
}

pub(in crate::vector) async fn of_two_of_one_id_the_last_stands(host: Host) {
    let (of, space) = (shelf(), space("m", 2));
    host.put(&of, &space, &[item("a", vec![1.0, 0.0]), item("b", north()), item("a", vec![0.0, 2.0])]).await;
    let hits = host.found(&of, Search::items(&space, &NORTH, 9)).await;
    assert_eq!(
        hits.iter().map(|hit| (hit.item.as_str(), hit.score.to_bits())).collect::<Vec<_>>(),
        [("a", 1.0_f32.to_bits()), ("b", 1.0_f32.to_bits())]
    );
}

pub(in crate::vector) async fn items_parents_and_other_spaces_are_removed(host: Host) {
    let (of, space, old) = (shelf(), space("m", 2), space("old", 2));
    let (one, two) = (id(), id());
    host.put(&of, &space, &[part("1a", one, north()), part("1b", one, north()), part("2a", two, north()), item("x", north())]).await;
    host.put(&of, &old, &[part("2old", two, north()), item("y", north())]).await;
    let left = async |space| host.ids(&of, Search::items(space, &NORTH, 9)).await;
    assert_eq!(left(&space).await, ["1a", "1b", "2a", "x"]);
    assert_eq!(host.remove(&of, Remove::Items(&["1a", "nobody", "1a"])).await, 1);
    assert_eq!(left(&space).await, ["1b", "2a", "x"]);
    assert_eq!(host.remove(&of, Remove::Parents(&[two, id()])).await, 2, "in every space");
    assert_eq!((left(&space).await, left(&old).await), (vec!["1b".to_owned(), "x".to_owned()], vec!["y".to_owned()]));
    assert_eq!(host.remove(&of, Remove::OtherSpaces(&space)).await, 1);
    assert_eq!((left(&space).await.len(), left(&old).await.len()), (2, 0));
    for nothing in
        [Remove::Items(&[]), Remove::Items(&["nobody"]), Remove::Parents(&[]), Remove::Parents(&[two]), Remove::OtherSpaces(&space)]
    {
        assert_eq!(host.remove(&of, nothing).await, 0, "{nothing:?}");
        assert_eq!(host.remove(&shelf(), nothing).await, 0, "{nothing:?} of a shelf that never was");
    }
    assert_eq!(left(&space).await, ["1b", "x"]);
}

pub(in crate::vector) async fn a_user_is_forgotten_everywhere(host: Host) {
    let (space, alice, bob) = (space("m", 2), id(), id());
    let hers = [Shelf::memories(alice), Shelf::plugin("p", Some(alice), "notes"), Shelf::plugin("q", Some(alice), "notes")];
    let others = [Shelf::memories(bob), Shelf::plugin("p", Some(bob), "notes"), Shelf::plugin("p", None, "notes")];
    for of in hers.iter().chain(&others) {
        host.put(of, &space, &[item("a", north())]).await;
        assert_eq!(host.ids(of, Search::items(&space, &NORTH, 9)).await, ["a"]);
    }
    let mut tx = host.db.begin().await.unwrap();
    host.store.forget_user(&mut tx, alice).await.unwrap();
    tx.commit().await.unwrap();
    host.store.settle().await.unwrap();
    for of in &hers {
        assert_eq!(host.ids(of, Search::items(&space, &NORTH, 9)).await, [""; 0]);
        assert_eq!(host.store.spaces(of).await.unwrap(), []);
    }
    for of in &others {
        assert_eq!(host.ids(of, Search::items(&space, &NORTH, 9)).await, ["a"]);
    }
    // and may begin anew
    host.put(&hers[0], &space, &[item("b", north())]).await;
    assert_eq!(host.ids(&hers[0], Search::items(&space, &NORTH, 9)).await, ["b"]);
}

pub(in crate::vector) async fn a_transaction_that_is_rolled_back_leaves_nothing(host: Host) {
    let (of, space, parent) = (shelf(), space("m", 2), id());
    host.put(&of, &space, &[part("kept", parent, north())]).await;
    let looks = async || host.found(&of, Search::items(&space, &NORTH, 9)).await;
    let before = looks().await;
    for explicitly in [true, false] {
        let mut tx = host.db.begin().await.unwrap();
        host.store.upsert(&mut tx, &of, &space, &[part("kept", id(), vec![1.0, 0.0]), item("new", north())]).await.unwrap();
        assert_eq!(host.store.remove(&mut tx, &of, Remove::Parents(&[parent])).await.unwrap(), 0, "it has another parent now");
        host.store.remove(&mut tx, &of, Remove::Items(&["kept"])).await.unwrap();
        if explicitly {
            tx.rollback().await.unwrap();
        } else {
            drop(tx);
        }
        host.store.settle().await.unwrap();
        assert_eq!(looks().await, before);
    }
    let never = shelf();
    let mut tx = host.db.begin().await.unwrap();
    host.store.upsert(&mut tx, &never, &space, &[item("new", north())]).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(host.ids(&never, Search::items(&space, &NORTH, 9)).await, [""; 0]);
    // what is written after it is seen
    host.put(&of, &space, &[item("new", north())]).await;
    assert_eq!(looks().await.len(), 2);
}

pub(in crate::vector) async fn vectors_come_back_as_they_went(host: Host) {
    let (of, space, parent, mut numbers) = (shelf(), space("m", 48), id(), Numbers(11));
    let vectors: Vec<_> = (0..3).map(|_| numbers.vector(48)).collect();
    let parts: Vec<_> = vectors.iter().enumerate().map(|(at, vector)| part(&at.to_string(), parent, vector.clone())).collect();
    host.put(&of, &space, &parts).await;
    let back = host.store.of_parent(&of, parent).await.unwrap();
    assert!(back.iter().all(|(own, _)| *own == space));
    let bits =
        |vectors: Vec<Vec<f32>>| vectors.into_iter().map(|one| one.into_iter().map(f32::to_bits).collect::<Vec<_>>()).collect::<Vec<_>>();
    assert_eq!(bits(back.into_iter().map(|(_, vector)| vector).collect()), bits(vectors));
}

pub(in crate::vector) async fn a_thousand_at_once(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 16), Numbers(12));
    let all = items((0..1_003).map(|_| numbers.vector(16)));
    host.put(&of, &space, &all).await;
    assert_eq!(host.store.spaces(&of).await.unwrap(), [(space.clone(), 1_003)]);
    assert_eq!(host.ids(&of, Search::items(&space, &all[1_002].vector, 1)).await, ["item-1002"]);
    let ids: Vec<&str> = all.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(host.remove(&of, Remove::Items(&ids)).await, 1_003);
    assert_eq!(host.store.spaces(&of).await.unwrap(), []);
    assert_eq!(host.ids(&of, Search::items(&space, &all[0].vector, 9)).await, [""; 0]);
}

/// Whether a few went or most: what is told is what is there, and searches are still full.
pub(in crate::vector) async fn many_removed_are_counted(host: Host) {
    let (of, space, mut numbers) = (shelf(), space("m", 16), Numbers(13));
    let all = items((0..400).map(|_| numbers.vector(16)));
    host.put(&of, &space, &all).await;
    let query = numbers.vector(16);
    let mut left = all.clone();
    for gone in [1, 20, 300] {
        // the nearest go, so that what is left has to be looked for further down
        let nearest: Vec<String> = super::nearest(&left, &query, gone).into_iter().map(|(id, _)| id).collect();
        let ids: Vec<&str> = nearest.iter().map(String::as_str).collect();
        host.remove(&of, Remove::Items(&ids)).await;
        left.retain(|item| !nearest.contains(&item.id));
        let hits = host.found(&of, Search::items(&space, &query, 10)).await;
        super::assert_nearest(&hits, &left, &query, 10);
        assert_eq!(host.store.spaces(&of).await.unwrap(), [(space.clone(), left.len() as u64)]);
    }
    // some come back under the ids they had
    host.put(&of, &space, &all[..300]).await;
    let hits = host.found(&of, Search::items(&space, &query, 10)).await;
    left.retain(|item| !all[..300].contains(item));
    left.extend_from_slice(&all[..300]);
    super::assert_nearest(&hits, &left, &query, 10);
    assert_eq!(host.store.spaces(&of).await.unwrap(), [(space, left.len() as u64)]);
}
