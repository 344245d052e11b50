//! The first look: is this a component at all? Reads magic numbers only, so that whoever hands over the wrong file
//! hears what it is instead of a parser's complaint.

use super::Finding;
use crate::limits::{MAX_COMPONENT_BYTES, show_bytes};

const WASM: &[u8] = b"\0asm";
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];

/// What is wrong with the bytes as a file, if anything.
pub(super) fn first_look(bytes: &[u8]) -> Option<Finding> {
    let build = "build the plugin's crate with `plug build` and hand over the file it names";
    let size = bytes.len() as u64;
    if size > MAX_COMPONENT_BYTES {
        let most = show_bytes(MAX_COMPONENT_BYTES);
        return Some(Finding::new(
            "too-large",
            format!("the file has {size} bytes, more than the {most} that a host reads"),
            "strip debug information and data",
        ));
    }
    let not_wasm = |what: &str| Finding::new("not-wasm", format!("the file is {what}, not a WebAssembly component"), build);
    match bytes {
        [] => Some(not_wasm("empty")),
        [0x7f, b'E', b'L', b'F', ..] => Some(Finding::new(
            "precompiled",
            "the file is precompiled native code (`.cwasm` or another ELF file), which a host never accepts from outside",
            "hand over the `.wasm` component it was compiled from",
        )),
        [0x1f, 0x8b, ..] => Some(not_wasm("gzip-compressed")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(not_wasm("zstd-compressed")),
        [b'P', b'K', 3, 4, ..] => Some(not_wasm("a zip archive")),
        _ if !bytes.starts_with(&WASM[..WASM.len().min(bytes.len())]) => {
            let text = std::str::from_utf8(&bytes[..bytes.len().min(64)]).is_ok_and(|text| !text.contains('\0'));
            Some(not_wasm(if text { "text" } else { "of an unknown format" }))
        }
        _ if bytes.len() < 8 => Some(Finding::new("truncated", format!("the file ends after {size} bytes, inside its header"), build)),
        _ => match &bytes[4..8] {
            version if version == COMPONENT => None,
            version if version == CORE_MODULE => Some(Finding::new(
                "core-module",
                "the file is a core WebAssembly module, not a component",
                "run `plug build`, which makes the module a component",
            )),
            version => Some(Finding::new("not-wasm", format!("the file has the unknown WebAssembly version {version:02x?}"), build)),
        },
    }
}
