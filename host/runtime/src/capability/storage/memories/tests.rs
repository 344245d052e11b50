//! The caller's memories, at their door.

use std::sync::Arc;

use async_trait::async_trait;
use mnemosyne_bindings::capability::types::errors::ErrorKind;
use uuid::Uuid;

use super::core::{Wish, get, list, search};
use super::in_memory::InMemoryMemories;
use super::*;
use crate::capability::{BackendError, Backends};
use crate::kit::voice::memory;
use crate::kit::{House, ada, ada_who_may_not_read, bob, nobody, settings};
use crate::wit::types::values::Memory;

const READ: &str = "[needs.storage]\nmemories = 'read'";

fn house() -> House {
    let memories = InMemoryMemories::default();
    memories.add(Uuid::from_u128(1), memory(10, "the canary of ada sings"));
    memories.add(Uuid::from_u128(1), Memory { tags: vec!["work".into()], ..memory(11, "nothing to hear") });
    memories.add(Uuid::from_u128(2), memory(20, "the canary of bob sings"));
    House::on(settings(), |backends| Backends { memories: Arc::new(memories), ..backends })
}

fn all() -> MemoryFilter {
    MemoryFilter::default()
}

#[tokio::test]
async fn each_caller_finds_only_their_own() {
    let house = house();
    for (caller, id) in [(ada(), 10), (bob(), 20)] {
        let call = house.at_a_personas_door(READ, caller).await;
        let hits = search(&call, Wish::With, "canary sings", &all(), 10).await.unwrap().unwrap();
        let ids: Vec<&str> = hits.iter().map(|hit| hit.memory.id.as_str()).collect();
        assert_eq!(ids, [Uuid::from_u128(id).to_string()]);
        let other = Uuid::from_u128(if id == 10 { 20 } else { 10 }).to_string();
        assert!(get(&call, Wish::With, &other).await.unwrap().unwrap().is_none());
    }
}

#[tokio::test]
async fn filters_and_pages_hold() {
    let call = house().at_a_personas_door(READ, ada()).await;
    let work = MemoryFilter { tags: vec!["work".into()], ..all() };
    let page = list(&call, Wish::With, &work, None, 10).await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
    let first = list(&call, Wish::With, &all(), None, 1).await.unwrap().unwrap();
    let second = list(&call, Wish::With, &all(), first.next.as_deref(), 1).await.unwrap().unwrap();
    assert_ne!(first.items[0].id, second.items[0].id);
    assert_eq!(second.next, None);
}

#[tokio::test]
async fn without_grant_wish_caller_or_permission_it_is_denied() {
    let house = house();
    let may_not = (READ, ada_who_may_not_read(), Wish::With);
    let cases = [("", ada(), Wish::With), (READ, ada(), Wish::Without), (READ, nobody(), Wish::With), may_not];
    for (manifest, caller, wish) in cases {
        let call = house.at_a_personas_door(manifest, caller).await;
        assert_eq!(search(&call, wish, "canary", &all(), 10).await.unwrap().unwrap_err().kind, ErrorKind::Denied);
        assert_eq!(list(&call, wish, &all(), None, 10).await.unwrap().unwrap_err().kind, ErrorKind::Denied);
        assert_eq!(get(&call, wish, "x").await.unwrap().unwrap_err().kind, ErrorKind::Denied);
    }
}

#[tokio::test]
async fn arguments_have_their_caps() {
    let call = house().at_a_personas_door(READ, ada()).await;
    let refused = |answer: Result<Vec<MemoryHit>, crate::call::GuestError>| answer.unwrap_err().code;
    assert_eq!(refused(search(&call, Wish::With, " ", &all(), 1).await.unwrap()), "memories-query");
    assert_eq!(refused(search(&call, Wish::With, &"q".repeat(4097), &all(), 1).await.unwrap()), "memories-query");
    assert_eq!(refused(search(&call, Wish::With, "q", &all(), 51).await.unwrap()), "memories-limit");
    assert_eq!(refused(search(&call, Wish::With, "q", &all(), 0).await.unwrap()), "memories-limit");
    let tags = MemoryFilter { tags: vec!["t".repeat(65)], ..all() };
    assert_eq!(refused(search(&call, Wish::With, "q", &tags, 1).await.unwrap()), "memories-tags");
    let nan = MemoryFilter { min_importance: Some(f32::NAN), ..all() };
    assert_eq!(refused(search(&call, Wish::With, "q", &nan, 1).await.unwrap()), "memories-importance");
    assert!(get(&call, Wish::With, "no uuid").await.unwrap().unwrap().is_none());
}

/// Gives more than was asked for, or nothing at all.
struct Odd(bool);

#[async_trait]
impl MemoriesBackend for Odd {
    async fn search(&self, _: Uuid, _: &str, _: &MemoryFilter, _: u32) -> Result<Vec<MemoryHit>, BackendError> {
        if self.0 {
            return Err(BackendError::Unavailable { retry_after_ms: Some(5) });
        }
        Ok((0..60).map(|id| MemoryHit { memory: memory(id, &"x".repeat(100 << 10)), score: 1.0 }).collect())
    }
    async fn list(&self, _: Uuid, _: MemoryList<'_>) -> Result<MemoryPage, BackendError> {
        std::future::pending().await
    }
    async fn get(&self, _: Uuid, _: Uuid) -> Result<Option<Memory>, BackendError> {
        Err(BackendError::Unavailable { retry_after_ms: None })
    }
}

#[tokio::test]
async fn an_answer_is_cut_at_a_whole_memory_and_a_backend_that_is_away_is_unavailable() {
    let with = |away| House::on(settings(), |backends| Backends { memories: Arc::new(Odd(away)), ..backends });
    let call = with(false).at_a_personas_door(READ, ada()).await;
    assert_eq!(search(&call, Wish::With, "q", &all(), 50).await.unwrap().unwrap().len(), 10, "1 MiB");
    let call = with(true).at_a_personas_door(READ, ada()).await;
    let away = search(&call, Wish::With, "q", &all(), 50).await.unwrap().unwrap_err();
    assert_eq!((away.kind, away.retryable, away.retry_after_ms), (ErrorKind::Unavailable, true, Some(5)));
}
