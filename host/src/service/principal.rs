//! Who is asking, and what they may do. Every route names one [`Permission`]; nothing else decides.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! permissions {
    ($($name:ident = $text:literal,)+) => {
        /// One thing that a principal may or may not do (`domain.md`, Users and authentication).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission { $(#[doc = $text] $name,)+ }
        impl Permission {
            /// All of them; `*` stands for the whole list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// `task:read` and so on.
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)+ } }
        }
    };
}
permissions! {
    MemoryRead = "memory:read",
    MemoryWrite = "memory:write",
    TaskRead = "task:read",
    TaskWrite = "task:write",
    ChatUse = "chat:use",
    PersonaWrite = "persona:write",
    PluginRead = "plugin:read",
    PluginWrite = "plugin:write",
    SlotWrite = "slot:write",
    UserAdmin = "user:admin",
    AuditRead = "audit:read",
}

impl FromStr for Permission {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|permission| permission.text() == text).ok_or(())
    }
}

/// A set of permissions, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything, i.e. `*`.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);
    /// These.
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u16;
            at += 1;
        }
        Self(bits)
    }
    /// What either has.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// What both have: an API key's scopes never widen its owner.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Is it in?
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u16) != 0
    }
    /// Texts in the order of the table; `["*"]` for all.
    pub fn texts(self) -> Vec<&'static str> {
        if self == Self::ALL {
            return vec!["*"];
        }
        Permission::ALL.iter().filter(|permission| self.contains(**permission)).map(|permission| permission.text()).collect()
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.texts()).finish()
    }
}

/// What a person may be on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Owns memories, tasks and conversations.
    User,
    /// Changes behaviour; sees no user content.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::Operator, Self::Admin];
    /// The stored and shown text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
    /// `domain.md`: user has memory, task, chat, persona; operator has `plugin:*`, `slot:write`, `audit:read` and no user content; admin has `*`.
    pub const fn permissions(self) -> Permissions {
        use Permission::{
            AuditRead, ChatUse, MemoryRead, MemoryWrite, PersonaWrite, PluginRead, PluginWrite, SlotWrite, TaskRead, TaskWrite,
        };
        match self {
            Self::User => Permissions::of(&[MemoryRead, MemoryWrite, TaskRead, TaskWrite, ChatUse, PersonaWrite]),
            Self::Operator => Permissions::of(&[PluginRead, PluginWrite, SlotWrite, AuditRead]),
            Self::Admin => Permissions::ALL,
        }
    }
}

impl FromStr for Role {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.text() == text).ok_or(())
    }
}

/// The authenticated caller of one request.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account. The one-time operator key belongs to no account: then this is the key's own id.
    pub user: Uuid,
    /// Shown in plugins' `identity` and in logs by id only.
    pub display_name: String,
    /// Roles as stored.
    pub roles: Vec<Role>,
    /// Union of the roles' permissions, cut down to the key's scopes if a key was presented.
    pub permissions: Permissions,
    /// The session of an access token.
    pub session: Option<Uuid>,
    /// When that session proved who it is (milliseconds); linking and password changes want it fresh.
    pub authenticated_at: i64,
    /// The API key, if one was presented.
    pub api_key: Option<Uuid>,
    /// IANA zone.
    pub timezone: String,
    /// BCP 47.
    pub locale: String,
}
