//! Settings: the slot's, the user's own, and names of secrets.

use std::sync::Arc;

use super::*;
use crate::kit::{House, ada, nobody};
use crate::manifest::ConfigValue;

const DECLARED: &str = "[config]
tone = { type = 'text', default = 'warm', doc = 'how', per-user = true }
step = { type = 'integer', default = 3, doc = 'how many' }
token = { type = 'secret', doc = 'key' }
";

fn text(text: &str) -> ConfigValue {
    ConfigValue::Text(text.to_owned())
}

#[tokio::test]
async fn a_declared_key_has_its_value_and_an_unknown_one_has_none() {
    let call = House::new().at_the_door(DECLARED, nobody()).await;
    assert_eq!(core::get(&call, "tone").unwrap(), Some(&text("warm")));
    assert_eq!(core::get(&call, "step").unwrap(), Some(&ConfigValue::Integer(3)));
    assert_eq!(core::get(&call, "token").unwrap(), None);
    assert_eq!(core::get(&call, "nonsense").unwrap(), None);
    assert_eq!(core::get(&call, &"k".repeat(5000)).unwrap(), None);
}

#[tokio::test]
async fn a_user_changes_only_what_is_per_user() {
    let own = UserValues::from([("tone".to_owned(), text("dry")), ("step".to_owned(), ConfigValue::Integer(9))]);
    let caller = crate::Caller { settings: Some(Arc::new(own)), ..ada() };
    let call = House::new().at_the_door(DECLARED, caller).await;
    assert_eq!(core::for_user(&call, "tone").unwrap(), Some(&text("dry")));
    assert_eq!(core::get(&call, "tone").unwrap(), Some(&text("warm")));
    assert_eq!(core::for_user(&call, "step").unwrap(), Some(&ConfigValue::Integer(3)), "the operator's alone");
}

#[tokio::test]
async fn without_own_settings_the_slots_value_is_given() {
    let call = House::new().at_the_door(DECLARED, nobody()).await;
    assert_eq!(core::for_user(&call, "tone").unwrap(), Some(&text("warm")));
}

#[tokio::test]
async fn a_secrets_name_is_known_and_its_value_is_not_there_to_be_told() {
    let house = House::new();
    let call = house.at_the_door(DECLARED, nobody()).await;
    assert!(!core::has_secret(&call, "token").unwrap());
    let stored = ConfigValues { secrets: ["token".to_owned()].into(), ..ConfigValues::default() };
    let revision = call.revision.with_config(Arc::new(stored));
    let call = crate::call::Call::new(house.runtime.clone(), revision, nobody(), "test");
    assert!(core::has_secret(&call, "token").unwrap());
    assert!(!core::has_secret(&call, "other").unwrap());
}
