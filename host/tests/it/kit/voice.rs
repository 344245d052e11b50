//! Personas for tests, written as core text and put through the real encoder with the real contract; and a client that keeps
//! what a persona says.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use mnemosyne_host::plugin::persona::{Closed, Sink};
use serde_json::{Value, json};
use uuid::Uuid;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use super::{Actor, pack};

/// A persona, by its parts. Each part is the body of an export; 3072 is the address of zeroes: `ok` and nothing in it. Text may
/// stand from 4096 to 8192.
pub(crate) struct Voice {
    pub(crate) imports: String,
    pub(crate) items: String,
    /// Parameters: address and length of the locale.
    pub(crate) describe: String,
    /// Parameters: message (address, length), history (address, length).
    pub(crate) affinity: String,
    /// Parameter: address of (turn, reply).
    pub(crate) respond: String,
    /// Of one view `notes` that can be reset; `None`: the component has no views.
    pub(crate) views: Option<Views>,
    /// More lines of the manifest.
    pub(crate) manifest: &'static str,
}

/// What is behind a view. Parameters: address and length of its name.
pub(crate) struct Views {
    pub(crate) show: String,
    pub(crate) reset: String,
}

/// Never ends.
pub(crate) const SPIN: &str = "(loop $spin (br $spin)) (unreachable)";
/// `ok(outcome {})`. The borrowed handle is let go, as the contract wants it.
pub(crate) const DONE: &str = "(call $drop_reply (i32.load offset=280 (local.get 0))) (i32.const 3072)";

const CARD: &str = "(i32.store (i32.const 3200) (i32.const 272)) (i32.store (i32.const 3204) (i32.const 4))
    (i32.store (i32.const 3228) (i32.const 280)) (i32.store (i32.const 3232) (i32.const 6)) (i32.const 3200)";
const PUSH: &str = r#"(import "mnemosyne:persona/reply@0.1.0" "[method]reply.push" (func $push (param i32 i32 i32 i32)))"#;

/// Text as core text writes it in `(data …)`.
pub(crate) fn bytes(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "\\{byte:02x}");
        out
    })
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            imports: String::new(),
            items: String::new(),
            describe: CARD.to_owned(),
            affinity: "(i32.const 3072)".to_owned(),
            respond: DONE.to_owned(),
            views: None,
            manifest: "",
        }
    }
}

