//! A persona as core text, and what hostile and honest ones have in common: how they speak, and how they tell what the host
//! answered them.

use super::build::{component, manifest};

/// A persona, by its parts. `respond` has one parameter, the address of (turn, reply); the default says `hello`.
pub(super) struct Voice {
    pub(super) imports: String,
    pub(super) items: String,
    pub(super) respond: String,
    pub(super) affinity: String,
    pub(super) manifest: String,
}

/// `ok(outcome {})` at 3072. The borrowed handle is let go, as the contract wants it.
pub(super) const DONE: &str = "(call $drop_reply (global.get $reply)) (i32.const 3072)";
/// Says `hello`.
pub(super) const HELLO: &str = "(call $say (i32.const 256) (i32.const 5))";
/// Gives back what host calls allocated: a long flood of them shall meet its own limit and not that of memory.
pub(super) const FORGET: &str = "(global.set $heap (i32.const 65536))";

/// `storage/memories.search`.
pub(super) const SEARCH: &str = r#"(import "mnemosyne:storage/memories@0.1.0" "search"
    (func $search (param i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i32 f32 i32 i32 i32 i32)))"#;
/// Searches for the text at 256, `hello`, up to five; answered at 896.
pub(super) const SEARCH_HELLO: &str = "(call $search (i32.const 256) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (f32.const 0) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 896))";
/// `vector/index.upsert-text`.
pub(super) const UPSERT: &str = r#"(import "mnemosyne:vector/index@0.1.0" "upsert-text" (func $upsert (param i32 i32 i32 i32 i32 i32)))"#;
/// `storage/kv`.
pub(super) const KV: &str = r#"(import "mnemosyne:storage/kv@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
    (import "mnemosyne:storage/kv@0.1.0" "get" (func $get (param i32 i32 i32 i32)))"#;
/// `llm/chat`, streamed and whole. The arguments, one message `user: hello`, stand at 2048.
pub(super) const OPEN: &str = r#"(import "mnemosyne:llm/chat@0.1.0" "open" (func $open (param i32 i32)))
    (import "mnemosyne:llm/chat@0.1.0" "[method]chat-stream.next" (func $next (param i32 i32)))"#;
pub(super) const COMPLETE: &str = r#"(import "mnemosyne:llm/chat@0.1.0" "complete" (func $complete (param i32 i32)))"#;
pub(super) const QUESTION: &str = r#"(data (i32.const 2048) "\00\09\00\00\01\00\00\00")
    (data (i32.const 2304) "\08\01\00\00\04\00\00\00\00\01\00\00\05\00\00\00")"#;
/// `http.send`.
pub(super) const SEND: &str = r#"(import "mnemosyne:http/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
/// `actions.perform`.
pub(super) const PERFORM: &str =
    r#"(import "mnemosyne:actions/actions@0.1.0" "perform" (func $perform (param i32 i32 i32 i32 i32 i32 i32)))"#;
pub(super) const LOG: &str = r#"(import "mnemosyne:log/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))"#;

/// Again and again, whatever comes of it.
pub(super) fn forever(what: &str) -> String {
    format!("(loop $again {what} (br $again)) (unreachable)")
}

/// A call answered at 896, until it fails or has worked `most` times; then says how often it worked, and how the last one ended.
pub(super) fn until_refused(call: &str, most: u32) -> String {
    format!(
        "(local $n i32) (block $end (loop $again {call} {FORGET}
           (br_if $end (i32.load8_u (i32.const 896)))
           (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {most})))))
         (call $number (local.get $n)) (call $tell (i32.const 896) (i32.const 4)) {DONE}"
    )
}

