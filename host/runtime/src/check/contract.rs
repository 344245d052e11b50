//! The contract that this host was built with: the WIT packages of `wit/`, parsed once. The worlds here decide what a
//! kind may import and must export; bindings are generated from the same files, so the two cannot differ.

use std::sync::LazyLock;

use wit_parser::{InterfaceId, Resolve, UnresolvedPackageGroup, WorldItem, WorldKey};

use crate::manifest::Kind;

/// Every file of `wit/`; a test compares this list with the folder.
const WORLDS: (&str, &str) = ("worlds.wit", include_str!("../../../../wit/worlds.wit"));
const PACKAGES: &[(&str, &str)] = &[
    ("actions.wit", include_str!("../../../../wit/deps/actions.wit")),
    ("auth-provider.wit", include_str!("../../../../wit/deps/auth-provider.wit")),
    ("auth.wit", include_str!("../../../../wit/deps/auth.wit")),
    ("config.wit", include_str!("../../../../wit/deps/config.wit")),
    ("http.wit", include_str!("../../../../wit/deps/http.wit")),
    ("lifecycle.wit", include_str!("../../../../wit/deps/lifecycle.wit")),
    ("llm.wit", include_str!("../../../../wit/deps/llm.wit")),
    ("log.wit", include_str!("../../../../wit/deps/log.wit")),
    ("persona.wit", include_str!("../../../../wit/deps/persona.wit")),
    ("storage.wit", include_str!("../../../../wit/deps/storage.wit")),
    ("task-intelligence.wit", include_str!("../../../../wit/deps/task-intelligence.wit")),
    ("types.wit", include_str!("../../../../wit/deps/types.wit")),
    ("vector.wit", include_str!("../../../../wit/deps/vector.wit")),
    ("xp-rules.wit", include_str!("../../../../wit/deps/xp-rules.wit")),
];

/// Exports that every kind may have besides its own.
const OPTIONAL: [&str; 2] = ["mnemosyne:lifecycle/self-test", "mnemosyne:lifecycle/views"];

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let parse = |(path, text): (&str, &str)| {
        UnresolvedPackageGroup::parse(path, text).map_err(|(_, error)| error.to_string()).expect("embedded WIT: a test parses it")
    };
    let mut resolve = Resolve::default();
    let packages = PACKAGES.iter().copied().map(parse).collect();
    resolve.push_groups(parse(WORLDS), packages).map_err(|error| error.to_string()).expect("embedded WIT: a test resolves it");
    Contract { resolve }
});

/// The parsed packages.
pub(crate) struct Contract {
    /// Types, interfaces, worlds.
    pub(crate) resolve: Resolve,
}

/// An interface's name in its two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InterfaceName {
    /// `mnemosyne:log/log`.
    pub(crate) base: String,
    /// `0.1.0`; empty when it has none.
    pub(crate) version: String,
}

impl InterfaceName {
    /// Splits `mnemosyne:log/log@0.1.0`.
    pub(crate) fn parse(text: &str) -> Self {
        let (base, version) = text.split_once('@').unwrap_or((text, ""));
        Self { base: base.to_owned(), version: version.to_owned() }
    }
}

/// The one contract.
pub(crate) fn contract() -> &'static Contract {
    &CONTRACT
}

impl Contract {
    /// What the kind's world imports, the most that a plugin of it may: names with versions, and their interfaces.
    pub(crate) fn imports(&self, kind: Kind) -> Vec<(String, InterfaceId)> {
        self.side(kind, true)
    }

    /// What a plugin of the kind must export.
    pub(crate) fn exports(&self, kind: Kind) -> Vec<(String, InterfaceId)> {
        self.side(kind, false)
    }

    /// What a plugin of any kind may export.
    pub(crate) fn optional_exports(&self) -> Vec<(String, InterfaceId)> {
        self.interfaces().filter(|(name, _)| OPTIONAL.contains(&InterfaceName::parse(name).base.as_str())).collect()
    }

    /// Every interface there is.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = (String, InterfaceId)> + '_ {
        self.resolve.interfaces.iter().filter_map(|(id, _)| Some((self.resolve.id_of(id)?, id)))
    }

    fn side(&self, kind: Kind, imports: bool) -> Vec<(String, InterfaceId)> {
        let world = self.resolve.worlds.iter().map(|(_, world)| world).find(|world| world.name == kind.as_str());
        let Some(world) = world else { return Vec::new() };
        let items = if imports { &world.imports } else { &world.exports };
        items
            .iter()
            .filter_map(|(key, item)| match (key, item) {
                (WorldKey::Interface(id), WorldItem::Interface { .. }) => Some((self.resolve.id_of(*id)?, *id)),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_world_with_one_export_and_its_imports() {
        for kind in Kind::ALL {
            assert_eq!(contract().exports(kind).len(), 1, "{kind}");
            assert!(contract().imports(kind).iter().any(|(name, _)| name.starts_with("mnemosyne:log/log@")), "{kind}");
        }
        assert_eq!(contract().optional_exports().len(), 2);
    }

    #[test]
    fn no_file_of_the_wit_folder_is_forgotten() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/deps");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let known: Vec<&str> = PACKAGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, known);
    }

    #[test]
    fn what_needs_link_is_in_some_world() {
        let all: Vec<String> =
            Kind::ALL.into_iter().flat_map(|kind| contract().imports(kind)).map(|(name, _)| InterfaceName::parse(&name).base).collect();
        for name in crate::capability::grant::grantable() {
            assert!(all.iter().any(|known| known == name), "{name}");
        }
    }
}
