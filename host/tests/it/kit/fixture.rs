//! Components for tests: bundled plugins as `make plugins` built them, and how a manifest is packed into one (`zoo/` makes hostile ones).

use std::path::Path;

/// The bundled component `name`: `target/plugins/<name>.wasm`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let bundled = target().join("plugins").join(name).with_extension("wasm");
    std::fs::read(&bundled).unwrap_or_else(|_| panic!("no component `{name}` at {} (`make plugins`)", bundled.display()))
}

/// The folder that this build writes to.
pub(super) fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mnemosyne")).ancestors().nth(2).expect("a binary stands in target/<profile>/")
}

/// Appends the manifest as the custom section that `plug build` writes: id 0, size, name, text.
pub(crate) fn pack(component: &mut Vec<u8>, manifest: &str) {
    let name = b"mnemosyne:manifest";
    component.push(0);
    leb128(component, 1 + name.len() + manifest.len());
    leb128(component, name.len());
    component.extend_from_slice(name);
    component.extend_from_slice(manifest.as_bytes());
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits fit");
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}
