//! Real components for tests, made from the contract itself: a core module whose exports trap, encoded as the world of a
//! kind. What a toolchain would make, without a toolchain.

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;
use wit_parser::abi::{AbiVariant, WasmType};

use super::contract::contract;
use crate::manifest::{Kind, SECTION};

/// How a fixture differs from a good plugin.
#[derive(Default)]
pub(crate) struct Fixture {
    /// Manifest text after the `[plugin]` section.
    pub(crate) manifest: String,
    /// Interfaces (with version) and functions to import.
    pub(crate) imports: Vec<(&'static str, &'static str)>,
    /// Text put into the core module.
    pub(crate) core: String,
    /// Initial memory in pages.
    pub(crate) pages: u32,
    /// Another WIT instead of the contract's.
    pub(crate) resolve: Option<Resolve>,
}

/// The `[plugin]` section of a fixture.
pub(crate) fn plugin_section(kind: Kind) -> String {
    format!("[plugin]\nname = \"fixture\"\nversion = \"0.1.0\"\nkind = \"{kind}\"\nsummary = \"A fixture\"\n")
}

/// A component of the kind.
pub(crate) fn component(kind: Kind, fixture: &Fixture) -> Vec<u8> {
    let mut bytes = bare(kind, fixture);
    append_section(&mut bytes, SECTION, format!("{}{}", plugin_section(kind), fixture.manifest).as_bytes());
    bytes
}

/// A good component that asks for nothing.
pub(crate) fn plain(kind: Kind) -> Vec<u8> {
    component(kind, &Fixture::default())
}

/// A component without a manifest.
pub(crate) fn bare(kind: Kind, fixture: &Fixture) -> Vec<u8> {
    let resolve = fixture.resolve.as_ref().unwrap_or(&contract().resolve);
    let world = resolve.worlds.iter().find(|(_, world)| world.name == kind.as_str()).unwrap().0;
    let mut text = String::from("(module\n");
    for (interface, function) in &fixture.imports {
        let (_, found) = resolve.interfaces.iter().find(|(id, _)| resolve.id_of(*id).as_deref() == Some(interface)).unwrap();
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, &found.functions[*function]);
        writeln!(text, "(import \"{interface}\" \"{function}\" (func {}))", signature_text(&signature.params, &signature.results)).unwrap();
    }
    let exports: Vec<String> = resolve.worlds[world].exports.keys().map(|key| resolve.name_world_key(key)).collect();
    for interface in exports {
        let (_, found) = resolve.interfaces.iter().find(|(id, _)| resolve.id_of(*id).as_deref() == Some(&interface)).unwrap();
        for function in found.functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            writeln!(
                text,
                "(func (export \"{interface}#{}\") {} unreachable)",
                function.name,
                signature_text(&signature.params, &signature.results)
            )
            .unwrap();
        }
    }
    writeln!(text, "(memory (export \"memory\") {})", fixture.pages.max(1)).unwrap();
    writeln!(text, "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)").unwrap();
    writeln!(text, "{})", fixture.core).unwrap();
    let mut module = wat::parse_str(&text).unwrap();
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// Appends a custom section to a module or component.
pub(crate) fn append_section(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = leb(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    bytes.push(0);
    bytes.extend(leb(body.len()));
    bytes.extend(body);
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        bytes.push(if value == 0 { byte } else { byte | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}

fn signature_text(params: &[WasmType], results: &[WasmType]) -> String {
    let names = |types: &[WasmType]| types.iter().map(|ty| name(*ty)).collect::<Vec<_>>().join(" ");
    let part = |word: &str, types: &[WasmType]| if types.is_empty() { String::new() } else { format!("({word} {})", names(types)) };
    format!("{} {}", part("param", params), part("result", results))
}

fn name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        _ => "i32",
    }
}
