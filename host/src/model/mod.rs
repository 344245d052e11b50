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

/// Merges a patch into an object (RFC 7396): null removes, objects are merged, everything else takes the place of what was there.
pub fn merge_patch(target: &mut Object, patch: Object) {
    for (key, value) in patch {
        match value {
            serde_json::Value::Null => drop(target.remove(&key)),
            serde_json::Value::Object(inner) => {
                let slot = target.entry(key).or_insert(serde_json::Value::Null);
                if !slot.is_object() {
                    *slot = serde_json::Value::Object(Object::new());
                }
                if let serde_json::Value::Object(object) = slot {
                    merge_patch(object, inner);
                }
            }
            other => drop(target.insert(key, other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_merges_as_rfc_7396_says() {
        let object = |value: serde_json::Value| value.as_object().cloned().unwrap();
        let mut target = object(json!({"a": "b", "c": {"d": "e", "f": "g"}, "n": 1}));
        merge_patch(&mut target, object(json!({"a": "z", "c": {"f": null}, "n": {"x": null, "y": 2}, "new": [null]})));
        assert_eq!(serde_json::Value::Object(target), json!({"a": "z", "c": {"d": "e"}, "n": {"y": 2}, "new": [null]}));
    }
}
