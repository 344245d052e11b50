//! The WIT files are the reference documentation: every item says what it means.

use wit_parser::{Docs, Type, TypeDefKind, UnresolvedPackage, UnresolvedPackageGroup};

use super::{Breach, Tree};

/// Every package, interface, world, type, field, case and function of `wit/` is documented.
pub(super) fn documented(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with("wit/") && path.ends_with(".wit")) {
        match UnresolvedPackageGroup::parse(path, text) {
            Ok(group) => bare(&group.main)
                .into_iter()
                .for_each(|item| found.push(Breach::new(path, format!("{item} has no documentation: meaning, units, caps, errors")))),
            Err((map, error)) => found.push(Breach::new(path, error.render(&map))),
        }
    }
    found
}

/// The items of a package without documentation.
fn bare(package: &UnresolvedPackage) -> Vec<String> {
    let mut items = Vec::new();
    let mut look = |docs: &Docs, name: String| {
        if docs.contents.as_ref().is_none_or(|text| text.trim().is_empty()) {
            items.push(name);
        }
    };
    for (_, world) in &package.worlds {
        look(&world.docs, format!("world `{}`", world.name));
    }
    for (_, interface) in &package.interfaces {
        let types = || interface.types.iter().map(|(name, id)| (name, &package.types[*id]));
        // What other packages declare is there by name only.
        if interface.functions.is_empty() && types().all(|(_, ty)| matches!(ty.kind, TypeDefKind::Unknown)) {
            continue;
        }
        let at = interface.name.clone().unwrap_or_default();
        look(&interface.docs, format!("interface `{at}`"));
        for function in interface.functions.values() {
            look(&function.docs, format!("function `{at}/{}`", function.name));
        }
        for (name, ty) in types() {
            // `use other.{name}` makes an alias, which is documented where it comes from.
            let imported = matches!(ty.kind, TypeDefKind::Type(Type::Id(of)) if package.types[of].owner != ty.owner);
            if imported || matches!(ty.kind, TypeDefKind::Unknown) {
                continue;
            }
            look(&ty.docs, format!("type `{at}/{name}`"));
            match &ty.kind {
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| look(&field.docs, format!("field `{at}/{name}.{}`", field.name)));
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| look(&case.docs, format!("case `{at}/{name}.{}`", case.name)));
                }
                TypeDefKind::Enum(cases) => {
                    cases.cases.iter().for_each(|case| look(&case.docs, format!("case `{at}/{name}.{}`", case.name)));
                }
                TypeDefKind::Flags(flags) => {
                    flags.flags.iter().for_each(|flag| look(&flag.docs, format!("flag `{at}/{name}.{}`", flag.name)));
                }
                _ => {}
            }
        }
    }
    items
}