impl Voice {
    /// Answers every turn with this, at most 4 KiB.
    pub(crate) fn saying(text: &str) -> Self {
        let push = "(call $push (i32.load offset=280 (local.get 0)) (i32.const 4096)";
        Self {
            imports: PUSH.to_owned(),
            items: format!(r#"(data (i32.const 4096) "{}")"#, bytes(text)),
            respond: format!("{push} (i32.const {}) (i32.const 768)) {DONE}", text.len()),
            ..Self::default()
        }
    }

    /// Thinks so of every message.
    pub(crate) fn fitting(self, score: f32) -> Self {
        Self { affinity: format!("(f32.store (i32.const 3076) (f32.const {score})) (i32.const 3072)"), ..self }
    }

    /// Describes itself in English and traps in any other language.
    pub(crate) fn in_english_only(self) -> Self {
        Self { describe: format!("(if (i32.ne (i32.load8_u (local.get 0)) (i32.const 101)) (then (unreachable))) {CARD}"), ..self }
    }

    /// Shows this, and forgets without a word.
    pub(crate) fn showing(self, text: &str) -> Self {
        let items = format!(r#"{} (data (i32.const 6144) "{}")"#, self.items, bytes(text));
        let show = format!(
            "(i32.store (i32.const 3076) (i32.const 6144)) (i32.store (i32.const 3080) (i32.const {})) (i32.const 3072)",
            text.len()
        );
        Self { items, views: Some(Views { show, reset: "(i32.const 3072)".to_owned() }), ..self }
    }

    /// The component `name@version`.
    pub(crate) fn build(&self, name: &str, version: &str) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
        let world = if self.views.is_some() {
            let wit = "package voice:test@0.1.0;\nworld voice { include mnemosyne:plugin/persona@0.1.0; export mnemosyne:lifecycle/views@0.1.0; }";
            let package = resolve.push_str("voice.wit", wit).unwrap();
            resolve.select_world(&[package], None).unwrap()
        } else {
            resolve.select_world(&[package], Some("persona")).unwrap()
        };
        let mut module = wat::parse_str(self.text()).unwrap();
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let mut component = ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
        let Self { manifest, .. } = self;
        let manifest = format!(
            "[plugin]\nname = '{name}'\nversion = '{version}'\nkind = 'persona'\nsummary = 'a voice of a test'\nlicense = 'Apache-2.0'\n{manifest}"
        );
        pack(&mut component, &manifest);
        component
    }

    fn text(&self) -> String {
        let Self { imports, items, describe, affinity, respond, .. } = self;
        let views = self.views.as_ref().map_or_else(String::new, |Views { show, reset }| {
            format!(
                r#"(func (export "mnemosyne:lifecycle/views@0.1.0#list") (result i32)
                     (i32.store (i32.const 3300) (i32.const 3320)) (i32.store (i32.const 3304) (i32.const 1))
                     (i32.store (i32.const 3320) (i32.const 288)) (i32.store (i32.const 3324) (i32.const 5))
                     (i32.store (i32.const 3328) (i32.const 288)) (i32.store (i32.const 3332) (i32.const 5))
                     (i32.store8 (i32.const 3336) (i32.const 1)) (i32.const 3300))
                   (func (export "mnemosyne:lifecycle/views@0.1.0#show") (param i32 i32) (result i32) {show})
                   (func (export "mnemosyne:lifecycle/views@0.1.0#reset") (param i32 i32) (result i32) {reset})"#
            )
        });
        format!(
            r#"(module
              (import "mnemosyne:persona/reply@0.1.0" "[resource-drop]reply" (func $drop_reply (param i32)))
              {imports}
              (memory (export "memory") 4)
              (global $heap (mut i32) (i32.const 8192))
              (data (i32.const 272) "Echo") (data (i32.const 280) "medium") (data (i32.const 288) "notes")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              (func (export "mnemosyne:persona/persona@0.1.0#describe") (param i32 i32) (result i32) {describe})
              (func (export "mnemosyne:persona/persona@0.1.0#affinity") (param i32 i32 i32 i32) (result i32) {affinity})
              (func (export "mnemosyne:persona/persona@0.1.0#respond") (param i32) (result i32) {respond})
              (func (export "mnemosyne:persona/persona@0.1.0#reflect")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 3072))
              {views})"#
        )
    }
}

/// As an operator: adds a component, accepts what it asks for, binds it to `slot`; gives its revision.
pub(crate) async fn let_in(operator: &Actor, slot: &str, component: Vec<u8>) -> Value {
    let revision = operator.add_plugin(component).await;
    let (name, version) = (revision["name"].as_str().unwrap(), revision["version"].as_str().unwrap());
    if revision["state"] == "held" {
        operator.post(&format!("/api/v1/admin/plugins/{name}/{version}/approve"), json!({})).await.ok();
    }
    operator.bind(slot, &format!("{name}@{version}")).await;
    revision
}

/// A client that keeps everything.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Told>);

/// What a client was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) cited: Vec<Uuid>,
    pub(crate) actions: Vec<Value>,
}

impl Heard {
    /// What was told so far.
    pub(crate) fn told(&self) -> Told {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl Sink for Heard {
    async fn push(&self, text: &str) -> Result<(), Closed> {
        self.note(|told| told.text.push_str(text));
        Ok(())
    }
    async fn status(&self, _text: &str) {}
    async fn reasoning(&self, _text: &str) {}
    async fn action(&self, action: Value) {
        self.note(|told| told.actions.push(action));
    }
    async fn cite(&self, memory: Uuid) {
        self.note(|told| told.cited.push(memory));
    }
}
