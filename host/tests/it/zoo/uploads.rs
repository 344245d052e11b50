//! Beasts that do not get in: refused with 422 `PLG_007`, in words. Beside each stands its control: the same component
//! without the one defect, which does get in.

use super::build::{HAS_SECRET, PUT, Rules, SPIN, TEN, VERIFY, bare, component, component_of, manifest};
use super::providers::honest;
use crate::kit::{fixture, pack};

/// What is refused, and the same without its defect.
pub(super) struct Upload {
    pub(super) name: &'static str,
    pub(super) beast: Vec<u8>,
    pub(super) control: Vec<u8>,
}

/// Rules that mint handles of a resource of their own until something ends them.
fn handle_bomb() -> Vec<u8> {
    let wit = "package zoo:handles@0.1.0; interface things { resource thing; }
        world beast { include mnemosyne:plugin/xp-rules@0.1.0; export things; }";
    let mint = r#"(import "[export]zoo:handles/things@0.1.0" "[resource-new]thing" (func $mint (param i32) (result i32)))"#;
    let rules = Rules { imports: mint, ..Rules::awarding("(loop $again (drop (call $mint (i32.const 7))) (br $again)) (unreachable)") };
    component_of(wit, &rules.text(), &manifest("handle-bomb", "xp-rules", ""))
}

/// Rules that import what rules must not have; `more` declares what is not of the contract.
fn importing(name: &str, import: &str, imports: &'static str, more: &str) -> Vec<u8> {
    let wit = format!("package zoo:imports@0.1.0; {more} world beast {{ include mnemosyne:plugin/xp-rules@0.1.0; import {import}; }}");
    component_of(&wit, &Rules { imports, ..Rules::awarding(TEN) }.text(), &manifest(name, "xp-rules", ""))
}

/// Good rules with the sections of another component behind their own.
fn grafted(name: &str, graft: &str) -> Vec<u8> {
    let mut whole = bare("xp-rules", &Rules::default().text());
    whole.extend_from_slice(&wat::parse_str(graft).unwrap()[8..]);
    pack(&mut whole, &manifest(name, "xp-rules", ""));
    whole
}

/// Good rules with so many bytes of something at their end.
fn padded(name: &str, bytes: usize) -> Vec<u8> {
    let mut whole = Rules::default().build(name);
    whole.extend(custom_section(bytes));
    whole
}

fn with_items(name: &str, items: &str) -> Vec<u8> {
    Rules { items: items.to_owned(), ..Rules::default() }.build(name)
}

fn good(name: &str) -> Vec<u8> {
    Rules::default().build(name)
}

/// A custom section of so many bytes, its name included.
fn custom_section(bytes: usize) -> Vec<u8> {
    let group = |shift: usize| u8::try_from((bytes >> shift) & 0x7f).expect("seven bits fit");
    let mut section = vec![0, group(0) | 0x80, group(7) | 0x80, group(14) | 0x80, group(21)];
    section.extend_from_slice(b"\x01x");
    section.resize(section.len() + bytes - 2, 0);
    section
}

pub(super) fn beasts() -> Vec<Upload> {
    [bytes(), contracts(), births(), descriptions()].into_iter().flatten().collect()
}

fn upload(name: &'static str, beast: Vec<u8>, control: Vec<u8>) -> Upload {
    Upload { name, beast, control }
}

/// Files that are no whole component.
fn bytes() -> Vec<Upload> {
    let text = Rules::default().text();
    let whole = good("truncated");
    let bundled = fixture("xp-rules-classic");
    let mut flipped = bundled.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0xff);
    let mut version = good("unknown-version");
    version[4] = 0x7e;
    let mut compressed = good("compressed");
    compressed.splice(..0, [0x1f, 0x8b, 8, 0]);
    let mut twice = good("two-manifests");
    pack(&mut twice, &manifest("two-manifests", "xp-rules", ""));
    let unknown_kind = |kind: &str| component("xp-rules", &text, &manifest("unknown-kind", kind, ""));
    let unpacked = || bare("xp-rules", &text);
    let mut packed = unpacked();
    pack(&mut packed, &manifest("no-manifest", "xp-rules", ""));
    vec![
        upload("nothing", Vec::new(), good("nothing")),
        upload("core-module", wat::parse_str(&text).unwrap(), good("core-module")),
        upload("text", text.clone().into_bytes(), good("text")),
        upload("machine-code", b"\x7fELF\x02\x01\x01\x00wasmtime".to_vec(), good("machine-code")),
        upload("truncated", whole[..whole.len() / 2].to_vec(), whole),
        upload("flipped", flipped, bundled),
        upload("unknown-version", version, good("unknown-version")),
        upload("compressed", compressed, good("compressed")),
        upload("huge", padded("huge", 2 << 20), padded("huge", 1 << 20)),
        upload("no-manifest", unpacked(), packed),
        upload("two-manifests", twice, good("two-manifests")),
        upload("unknown-kind", unknown_kind("shell"), unknown_kind("xp-rules")),
    ]
}

