//! Components that a host takes, and every reason to refuse one.

use wit_parser::{Resolve, UnresolvedPackageGroup};

use super::fixture::{Fixture, append_section, bare, component, plain, plugin_section};
use super::*;

fn with_imports(kind: Kind, manifest: &str, imports: &[(&'static str, &'static str)]) -> Vec<u8> {
    component(kind, &Fixture { manifest: manifest.to_owned(), imports: imports.to_vec(), ..Fixture::default() })
}

fn codes(report: &CheckReport) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// The one finding of a component.
fn only(bytes: &[u8]) -> Finding {
    let report = check(bytes);
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    assert!(!report.findings[0].sentence.contains('\n') && !report.findings[0].fix.is_empty());
    report.findings[0].clone()
}

#[test]
fn a_plain_component_of_each_kind_is_taken_each_time() {
    for kind in Kind::ALL {
        let bytes = plain(kind);
        let report = check(&bytes);
        assert!(report.is_good(), "{kind}: {:#?}", report.findings);
        assert_eq!((report.kind, report.name.as_deref(), report.size), (Some(kind), Some("fixture"), bytes.len() as u64));
        assert_eq!(report.digest, digest(&bytes));
        assert!(!report.wasi && report.needs.as_ref().unwrap().harmless());
        assert_eq!(serde_json::to_string(&check(&bytes)).unwrap(), serde_json::to_string(&report).unwrap());
    }
}

#[test]
fn imports_are_listed_and_taken_when_asked_for() {
    let needs = "[needs.storage]\nkv = { scope = \"user\" }\n";
    let report =
        check(&with_imports(Kind::Persona, needs, &[("mnemosyne:storage/kv@0.1.0", "increment"), ("mnemosyne:log/log@0.1.0", "log")]));
    assert!(report.is_good(), "{:#?}", report.findings);
    assert!(report.imports.contains(&"mnemosyne:storage/kv@0.1.0".to_owned()), "{:?}", report.imports);
    assert_eq!(report.exports, ["mnemosyne:persona/persona@0.1.0"]);
}

#[test]
fn a_need_that_was_not_declared_is_told_with_the_lines_to_paste() {
    let finding = only(&with_imports(Kind::AuthProvider, "", &[("mnemosyne:auth/credentials@0.1.0", "verify-password")]));
    assert_eq!(finding.code, "need");
    assert!(finding.sentence.contains("`mnemosyne:auth/credentials@0.1.0`"), "{finding:?}");
    assert!(finding.fix.ends_with("[needs.auth]\ncredentials = [\"verify-password\"]"), "{finding:?}");
}

#[test]
fn files_that_are_no_component_are_named() {
    let module = wat::parse_str("(module)").unwrap();
    for (bytes, code, words) in [
        (Vec::new(), "not-wasm", "empty"),
        (module, "core-module", "core WebAssembly module"),
        (b"\x7fELF\x02\x01\x01".to_vec(), "precompiled", ".cwasm"),
        (vec![0x1f, 0x8b, 8, 0], "not-wasm", "gzip"),
        (b"(component)".to_vec(), "not-wasm", "text"),
        (b"\0asm".to_vec(), "truncated", "inside its header"),
        (b"\0as".to_vec(), "truncated", "inside its header"),
        (b"\0asm\x63\0\x01\0".to_vec(), "not-wasm", "unknown WebAssembly version"),
        (vec![9, 0, 9, 0, 9], "not-wasm", "unknown format"),
        (vec![0; usize::try_from(crate::limits::MAX_COMPONENT_BYTES + 1).unwrap()], "too-large", "more than the 64 MiB"),
    ] {
        let finding = only(&bytes);
        assert_eq!(finding.code, code);
        assert!(finding.sentence.contains(words), "{finding:?}");
    }
    assert!(only(&wat::parse_str("(module)").unwrap()).fix.contains("plug build"));
}

#[test]
fn a_manifest_is_needed_once_and_whole() {
    let without = bare(Kind::XpRules, &Fixture::default());
    assert!(only(&without).sentence.contains("carries no manifest"));
    let mut twice = plain(Kind::XpRules);
    append_section(&mut twice, SECTION, plugin_section(Kind::XpRules).as_bytes());
    assert!(only(&twice).sentence.contains("2 manifests"));
    let mut large = without.clone();
    append_section(&mut large, SECTION, &vec![b'#'; 70_000]);
    assert!(only(&large).sentence.contains("more than the 65536"));
    let mut wrong = without;
    append_section(&mut wrong, SECTION, plugin_section(Kind::XpRules).replace("summary", "sumary").as_bytes());
    let report = check(&wrong);
    assert!(report.findings[0].sentence.contains("did you mean `summary`?"), "{:?}", report.findings);
}

#[test]
fn a_component_of_another_kind_is_refused_with_both_names() {
    let mut bytes = bare(Kind::Persona, &Fixture::default());
    append_section(&mut bytes, SECTION, plugin_section(Kind::XpRules).as_bytes());
    let report = check(&bytes);
    let missing = report.findings.iter().find(|finding| finding.code == "export-missing").unwrap();
    assert!(missing.sentence.contains("`mnemosyne:xp-rules/rules@0.1.0`"), "{missing:?}");
    assert!(codes(&report).contains(&"import-kind"), "a persona's `reply` is nothing for rules: {:#?}", report.findings);
}

