//! Swaps: who is served by what, and what stays.

use super::*;
use crate::kit::{House, Rules, completion, nobody};
use crate::swap::Mode;

async fn awarding(house: &House, points: i32) -> Arc<Revision> {
    house.revision(Rules::awarding(format!("(i32.store (i32.const 20) (i32.const {points})) (i32.const 16)")).build()).await
}

#[tokio::test]
async fn a_request_ends_on_the_revision_it_began_with() {
    let house = House::new();
    let registry = Registry::new();
    registry.bind("xp-rules", awarding(&house, 1).await, 1).unwrap();
    let request = registry.load();
    registry.bind("xp-rules", awarding(&house, 2).await, 2).unwrap();
    let points = async |routing: &Routing| {
        let binding = routing.live("xp-rules").unwrap();
        house.runtime.xp_rules(&binding.revision, nobody()).award(completion()).await.unwrap().value.base
    };
    assert_eq!(points(&request).await, 1);
    assert_eq!(points(&registry.load()).await, 2);
    assert_eq!(registry.compiled_revisions("xp-rules").len(), 2, "the old one waits for a rollback");
}

#[tokio::test]
async fn a_rollback_is_one_pointer_and_can_be_undone() {
    let house = House::new();
    let registry = Registry::new();
    let (one, two) = (awarding(&house, 1).await, awarding(&house, 2).await);
    registry.bind("xp-rules", one.clone(), 1).unwrap();
    assert_eq!(registry.rollback("xp-rules", 2).unwrap_err(), SwapError::NothingBefore);
    registry.bind("xp-rules", two.clone(), 2).unwrap();
    let back = registry.rollback("xp-rules", 3).unwrap();
    assert_eq!((back.revision.id(), back.generation, back.mode), (one.id(), 3, Mode::Live));
    assert_eq!(registry.rollback("xp-rules", 4).unwrap().revision.id(), two.id());
}

#[tokio::test]
async fn a_late_wake_up_changes_nothing() {
    let house = House::new();
    let registry = Registry::new();
    let one = awarding(&house, 1).await;
    registry.bind("xp-rules", one.clone(), 5).unwrap();
    let stale = registry.bind("xp-rules", awarding(&house, 2).await, 5).unwrap_err();
    assert_eq!(stale, SwapError::Stale { offered: 5, served: 5 });
    assert_eq!(registry.load().live("xp-rules").unwrap().revision.id(), one.id());
}

#[tokio::test]
async fn what_cannot_be_loaded_is_an_entry_and_the_running_one_goes_on() {
    let house = House::new();
    let registry = Registry::new();
    let refused = Refused::because("invalid", "no good", "");
    registry.fail("xp-rules", 1, refused.clone()).unwrap();
    assert!(registry.load().live("xp-rules").is_none());
    assert_eq!(registry.load().slot("xp-rules").unwrap().failure.as_ref().unwrap().refused, refused);
    registry.bind("xp-rules", awarding(&house, 1).await, 2).unwrap();
    assert!(registry.load().slot("xp-rules").unwrap().failure.is_none());
    registry.fail("xp-rules", 3, refused).unwrap();
    assert!(registry.load().live("xp-rules").is_some());
    registry.unbind("xp-rules");
    assert!(registry.load().slot("xp-rules").is_none());
}

#[tokio::test]
async fn other_settings_are_a_new_generation_of_the_same_revision() {
    let house = House::new();
    let registry = Registry::new();
    let (one, two) = (awarding(&house, 1).await, awarding(&house, 2).await);
    registry.bind("xp-rules", one.clone(), 1).unwrap();
    registry.bind("xp-rules", two.clone(), 2).unwrap();
    registry.bind("xp-rules", two.with_config(Arc::default()), 3).unwrap();
    let back = registry.rollback("xp-rules", 4).unwrap();
    assert_eq!(back.revision.id(), one.id(), "the way back is to the other revision, not to the other settings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_under_load_fail_no_call_and_mix_no_revisions() {
    let house = House::new();
    let registry = Arc::new(Registry::new());
    let revisions = [awarding(&house, 1).await, awarding(&house, 2).await];
    registry.bind("xp-rules", revisions[0].clone(), 1).unwrap();
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let (runtime, registry) = (house.runtime.clone(), registry.clone());
            tokio::spawn(async move {
                let mut seen = [0_u32; 2];
                for _ in 0..100 {
                    let routing = registry.load();
                    let binding = routing.live("xp-rules").unwrap();
                    let called = runtime.xp_rules(&binding.revision, nobody()).award(completion()).await.unwrap();
                    assert_eq!(called.record.revision, *binding.revision.id());
                    seen[usize::try_from(called.value.base).unwrap() - 1] += 1;
                }
                seen
            })
        })
        .collect();
    let mut generation = 1;
    while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        generation += 1;
        registry.bind("xp-rules", revisions[usize::try_from(generation % 2).unwrap()].clone(), generation).unwrap();
        tokio::task::yield_now().await;
    }
    let mut both = [0; 2];
    for call in calls {
        let seen = call.await.unwrap();
        both = [both[0] + seen[0], both[1] + seen[1]];
    }
    assert_eq!(both[0] + both[1], 400);
    assert!(both[0] > 0 && both[1] > 0, "{both:?} in {generation} generations");
}
