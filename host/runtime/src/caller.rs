//! On whose behalf a call is made. Always told by the host, never by a guest.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::capability::config::UserValues;

/// A person, as plugins may see them.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The account's id. No guest sees it: `auth/identity` gives a subject derived from it and the plugin.
    pub id: Uuid,
    /// At most 100 characters.
    pub display_name: String,
    /// `user`, `operator`, `admin`.
    pub roles: Vec<String>,
    /// What the caller may do, for example `task:write`.
    pub permissions: BTreeSet<String>,
    /// IANA name.
    pub timezone: String,
    /// BCP 47 tag.
    pub locale: String,
}

/// Who calls, for which slot, in which request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The slot the revision is bound to, for example `xp-rules` or `auth-provider/password`.
    pub slot: Arc<str>,
    /// The slot's generation whose binding serves this call; 0: outside a slot, such as a trial.
    pub generation: u64,
    /// The request's id, for logs and records.
    pub request: Arc<str>,
    /// The person; `None`: a job, or a login that has not succeeded yet.
    pub user: Option<Arc<User>>,
    /// The person's own settings of the plugin, already validated; `None`: none.
    pub settings: Option<Arc<UserValues>>,
}

impl Caller {
    /// Nobody: a job, a health check, a login.
    pub fn nobody(slot: impl Into<Arc<str>>, request: impl Into<Arc<str>>) -> Self {
        Self { slot: slot.into(), generation: 0, request: request.into(), user: None, settings: None }
    }

    /// A person.
    pub fn person(user: Arc<User>, slot: impl Into<Arc<str>>, request: impl Into<Arc<str>>) -> Self {
        Self { user: Some(user), ..Self::nobody(slot, request) }
    }

    /// The same, through a binding of this generation.
    #[must_use]
    pub fn at(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// The person's id.
    pub fn user_id(&self) -> Option<Uuid> {
        self.user.as_ref().map(|user| user.id)
    }
}
