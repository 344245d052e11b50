//! Whether a valid component fits its kind: each import is in the kind's world, of this host's version, asked for in the
//! manifest and of the contract's type; each export that the kind needs is there and has the contract's type.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wit_component::DecodedWasm;
use wit_parser::{InterfaceId, Resolve, WorldItem, WorldKey};

use super::contract::{InterfaceName, contract};
use super::{Finding, shape, walk::Walk};
use crate::capability::grant::{always_linked, granted_interfaces, manifest_lines};
use crate::manifest::{Kind, Manifest, closest};

/// Every way in which the component does not fit.
pub(super) fn fit(bytes: &[u8], manifest: &Manifest, walk: &Walk<'_>) -> Vec<Finding> {
    let kind = manifest.kind;
    let mut findings = Vec::new();
    for (name, instance) in &walk.imports {
        findings.extend(import(name, *instance, manifest));
    }
    findings.extend(missing_exports(kind, walk));
    // A panic of the decoder on a component that the validator took would be a bug there; here it is one finding.
    let decoded = catch_unwind(AssertUnwindSafe(|| wit_component::decode(bytes)));
    let (resolve, world) = match decoded {
        Ok(Ok(DecodedWasm::Component(resolve, world))) => (resolve, world),
        Ok(Ok(DecodedWasm::WitPackage(..))) => {
            findings.push(Finding::new(
                "export-missing",
                "the component is a WIT package, not a plugin",
                "run `plug build` in the plugin's crate",
            ));
            return findings;
        }
        Ok(Err(error)) => {
            findings.push(undecodable(&error.to_string()));
            return findings;
        }
        Err(_) => {
            findings.push(undecodable("the decoder gave up"));
            return findings;
        }
    };
    let world = &resolve.worlds[world];
    findings.extend(types(&resolve, &world.imports, &contract().imports(kind), "imports", "import-type"));
    let mut exports = contract().exports(kind);
    exports.extend(contract().optional_exports());
    findings.extend(types(&resolve, &world.exports, &exports, "exports", "export-type"));
    findings
}

fn undecodable(why: &str) -> Finding {
    Finding::new("export-type", format!("the component's interfaces cannot be read: {why}"), "build it with `plug build`")
}

/// Judges one import by its name.
fn import(name: &str, instance: bool, manifest: &Manifest) -> Option<Finding> {
    let kind = manifest.kind;
    let found = InterfaceName::parse(name);
    if found.base.starts_with("wasi:") {
        return (!manifest.needs.wasi).then(|| {
            Finding::new(
                "wasi",
                format!("the component imports `{name}`, and plugins are built without WASI"),
                "build for wasm32-unknown-unknown (Rust) or with the toolchain's stub switch (JavaScript, Python), or ask for an empty WASI:\n[needs]\nwasi = true",
            )
        });
    }
    let world = contract().imports(kind);
    let known: Vec<InterfaceName> = world.iter().map(|(name, _)| InterfaceName::parse(name)).collect();
    let Some(ours) = known.iter().find(|known| known.base == found.base).filter(|_| instance) else {
        return Some(stranger(name, &found, kind, &known));
    };
    if !serves(&ours.version, &found.version) {
        return Some(Finding::new(
            "import-version",
            format!("the component imports `{name}`, and this host gives version {} of it", ours.version),
            "rebuild it with the SDK of this host's version",
        ));
    }
    if always_linked(&found.base) || granted_interfaces(&manifest.needs).contains(found.base.as_str()) {
        return None;
    }
    Some(Finding::new(
        "need",
        format!("the component imports `{name}`, and its manifest does not ask for it"),
        format!("add to plugin.toml, or stop using it:\n{}", manifest_lines(&found.base)),
    ))
}

