//! Every function that can be linked has its row, and every row its function.

use std::collections::BTreeSet;
use std::path::Path;

use wit_parser::{Resolve, WorldItem};

use super::*;

/// Functions of every interface that the linker knows, read from `wit/`.
fn linkable() -> BTreeSet<String> {
    let mut resolve = Resolve::default();
    resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    let linked: BTreeSet<&str> = crate::linker::interfaces().map(|name| name.trim_start_matches("mnemosyne:")).collect();
    let mut functions = BTreeSet::new();
    for (_, interface) in &resolve.interfaces {
        let (Some(name), Some(package)) = (&interface.name, interface.package) else { continue };
        let name = format!("{}/{name}", resolve.packages[package].name.name);
        if linked.contains(name.as_str()) {
            functions.extend(interface.functions.keys().map(|function| format!("{name}.{function}")));
        }
    }
    functions
}

#[test]
fn every_function_that_can_be_linked_has_its_row() {
    let rows: BTreeSet<String> = FUNCTIONS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(rows, linkable());
    assert_eq!(rows.len(), FUNCTIONS.len(), "no row twice");
}

#[test]
fn a_rows_name_is_its_interface_and_function() {
    for row in FUNCTIONS {
        assert_eq!(row.name, format!("{}.{}", row.interface, row.function));
    }
}

#[test]
fn every_row_has_a_cost_and_caps_and_a_deadline_within_its_kinds() {
    use crate::limits::Limits;
    use crate::manifest::Kind;
    // What only conversations use may wait as long as one: for a model, for a slow reader. `http` has a time of its own a
    // request, within what is left of the call.
    let longest = |row: &HostFunction| match row.interface {
        "llm/chat" | "persona/reply" | "http/http" => Limits::of(Kind::Persona).deadline_ms,
        "llm/embeddings" | "actions/actions" => Limits::of(Kind::TaskIntelligence).deadline_ms,
        _ => Limits::of(Kind::AuthProvider).deadline_ms - 1,
    };
    for row in FUNCTIONS {
        assert!((1..=8).contains(&row.cost), "{}", row.name);
        assert!(row.max_bytes_in <= crate::limits::HOSTCALL_FUEL, "{}", row.name);
        assert!(row.deadline <= Duration::from_millis(longest(row)), "{}", row.name);
    }
}

#[test]
fn only_what_a_world_imports_can_be_linked() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    let mut imported = BTreeSet::new();
    for world in resolve.packages[package].worlds.values() {
        for (key, item) in &resolve.worlds[*world].imports {
            if matches!(item, WorldItem::Interface { .. }) {
                imported.insert(resolve.name_world_key(key));
            }
        }
    }
    for name in crate::linker::interfaces() {
        assert!(imported.iter().any(|import| import.split('@').next() == Some(name)), "{name} is imported by no world");
    }
}
