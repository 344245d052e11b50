//! The WIT files are the reference documentation: they parse, and nothing in them goes without a word.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::path::Path;

use wit_parser::{Docs, Resolve, TypeDefKind};

fn wit() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
    resolve
}

fn note_if_silent(silent: &mut Vec<String>, place: String, docs: &Docs) {
    if docs.contents.as_deref().unwrap_or_default().trim().is_empty() {
        silent.push(place);
    }
}

#[test]
fn the_worlds_are_those_of_the_contract() {
    let resolve = wit();
    let mut names: Vec<_> = resolve.worlds.iter().map(|(_, world)| world.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["auth-provider", "persona", "persona-full", "task-intelligence", "xp-rules"]);
}

#[test]
fn every_item_of_the_contract_is_documented() {
    let resolve = wit();
    let mut silent = Vec::new();
    for (_, package) in &resolve.packages {
        note_if_silent(&mut silent, format!("package {}", package.name), &package.docs);
    }
    for (_, world) in &resolve.worlds {
        note_if_silent(&mut silent, format!("world {}", world.name), &world.docs);
    }
    for (id, interface) in &resolve.interfaces {
        let room = resolve.id_of(id).unwrap_or_default();
        note_if_silent(&mut silent, room.clone(), &interface.docs);
        for (name, function) in &interface.functions {
            note_if_silent(&mut silent, format!("{room}.{name}"), &function.docs);
        }
        for (name, ty) in &interface.types {
            let def = &resolve.types[*ty];
            if matches!(&def.kind, TypeDefKind::Type(wit_parser::Type::Id(_))) {
                continue; // `use` of a type that is documented at home
            }
            let place = format!("{room}.{name}");
            note_if_silent(&mut silent, place.clone(), &def.docs);
            for (part, docs) in parts(&def.kind) {
                note_if_silent(&mut silent, format!("{place}.{part}"), docs);
            }
        }
    }
    assert!(silent.is_empty(), "undocumented:\n{}", silent.join("\n"));
}

fn parts(kind: &TypeDefKind) -> Vec<(&str, &Docs)> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|f| (f.name.as_str(), &f.docs)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
        _ => Vec::new(),
    }
}
