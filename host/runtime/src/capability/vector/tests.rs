//! Plugins' own collections, at their door.

use mnemosyne_bindings::capability::types::errors::ErrorKind;

use super::core::{Named, remove, search, upsert, upsert_text};
use super::*;
use crate::capability::storage::core::Scope;
use crate::kit::{House, ada, bob, nobody};
use crate::wit::types::values::VectorSpace;

const BOTH: &str = "[needs.vector]\nscope = 'both'\nmax-items = 5";
const USER: &str = "[needs.vector]\nscope = 'user'";
const MINE: Named<'_> = Named { scope: Scope::User, collection: "notes" };

fn text(id: &str, text: &str) -> VectorText {
    VectorText { id: id.to_owned(), text: text.to_owned(), metadata: vec![("sort".into(), id[..1].to_owned())] }
}

fn space(dimensions: u32) -> VectorSpace {
    VectorSpace { model: "mine".into(), dimensions }
}

fn item(id: &str, vector: &[f32]) -> VectorItem {
    VectorItem { id: id.to_owned(), vector: vector.to_vec(), metadata: Vec::new() }
}

#[tokio::test]
async fn texts_are_found_by_likeness_and_only_by_their_owner() {
    let house = House::new();
    let call = house.at_a_personas_door(BOTH, ada()).await;
    let items = vec![text("a1", "aaaa bbbb"), text("b1", "zzzz"), text("a2", "aabb")];
    assert_eq!(upsert_text(&call, MINE, items).await.unwrap().unwrap(), 3);
    assert_eq!(upsert_text(&call, MINE, vec![text("a1", "aaa")]).await.unwrap().unwrap(), 0, "replaced");
    let found = search(&call, MINE, VectorQuery::Text("a"), 10, &[("sort".into(), "a".into())]).await.unwrap().unwrap();
    let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["a1", "a2"]);
    for (caller, named) in [(bob(), MINE), (ada(), Named { scope: Scope::Plugin, ..MINE })] {
        let call = house.at_a_personas_door(BOTH, caller).await;
        assert!(search(&call, named, VectorQuery::Text("a"), 10, &[]).await.unwrap().unwrap().is_empty());
    }
    assert_eq!(remove(&call, MINE, &["a1".into(), "none".into()]).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_collection_has_one_space_and_its_quota() {
    let call = House::new().at_a_personas_door(BOTH, ada()).await;
    assert_eq!(upsert(&call, MINE, &space(2), vec![item("1", &[1.0, 0.0])]).await.unwrap().unwrap(), 1);
    let other = upsert(&call, MINE, &space(3), vec![item("2", &[1.0, 0.0, 0.0])]).await.unwrap().unwrap_err();
    assert_eq!((other.kind, other.code.as_str()), (ErrorKind::Invalid, "vector-space"));
    let many = (0..5).map(|id| item(&format!("n{id}"), &[0.0, 1.0])).collect();
    assert_eq!(upsert(&call, MINE, &space(2), many).await.unwrap().unwrap_err().kind, ErrorKind::Quota);
    let query = VectorQuery::Vector { space: &space(2), vector: &[1.0, 0.0] };
    assert_eq!(search(&call, MINE, query, 1, &[]).await.unwrap().unwrap()[0].id, "1");
}

#[tokio::test]
async fn names_floats_texts_and_numbers_have_their_caps() {
    let call = House::new().at_a_personas_door(USER, ada()).await;
    let code = |answer: Result<u32, crate::call::GuestError>| answer.unwrap_err().code;
    for name in ["", "../x", "A", "a_b", &"n".repeat(65)] {
        let named = Named { collection: name, ..MINE };
        assert_eq!(code(upsert_text(&call, named, vec![text("a", "a")]).await.unwrap()), "vector-collection", "{name}");
    }
    for vector in [vec![f32::NAN, 0.0], vec![f32::INFINITY, 0.0], vec![1.0]] {
        assert_eq!(code(upsert(&call, MINE, &space(2), vec![item("1", &vector)]).await.unwrap()), "vector-floats");
    }
    assert_eq!(code(upsert(&call, MINE, &space(4097), Vec::new()).await.unwrap()), "vector-space");
    assert_eq!(code(upsert_text(&call, MINE, vec![text("a", &"x".repeat((16 << 10) + 1))]).await.unwrap()), "vector-text");
    assert_eq!(code(upsert_text(&call, MINE, (0..101).map(|id| text(&id.to_string(), "x")).collect()).await.unwrap()), "vector-count");
    assert_eq!(code(upsert_text(&call, MINE, vec![VectorText { id: "a\n".into(), ..text("a", "x") }]).await.unwrap()), "vector-id");
    let pairs = vec![("k".to_owned(), "v".to_owned()); 2];
    assert_eq!(code(upsert_text(&call, MINE, vec![VectorText { metadata: pairs, ..text("a", "x") }]).await.unwrap()), "vector-metadata");
    let limit = search(&call, MINE, VectorQuery::Text("a"), 101, &[]).await.unwrap().unwrap_err();
    assert_eq!(limit.code, "vector-limit");
}

#[tokio::test]
async fn without_the_scope_or_a_caller_it_is_denied() {
    let house = House::new();
    let plugin = Named { scope: Scope::Plugin, ..MINE };
    for (manifest, caller, named) in [("", ada(), MINE), (USER, ada(), plugin), (USER, nobody(), MINE)] {
        let call = house.at_a_personas_door(manifest, caller).await;
        assert_eq!(upsert_text(&call, named, vec![text("a", "a")]).await.unwrap().unwrap_err().kind, ErrorKind::Denied);
        let found = search(&call, named, VectorQuery::Text("a"), 1, &[]).await.unwrap();
        assert_eq!(found.unwrap_err().kind, ErrorKind::Denied);
    }
}