/// Bytes as a data segment.
pub(super) fn data(at: u32, bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(r#"(data (i32.const {at}) "{text}")"#)
}

impl Default for Voice {
    fn default() -> Self {
        let affinity = "(i32.const 3072)".to_owned();
        Self { imports: String::new(), items: String::new(), respond: format!("{HELLO} {DONE}"), affinity, manifest: String::new() }
    }
}

impl Voice {
    /// One that answers by `respond`.
    pub(super) fn saying(respond: impl Into<String>) -> Self {
        Self { respond: respond.into(), ..Self::default() }
    }

    /// The same with imports, and the manifest lines that ask for them.
    pub(super) fn with(self, imports: &str, manifest: &str) -> Self {
        Self { imports: format!("{}{imports}", self.imports), manifest: format!("{}{manifest}", self.manifest), ..self }
    }

    pub(super) fn items(self, items: impl Into<String>) -> Self {
        Self { items: items.into(), ..self }
    }

    /// What every voice has: `$say(pointer, length)`, `$tell(answer, payload)`: `+` when a result is ok, else the first letter of
    /// its error's kind; `$number(n)`.
    pub(super) fn build(&self, name: &str) -> Vec<u8> {
        let Self { imports, items, respond, affinity, .. } = self;
        let wat = format!(
            r#"(module
              (import "mnemosyne:persona/reply@0.1.0" "[resource-drop]reply" (func $drop_reply (param i32)))
              (import "mnemosyne:persona/reply@0.1.0" "[method]reply.push" (func $push (param i32 i32 i32 i32)))
              (import "mnemosyne:persona/reply@0.1.0" "[method]reply.status" (func $status (param i32 i32 i32)))
              (import "mnemosyne:persona/reply@0.1.0" "[method]reply.cite" (func $cite (param i32 i32 i32)))
              {imports}
              (memory (export "memory") 4)
              (global $heap (mut i32) (i32.const 65536))
              (global $reply (mut i32) (i32.const 0))
              (data (i32.const 256) "hello") (data (i32.const 264) "user") (data (i32.const 272) "Echo") (data (i32.const 280) "medium")
              ;; denied, quota, not-found, conflict, invalid, timeout, unavailable, internal; ok
              (data (i32.const 336) "dqncituw+")
              {items}
              (func $say (param i32 i32) (call $push (global.get $reply) (local.get 0) (local.get 1) (i32.const 768)))
              (func $tell (param $answer i32) (param $payload i32)
                (call $say
                  (if (result i32) (i32.load8_u (local.get $answer))
                    (then (i32.add (i32.const 336) (i32.load8_u (i32.add (local.get $answer) (local.get $payload)))))
                    (else (i32.const 344)))
                  (i32.const 1)))
              (func $number (param $n i32) (local $at i32)
                (local.set $at (i32.const 400))
                (loop $again
                  (local.set $at (i32.sub (local.get $at) (i32.const 1)))
                  (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
                  (br_if $again (local.tee $n (i32.div_u (local.get $n) (i32.const 10)))))
                (call $say (local.get $at) (i32.sub (i32.const 400) (local.get $at))))
              (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (global.get $heap))
                (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 7)) (i32.const -8)))
                (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
                  (then (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1))))))
                (local.get $at))
              (func (export "mnemosyne:persona/persona@0.1.0#describe") (param i32 i32) (result i32)
                (i32.store (i32.const 3200) (i32.const 272)) (i32.store (i32.const 3204) (i32.const 4))
                (i32.store (i32.const 3228) (i32.const 280)) (i32.store (i32.const 3232) (i32.const 6)) (i32.const 3200))
              (func (export "mnemosyne:persona/persona@0.1.0#affinity") (param i32 i32 i32 i32) (result i32) {affinity})
              (func $respond (param i32) (result i32) {respond})
              (func (export "mnemosyne:persona/persona@0.1.0#respond") (param i32) (result i32)
                (global.set $reply (i32.load offset=280 (local.get 0)))
                (call $respond (local.get 0)))
              (func (export "mnemosyne:persona/persona@0.1.0#reflect")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 3072)))"#
        );
        component("persona", &wat, &manifest(name, "persona", &self.manifest))
    }
}
