//! Drawers: whose they are, what fits, and what happens once.

use mnemosyne_bindings::capability::types::errors::{Error, ErrorKind};

use super::core::{self, Listing, Scope, Write};
use super::*;
use crate::call::Call;
use crate::kit::{House, ada, nobody};
use crate::{Caller, User};

const BOTH: &str = "[needs.storage]\nkv = { scope = 'both', max-bytes = '1KiB' }";
const USER_ONLY: &str = "[needs.storage]\nkv = { scope = 'user', max-bytes = '1KiB' }";
const ROOMY: &str = "[needs.storage]\nkv = { scope = 'plugin', max-bytes = '64KiB' }\n[limits]\nhost-calls = 1000";

fn write<'a>(key: &'a str, value: &'a [u8]) -> Write<'a> {
    Write { key, value, expect: None, ttl_seconds: None }
}

async fn put(call: &Call, scope: Scope, write: Write<'_>) -> Result<u64, Error> {
    core::put(call, &core::PUT, scope, write).await.unwrap()
}

async fn get(call: &Call, scope: Scope, key: &str) -> Result<Option<Vec<u8>>, Error> {
    core::get(call, &core::GET, scope, key).await.unwrap().map(|entry| entry.map(|entry| entry.value))
}

fn kind<T: std::fmt::Debug>(answer: Result<T, Error>) -> (ErrorKind, String) {
    let error = answer.unwrap_err();
    (error.kind, error.code)
}

fn bob() -> Caller {
    let user = User { id: uuid::Uuid::from_u128(2), ..(*ada().user.unwrap()).clone() };
    Caller::person(std::sync::Arc::new(user), "slot", "req-2")
}

#[tokio::test]
async fn what_one_user_keeps_no_other_user_and_no_other_scope_sees() {
    let house = House::new();
    let (of_ada, of_bob) = (house.at_the_door(BOTH, ada()).await, house.at_the_door(BOTH, bob()).await);
    put(&of_ada, Scope::User, write("mood", b"fine")).await.unwrap();
    assert_eq!(get(&of_ada, Scope::User, "mood").await.unwrap(), Some(b"fine".to_vec()));
    assert_eq!(get(&of_bob, Scope::User, "mood").await.unwrap(), None);
    assert_eq!(get(&of_ada, Scope::Plugin, "mood").await.unwrap(), None);
    put(&of_ada, Scope::Plugin, write("shared", b"all")).await.unwrap();
    assert_eq!(get(&of_bob, Scope::Plugin, "shared").await.unwrap(), Some(b"all".to_vec()));
}

#[tokio::test]
async fn a_scope_that_is_not_granted_and_a_missing_caller_are_denied_not_absent() {
    let house = House::new();
    let call = house.at_the_door(USER_ONLY, ada()).await;
    assert_eq!(kind(get(&call, Scope::Plugin, "k").await), (ErrorKind::Denied, "kv-not-granted".to_owned()));
    let call = house.at_the_door("", ada()).await;
    assert_eq!(kind(get(&call, Scope::User, "k").await).0, ErrorKind::Denied);
    let call = house.at_the_door(USER_ONLY, nobody()).await;
    assert_eq!(kind(put(&call, Scope::User, write("k", b"v")).await), (ErrorKind::Denied, "kv-no-caller".to_owned()));
    assert_eq!(call.meter.take_events()[0].outcome, "denied");
}

#[tokio::test]
async fn keys_values_and_lives_are_capped() {
    let call = House::new().at_the_door(ROOMY, nobody()).await;
    let big = vec![0; (64 << 10) + 1];
    for bad in ["", "a\nb", "a\0b", &"k".repeat(257)] {
        assert_eq!(kind(put(&call, Scope::Plugin, write(bad, b"v")).await).1, "kv-key", "{bad:?}");
    }
    for good in ["../../etc/passwd", "a:b", "ключ", "%00", &"k".repeat(256)] {
        assert!(put(&call, Scope::Plugin, write(good, b"v")).await.is_ok(), "{good}: an opaque key");
    }
    assert_eq!(kind(put(&call, Scope::Plugin, write("k", &big)).await), (ErrorKind::Invalid, "kv-too-large".to_owned()));
    let no_life = Write { ttl_seconds: Some(0), ..write("k", b"v") };
    assert_eq!(kind(put(&call, Scope::Plugin, no_life).await).1, "kv-ttl");
}

