//! Which slots exist: `xp-rules` and `task-intelligence`, `persona/<id>` and `auth-provider/<id>`.

use crate::error::Fault;

/// Kinds that have exactly one slot.
pub(super) const SINGLE: &[&str] = &["task-intelligence", "xp-rules"];
/// Kinds that have a slot for each id.
const NAMED: &[&str] = &["auth-provider", "persona"];
/// Words that follow a slot in a path and can therefore be no id.
const RESERVED: &[&str] = &["config", "history", "rollback", "rehearse"];

/// The kind of a slot, if there is such a slot.
pub fn kind_of(slot: &str) -> Option<&'static str> {
    match slot.split_once('/') {
        None => SINGLE.iter().find(|kind| **kind == slot).copied(),
        Some((kind, id)) => NAMED.iter().find(|known| **known == kind && is_id(id)).copied(),
    }
}

/// `^[a-z][a-z0-9-]{0,47}$` and no reserved word.
fn is_id(id: &str) -> bool {
    id.len() <= 48
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !RESERVED.contains(&id)
}

/// 404 with what would be right.
pub(super) fn unknown(slot: &str) -> Fault {
    Fault::not_found()
        .message("no such slot")
        .detail(format!("`{slot}`"))
        .hint("slots are `xp-rules`, `task-intelligence`, `persona/<id>` and `auth-provider/<id>`")
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn a_slot_is_a_kind_or_a_kind_and_an_id() {
        assert_eq!(kind_of("xp-rules"), Some("xp-rules"));
        assert_eq!(kind_of("task-intelligence"), Some("task-intelligence"));
        assert_eq!(kind_of("auth-provider/password"), Some("auth-provider"));
        assert_eq!(kind_of("persona/mentor"), Some("persona"));
        for none in [
            "auth-provider",
            "xp-rules/a",
            "persona",
            "",
            "auth-provider/",
            "auth-provider/A",
            "auth-provider/a/b",
            "auth-provider/config",
            "../xp-rules",
        ] {
            assert_eq!(kind_of(none), None, "{none}");
        }
    }
}
