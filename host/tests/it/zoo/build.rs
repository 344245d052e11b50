//! Beasts are core modules of a few lines, put through the real component encoder with the real contract.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::kit::pack;

/// Bump allocation, 8-aligned, from 4096 on; parameters: old pointer, old size, alignment, new size.
pub(super) const BUMP: &str = "(local $at i32) (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 7)) (i32.const -8)))
    (local.get $at)";
/// `ok(proposal { base: 10 })` at address 16.
pub(super) const TEN: &str = "(i32.store (i32.const 20) (i32.const 10)) (i32.const 16)";
pub(super) const SPIN: &str = "(loop $again (br $again)) (unreachable)";
/// What the guest calls itself with until the stack ends.
pub(super) const DIVE: &str = "(func $dive (param i32) (result i32) (i32.add (call $dive (local.get 0)) (i32.const 1)))";
/// Grows for as long as it may.
pub(super) const GROW: &str = "(loop $again (br_if $again (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0)))) (unreachable)";
pub(super) const HAS_SECRET: &str =
    r#"(import "mnemosyne:config/config@0.1.0" "has-secret" (func $has_secret (param i32 i32) (result i32)))"#;
pub(super) const LOG: &str = r#"(import "mnemosyne:log/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
pub(super) const VERIFY: &str = r#"(import "mnemosyne:auth/credentials@0.1.0" "verify-password" (func $verify (param i32 i32 i32 i32)))"#;
pub(super) const VERIFY_KEY: &str = r#"(import "mnemosyne:auth/credentials@0.1.0" "verify-api-key" (func $verify_key (param i32 i32)))"#;
pub(super) const PUT: &str = r#"(import "mnemosyne:storage/kv@0.1.0" "put"
    (func $put (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))"#;

/// A manifest with more lines at its end.
pub(super) fn manifest(name: &str, kind: &str, more: &str) -> String {
    format!("[plugin]\nname = '{name}'\nversion = '0.1.0'\nkind = '{kind}'\nsummary = 'a beast'\nlicense = 'Apache-2.0'\n{more}")
}

/// Core text → component with a manifest.
pub(super) fn component(kind: &str, wat: &str, manifest: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
    let world = resolve.select_world(&[package], Some(kind)).unwrap();
    encode(&resolve, world, wat, manifest)
}

/// The same for the one world of another package, which builds on the contract's.
pub(super) fn component_of(wit: &str, wat: &str, manifest: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
    let package = resolve.push_str("beast.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    encode(&resolve, world, wat, manifest)
}

/// Core text → component that carries no manifest.
pub(super) fn bare(kind: &str, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
    let world = resolve.select_world(&[package], Some(kind)).unwrap();
    unpacked(&resolve, world, wat)
}

fn encode(resolve: &Resolve, world: wit_parser::WorldId, wat: &str, manifest: &str) -> Vec<u8> {
    let mut bytes = unpacked(resolve, world, wat);
    pack(&mut bytes, manifest);
    bytes
}

fn unpacked(resolve: &Resolve, world: wit_parser::WorldId, wat: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap();
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// Rules, by their parts. The default awards ten points and calls nothing.
pub(super) struct Rules {
    pub(super) imports: &'static str,
    pub(super) items: String,
    pub(super) pages: u32,
    pub(super) realloc: &'static str,
    pub(super) describe: &'static str,
    pub(super) award: String,
    pub(super) level_at: &'static str,
    pub(super) manifest: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            imports: "",
            items: String::new(),
            pages: 2,
            realloc: BUMP,
            describe: "(i32.const 64)",
            award: TEN.to_owned(),
            level_at: "(i32.store (i32.const 24) (i32.const 1)) (i64.store (i32.const 48) (i64.const -1)) (i32.const 16)",
            manifest: "",
        }
    }
}

impl Rules {
    /// One that awards by `award`.
    pub(super) fn awarding(award: impl Into<String>) -> Self {
        Self { award: award.into(), ..Self::default() }
    }

    pub(super) fn build(&self, name: &str) -> Vec<u8> {
        component("xp-rules", &self.text(), &manifest(name, "xp-rules", self.manifest))
    }

    /// The core module.
    pub(super) fn text(&self) -> String {
        let Self { imports, items, pages, realloc, describe, award, level_at, .. } = self;
        format!(
            r#"(module
              {imports}
              (memory (export "memory") {pages})
              (global $heap (mut i32) (i32.const 4096))
              (data (i32.const 256) "solo") (data (i32.const 272) "clamped") (data (i32.const 288) "base")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#describe") (param i32 i32) (result i32) {describe})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#award") (param i32) (result i32) {award})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#level-at") (param i64) (result i32) {level_at})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#classify") (param i32) (result i32)
                (i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 4)) (i32.const 16)))"#
        )
    }
}

/// A way of logging in, by its parts. Describes itself honestly.
pub(super) struct Provider {
    pub(super) imports: String,
    pub(super) items: String,
    pub(super) describe: &'static str,
    pub(super) finish: String,
    pub(super) manifest: &'static str,
}

/// Handle of the input's first secret.
pub(super) const FIRST_SECRET: &str = "(i32.load offset=8 (i32.load offset=8 (local.get 0)))";
const CHECKS: &str = "[needs.auth]\ncredentials = ['verify-password']\n";

/// `ok(done(assertion))` at 1024 with the subject at (`pointer`, `length`).
pub(super) fn done(pointer: &str, length: &str) -> String {
    format!("(i32.store (i32.const 1040) {pointer}) (i32.store (i32.const 1044) {length}) (i32.const 1024)")
}

/// Checks the password of `mallory`; what the check answered is at 768.
pub(super) fn check() -> String {
    format!("(call $verify (i32.const 512) (i32.const 7) {FIRST_SECRET} (i32.const 768))")
}

/// Asserts what the check answered.
pub(super) fn proven() -> String {
    done("(i32.load (i32.const 776))", "(i32.load (i32.const 780))")
}

impl Provider {
    /// One that judges by `finish`; its parameter is the address of the input.
    pub(super) fn finishing(finish: impl Into<String>) -> Self {
        Self { imports: VERIFY.to_owned(), items: String::new(), describe: "(i32.const 2048)", finish: finish.into(), manifest: CHECKS }
    }

    pub(super) fn build(&self, name: &str) -> Vec<u8> {
        component("auth-provider", &self.text(), &manifest(name, "auth-provider", self.manifest))
    }

    /// The core module.
    pub(super) fn text(&self) -> String {
        let Self { imports, items, describe, finish, .. } = self;
        format!(
            r#"(module
              {imports}
              (memory (export "memory") 2)
              (global $heap (mut i32) (i32.const 4096))
              (data (i32.const 512) "mallory") (data (i32.const 528) "Zoo") (data (i32.const 544) "credentials")
              (data (i32.const 2048) "\10\02\00\00\03\00\00\00\20\02\00\00\0b\00\00\00")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
              (func (export "mnemosyne:auth-provider/provider@0.1.0#describe") (param i32 i32) (result i32) {describe})
              (func (export "mnemosyne:auth-provider/provider@0.1.0#begin")
                (param i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
              (func (export "mnemosyne:auth-provider/provider@0.1.0#finish") (param i32) (result i32) {finish}))"#
        )
    }
}
