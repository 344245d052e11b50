//! Components for tests: bundled plugins as `make plugins` built them, and hostile ones from `host/tests/zoo/`.

use std::path::Path;

/// The component `name`: `target/plugins/<name>.wasm`, else `host/tests/zoo/<name>.wat` with its manifest `<name>.toml` packed in.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let bundled = target().join("plugins").join(name).with_extension("wasm");
    if let Ok(bytes) = std::fs::read(&bundled) {
        return bytes;
    }
    let beast = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo").join(name).with_extension("wat");
    assert!(beast.is_file(), "no component `{name}`: neither {} (`make plugins`) nor {}", bundled.display(), beast.display());
    let mut bytes = wat::parse_file(&beast).unwrap();
    if let Ok(manifest) = std::fs::read_to_string(beast.with_extension("toml")) {
        pack(&mut bytes, &manifest);
    }
    bytes
}

/// The folder that this build writes to.
pub(super) fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mnemosyne")).ancestors().nth(2).expect("a binary stands in target/<profile>/")
}

/// Appends the manifest as the custom section that `plug build` writes: id 0, size, name, text.
fn pack(component: &mut Vec<u8>, manifest: &str) {
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
