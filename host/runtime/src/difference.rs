//! What changed between the needs of two revisions, in words an operator can accept: each line is one power, the hash
//! names exactly these lines between exactly these needs, so nobody can accept one difference and get another.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use crate::limits::{Limits, row};
use crate::manifest::Kind;
use crate::needs::{Amount, Needs, hash};

/// The difference between two revisions' needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// One power a line: `+ http crm.example.org`, `- storage.tasks`, `memory 8 MiB → 32 MiB`. Empty: nothing changed.
    pub lines: Vec<String>,
    /// Whether anything was added or raised. Only then an operator must accept it.
    pub widens: bool,
    /// Why the new needs want an explicit acknowledgement besides, if the old ones did not already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<String>,
    /// What `accept_difference` must carry: 64 hex digits.
    pub hash: String,
}

/// Tells `new` from `old` for one kind. `old` is `None` for a first revision: then everything is new.
pub fn difference(kind: Kind, old: Option<&Needs>, new: &Needs) -> Difference {
    let nothing = Needs::default();
    let old = old.unwrap_or(&nothing);
    let (before, after) = (old.powers(), new.powers());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut lines = Vec::new();
    let mut widens = false;
    for name in names {
        // A limit that is not asked for is still there: the kind's own.
        let table = row(name).map(|row| Amount::Of(Limits::of(kind).get(row), row.unit));
        let was = before.get(name).copied().or(table);
        let is = after.get(name).copied().or(table);
        let (line, wider) = match (was, is) {
            (None, Some(amount)) => (format!("+ {}", named(name, amount)), true),
            (Some(amount), None) => (format!("- {}", named(name, amount)), false),
            (Some(Amount::Of(was, unit)), Some(Amount::Of(is, _))) if was != is => {
                (format!("{name} {} → {}", unit.show(was), unit.show(is)), is > was)
            }
            _ => continue,
        };
        lines.push(line);
        widens |= wider;
    }
    let acknowledgement = new.acknowledgement().filter(|reason| old.acknowledgement().as_ref() != Some(reason));
    let hash = hash(&json!({ "kind": kind, "from": old.hash(), "to": new.hash(), "lines": lines }));
    Difference { lines, widens, acknowledgement, hash }
}

fn named(name: &str, amount: Amount) -> String {
    match amount {
        Amount::Whole => name.to_owned(),
        Amount::Of(value, unit) => format!("{name} {}", unit.show(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::{HttpNeed, LlmNeed, StorageNeed};

    fn with_http() -> Needs {
        let endpoints = [("crm".to_owned(), "https://crm.example.org".to_owned())].into();
        Needs { http: Some(HttpNeed { endpoints, ..HttpNeed::default() }), ..Needs::default() }
    }

    #[test]
    fn each_new_power_is_a_line_and_widens() {
        let mut new = with_http();
        new.llm = Some(LlmNeed { classes: ["chat".to_owned()].into(), max_tokens_per_call: 2000, ..LlmNeed::default() });
        new.limits.insert("memory".to_owned(), 32 << 20);
        let difference = difference(Kind::Persona, Some(&Needs::default()), &new);
        assert_eq!(difference.lines, ["+ http crm.example.org", "+ llm tokens a call 2000", "+ llm.chat"]);
        assert!(difference.widens, "{difference:?}");
        assert!(difference.acknowledgement.unwrap().contains("model conversations"));
    }

    #[test]
    fn a_raised_limit_starts_from_the_kinds_table() {
        let new = Needs { limits: [("memory".to_owned(), 32 << 20)].into(), ..Needs::default() };
        let up = difference(Kind::XpRules, None, &new);
        assert_eq!((up.lines.as_slice(), up.widens), (["memory 8 MiB → 32 MiB".to_owned()].as_slice(), true));
        let down = difference(Kind::XpRules, Some(&new), &Needs::default());
        assert_eq!((down.lines.as_slice(), down.widens), (["memory 32 MiB → 8 MiB".to_owned()].as_slice(), false));
    }

    #[test]
    fn the_same_needs_do_not_differ_and_less_never_widens() {
        let same = difference(Kind::Persona, Some(&with_http()), &with_http());
        assert!(same.lines.is_empty() && !same.widens && same.acknowledgement.is_none());
        let less = difference(Kind::Persona, Some(&with_http()), &Needs::default());
        assert_eq!((less.lines.as_slice(), less.widens), (["- http crm.example.org".to_owned()].as_slice(), false));
    }

    #[test]
    fn a_hash_names_one_difference_only() {
        let mut other = with_http();
        other.storage = Some(StorageNeed { tasks: true, ..StorageNeed::default() });
        let one = difference(Kind::Persona, None, &with_http()).hash;
        assert_eq!(one, difference(Kind::Persona, None, &with_http()).hash);
        assert_ne!(one, difference(Kind::Persona, None, &other).hash);
        assert_ne!(one, difference(Kind::TaskIntelligence, None, &with_http()).hash);
        assert_ne!(one, difference(Kind::Persona, Some(&other), &with_http()).hash);
    }
}
