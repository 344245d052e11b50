//! The contract, embedded: the WIT packages this `plug` builds against, and the part of a kind's world that a manifest needs.

use anyhow::{Context as _, Result};
use mnemosyne_runtime::manifest::{Kind, Manifest};
use wit_parser::{Resolve, WorldId, WorldItem};

/// Name and text, each after what it uses.
const PACKAGES: [(&str, &str); 15] = [
    ("types.wit", include_str!("../../../wit/deps/types.wit")),
    ("log.wit", include_str!("../../../wit/deps/log.wit")),
    ("config.wit", include_str!("../../../wit/deps/config.wit")),
    ("storage.wit", include_str!("../../../wit/deps/storage.wit")),
    ("vector.wit", include_str!("../../../wit/deps/vector.wit")),
    ("llm.wit", include_str!("../../../wit/deps/llm.wit")),
    ("http.wit", include_str!("../../../wit/deps/http.wit")),
    ("auth.wit", include_str!("../../../wit/deps/auth.wit")),
    ("actions.wit", include_str!("../../../wit/deps/actions.wit")),
    ("lifecycle.wit", include_str!("../../../wit/deps/lifecycle.wit")),
    ("persona.wit", include_str!("../../../wit/deps/persona.wit")),
    ("task-intelligence.wit", include_str!("../../../wit/deps/task-intelligence.wit")),
    ("xp-rules.wit", include_str!("../../../wit/deps/xp-rules.wit")),
    ("auth-provider.wit", include_str!("../../../wit/deps/auth-provider.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// Exports that a plugin may have or not.
const OPTIONAL_EXPORTS: [&str; 2] = ["mnemosyne:lifecycle/self-test@0.1.0", "mnemosyne:lifecycle/views@0.1.0"];

/// Interfaces of nothing but handles: always linked, never asked for.
const HANDLES: [&str; 2] = ["mnemosyne:auth/secrets@0.1.0", "mnemosyne:persona/reply@0.1.0"];

/// Whether an interface is linked without being asked for.
pub(crate) fn is_handles_only(interface: &str) -> bool {
    HANDLES.contains(&interface)
}

/// The packages, parsed.
pub(crate) fn contract() -> Result<Resolve> {
    let mut resolve = Resolve::default();
    for (name, text) in PACKAGES {
        resolve.push_str(name, text).with_context(|| format!("embedded {name}"))?;
    }
    Ok(resolve)
}

/// The interfaces with functions that a kind may import at most, e.g. `mnemosyne:log/log@0.1.0`.
pub(crate) fn allowed_imports(resolve: &Resolve, kind: Kind) -> Vec<String> {
    interfaces(resolve, kind, |world| &world.imports)
}

/// The interfaces that a kind must export.
pub(crate) fn required_exports(resolve: &Resolve, kind: Kind) -> Vec<String> {
    interfaces(resolve, kind, |world| &world.exports)
}

fn interfaces(
    resolve: &Resolve,
    kind: Kind,
    side: impl Fn(&wit_parser::World) -> &wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>,
) -> Vec<String> {
    let Some((_, world)) = resolve.worlds.iter().find(|(_, world)| world.name == kind.as_str()) else { return Vec::new() };
    let with_functions = side(world).values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } if !resolve.interfaces[*id].functions.is_empty() => resolve.id_of(*id),
        _ => None,
    });
    with_functions.filter(|interface| !is_handles_only(interface)).collect()
}

