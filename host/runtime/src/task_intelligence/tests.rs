//! Task intelligence on the real runtime, written as core text: what an answer may be.

use std::sync::Arc;

use crate::error::Failure;
use crate::kit::voice::moment;
use crate::kit::{BUMP, House, ada, completion, component, manifest};
use crate::wit::types::values::Task;

/// `ok((list at $items of $count, origin { rules }))` at 1024; the origin begins at 1036.
fn answer(items: u32, count: u32) -> String {
    format!(
        "(i32.store (i32.const 1028) (i32.const {items})) (i32.store (i32.const 1032) (i32.const {count}))
        (i32.store (i32.const 1036) (i32.const 256)) (i32.store (i32.const 1040) (i32.const 5)) (i32.const 1024)"
    )
}

fn help(suggest: &str, prioritize: &str, items: &str) -> Arc<[u8]> {
    let many = "(param i32) (result i32)";
    let wat = format!(
        r#"(module
          (memory (export "memory") 2)
          (global $heap (mut i32) (i32.const 16384))
          (data (i32.const 256) "rules") (data (i32.const 264) "medium") (data (i32.const 272) "water") (data (i32.const 280) "t1") (data (i32.const 288) "habit")
          {items}
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {BUMP})
          (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#suggest")
            (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {suggest})
          (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#break-down") {many} {steps})
          (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#estimate") {many} (unreachable))
          (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#extract")
            (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {drafts})
          (func (export "mnemosyne:task-intelligence/intelligence@0.1.0#prioritize")
            (param i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {prioritize}))"#,
        steps = answer(0, 0),
        drafts = answer(0, 0),
    );
    component("task-intelligence", &wat, &manifest("task-intelligence-test", "task-intelligence", ""))
}

/// `ranked { id: t1, score, reason: "" }` at 2048 and the same at 2068.
fn ranks(score: &str) -> String {
    let one = |at: u32| {
        format!(
            "(i32.store (i32.const {at}) (i32.const 280)) (i32.store (i32.const {}) (i32.const 2)) (f32.store (i32.const {}) (f32.const {score}))",
            at + 4,
            at + 8
        )
    };
    format!("{} {}", one(2048), one(2068))
}

fn task(id: &str) -> Task {
    Task { id: id.to_owned(), ..completion().task }
}

async fn order(prioritize: &str, tasks: Vec<Task>) -> Result<usize, Failure> {
    let house = House::new();
    let revision = house.revision(help("(unreachable)", prioritize, "")).await;
    let called = house.runtime.task_intelligence(&revision, ada()).prioritize(tasks, moment()).await;
    called.map(|called| called.value.0.len()).map_err(|error| error.failure)
}

#[tokio::test]
async fn each_function_answers_or_fails_alone() {
    let house = House::new();
    let revision = house.revision(help(&answer(0, 0), &answer(0, 0), "")).await;
    let help = || house.runtime.task_intelligence(&revision, ada());
    assert_eq!(help().suggest(moment(), 5).await.unwrap().value.1.source, "rules");
    assert!(help().break_down(task("t1"), moment()).await.unwrap().value.0.is_empty());
    assert!(help().extract(Vec::new(), moment()).await.unwrap().value.0.is_empty());
    assert!(matches!(help().estimate(task("t1"), moment()).await.unwrap_err().failure, Failure::Trapped(_)));
}

#[tokio::test]
async fn an_order_names_each_given_task_once() {
    let one = format!("{} {}", ranks("0.5"), answer(2048, 1));
    assert_eq!(order(&one, vec![task("t1")]).await, Ok(1));
    for (what, wrong, tasks) in [
        ("one is missing", one.clone(), vec![task("t1"), task("t2")]),
        ("one that was not given", one.clone(), vec![task("t2")]),
        ("one twice", format!("{} {}", ranks("0.5"), answer(2048, 2)), vec![task("t1"), task("t2")]),
        ("one too many", format!("{} {}", ranks("0.5"), answer(2048, 2)), vec![task("t1")]),
        ("a score that is no number", format!("{} {}", ranks("nan"), answer(2048, 1)), vec![task("t1")]),
        ("a score beyond", format!("{} {}", ranks("7"), answer(2048, 1)), vec![task("t1")]),
        ("no origin", "(i32.const 8192)".to_owned(), Vec::new()),
    ] {
        assert!(matches!(order(&wrong, tasks).await, Err(Failure::BadOutput(_))), "{what}");
    }
}

#[tokio::test]
async fn suggestions_beyond_the_limit_or_without_sense_are_refused() {
    for (count, limit) in [(1, 5), (21, 20), (3, 2)] {
        let house = House::new();
        // All zeroes: no title, difficulty 0.
        let revision = house.revision(help(&answer(4096, count), "(unreachable)", "")).await;
        let failed = house.runtime.task_intelligence(&revision, ada()).suggest(moment(), limit).await.unwrap_err();
        assert!(matches!(failed.failure, Failure::BadOutput(_)), "{count} of {limit}");
    }
}
