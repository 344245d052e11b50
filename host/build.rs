//! Embeds the bundled plugins from `target/plugins/*.wasm`. A build without them succeeds and says so: `make plugins` makes
//! them, and they are found through `MNEMOSYNE_PLUGINS_DIR` or beside the target folder of this build.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The bundled plugins and the slot each is bound to when nothing else is.
const BUNDLED: &[(&str, Option<&str>)] = &[
    ("xp-rules-classic", Some("xp-rules")),
    ("xp-rules-momentum", None),
    ("auth-provider-password", Some("auth-provider/password")),
    ("task-intelligence-classic", Some("task-intelligence")),
    ("persona-confidant", Some("persona/confidant")),
    ("persona-guardian", Some("persona/guardian")),
    ("persona-mediator", Some("persona/mediator")),
    ("persona-mentor", Some("persona/mentor")),
    ("persona-mirror", Some("persona/mirror")),
];

fn main() {
    println!("cargo::rerun-if-env-changed=MNEMOSYNE_PLUGINS_DIR");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = env::var_os("MNEMOSYNE_PLUGINS_DIR").map_or_else(|| target(&out).join("plugins"), PathBuf::from);
    // A folder that appears later must be noticed too, so the parent is watched when the folder is not there yet.
    let watched = if folder.is_dir() { &folder } else { folder.parent().unwrap_or(&folder) };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut code = String::from("/// name, slot, component\npub(crate) const BUNDLED: &[(&str, Option<&str>, &[u8])] = &[\n");
    let mut missing = Vec::new();
    for (name, slot) in BUNDLED {
        let file = folder.join(format!("{name}.wasm"));
        if file.is_file() {
            println!("cargo::rerun-if-changed={}", file.display());
            let copy = out.join(format!("{name}.wasm"));
            fs::copy(&file, &copy).expect("the output folder can be written");
            let copy = copy.to_str().expect("cargo's output folder is UTF-8");
            writeln!(code, "    ({name:?}, {slot:?}, include_bytes!({copy:?})),").expect("writing to a string");
        } else {
            missing.push(*name);
        }
    }
    code.push_str("];\n");
    fs::write(out.join("bundled.rs"), code).expect("the output folder can be written");
    if !missing.is_empty() {
        println!("cargo::warning=built without the bundled plugins {}: run `make plugins` first", missing.join(", "));
    }
}

/// `target/<profile>/build/<crate>-<hash>/out` → `target`.
fn target(out: &Path) -> PathBuf {
    out.ancestors().nth(4).map_or_else(|| out.to_path_buf(), Path::to_path_buf)
}
