//! A task intelligence as core text. Its five functions answer with nothing unless said otherwise.

use super::build::{BUMP, component, manifest};

/// A task intelligence, by its parts.
pub(super) struct Mind {
    pub(super) imports: String,
    pub(super) items: String,
    pub(super) suggest: String,
    pub(super) break_down: String,
    pub(super) estimate: String,
    pub(super) extract: String,
    pub(super) prioritize: String,
    pub(super) manifest: String,
}

/// `ok((list at `items` of `count`, origin { rules }))` at 1024; the origin begins at 1036.
pub(super) fn answer(items: u32, count: u32) -> String {
    format!(
        "(i32.store (i32.const 1028) (i32.const {items})) (i32.store (i32.const 1032) (i32.const {count}))
        (i32.store (i32.const 1036) (i32.const 256)) (i32.store (i32.const 1040) (i32.const 5)) (i32.const 1024)"
    )
}

/// `ok((effort { minutes, low, high, difficulty, basis: "" }, origin { rules }))` at 1024.
pub(super) fn effort(minutes: u32, low: u32, high: u32, difficulty: u32) -> String {
    format!(
        "(i32.store (i32.const 1028) (i32.const {minutes})) (i32.store (i32.const 1032) (i32.const {low}))
        (i32.store (i32.const 1036) (i32.const {high})) (i32.store8 (i32.const 1040) (i32.const {difficulty}))
        (i32.store (i32.const 1052) (i32.const 256)) (i32.store (i32.const 1056) (i32.const 5)) (i32.const 1024)"
    )
}

impl Default for Mind {
    fn default() -> Self {
        let nothing = answer(0, 0);
        Self {
            imports: String::new(),
            items: String::new(),
            suggest: nothing.clone(),
            break_down: nothing.clone(),
            estimate: effort(10, 5, 20, 1),
            extract: nothing.clone(),
            prioritize: nothing,
            manifest: String::new(),
        }
    }
}

impl Mind {
    pub(super) fn build(&self, name: &str) -> Vec<u8> {
        let Self { imports, items, suggest, break_down, estimate, extract, prioritize, manifest: lines } = self;
        let wat = format!(
            r#"(module
              {imports}
              (memory (export "memory") 4)
              (global $heap (mut i32) (i32.const 65536))
              (data (i32.const 256) "rules") (data (i32.const 264) "medium") (data (i32.const 272) "water") (data (i32.const 280) "t1") (data (i32.const 288) "habit")
              {items}
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#suggest")
                (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {suggest})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#break-down") (param i32) (result i32) {break_down})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#estimate") (param i32) (result i32) {estimate})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#extract")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {extract})
              (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#prioritize")
                (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {prioritize}))"#
        );
        component("task-intelligence", &wat, &manifest(name, "task-intelligence", lines))
    }
}
