//! Capability `config`: the settings an operator gave this slot. Reference: `wit/deps/config.wit`.
//!
//! Each typed function answers `None` when the manifest's `[config]` does not declare the key with that type: declared keys
//! always have a value, the manifest's default at least.

pub use crate::bindings::mnemosyne::config::config::Value;

/// The slot's value of `key`.
///
/// ```
/// use mnemosyne_sdk::capability::config::{self, Value};
/// config::double::set("bonus", Value::Integer(5));
/// assert_eq!(config::get("bonus"), Some(Value::Integer(5)));
/// ```
pub fn get(key: &str) -> Option<Value> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::config::config::get(key);
    #[cfg(not(target_arch = "wasm32"))]
    double::get(key)
}

/// The calling user's own value of a `per-user` key, else as [`get`].
///
/// ```
/// assert_eq!(mnemosyne_sdk::capability::config::for_user("tone"), None);
/// ```
pub fn for_user(key: &str) -> Option<Value> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::config::config::for_user(key);
    #[cfg(not(target_arch = "wasm32"))]
    double::get(key)
}

/// Whether the operator has stored a secret of this name. Its value never enters a guest.
///
/// ```
/// assert!(!mnemosyne_sdk::capability::config::has_secret("CRM_TOKEN"));
/// ```
pub fn has_secret(name: &str) -> bool {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::config::config::has_secret(name);
    #[cfg(not(target_arch = "wasm32"))]
    double::has_secret(name)
}

macro_rules! typed {
    ($(#[doc = $doc:literal] $name:ident: $case:ident -> $ty:ty, $sample:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// ```
        /// use mnemosyne_sdk::capability::config::{self, Value};
        #[doc = concat!("config::double::set(\"key\", Value::", stringify!($case), "(", $sample, "));")]
        #[doc = concat!("assert!(config::", stringify!($name), "(\"key\").is_some());")]
        /// ```
        pub fn $name(key: &str) -> Option<$ty> {
            match get(key)? {
                Value::$case(value) => Some(value),
                _ => None,
            }
        }
    )*};
}

typed! {
    /// A setting of `type = "text"`.
    text: Text -> String, "\"warm\".to_owned()";
    /// A setting of `type = "number"`.
    number: Number -> f64, "0.5";
    /// A setting of `type = "integer"`.
    integer: Integer -> i64, "5";
    /// A setting of `type = "flag"`.
    flag: Flag -> bool, "true";
    /// A setting of `type = "texts"`.
    texts: Texts -> Vec<String>, "vec![]";
    /// A setting of `type = "json"`, as JSON text.
    json: Json -> String, "\"{}\".to_owned()";
}

/// What a native test sets.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    use super::Value;

    thread_local! {
        static VALUES: RefCell<BTreeMap<String, Value>> = const { RefCell::new(BTreeMap::new()) };
        static SECRETS: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    /// Sets a value for this thread.
    pub fn set(key: &str, value: Value) {
        VALUES.with_borrow_mut(|values| values.insert(key.to_owned(), value));
    }

    /// Says that the operator has stored this secret.
    pub fn store_secret(name: &str) {
        SECRETS.with_borrow_mut(|secrets| secrets.insert(name.to_owned()));
    }

    pub(super) fn get(key: &str) -> Option<Value> {
        VALUES.with_borrow(|values| values.get(key).cloned())
    }

    pub(super) fn has_secret(name: &str) -> bool {
        SECRETS.with_borrow(|secrets| secrets.contains(name))
    }
}
