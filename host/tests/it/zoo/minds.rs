//! Beasts of the kind `task-intelligence`, each with its control: the same function, answering within its bounds.

use super::build::{DIVE, GROW, SPIN};
use super::mind::{Mind, answer, effort};
use super::voice::{COMPLETE, FORGET, KV, SEARCH, SEARCH_HELLO, UPSERT, forever};

/// Which question meets the beast.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Suggestions,
    Breakdown,
    Estimate,
    Extract,
    Prioritize,
}

use Asked::{Breakdown, Estimate, Extract, Prioritize, Suggestions};

/// A beast with the code of its call's record, and its control, which answers.
pub(super) struct Beast {
    pub(super) name: &'static str,
    pub(super) asked: Asked,
    pub(super) mind: Mind,
    pub(super) code: &'static str,
    pub(super) control: Mind,
}

/// A draft at `at`: eighty bytes.
struct Draft {
    title: u32,
    priority: (u32, u32),
    difficulty: u32,
    due: Option<(u32, u32)>,
    confidence: &'static str,
}

const DRAFT: Draft = Draft { title: 5, priority: (264, 6), difficulty: 2, due: None, confidence: "0.5" };

impl Draft {
    fn at(&self, at: u32) -> String {
        let due = self.due.map_or_else(String::new, |(pointer, length)| {
            format!(
                "(i32.store8 (i32.const {}) (i32.const 1)) (i32.store (i32.const {}) (i32.const {pointer})) (i32.store (i32.const {}) (i32.const {length}))",
                at + 28,
                at + 32,
                at + 36
            )
        });
        format!(
            "(i32.store (i32.const {at}) (i32.const 272)) (i32.store (i32.const {}) (i32.const {}))
             (i32.store (i32.const {}) (i32.const {})) (i32.store (i32.const {}) (i32.const {}))
             (i32.store8 (i32.const {}) (i32.const {})) (f32.store (i32.const {}) (f32.const {})) {due}",
            at + 4,
            self.title,
            at + 16,
            self.priority.0,
            at + 20,
            self.priority.1,
            at + 24,
            self.difficulty,
            at + 60,
            self.confidence
        )
    }

    /// The one suggestion of an answer: the draft, no reason, from a habit.
    fn suggested(&self) -> String {
        format!(
            "{} (i32.store (i32.const 2136) (i32.const 288)) (i32.store (i32.const 2140) (i32.const 5)) {}",
            self.at(2048),
            answer(2048, 1)
        )
    }

    fn extracted(&self) -> String {
        format!("{} {}", self.at(2048), answer(2048, 1))
    }
}

/// The one step of an answer.
fn step(title: u32, difficulty: u32, count: u32) -> String {
    format!(
        "(i32.store (i32.const 2048) (i32.const 272)) (i32.store (i32.const 2052) (i32.const {title}))
         (i32.store8 (i32.const 2068) (i32.const {difficulty})) {}",
        answer(2048, count)
    )
}

/// An order that names the task it was given first, with this score; `count` times.
fn ranked(score: &str, count: u32) -> String {
    let one = |at: u32| {
        format!(
            "(i32.store (i32.const {at}) (i32.load (local.get 0))) (i32.store (i32.const {}) (i32.load offset=4 (local.get 0)))
             (f32.store (i32.const {}) (f32.const {score}))",
            at + 4,
            at + 8
        )
    };
    format!("{} {} {}", one(2048), one(2068), answer(2048, count))
}

fn suggesting(suggest: impl Into<String>) -> Mind {
    Mind { suggest: suggest.into(), ..Mind::default() }
}

fn extracting(extract: impl Into<String>) -> Mind {
    Mind { extract: extract.into(), ..Mind::default() }
}

fn breaking(break_down: impl Into<String>) -> Mind {
    Mind { break_down: break_down.into(), ..Mind::default() }
}

fn estimating(estimate: impl Into<String>) -> Mind {
    Mind { estimate: estimate.into(), ..Mind::default() }
}

fn ordering(prioritize: impl Into<String>) -> Mind {
    Mind { prioritize: prioritize.into(), ..Mind::default() }
}

pub(super) fn beasts() -> Vec<Beast> {
    [wrong(), greedy(), asking()].into_iter().flatten().collect()
}

fn beast(name: &'static str, asked: Asked, mind: Mind, code: &'static str, control: Mind) -> Beast {
    Beast { name, asked, mind, code, control }
}