#[test]
fn an_import_beyond_the_kind_is_refused() {
    let fixture = Fixture { imports: vec![("mnemosyne:http/http@0.1.0", "send")], ..Fixture::default() };
    let mut bytes = bare(Kind::Persona, &fixture);
    append_section(&mut bytes, SECTION, plugin_section(Kind::XpRules).as_bytes());
    let report = check(&bytes);
    assert!(codes(&report).contains(&"import-kind"), "{:#?}", report.findings);
}

/// The packages of the contract that `xp-rules` uses, with `old` put in place by `new` everywhere.
fn altered(old: &str, new: &str) -> Resolve {
    let parse = |(file, text): &(&str, String)| {
        UnresolvedPackageGroup::parse(file, &text.replace(old, new)).unwrap_or_else(|(_, error)| panic!("{error}"))
    };
    let read = |file| (file, std::fs::read_to_string(format!("{}/../../wit/deps/{file}.wit", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let world = "package test:test;\nworld xp-rules { import mnemosyne:log/log@0.1.0; export mnemosyne:xp-rules/rules@0.1.0; }";
    let packages = ["types", "log", "xp-rules"].map(read);
    assert!(packages.iter().any(|(_, text)| text.contains(old)), "`{old}` is not in the WIT any more: the test would compare nothing");
    let mut resolve = Resolve::default();
    resolve.push_groups(parse(&("world", world.to_owned())), packages.iter().map(parse).collect()).unwrap();
    resolve
}

fn built_against(old: &str, new: &str, imports: &[(&'static str, &'static str)]) -> Vec<u8> {
    component(Kind::XpRules, &Fixture { resolve: Some(altered(old, new)), imports: imports.to_vec(), ..Fixture::default() })
}

#[test]
fn another_version_is_refused_naming_both() {
    let bytes = built_against("@0.1.0", "@0.2.0", &[("mnemosyne:log/log@0.2.0", "log")]);
    let report = check(&bytes);
    let sentences: Vec<&str> = report.findings.iter().map(|finding| finding.sentence.as_str()).collect();
    assert!(
        sentences.iter().any(|s| s.contains("`mnemosyne:xp-rules/rules@0.2.0`") && s.contains("`mnemosyne:xp-rules/rules@0.1.0`")),
        "{sentences:#?}"
    );
    assert!(sentences.iter().any(|s| s.contains("`mnemosyne:log/log@0.2.0`") && s.contains("version 0.1.0")), "{sentences:#?}");
}

#[test]
fn an_unknown_import_is_refused_with_a_guess() {
    let report = check(&built_against("mnemosyne:log", "mnemosyne:lgo", &[("mnemosyne:lgo/log@0.1.0", "log")]));
    let finding = report.findings.iter().find(|finding| finding.code == "import-unknown").unwrap();
    assert!(finding.sentence.contains("did you mean `mnemosyne:log/log`?"), "{finding:?}");
}

#[test]
fn another_type_is_refused_naming_the_first_difference() {
    for (old, new, words) in [
        ("points: s32", "points: s64", "field `points`: a s64 stands where the contract has a s32"),
        ("reason: string,", "why: string,", "field `reason` is missing"),
        ("level-at: func(total-points: u64)", "level-at: func(points: u64)", "its parameter `total-points` is called `points`"),
        ("level-at: func(total-points: u64)", "level-at: func()", "it takes 0 parameters instead of 1"),
        ("    denied,", "    refused,", "case `denied` is missing"),
    ] {
        let report = check(&built_against(old, new, &[]));
        assert!(
            report.findings.iter().any(|finding| finding.code == "export-type" && finding.sentence.contains(words)),
            "{words}: {:#?}",
            report.findings
        );
    }
}

#[test]
fn a_missing_function_is_refused() {
    let bytes = built_against("level-at: func", "level-of: func", &[]);
    let report = check(&bytes);
    assert!(report.findings.iter().any(|finding| finding.sentence.contains("without the function `level-at`")), "{:#?}", report.findings);
}

#[test]
fn declared_memory_above_the_limit_is_refused_with_the_line_to_paste() {
    let finding = only(&component(Kind::XpRules, &Fixture { pages: 200, ..Fixture::default() }));
    assert_eq!(finding.code, "memory");
    assert!(finding.fix.ends_with("[limits]\nmemory = \"16 MiB\""), "{finding:?}");
    let asked = Fixture { pages: 200, manifest: "[limits]\nmemory = \"16MiB\"".to_owned(), ..Fixture::default() };
    assert!(check(&component(Kind::XpRules, &asked)).is_good());
}

#[test]
fn a_component_above_its_kinds_size_is_refused() {
    let core = format!("(data (i32.const 0) \"{}\")", "x".repeat((2 << 20) + 1));
    let fixture = Fixture { pages: 64, core, ..Fixture::default() };
    assert_eq!(only(&component(Kind::XpRules, &fixture)).code, "too-large");
    assert!(check(&component(Kind::Persona, &fixture)).is_good());
}

/// A component around a module or other text, with a manifest.
fn text(body: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(format!("(component {body})")).unwrap();
    append_section(&mut bytes, SECTION, plugin_section(Kind::XpRules).as_bytes());
    bytes
}

/// Whether the serving engine's profile compiles it: what is checked here and what runs there must be the same language.
fn engine_takes(body: &str) -> wasmtime::Result<()> {
    let engine = wasmtime::Engine::new(&crate::engine::profile())?;
    wasmtime::component::Component::new(&engine, text(body)).map(drop)
}

#[test]
fn proposals_that_hosts_keep_off_are_refused_as_such() {
    for body in [
        "(core module (memory i64 1))",
        "(core module (memory 1 2 shared))",
        "(core module (memory 1) (memory 1))",
        "(core module (func $f return_call $f))",
        "(core module (type (struct (field i32))))",
        "(core module (tag))",
        "(core module (func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle))",
        "(type (stream u8))",
        "(type (future u8))",
        "(type (func async))",
        "(type (list u8 4))",
        "(import \"f\" (func (param \"x\" error-context)))",
    ] {
        let report = check(&text(body));
        assert_eq!(codes(&report)[0], "feature", "{body}: {:#?}", report.findings);
        assert!(engine_takes(body).is_err(), "{body}");
    }
    for body in [
        "(core module (func (result i32) i32.const -1 i32.extend8_s))",
        "(core module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))))",
        "(core module (func (param externref) (result i32) local.get 0 ref.is_null))",
        "(core module (func (param i32) (result i32 i32) local.get 0 local.get 0))",
        "(core module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
    ] {
        assert_eq!(codes(&check(&text(body))), ["export-missing"], "{body}");
        engine_takes(body).unwrap();
    }
    let simd = "(core module (func (param v128) (result v128) local.get 0 i8x16.popcnt))";
    assert_eq!(codes(&check(&text(simd))), ["export-missing"], "plain SIMD is on");
}

#[test]
fn resources_of_its_own_are_refused() {
    assert_eq!(codes(&check(&text("(type (resource (rep i32)))"))), ["resource"]);
}

#[test]
fn wasi_is_refused_unless_asked_for() {
    let body = "(import \"wasi:cli/environment@0.2.3\" (instance))";
    let report = check(&text(body));
    assert!(report.wasi && codes(&report).contains(&"wasi"), "{:#?}", report.findings);
    let mut asked = wat::parse_str(format!("(component {body})")).unwrap();
    append_section(&mut asked, SECTION, format!("{}[needs]\nwasi = true\n", plugin_section(Kind::XpRules)).as_bytes());
    assert_eq!(codes(&check(&asked)), ["export-missing"]);
}

#[test]
fn bombs_are_refused_by_counting() {
    let mut custom = plain(Kind::XpRules);
    for _ in 0..600 {
        append_section(&mut custom, "x", b"");
    }
    let mut debug = plain(Kind::Persona);
    append_section(&mut debug, ".debug_info", &vec![0; 3 << 20]);
    let nested = text(&format!("{}{}", "(component ".repeat(8), ")".repeat(8)));
    let modules = text(&"(core module)".repeat(100));
    let tables = text("(core module (table 1000000 funcref))");
    for (bytes, code) in [(custom, "bounds"), (debug, "bounds"), (nested, "bounds"), (modules, "bounds"), (tables, "tables")] {
        assert_eq!(codes(&check(&bytes))[0], code);
    }
    let deep = text(&format!("(type {}u8{})", "(list ".repeat(90), ")".repeat(90)));
    drop(check(&deep));
}

#[test]
fn no_cut_and_no_flipped_bit_of_a_real_component_panics() {
    let needs = "[needs.auth]\ncredentials = [\"verify-password\"]\n";
    let good = with_imports(Kind::AuthProvider, needs, &[("mnemosyne:auth/credentials@0.1.0", "verify-password")]);
    assert!(check(&good).is_good(), "{:#?}", check(&good).findings);
    for end in 0..good.len() {
        // A cut exactly before the manifest leaves a valid component without one; every cut is refused.
        assert!(!check(&good[..end]).is_good(), "cut at {end}");
    }
    let mut taken = 0;
    for offset in 0..good.len() {
        let mut bytes = good.clone();
        bytes[offset] ^= 1 << (offset % 8);
        taken += usize::from(check(&bytes).is_good());
        bytes[offset] = 0xff;
        drop(check(&bytes));
    }
    assert!(taken < good.len(), "some flips are harmless (names, summary), not all");
}

#[test]
fn sections_in_another_order_or_doubled_do_not_panic() {
    let good = plain(Kind::XpRules);
    for start in (8..good.len()).step_by(7) {
        let mut bytes = good[..8].to_vec();
        bytes.extend_from_slice(&good[start..]);
        bytes.extend_from_slice(&good[8..start]);
        drop(check(&bytes));
        let mut doubled = good[..start].to_vec();
        doubled.extend_from_slice(&good[8..]);
        drop(check(&doubled));
    }
}
