//! A component of kind `persona` written as core text: what hostile and honest personas have in common.

use std::sync::Arc;

use super::{BUMP, component, manifest};
use crate::wit::persona::{Turn, Wishes};
use crate::wit::types::values::{Memory, Message, Moment};

/// A persona, by its parts. `respond` has one parameter: the address of (turn, reply).
pub(crate) struct Voice {
    pub(crate) imports: &'static str,
    pub(crate) items: String,
    pub(crate) respond: String,
    pub(crate) affinity: &'static str,
    pub(crate) manifest: &'static str,
}

/// Imports of the answer's handle.
pub(crate) const REPLY: &str = r#"
    (import "mnemosyne:persona/reply@0.1.0" "[method]reply.push" (func $push (param i32 i32 i32 i32)))
    (import "mnemosyne:persona/reply@0.1.0" "[method]reply.status" (func $status (param i32 i32 i32)))
    (import "mnemosyne:persona/reply@0.1.0" "[method]reply.cite" (func $cite (param i32 i32 i32)))"#;

/// The handle of the answer: after the turn's 280 bytes.
pub(crate) const HANDLE: &str = "(i32.load offset=280 (local.get 0))";

/// `ok(outcome {})`: zeroes. The borrowed handle is let go, as the contract wants it.
pub(crate) const DONE: &str = "(call $drop_reply (i32.load offset=280 (local.get 0))) (i32.const 3072)";

/// Pushes `length` bytes at `pointer`; the answer stands at 768 (0 there: it went out).
pub(crate) fn push(pointer: u32, length: u32) -> String {
    format!("(call $push {HANDLE} (i32.const {pointer}) (i32.const {length}) (i32.const 768))")
}

impl Default for Voice {
    fn default() -> Self {
        Self { imports: "", items: String::new(), respond: DONE.to_owned(), affinity: "(i32.const 3072)", manifest: "" }
    }
}

impl Voice {
    /// One that answers by `respond`, which may push.
    pub(crate) fn saying(respond: impl Into<String>) -> Self {
        Self { imports: REPLY, respond: respond.into(), ..Self::default() }
    }

    pub(crate) fn build(&self) -> Arc<[u8]> {
        let wat = format!(
            r#"(module
              (import "mnemosyne:persona/reply@0.1.0" "[resource-drop]reply" (func $drop_reply (param i32)))
              {imports}
              (memory (export "memory") 2)
              (global $heap (mut i32) (i32.const 8192))
              (data (i32.const 256) "hello") (data (i32.const 264) "user") (data (i32.const 272) "Echo") (data (i32.const 280) "medium")
              {items}
              (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
              (func (export "mnemosyne:persona/persona@0.1.0#describe") (param i32 i32) (result i32)
                (i32.store (i32.const 3200) (i32.const 272)) (i32.store (i32.const 3204) (i32.const 4))
                (i32.store (i32.const 3228) (i32.const 280)) (i32.store (i32.const 3232) (i32.const 6)) (i32.const 3200))
              (func (export "mnemosyne:persona/persona@0.1.0#affinity") (param i32 i32 i32 i32) (result i32) {affinity})
              (func (export "mnemosyne:persona/persona@0.1.0#respond") (param i32) (result i32) {respond})
              (func (export "mnemosyne:persona/persona@0.1.0#reflect")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 3072)))"#,
            imports = self.imports,
            items = self.items,
            affinity = self.affinity,
            respond = self.respond,
        );
        component("persona", &wat, &manifest("persona-test", "persona", self.manifest))
    }
}

pub(crate) fn moment() -> Moment {
    super::completion().facts.moment
}

pub(crate) fn said(role: &str, content: &str) -> Message {
    Message {
        role: role.to_owned(),
        content: content.to_owned(),
        at: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    }
}

/// An ordinary turn.
pub(crate) fn turn() -> Turn {
    Turn {
        conversation: String::new(),
        moment: moment(),
        message: said("user", "good morning"),
        history: Vec::new(),
        summary: None,
        worldview: None,
        trust: 0.3,
        use_memories: true,
        wishes: Wishes {
            temperature: None,
            max_tokens: None,
            stop: Vec::new(),
            model: None,
            tools: Vec::new(),
            agentic: true,
            max_iterations: 2,
        },
        extra: Vec::new(),
    }
}

/// A memory with this id and text.
pub(crate) fn memory(id: u128, content: &str) -> Memory {
    Memory {
        id: uuid::Uuid::from_u128(id).to_string(),
        title: "a note".to_owned(),
        content: content.to_owned(),
        tags: vec!["home".to_owned()],
        importance: 0.5,
        source_type: "manual".to_owned(),
        source_id: None,
        created: 10,
        updated: 10,
        metadata: "{}".to_owned(),
        extra: Vec::new(),
    }
}