/// Of the allowed imports those that `[needs]` asks for; `log` and `config` need no asking.
pub(crate) fn needed_imports(resolve: &Resolve, manifest: &Manifest) -> Vec<String> {
    let needs = &manifest.needs;
    let (storage, llm, auth) = (needs.storage.as_ref(), needs.llm.as_ref(), needs.auth.as_ref());
    let needed = |interface: &str| match interface.split('@').next().unwrap_or_default() {
        "mnemosyne:log/log" | "mnemosyne:config/config" => true,
        "mnemosyne:storage/kv" => storage.is_some_and(|storage| storage.kv.is_some()),
        "mnemosyne:storage/memories" => storage.is_some_and(|storage| storage.memories),
        "mnemosyne:storage/tasks" => storage.is_some_and(|storage| storage.tasks),
        "mnemosyne:vector/index" => needs.vector.is_some(),
        "mnemosyne:llm/chat" => llm.is_some_and(|llm| !llm.classes.is_empty()),
        "mnemosyne:llm/embeddings" => llm.is_some_and(|llm| llm.embeddings),
        "mnemosyne:http/http" => needs.http.is_some(),
        "mnemosyne:actions/actions" => needs.actions.is_some(),
        "mnemosyne:auth/identity" => auth.is_some_and(|auth| auth.identity),
        "mnemosyne:auth/credentials" => auth.is_some_and(|auth| !auth.credentials.is_empty()),
        "mnemosyne:auth/oidc" => auth.is_some_and(|auth| auth.oidc),
        "mnemosyne:auth/did" => auth.is_some_and(|auth| auth.did),
        "mnemosyne:auth/signature" => auth.is_some_and(|auth| auth.signature),
        _ => false,
    };
    allowed_imports(resolve, manifest.kind).into_iter().filter(|interface| needed(interface)).collect()
}

/// The lines of `plugin.toml` that ask for an interface, to paste.
pub(crate) fn lines_that_ask_for(interface: &str) -> &'static str {
    match interface.split('@').next().unwrap_or_default() {
        "mnemosyne:storage/kv" => "[needs.storage]\nkv = { scope = \"user\", max-bytes = \"64KiB\" }",
        "mnemosyne:storage/memories" => "[needs.storage]\nmemories = \"read\"",
        "mnemosyne:storage/tasks" => "[needs.storage]\ntasks = \"read\"",
        "mnemosyne:vector/index" => "[needs.vector]\nscope = \"user\"\nmax-items = 1000",
        "mnemosyne:llm/chat" => "[needs.llm]\nclasses = [\"chat\"]\nmax-tokens-per-call = 2000",
        "mnemosyne:llm/embeddings" => "[needs.llm]\nembeddings = true\nmax-tokens-per-call = 2000",
        "mnemosyne:http/http" => "[needs.http]\nendpoints = { api = \"https://api.example.org\" }",
        "mnemosyne:actions/actions" => "[needs.actions]\noperations = [\"tasks.create\"]",
        "mnemosyne:auth/identity" => "[needs.auth]\nidentity = true",
        "mnemosyne:auth/credentials" => "[needs.auth]\ncredentials = [\"verify-password\"]",
        "mnemosyne:auth/oidc" => "[needs.auth]\noidc = true",
        "mnemosyne:auth/did" => "[needs.auth]\ndid = true",
        "mnemosyne:auth/signature" => "[needs.auth]\nsignature = true",
        _ => "",
    }
}

/// A world of just these imports, the kind's exports, and those optional exports that the module has.
pub(crate) fn trimmed_world(resolve: &mut Resolve, kind: Kind, imports: &[String], core_exports: &[String]) -> Result<WorldId> {
    let optional = OPTIONAL_EXPORTS.iter().filter(|interface| {
        let prefix = format!("{interface}#");
        core_exports.iter().any(|export| export.starts_with(&prefix))
    });
    let mut lines: Vec<String> = imports.iter().map(|import| format!("  import {import};")).collect();
    lines.extend(required_exports(resolve, kind).iter().map(|export| format!("  export {export};")));
    lines.extend(optional.map(|export| format!("  export {export};")));
    let text = format!("package mnemosyne:trimmed;\nworld plugin {{\n{}\n}}", lines.join("\n"));
    let package = resolve.push_str("trimmed.wit", &text).context("the trimmed world")?;
    resolve.select_world(&[package], None)
}
