//! Beasts that do not get in: refused with 422 `PLG_007`, in words.

use super::build::{HAS_SECRET, PUT, Provider, Rules, SPIN, TEN, VERIFY, component, component_of, manifest};
use super::providers::honest;
use crate::kit::{fixture, pack};

/// Component text with a manifest of rules.
fn text(name: &str, component: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(component).unwrap();
    pack(&mut bytes, &manifest(name, "xp-rules", ""));
    bytes
}

/// Rules that make handles of a resource of their own until something ends them.
fn handle_bomb() -> Vec<u8> {
    let wit = "package zoo:handles@0.1.0; interface things { resource thing; }
        world beast { include mnemosyne:plugin/xp-rules@0.1.0; export things; }";
    let mint = r#"(import "[export]zoo:handles/things@0.1.0" "[resource-new]thing" (func $mint (param i32) (result i32)))"#;
    let rules = Rules { imports: mint, ..Rules::awarding("(loop $again (drop (call $mint (i32.const 7))) (br $again)) (unreachable)") };
    component_of(wit, &rules.text(), &manifest("handle-bomb", "xp-rules", ""))
}

/// A world that imports what rules must not have.
fn importing(name: &str, world: &str, imports: &'static str) -> Vec<u8> {
    let wit = format!("package zoo:imports@0.1.0; world beast {{ include mnemosyne:plugin/xp-rules@0.1.0; {world} }}");
    component_of(&wit, &Rules { imports, ..Rules::awarding(TEN) }.text(), &manifest(name, "xp-rules", ""))
}

pub(super) fn beasts() -> Vec<(&'static str, Vec<u8>)> {
    let whole = Rules::default().build("honest");
    let half = whole[..whole.len() / 2].to_vec();
    let mut huge = whole;
    huge.extend(custom_section(2 << 20));
    let mut flipped = fixture("xp-rules-classic");
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0xff);
    let wrong = r#"(component (core module $m (func (export "f") (result i32) (i32.const 0))) (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f"))) (instance $x (export "describe" (func $f)) (export "award" (func $f))
        (export "level-at" (func $f)) (export "classify" (func $f))) (export "mnemosyne:xp-rules/rules@0.1.0" (instance $x)))"#;
    let no_manifest = wat::parse_str("(component)").unwrap();
    let provider_as_rules = component("auth-provider", EMPTY_PROVIDER, &manifest("disguised", "xp-rules", ""));
    vec![
        ("nothing", Vec::new()),
        ("core-module", wat::parse_str("(module)").unwrap()),
        ("text", b"(component)".to_vec()),
        ("machine-code", b"\x7fELF\x02\x01\x01\x00wasmtime".to_vec()),
        ("truncated", half),
        ("flipped", flipped),
        ("huge", huge),
        ("no-manifest", no_manifest),
        ("no-exports", text("no-exports", "(component)")),
        ("wrong-exports", text("wrong-exports", wrong)),
        ("another-kind-in-disguise", provider_as_rules),
        ("wasi", text("wasi", r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#)),
        ("unknown-import", text("unknown-import", r#"(component (import "evil:host/shell@0.1.0" (instance)))"#)),
        ("credentials-for-rules", importing("credentials-for-rules", "import mnemosyne:auth/credentials@0.1.0;", VERIFY)),
        ("storage-for-rules", importing("storage-for-rules", "import mnemosyne:storage/kv@0.1.0;", PUT)),
        ("handle-bomb", handle_bomb()),
        ("async-abi", text("async-abi", "(component (type (stream u8)))")),
        ("async-yield", text("async-yield", "(component (core func (canon thread.yield)))")),
        ("memory-at-birth", Rules { pages: 200, ..Rules::default() }.build("memory-at-birth")),
        ("tables-at-birth", Rules { items: "(table 1 funcref)".repeat(9), ..Rules::default() }.build("tables-at-birth")),
        ("table-at-birth", Rules { items: "(table 4000000 funcref)".to_owned(), ..Rules::default() }.build("table-at-birth")),
        // A revision is asked for its description before it is taken in: these fail then.
        ("no-description", Rules { describe: "(unreachable)", ..Rules::default() }.build("no-description")),
        ("loop-in-description", Rules { describe: SPIN, ..Rules::default() }.build("loop-in-description")),
        ("loop-in-start", Rules { items: LOOP_IN_START.to_owned(), ..Rules::default() }.build("loop-in-start")),
        ("loop-in-any-realloc", Rules { realloc: SPIN, ..Rules::default() }.build("loop-in-any-realloc")),
        ("login-without-description", Provider { describe: "(unreachable)", ..honest() }.build("login-without-description")),
        ("login-loop-in-start", Provider { items: LOOP_IN_START.to_owned(), ..honest() }.build("login-loop-in-start")),
        ("greedy", Rules { manifest: "[limits]\nmemory = '4GiB'", imports: HAS_SECRET, ..Rules::default() }.build("greedy")),
    ]
}

const LOOP_IN_START: &str = "(func $spin (loop $again (br $again))) (start $spin)";
const EMPTY_PROVIDER: &str = r#"(module (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
    (func (export "mnemosyne:auth-provider/provider@0.1.0#describe") (param i32 i32) (result i32) (unreachable))
    (func (export "mnemosyne:auth-provider/provider@0.1.0#begin")
      (param i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
    (func (export "mnemosyne:auth-provider/provider@0.1.0#finish") (param i32) (result i32) (unreachable)))"#;

/// A custom section of so many bytes, its name included.
fn custom_section(bytes: usize) -> Vec<u8> {
    let group = |shift: usize| u8::try_from((bytes >> shift) & 0x7f).expect("seven bits fit");
    let mut section = vec![0, group(0) | 0x80, group(7) | 0x80, group(14) | 0x80, group(21)];
    section.extend_from_slice(b"\x01x");
    section.resize(section.len() + bytes - 2, 0);
    section
}
