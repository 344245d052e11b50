//! Accounts, the keys of programs, identities at outside providers.

use uuid::Uuid;

use crate::clock::Millis;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// UUIDv7.
    pub id: Uuid,
    /// Unique without regard to case; absent for people of providers that tell none.
    pub email: Option<String>,
    /// Unique without regard to case, 3…50 of `[A-Za-z0-9_.-]`.
    pub username: String,
    /// For people's eyes.
    pub display_name: String,
    /// Sorted texts of roles.
    pub roles: Vec<String>,
    /// A locked account is not active.
    pub active: bool,
    /// IANA zone.
    pub timezone: String,
    /// BCP 47.
    pub locale: String,
    /// Hour of the local clock at which the person's day begins, 0…23.
    pub day_start: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed.
    pub updated_at: Millis,
    /// When it last logged in.
    pub last_login_at: Option<Millis>,
    /// Grows with every change.
    pub version: i64,
}

/// What to change of an account; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// New address.
    pub email: Option<Option<String>>,
    /// New name to log in with.
    pub username: Option<String>,
    /// New name for people's eyes.
    pub display_name: Option<String>,
    /// Lock or unlock.
    pub active: Option<bool>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// BCP 47.
    pub locale: Option<String>,
    /// Hour at which the day begins.
    pub day_start: Option<i64>,
    /// Only if the version is still this one.
    pub if_version: Option<i64>,
}

/// A password's hash, apart from the account so that no read of an account carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// PHC string.
    pub hash: String,
    /// When it was set.
    pub changed_at: Millis,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").field("changed_at", &self.changed_at).finish_non_exhaustive()
    }
}

/// Someone at an outside provider, who is a user here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Id of the provider's slot.
    pub provider: String,
    /// The provider's name of this person, opaque.
    pub subject: String,
    /// When it was linked.
    pub created_at: Millis,
    /// When it was last used to log in.
    pub last_used_at: Option<Millis>,
}

/// The key of a program: `mn_<id>_<secret>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// UUIDv7; the part of the key it is looked up by.
    pub id: Uuid,
    /// The owner; the operator's own key has none.
    pub user_id: Option<Uuid>,
    /// What the owner calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// Texts of permissions, or `*`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
    /// When it was last used (to the minute).
    pub last_used_at: Option<Millis>,
    /// When it was ended.
    pub revoked_at: Option<Millis>,
}