#[tokio::test]
async fn a_full_drawer_is_a_quota_and_overwriting_makes_no_room_smaller() {
    let call = House::new().at_the_door(BOTH, nobody()).await;
    put(&call, Scope::Plugin, write("a", &[1; 900])).await.unwrap();
    assert_eq!(kind(put(&call, Scope::Plugin, write("b", &[1; 200])).await), (ErrorKind::Quota, "kv-full".to_owned()));
    put(&call, Scope::Plugin, write("a", &[1; 1000])).await.unwrap();
    assert!(core::delete(&call, Scope::Plugin, "a", None).await.unwrap().unwrap());
    put(&call, Scope::Plugin, write("b", &[1; 200])).await.unwrap();
}

#[tokio::test]
async fn versions_make_a_write_happen_once() {
    let call = House::new().at_the_door(BOTH, nobody()).await;
    let expecting = |expect| Write { expect: Some(expect), ..write("k", b"v") };
    assert_eq!(put(&call, Scope::Plugin, expecting(0)).await.unwrap(), 1);
    assert_eq!(kind(put(&call, Scope::Plugin, expecting(0)).await), (ErrorKind::Conflict, "kv-conflict".to_owned()));
    assert_eq!(put(&call, Scope::Plugin, expecting(1)).await.unwrap(), 2);
    assert_eq!(kind(core::delete(&call, Scope::Plugin, "k", Some(1)).await.unwrap()).0, ErrorKind::Conflict);
    assert!(core::delete(&call, Scope::Plugin, "k", Some(2)).await.unwrap().unwrap());
    assert!(!core::delete(&call, Scope::Plugin, "k", None).await.unwrap().unwrap());
}

#[tokio::test]
async fn an_entry_vanishes_when_its_time_is_over() {
    let drawer = super::in_memory::InMemoryKv::default();
    let space = KvSpace { plugin: "p", user: None, data_version: 1 };
    let entry = KvPut { key: "k", value: b"v", expect: None, expires: Some(1_000), quota_bytes: 100 };
    drawer.put(space, entry, 0).await.unwrap();
    assert!(drawer.get(space, "k", 999).await.unwrap().is_some());
    assert!(drawer.get(space, "k", 1_000).await.unwrap().is_none());
}

#[tokio::test]
async fn a_listing_goes_through_all_keys_once_in_both_directions() {
    let call = House::new().at_the_door(ROOMY, nobody()).await;
    for number in 0..25 {
        put(&call, Scope::Plugin, write(&format!("k{number:02}"), b"v")).await.unwrap();
    }
    put(&call, Scope::Plugin, write("other", b"v")).await.unwrap();
    for newest_key_first in [false, true] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let listing = Listing { prefix: "k", cursor: cursor.as_deref(), limit: 10, newest_key_first };
            let (page, next) = core::list(&call, Scope::Plugin, listing).await.unwrap().unwrap();
            seen.extend(page.entries.into_iter().map(|entry| entry.key));
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        let mut wanted: Vec<_> = (0..25).map(|number| format!("k{number:02}")).collect();
        if newest_key_first {
            wanted.reverse();
        }
        assert_eq!(seen, wanted);
    }
    let too_many = Listing { prefix: "", cursor: None, limit: 101, newest_key_first: false };
    assert_eq!(kind(core::list(&call, Scope::Plugin, too_many).await.unwrap()).1, "kv-limit");
}

#[tokio::test]
async fn a_number_is_added_to_and_anything_else_is_refused() {
    let call = House::new().at_the_door(BOTH, nobody()).await;
    assert_eq!(core::increment(&call, Scope::Plugin, "n", 5).await.unwrap().unwrap(), 5);
    assert_eq!(core::increment(&call, Scope::Plugin, "n", -7).await.unwrap().unwrap(), -2);
    assert_eq!(get(&call, Scope::Plugin, "n").await.unwrap(), Some(b"-2".to_vec()));
    assert_eq!(kind(core::increment(&call, Scope::Plugin, "n", i64::MIN).await.unwrap()).1, "kv-not-a-number");
    put(&call, Scope::Plugin, write("t", b"text")).await.unwrap();
    assert_eq!(kind(core::increment(&call, Scope::Plugin, "t", 1).await.unwrap()), (ErrorKind::Invalid, "kv-not-a-number".to_owned()));
}

#[tokio::test]
async fn a_listing_costs_more_than_a_read() {
    let call = House::new().at_the_door(BOTH, nobody()).await;
    get(&call, Scope::Plugin, "k").await.unwrap();
    assert_eq!(call.meter.host_calls(), 1);
    let listing = Listing { prefix: "", cursor: None, limit: 1, newest_key_first: false };
    core::list(&call, Scope::Plugin, listing).await.unwrap().unwrap();
    assert_eq!(call.meter.host_calls(), 5);
}
