//! Plain types, one file a noun; no IO.
//!
//! Times are [`crate::clock::Millis`], ids UUIDv7, counts and numbers `i64` as both databases keep them. What the API shows
//! is shaped beside its handler; what a plugin sees is shaped in `plugin`.

pub mod action;
pub mod audit;
pub mod call;
pub mod conversation;
pub mod game;
pub mod memory;
pub mod page;
pub mod persona;
pub mod plugin;
pub mod session;
pub mod slot;
pub mod task;
pub mod user;
pub mod vector;

/// An enum that is stored and shown as a fixed text: `ALL`, `text()`, `Display`, `FromStr`, serde.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// All values, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The stored and shown text.
            pub const fn text(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.text()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::model::UnknownText;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.text() == text).ok_or(Self::Err { kind: stringify!($name) })
            }
        }
    };
}
pub(crate) use text_enum;

/// A text that is none of an enum's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of the values of {kind}")]
pub struct UnknownText {
    /// The enum's name.
    pub kind: &'static str,
}

/// A JSON object.
pub type Object = serde_json::Map<String, serde_json::Value>;