/// Answers that are none.
fn wrong() -> Vec<Beast> {
    let bad = "bad-output";
    let suggestion = |draft: &Draft| suggesting(draft.suggested());
    let good = || suggestion(&DRAFT);
    let due = |text: &str| {
        let length = u32::try_from(text.len()).expect("short");
        Mind { items: format!(r#"(data (i32.const 512) "{text}")"#), ..suggestion(&Draft { due: Some((512, length)), ..DRAFT }) }
    };
    let foreign = "(i32.store (i32.const 2048) (i32.const 280)) (i32.store (i32.const 2052) (i32.const 2))";
    vec![
        beast("no-title", Suggestions, suggestion(&Draft { title: 0, ..DRAFT }), bad, good()),
        beast("difficulty-nine", Suggestions, suggestion(&Draft { difficulty: 9, ..DRAFT }), bad, good()),
        beast("a-priority-of-its-own", Suggestions, suggestion(&Draft { priority: (272, 5), ..DRAFT }), bad, good()),
        beast("sure-as-nothing", Suggestions, suggestion(&Draft { confidence: "nan", ..DRAFT }), bad, good()),
        beast("surer-than-sure", Suggestions, suggestion(&Draft { confidence: "7", ..DRAFT }), bad, good()),
        beast("a-day-that-is-none", Suggestions, due("2030-13-01T09:00"), bad, due("2030-12-01T09:00")),
        beast("twenty-one", Suggestions, suggesting(answer(4096, 21)), bad, good()),
        beast("a-million-drafts", Extract, extracting(answer(4096, 1_000_000)), bad, extracting(DRAFT.extracted())),
        beast("drafts-outside-memory", Extract, extracting(answer(4096, 3_300)), bad, extracting(DRAFT.extracted())),
        beast("steps-without-title", Breakdown, breaking(step(0, 1, 1)), bad, breaking(step(5, 1, 1))),
        beast("steps-of-difficulty-nine", Breakdown, breaking(step(5, 9, 1)), bad, breaking(step(5, 5, 1))),
        beast("sooner-than-possible", Estimate, estimating(effort(10, 20, 5, 1)), bad, estimating(effort(10, 5, 20, 1))),
        beast("an-id-not-given", Prioritize, ordering(format!("{foreign} {}", answer(2048, 1))), bad, ordering(ranked("0.5", 1))),
        beast("one-task-twice", Prioritize, ordering(ranked("0.5", 2)), bad, ordering(ranked("0.5", 1))),
        beast("no-task-at-all", Prioritize, ordering(answer(0, 0)), bad, ordering(ranked("0.5", 1))),
        beast("a-score-that-is-no-number", Prioritize, ordering(ranked("nan", 1)), bad, ordering(ranked("1", 1))),
        beast(
            "an-origin-of-its-own",
            Suggestions,
            suggesting(format!("(drop {}) (i32.store (i32.const 1036) (i32.const 272)) (i32.const 1024)", answer(0, 0))),
            bad,
            good(),
        ),
        beast("no-such-case", Suggestions, suggesting("(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)"), bad, good()),
        beast("outside-memory", Suggestions, suggesting("(i32.const -64)"), bad, good()),
    ]
}

/// Those that use up what a call has.
fn greedy() -> Vec<Beast> {
    let good = || suggesting(DRAFT.suggested());
    let long = "(local $n i32) (loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 800000000))))";
    let patient = Mind { manifest: "[limits]\ncpu-ms = 10000\n".to_owned(), ..suggesting(format!("{long} {}", DRAFT.suggested())) };
    let table = |elements: u32| Mind {
        items: "(table $t 1 funcref)".to_owned(),
        ..suggesting(format!("(drop (table.grow $t (ref.null func) (i32.const {elements}))) {}", DRAFT.suggested()))
    };
    vec![
        beast("loop", Suggestions, suggesting(SPIN), "cpu-exceeded", patient),
        beast("memory-bomb", Suggestions, suggesting(GROW), "memory-exceeded", good()),
        beast("table-bomb", Suggestions, table(15_000), "resource-exceeded", table(5_000)),
        beast(
            "stack-bomb",
            Suggestions,
            Mind { items: DIVE.to_owned(), ..suggesting("(call $dive (i32.const 0))") },
            "stack-exceeded",
            good(),
        ),
        beast("trap", Extract, extracting("(unreachable)"), "trapped", extracting(DRAFT.extracted())),
    ]
}

/// Those that ask the host without end.
fn asking() -> Vec<Beast> {
    let flood = |call: &str| suggesting(forever(&format!("{call} {FORGET}")));
    let once = |call: &str| suggesting(format!("{call} (if (i32.load8_u (i32.const 896)) (then (unreachable))) {}", DRAFT.suggested()));
    let with = |mind: Mind, imports: &str, items: &str, manifest: &str| Mind {
        imports: imports.to_owned(),
        items: items.to_owned(),
        manifest: manifest.to_owned(),
        ..mind
    };
    let both = |name, call: &str, imports: &str, items: &str, manifest: &str| {
        beast(
            name,
            Suggestions,
            with(flood(call), imports, items, manifest),
            "host-calls-exceeded",
            with(once(call), imports, items, manifest),
        )
    };
    let put = "(call $put (i32.const 1) (i32.const 272) (i32.const 5) (i32.const 131072) (i32.const 700)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 896))";
    let upsert = "(call $upsert (i32.const 1) (i32.const 272) (i32.const 5) (i32.const 2304) (i32.const 1) (i32.const 896))";
    // {id: "water", text: "water", metadata: []}
    let item = r#"(data (i32.const 2304) "\10\01\00\00\05\00\00\00\10\01\00\00\05\00\00\00")"#;
    // One message, `user: water`.
    let question = r#"(data (i32.const 2048) "\00\09\00\00\01\00\00\00") (data (i32.const 296) "user")
        (data (i32.const 2304) "\28\01\00\00\04\00\00\00\10\01\00\00\05\00\00\00")"#;
    vec![
        both("search-flood", SEARCH_HELLO, SEARCH, "", "[needs.storage]\nmemories = 'read'\n"),
        both("write-flood", put, KV, "", "[needs.storage]\nkv = { scope = 'user', max-bytes = '64KiB' }\n"),
        both("upsert-flood", upsert, UPSERT, item, "[needs.vector]\nscope = 'user'\nmax-items = 9\n"),
        both(
            "model-flood",
            "(call $complete (i32.const 2048) (i32.const 896))",
            COMPLETE,
            question,
            "[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 1000\n",
        ),
    ]
}
