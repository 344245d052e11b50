//! A component of kind `auth-provider` written as core text: what hostile and honest providers have in common.

use std::sync::Arc;

use super::{BUMP, component, manifest};

/// Grants that a checking provider asks for.
pub(crate) const CHECKS: &str = "[needs.auth]\ncredentials = ['verify-password', 'verify-api-key', 'verify-code']\n";
/// A provider, by its parts. `finish` has one parameter: the address of (input, option<step>).
pub(crate) struct Provider {
    pub(crate) imports: String,
    pub(crate) items: &'static str,
    pub(crate) finish: String,
    pub(crate) manifest: &'static str,
}

/// Address where [`FINISH_DONE`] expects the subject's pointer and length.
pub(crate) const FINISH_DONE: &str = "(i32.const 1024)";

/// Imports of the three checks. `$verify_password` etc. take the canonical ABI's flat parameters; the last is where the
/// answer goes.
pub(crate) const CREDENTIALS: &str = r#"
    (import "mnemosyne:auth/credentials@0.1.0" "verify-password" (func $verify_password (param i32 i32 i32 i32)))
    (import "mnemosyne:auth/credentials@0.1.0" "verify-api-key" (func $verify_api_key (param i32 i32)))
    (import "mnemosyne:auth/credentials@0.1.0" "verify-code" (func $verify_code (param i32 i32 i32 i32)))"#;

/// Handle of the input's first secret.
pub(crate) const FIRST_SECRET: &str = "(i32.load offset=8 (i32.load offset=8 (local.get 0)))";

/// `ok(done(assertion))` at 1024 with the subject at (`pointer`, `length`).
pub(crate) fn done(pointer: &str, length: &str) -> String {
    format!("(i32.store (i32.const 1040) {pointer}) (i32.store (i32.const 1044) {length}) {FINISH_DONE}")
}

/// Checks the password of `ada` with the first secret and asserts what the check answered.
pub(crate) fn honest() -> String {
    format!(
        "(call $verify_password (i32.const 512) (i32.const 3) {FIRST_SECRET} (i32.const 768))
        (if (i32.eqz (i32.and (i32.eqz (i32.load8_u (i32.const 768))) (i32.load8_u (i32.const 772))))
          (then (i32.store8 (i32.const 1024) (i32.const 1)) (return (i32.const 1024))))
        {}",
        done("(i32.load (i32.const 776))", "(i32.load (i32.const 780))")
    )
}

impl Provider {
    /// One that checks credentials by `finish`.
    pub(crate) fn checking(finish: impl Into<String>) -> Self {
        Self { imports: CREDENTIALS.to_owned(), items: "", finish: finish.into(), manifest: CHECKS }
    }

    pub(crate) fn build(&self) -> Arc<[u8]> {
        let wat = format!(
            r#"(module
              {imports}
              (memory (export "memory") 2)
              (global $heap (mut i32) (i32.const 4096))
              (data (i32.const 512) "ada") (data (i32.const 528) "account-2") (data (i32.const 544) "account-1")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
              (func (export "mnemosyne:auth-provider/provider@0.1.0#describe") (param i32 i32) (result i32) (i32.const 2048))
              (func (export "mnemosyne:auth-provider/provider@0.1.0#begin")
                (param i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
              (func (export "mnemosyne:auth-provider/provider@0.1.0#finish") (param i32) (result i32) {finish}))"#,
            imports = self.imports,
            items = self.items,
            finish = self.finish,
        );
        component("auth-provider", &wat, &manifest("auth-provider-test", "auth-provider", self.manifest))
    }
}
