//! What is refused, and whether the sentence names the fix.

use super::*;

const MANIFEST: &str = "[plugin]\nname = \"my-rules\"\nversion = \"0.1.0\"\nkind = \"xp-rules\"\nsummary = \"Tests\"\n";

fn refusal(module: &str, manifest: &str) -> String {
    let read = Manifest::from_toml(manifest).unwrap();
    format!("{:#}", encode(&wat::parse_str(module).unwrap(), &read, manifest).err().unwrap())
}

#[test]
fn an_import_of_wasi_is_refused() {
    let said = refusal("(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func)))", MANIFEST);
    assert!(said.contains("wasi_snapshot_preview1") && said.contains("cargo tree"), "{said}");
}

#[test]
fn a_capability_that_the_manifest_does_not_ask_for_comes_with_the_lines_to_paste() {
    let manifest = MANIFEST.replace("xp-rules", "auth-provider");
    let said = refusal("(module (import \"mnemosyne:auth/credentials@0.1.0\" \"verify-password\" (func)))", &manifest);
    assert!(said.contains("credentials = [\"verify-password\"]"), "{said}");
}

#[test]
fn a_capability_beyond_the_kind_is_refused() {
    let said = refusal("(module (import \"mnemosyne:storage/kv@0.1.0\" \"get\" (func)))", MANIFEST);
    assert!(said.contains("no plugin of kind `xp-rules` may"), "{said}");
}

#[test]
fn a_crate_that_exports_nothing_hears_of_the_macro() {
    let said = refusal("(module)", MANIFEST);
    assert!(said.contains("export_xp_rules!"), "{said}");
}

#[test]
fn every_interface_that_needs_asking_has_lines_to_paste() {
    let resolve = wit::contract().unwrap();
    for kind in [mnemosyne_runtime::manifest::Kind::Persona, mnemosyne_runtime::manifest::Kind::AuthProvider] {
        for interface in wit::allowed_imports(&resolve, kind) {
            let harmless = interface.contains(":log/") || interface.contains(":config/");
            assert_eq!(wit::lines_that_ask_for(&interface).is_empty(), harmless, "{interface}");
        }
    }
}
