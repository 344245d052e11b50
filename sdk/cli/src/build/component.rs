//! From a core module to a component: with the world that the manifest needs, the manifest inside, and nothing of WASI.

use std::borrow::Cow;

use anyhow::{Context as _, Result, bail};
use mnemosyne_runtime::manifest::{Manifest, SECTION};
use wasm_encoder::{ComponentSection as _, CustomSection, RawSection};
use wasmparser::{Parser, Payload, Validator};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};

use crate::wit;

/// 64 KiB, the page of linear memory.
const PAGE: u64 = 64 << 10;

/// What came out.
pub(crate) struct Component {
    pub(crate) bytes: Vec<u8>,
    /// Interfaces with functions that it really imports.
    pub(crate) imports: Vec<String>,
    /// In bytes.
    pub(crate) initial_memory: u64,
    pub(crate) notes: Vec<String>,
}

/// What matters of a core module.
#[derive(Default)]
struct Core {
    imports: Vec<String>,
    exports: Vec<String>,
    initial_memory: u64,
}

/// Encodes and verifies.
pub(crate) fn encode(module: &[u8], manifest: &Manifest, manifest_text: &str) -> Result<Component> {
    let core = read(module)?;
    let mut resolve = wit::contract()?;
    let asked = wit::needed_imports(&resolve, manifest);
    check_imports(&core, &wit::allowed_imports(&resolve, manifest.kind), &asked, manifest)?;
    check_exports(&core, &wit::required_exports(&resolve, manifest.kind), manifest)?;

    let world = wit::trimmed_world(&mut resolve, manifest.kind, &asked, &core.exports)?;
    let mut module = without_foreign_sections(module)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let mut bytes = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
    CustomSection { name: Cow::Borrowed(SECTION), data: Cow::Borrowed(manifest_text.as_bytes()) }.append_to_component(&mut bytes);

    let imports = verify(&bytes)?;
    let unused = asked.iter().filter(|interface| !imports.contains(interface) && !wit::lines_that_ask_for(interface).is_empty());
    let notes = unused.map(|interface| format!("plugin.toml asks for {interface}, but the code does not use it")).collect();
    Ok(Component { bytes, imports, initial_memory: core.initial_memory, notes })
}

fn read(module: &[u8]) -> Result<Core> {
    let mut core = Core::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("cargo made something that is no module")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    core.imports.push(import?.module.to_owned());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    core.exports.push(export?.name.to_owned());
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    core.initial_memory += memory?.initial * PAGE;
                }
            }
            _ => {}
        }
    }
    core.imports.sort_unstable();
    core.imports.dedup();
    Ok(core)
}

/// Each with the line that fixes it.
fn check_imports(core: &Core, allowed: &[String], asked: &[String], manifest: &Manifest) -> Result<()> {
    // A module that exports resources or drops handles imports from pseudo modules with brackets.
    let plain = core.imports.iter().filter(|import| !import.starts_with('['));
    let mut problems = Vec::new();
    for import in plain.filter(|import| !asked.contains(import) && !wit::is_handles_only(import)) {
        if allowed.contains(import) {
            problems
                .push(format!("it uses `{import}`, but plugin.toml does not ask for it; add:\n\n{}\n", wit::lines_that_ask_for(import)));
        } else if import.starts_with("mnemosyne:") {
            problems.push(format!("it uses `{import}`, which no plugin of kind `{}` may", manifest.kind));
        } else {
            problems.push(format!(
                "it imports `{import}`, which no host offers; a dependency expects an operating system or JavaScript: \
                 `cargo tree --target {}` shows which",
                super::toolchain::TARGET
            ));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

fn check_exports(core: &Core, required: &[String], manifest: &Manifest) -> Result<()> {
    let missing = required.iter().find(|interface| {
        let prefix = format!("{interface}#");
        !core.exports.iter().any(|export| export.starts_with(&prefix))
    });
    if let Some(interface) = missing {
        let name = manifest.kind.as_str().replace('-', "_");
        bail!(
            "a plugin of kind `{}` exports `{interface}`, and this one does not; is `mnemosyne_sdk::export_{name}!(YourType);` in lib.rs?",
            manifest.kind
        );
    }
    Ok(())
}

/// Drops the worlds that the SDK's bindings left (the trimmed one replaces them) and the toolchain's notes.
fn without_foreign_sections(module: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = wasm_encoder::Module::HEADER.to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            wasm_encoder::Section::append_to(&RawSection { id, data: &module[range] }, &mut bytes);
        }
    }
    Ok(bytes)
}

/// Reads the component as a host would: valid, nothing of WASI. Answers its imports that have functions.
fn verify(bytes: &[u8]) -> Result<Vec<String>> {
    Validator::new().validate_all(bytes).context("the component is not valid")?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(bytes)? else { bail!("it is no component") };
    let mut imports = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let wit_parser::WorldItem::Interface { id, .. } = item else { bail!("it imports something that is no interface") };
        let name = resolve.id_of(*id).context("it imports an interface without a name")?;
        if name.starts_with("wasi:") {
            bail!("it imports `{name}`; a plugin imports nothing of WASI");
        }
        if !resolve.interfaces[*id].functions.is_empty() {
            imports.push(name);
        }
    }
    Ok(imports)
}

#[cfg(test)]
mod tests;
