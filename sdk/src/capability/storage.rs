//! Capability `storage`: what a plugin keeps between calls (`kv`, here), and the caller's own memories and tasks, read only
//! ([`memories`], [`tasks`]). Reference: `wit/deps/storage.wit`; manifest:
//! `[needs.storage] memories = "read", tasks = "read", kv = { scope = "user", max-bytes = "64KiB" }`.

pub mod memories;
pub mod tasks;

use crate::Error;
#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::storage::kv as wit;
pub use crate::bindings::mnemosyne::storage::kv::{Scope, TextEntry};

/// The text under `key`; `None` = no such key, or expired.
///
/// # Errors
/// `denied` without the grant or, for [`Scope::User`], without a caller; `invalid` for a malformed key or bytes that are no text.
///
/// ```
/// use mnemosyne_sdk::capability::storage::{Scope, get_text};
/// assert_eq!(get_text(Scope::Plugin, "seen").unwrap(), None);
/// ```
pub fn get_text(scope: Scope, key: &str) -> Result<Option<TextEntry>, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::get_text(scope, key);
    #[cfg(not(target_arch = "wasm32"))]
    Ok(double::get(scope, key))
}

/// Writes and answers the new version. `expect`: the version it must have now, 0 = it must not exist, `None` = whatever.
/// `ttl_seconds`: at least 1; `None` = for ever.
///
/// # Errors
/// `conflict` when the version is another, `quota` when the drawer is full, `invalid` over 64 KiB, `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::storage::{Scope, put_text};
/// assert_eq!(put_text(Scope::Plugin, "seen", "yes", Some(0), None).unwrap(), 1);
/// assert!(put_text(Scope::Plugin, "seen", "again", Some(0), None).is_err());
/// ```
pub fn put_text(scope: Scope, key: &str, value: &str, expect: Option<u64>, ttl_seconds: Option<u32>) -> Result<u64, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::put_text(scope, key, value, expect, ttl_seconds);
    #[cfg(not(target_arch = "wasm32"))]
    double::put(scope, key, value, expect, ttl_seconds)
}

/// Whether it was there. `expect` as in [`put_text`].
///
/// # Errors
/// `conflict` when the version is another, `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::storage::{Scope, delete};
/// assert!(!delete(Scope::User, "never", None).unwrap());
/// ```
pub fn delete(scope: Scope, key: &str, expect: Option<u64>) -> Result<bool, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::delete(scope, key, expect);
    #[cfg(not(target_arch = "wasm32"))]
    double::delete(scope, key, expect)
}

/// Adds to a decimal number stored as text and answers the sum; a missing key counts as 0. One atomic step.
///
/// # Errors
/// `invalid` when something else is stored there or on overflow, `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::storage::{Scope, increment};
/// increment(Scope::User, "quests", 2).unwrap();
/// assert_eq!(increment(Scope::User, "quests", 1).unwrap(), 3);
/// ```
pub fn increment(scope: Scope, key: &str, by: i64) -> Result<i64, Error> {
    #[cfg(target_arch = "wasm32")]
    return wit::increment(scope, key, by);
    #[cfg(not(target_arch = "wasm32"))]
    double::increment(scope, key, by)
}

/// One drawer a thread and scope, for native tests; entries do not expire, since a test has no clock.
#[cfg(not(target_arch = "wasm32"))]
mod double {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Scope, TextEntry};
    use crate::{Error, ErrorKind};

    thread_local! {
        static DRAWERS: RefCell<BTreeMap<(bool, String), TextEntry>> = const { RefCell::new(BTreeMap::new()) };
    }

    fn place(scope: Scope, key: &str) -> (bool, String) {
        (matches!(scope, Scope::User), key.to_owned())
    }

    fn check(found: Option<&TextEntry>, expect: Option<u64>) -> Result<u64, Error> {
        let version = found.map_or(0, |entry| entry.version);
        match expect {
            Some(expected) if expected != version => {
                Err(Error::new(ErrorKind::Conflict, "kv-version", format!("version is {version}, not {expected}")))
            }
            _ => Ok(version),
        }
    }

    pub(super) fn get(scope: Scope, key: &str) -> Option<TextEntry> {
        DRAWERS.with_borrow(|drawers| drawers.get(&place(scope, key)).cloned())
    }

    pub(super) fn put(scope: Scope, key: &str, value: &str, expect: Option<u64>, ttl: Option<u32>) -> Result<u64, Error> {
        if ttl == Some(0) || value.len() > 64 << 10 {
            return Err(Error::invalid("kv-too-large", "a value has at most 64 KiB and lives at least a second"));
        }
        DRAWERS.with_borrow_mut(|drawers| {
            let version = check(drawers.get(&place(scope, key)), expect)? + 1;
            let entry = TextEntry { key: key.to_owned(), value: value.to_owned(), version, expires: None };
            drawers.insert(place(scope, key), entry);
            Ok(version)
        })
    }

    pub(super) fn delete(scope: Scope, key: &str, expect: Option<u64>) -> Result<bool, Error> {
        DRAWERS.with_borrow_mut(|drawers| {
            check(drawers.get(&place(scope, key)), expect)?;
            Ok(drawers.remove(&place(scope, key)).is_some())
        })
    }

    pub(super) fn increment(scope: Scope, key: &str, by: i64) -> Result<i64, Error> {
        let no_number = || Error::invalid("kv-not-a-number", "not a decimal number, or too large");
        let now = get(scope, key).map_or(Ok(0), |entry| entry.value.parse::<i64>()).map_err(|_| no_number())?;
        let sum = now.checked_add(by).ok_or_else(no_number)?;
        put(scope, key, &sum.to_string(), None, None).map(|_| sum)
    }
}
