//! Capability `auth`: who is calling, for personas and task intelligence; and for auth providers checks of credentials that
//! the guest cannot read. Reference: `wit/deps/auth.wit`; manifest: `[needs.auth]`.

use crate::Error;
#[cfg(target_arch = "wasm32")]
use crate::bindings::mnemosyne::auth::credentials as wit;
pub use crate::bindings::mnemosyne::auth::identity::Caller;
use crate::bindings::mnemosyne::auth::secrets::Secret as Handle;

/// On whose behalf this call runs; `None` = nobody: a job, a self-test. Needs `[needs.auth] identity = true`.
///
/// ```
/// use mnemosyne_sdk::capability::auth::{caller, double};
/// assert!(caller().is_none());
/// double::log_in("Ada");
/// assert_eq!(caller().unwrap().display_name, "Ada");
/// ```
pub fn caller() -> Option<Caller> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::auth::identity::current();
    #[cfg(not(target_arch = "wasm32"))]
    double::caller()
}

/// Whether the caller has e.g. `task:write`. For wording only: every capability checks again.
///
/// ```
/// assert!(!mnemosyne_sdk::capability::auth::has_permission("task:write"));
/// ```
pub fn has_permission(permission: &str) -> bool {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::mnemosyne::auth::identity::has_permission(permission);
    #[cfg(not(target_arch = "wasm32"))]
    double::caller().is_some_and(|_| permission.starts_with("memory:") || permission.starts_with("task:"))
}

/// What a client presented. No function returns any byte of it.
pub struct Secret(Inner);

enum Inner {
    /// A handle to the host's copy; natively never made.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "there is no host to hand it to"))]
    Held(Handle),
    #[cfg(not(target_arch = "wasm32"))]
    Double(String),
}

impl From<Handle> for Secret {
    fn from(handle: Handle) -> Self {
        Self(Inner::Held(handle))
    }
}

/// The subject of the active account with this login if the password fits; `None` = no such account, locked, or wrong: the
/// guest cannot tell which. Needs `[needs.auth] credentials = ["verify-password"]`.
///
/// # Errors
/// `unavailable` while the login is being slowed down, `quota` after 3 checks in one call, `denied` without the grant.
///
/// ```
/// use mnemosyne_sdk::capability::auth::{double, verify_password};
/// double::account("ada", "engine", "account-7");
/// assert_eq!(verify_password("ada", &double::secret("engine")).unwrap().as_deref(), Some("account-7"));
/// ```
pub fn verify_password(login: &str, password: &Secret) -> Result<Option<String>, Error> {
    match &password.0 {
        #[cfg(target_arch = "wasm32")]
        Inner::Held(handle) => wit::verify_password(login, handle),
        #[cfg(not(target_arch = "wasm32"))]
        Inner::Held(_) => Ok(None),
        #[cfg(not(target_arch = "wasm32"))]
        Inner::Double(text) => double::verify(login, text),
    }
}

/// Accounts and secrets of a native test.
#[cfg(not(target_arch = "wasm32"))]
pub mod double {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Caller, Inner, Secret};
    use crate::Error;

    thread_local! {
        /// (login, password) → subject.
        static ACCOUNTS: RefCell<BTreeMap<(String, String), String>> = const { RefCell::new(BTreeMap::new()) };
        static CALLER: RefCell<Option<Caller>> = const { RefCell::new(None) };
        static AWAY: RefCell<Option<Error>> = const { RefCell::new(None) };
    }

    /// From now on this thread's calls run for an ordinary user of this name, in UTC.
    pub fn log_in(display_name: &str) {
        CALLER.set(Some(Caller {
            subject: format!("subject-of-{display_name}"),
            display_name: display_name.to_owned(),
            roles: vec!["user".to_owned()],
            timezone: "UTC".to_owned(),
            locale: "en".to_owned(),
        }));
    }

    pub(super) fn caller() -> Option<Caller> {
        CALLER.with_borrow(Clone::clone)
    }

    /// A handle, as if a client had presented this text.
    pub fn secret(text: &str) -> Secret {
        Secret(Inner::Double(text.to_owned()))
    }

    /// Adds an account for this thread.
    pub fn account(login: &str, password: &str, subject: &str) {
        ACCOUNTS.with_borrow_mut(|accounts| accounts.insert((login.to_owned(), password.to_owned()), subject.to_owned()));
    }

    /// Lets every check of this thread fail like this from now on.
    pub fn fail_with(error: Error) {
        AWAY.set(Some(error));
    }

    pub(super) fn verify(login: &str, password: &str) -> Result<Option<String>, Error> {
        if let Some(error) = AWAY.with_borrow(Clone::clone) {
            return Err(error);
        }
        Ok(ACCOUNTS.with_borrow(|accounts| accounts.get(&(login.to_owned(), password.to_owned())).cloned()))
    }
}