/// Components that want more than their contract, or give less.
fn contracts() -> Vec<Upload> {
    let manifested = |name: &str, component: &str| {
        let mut bytes = wat::parse_str(component).unwrap();
        pack(&mut bytes, &manifest(name, "xp-rules", ""));
        bytes
    };
    let wrong = r#"(component (core module $m (func (export "f") (result i32) (i32.const 0))) (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f"))) (instance $x (export "describe" (func $f)) (export "award" (func $f))
        (export "level-at" (func $f)) (export "classify" (func $f))) (export "mnemosyne:xp-rules/rules@0.1.0" (instance $x)))"#;
    let disguised = |kind: &str| component("auth-provider", &honest().text(), &manifest("disguised", kind, honest().manifest));
    let greedy = |memory: &'static str| Rules { manifest: memory, imports: HAS_SECRET, ..Rules::default() }.build("greedy");
    let environment = r#"(import "wasi:cli/environment@0.2.0" "initial-cwd" (func (param i32)))"#;
    let wasi = "package wasi:cli@0.2.0 { interface environment { initial-cwd: func() -> option<string>; } }";
    let shell = r#"(import "evil:host/shell@0.1.0" "run" (func (param i32 i32)))"#;
    let evil = "package evil:host@0.1.0 { interface shell { run: func(line: string); } }";
    let plain = good;
    vec![
        upload("no-exports", manifested("no-exports", "(component)"), plain("no-exports")),
        upload("wrong-exports", manifested("wrong-exports", wrong), plain("wrong-exports")),
        upload("another-kind-in-disguise", disguised("xp-rules"), disguised("auth-provider")),
        upload("wasi", importing("wasi", "wasi:cli/environment@0.2.0", environment, wasi), plain("wasi")),
        upload("unknown-import", importing("unknown-import", "evil:host/shell@0.1.0", shell, evil), plain("unknown-import")),
        upload(
            "credentials-for-rules",
            importing("credentials-for-rules", "mnemosyne:auth/credentials@0.1.0", VERIFY, ""),
            plain("credentials-for-rules"),
        ),
        upload("storage-for-rules", importing("storage-for-rules", "mnemosyne:storage/kv@0.1.0", PUT, ""), plain("storage-for-rules")),
        upload("handle-bomb", handle_bomb(), plain("handle-bomb")),
        upload("async-abi", grafted("async-abi", "(component (type (stream u8)))"), grafted("async-abi", "(component (type (list u8)))")),
        upload(
            "async-yield",
            grafted("async-yield", "(component (core func (canon thread.yield)))"),
            grafted("async-yield", "(component (core type (func)))"),
        ),
        upload("greedy", greedy("[limits]\nmemory = '4GiB'"), greedy("[limits]\nmemory = '64MiB'")),
    ]
}

/// Components that are too large the moment they live.
fn births() -> Vec<Upload> {
    let pages = |pages| Rules { pages, ..Rules::default() }.build("memory-at-birth");
    let tables = |count: usize| with_items("tables-at-birth", &"(table 1 funcref)".repeat(count));
    let table = |elements: u32| with_items("table-at-birth", &format!("(table {elements} funcref)"));
    vec![
        upload("memory-at-birth", pages(200), pages(128)),
        upload("tables-at-birth", tables(9), tables(8)),
        upload("table-at-birth", table(4_000_000), table(10_000)),
    ]
}

/// A revision is asked for its description before it is taken in: these fail then.
fn descriptions() -> Vec<Upload> {
    let describing = |name: &str, describe| Rules { describe, ..Rules::default() }.build(name);
    let allocating = |realloc| Rules { realloc, ..Rules::default() }.build("loop-in-any-realloc");
    let starting = |start: &str| with_items("loop-in-start", start);
    let provider = |items: &str| {
        let provider = honest();
        super::build::Provider { items: items.to_owned(), ..provider }.build("login-loop-in-start")
    };
    let silent = super::build::Provider { describe: "(unreachable)", ..honest() }.build("login-without-description");
    vec![
        upload("no-description", describing("no-description", "(unreachable)"), describing("no-description", "(i32.const 64)")),
        upload("loop-in-description", describing("loop-in-description", SPIN), describing("loop-in-description", A_WHILE_THEN_64)),
        upload("loop-in-start", starting(LOOP_IN_START), starting(A_WHILE_IN_START)),
        upload("loop-in-any-realloc", allocating(SPIN), allocating(super::build::BUMP)),
        upload("login-without-description", silent, honest().build("login-without-description")),
        upload("login-loop-in-start", provider(LOOP_IN_START), provider(A_WHILE_IN_START)),
    ]
}

const LOOP_IN_START: &str = "(func $spin (loop $again (br $again))) (start $spin)";
/// The same loop, a thousand times.
const A_WHILE_IN_START: &str = "(func $spin (local $n i32) (loop $again
    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))) (start $spin)";
const A_WHILE_THEN_64: &str = "(local $n i32) (loop $again
    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000)))) (i32.const 64)";