/// An import that the kind's world does not have: too much for the kind, or unknown altogether.
fn stranger(name: &str, found: &InterfaceName, kind: Kind, known: &[InterfaceName]) -> Finding {
    let allowed: Vec<&str> = known.iter().map(|known| known.base.as_str()).collect();
    if contract().interfaces().any(|(name, _)| InterfaceName::parse(&name).base == found.base) {
        return Finding::new(
            "import-kind",
            format!("the component imports `{name}`, which is beyond the kind {kind}"),
            format!("a plugin of this kind imports at most: {}", allowed.join(", ")),
        );
    }
    let hint = closest(&found.base, &allowed).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Finding::new(
        "import-unknown",
        format!("the component imports `{name}`, which no host has{hint}"),
        format!("a plugin of the kind {kind} imports at most: {}", allowed.join(", ")),
    )
}

/// Whether a host's version serves a component built against another: the same up to 1.0's minor or 0.x's patch, and
/// not newer than the host's.
fn serves(ours: &str, theirs: &str) -> bool {
    let (Ok(ours), Ok(theirs)) = (semver::Version::parse(ours), semver::Version::parse(theirs)) else { return ours == theirs };
    let same_track = if ours.major > 0 { ours.major == theirs.major } else { theirs.major == 0 && ours.minor == theirs.minor };
    same_track && theirs <= ours && theirs.pre == ours.pre
}

/// Exports that the kind needs and that are not there under their exact name.
fn missing_exports(kind: Kind, walk: &Walk<'_>) -> Vec<Finding> {
    let exports: Vec<&str> = walk.exports.iter().filter(|(_, instance)| *instance).map(|(name, _)| *name).collect();
    contract()
        .exports(kind)
        .into_iter()
        .filter(|(wanted, _)| !exports.contains(&wanted.as_str()))
        .map(|(wanted, _)| {
            let name = InterfaceName::parse(&wanted);
            if let Some(other) = exports.iter().find(|export| InterfaceName::parse(export).base == name.base) {
                return Finding::new(
                    "export-version",
                    format!("the component exports `{other}`, and this host calls `{wanted}`"),
                    "rebuild it with the SDK of this host's version",
                );
            }
            let base: Vec<&str> = exports.iter().map(|export| export.split('@').next().unwrap_or(export)).collect();
            let hint = closest(&name.base, &base).map(|near| format!(", only `{near}`")).unwrap_or_default();
            Finding::new(
                "export-missing",
                format!("the component does not export `{wanted}`, which every plugin of the kind {kind} must{hint}"),
                format!("implement the kind's trait of the SDK, or export the interface of the world `{kind}`"),
            )
        })
        .collect()
}

/// Compares the functions of one side of the component's world with the contract's, interface by interface. Of an
/// import a component may use less than there is; of an export the host needs everything.
fn types<'w>(
    resolve: &Resolve,
    items: impl IntoIterator<Item = (&'w WorldKey, &'w WorldItem)>,
    ours: &[(String, InterfaceId)],
    verb: &str,
    code: &'static str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fix = "build it against this host's WIT: the SDK of the same version brings it";
    for (key, item) in items {
        let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) else { continue };
        let Some(name) = resolve.id_of(*id) else { continue };
        let base = InterfaceName::parse(&name).base;
        let Some((_, ours)) = ours.iter().find(|(known, _)| InterfaceName::parse(known).base == base) else { continue };
        let (wanted, found) = (&contract().resolve.interfaces[*ours], &resolve.interfaces[*id]);
        for function in wanted.functions.values() {
            match found.functions.get(&function.name) {
                None if code == "export-type" => findings.push(Finding::new(
                    "export-missing",
                    format!("the component exports `{name}` without the function `{}`", function.name),
                    fix,
                )),
                None => {}
                Some(theirs) => {
                    if let Some(difference) = shape::function((&contract().resolve, function), (resolve, theirs)) {
                        let sentence = format!("the component {verb} `{}` of `{name}` with another type: {difference}", function.name);
                        findings.push(Finding::new(code, sentence, fix));
                    }
                }
            }
        }
        if code == "import-type" {
            for strange in found.functions.keys().filter(|name| !wanted.functions.contains_key(*name)) {
                let sentence = format!("the component imports the function `{strange}` of `{name}`, which this host does not have");
                findings.push(Finding::new("import-unknown", sentence, fix));
            }
        }
    }
    findings
}
