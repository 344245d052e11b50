//! Beasts of the kind `xp-rules`, each with its control: the same attack under a lifted limit, which then works, or, where
//! what it breaks is no limit, the same answer without the defect.

use super::build::{BUMP, DIVE, GROW, HAS_SECRET, LOG, Rules, SPIN, TEN};

/// What a completion under the beast shows.
pub(super) enum Ends {
    /// It stays pending, and the call's record has this code.
    Pending(&'static str),
    /// It is scored, with so many points.
    Points(i64),
}

use Ends::{Pending, Points};

/// Honest while the host only asks for a description, whose one text is a short locale.
const SPIN_WHEN_ASKED_FOR_MUCH: &str = "(local $at i32) (if (i32.gt_u (local.get 3) (i32.const 8)) (then (loop $again (br $again))))
    (local.set $at (global.get $heap)) (global.set $heap (i32.add (global.get $heap) (i32.const 8))) (local.get $at)";

/// `times` calls of something, then ten points.
fn flood(times: u32, call: &str) -> String {
    format!(
        "(local $left i32) (local.set $left (i32.const {times})) (loop $again {call}
          (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left))) {TEN}"
    )
}

/// One bonus at 2048 with this code and so many points.
fn bonus(code: u32, length: u32, points: i32) -> String {
    format!(
        "(i32.store (i32.const 24) (i32.const 2048)) (i32.store (i32.const 28) (i32.const 1))
        (i32.store (i32.const 2048) (i32.const {code})) (i32.store (i32.const 2052) (i32.const {length}))
        (i32.store (i32.const 2056) (i32.const {code})) (i32.store (i32.const 2060) (i32.const {length}))
        (i32.store (i32.const 2064) (i32.const {points})) {TEN}"
    )
}

/// An answer with one extra value of so many bytes; 1 KiB is the most it may have.
fn long_text(bytes: u32) -> String {
    long_texts(1, bytes)
}

/// An answer with so many extra values of so many bytes each.
fn long_texts(pairs: u32, bytes: u32) -> String {
    let pair = |number: u32| {
        let (at, key) = (32_768 + 16 * number, 40_000 + number);
        format!(
            "(i32.store8 (i32.const {key}) (i32.const {})) (i32.store (i32.const {at}) (i32.const {key}))
            (i32.store (i32.const {}) (i32.const 1)) (i32.store (i32.const {}) (i32.const 65536)) (i32.store (i32.const {}) (i32.const {bytes}))",
            97 + number,
            at + 4,
            at + 8,
            at + 12
        )
    };
    let stored: String = (0..pairs).map(pair).collect();
    format!("{stored} (i32.store (i32.const 40) (i32.const 32768)) (i32.store (i32.const 44) (i32.const {pairs})) (i32.const 16)")
}

/// An answer with a list of so many bonuses.
fn long_list(count: u32) -> String {
    format!("(i32.store (i32.const 24) (i32.const 65536)) (i32.store (i32.const 28) (i32.const {count})) (i32.const 16)")
}

fn base(points: i32) -> String {
    format!("(i32.store (i32.const 20) (i32.const {points})) (i32.const 16)")
}

pub(super) fn beasts() -> Vec<(&'static str, Rules, Ends)> {
    let with = |items: &str, award: String| Rules { items: items.to_owned(), ..Rules::awarding(award) };
    let importing = |imports, award| Rules { imports, ..Rules::awarding(award) };
    let post = r#"(func (export "cabi_post_mnemosyne:xp-rules/rules@0.1.0#award") (param i32) (loop $again (br $again)))"#;
    let huge_argument = "(drop (call $has_secret (i32.const 65536) (i32.const 5242880))) (i32.const 16)";
    let one_line = "(call $log (i32.const 3) (i32.const 65536) (i32.const 900) (i32.const 0) (i32.const 0))";
    let guest_error = "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 4)) (i32.const 16)";
    vec![
        ("loop-in-export", Rules::awarding(SPIN), Pending("cpu-exceeded")),
        ("loop-in-realloc", Rules { realloc: SPIN_WHEN_ASKED_FOR_MUCH, ..Rules::default() }, Pending("cpu-exceeded")),
        ("loop-in-post-return", with(post, TEN.to_owned()), Pending("cpu-exceeded")),
        ("memory-bomb", Rules::awarding(GROW), Pending("memory-exceeded")),
        (
            "table-bomb",
            with("(table $t 1 funcref)", format!("(drop (table.grow $t (ref.null func) (i32.const 15000))) {TEN}")),
            Pending("resource-exceeded"),
        ),
        ("stack-bomb", with(DIVE, "(call $dive (i32.const 0))".to_owned()), Pending("stack-exceeded")),
        ("huge-string-out", Rules { pages: 100, ..Rules::awarding(long_text(5 << 20)) }, Pending("output-too-large")),
        ("string-just-over-the-cap", Rules::awarding(long_text(4096)), Pending("output-too-large")),
        ("huge-list-out", Rules { pages: 100, ..Rules::awarding(long_list(250_000)) }, Pending("output-too-large")),
        ("too-many-bonuses", Rules::awarding(long_list(33)), Pending("bad-output")),
        ("list-outside-memory", Rules::awarding(long_list(100_000)), Pending("bad-output")),
        ("bad-utf8", with(r#"(data (i32.const 65536) "\ff\fe\fd")"#, long_text(3)), Pending("bad-output")),
        ("bad-discriminant", Rules::awarding("(i32.store8 (i32.const 16) (i32.const 7)) (i32.const 16)"), Pending("bad-output")),
        ("outside-memory", Rules::awarding("(i32.const -16)"), Pending("bad-output")),
        ("unaligned", Rules::awarding("(i32.const 17)"), Pending("bad-output")),
        ("points-beyond-the-contract", Rules::awarding(base(i32::MAX)), Pending("bad-output")),
        ("points-cut", Rules::awarding(base(100_000)), Points(1_000)),
        ("points-negative", Rules::awarding(base(-100_000)), Points(0)),
        ("a-bonus-called-clamped", Rules::awarding(bonus(272, 7, 5)), Pending("bad-output")),
        ("a-bonus-called-base", Rules::awarding(bonus(288, 4, 5)), Pending("bad-output")),
        (
            "host-call-flood",
            importing(HAS_SECRET, flood(1_000, "(drop (call $has_secret (i32.const 0) (i32.const 4)))")),
            Pending("host-calls-exceeded"),
        ),
        ("log-flood", importing(LOG, flood(15, one_line)), Points(10)),
        ("huge-argument", Rules { imports: HAS_SECRET, pages: 100, ..Rules::awarding(huge_argument) }, Pending("resource-exceeded")),
        ("trap-after-effects", importing(LOG, format!("{one_line} (unreachable)")), Pending("trapped")),
        ("an-error-of-its-own", Rules::awarding(guest_error), Pending("guest-error")),
        ("levels-that-trap", Rules { level_at: "(unreachable)", ..Rules::default() }, Points(10)),
    ]
}

/// Spins so often, then ten points.
fn while_spinning(times: u32) -> String {
    format!(
        "(local $left i32) (local.set $left (i32.const {times})) (loop $again
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) {TEN}"
    )
}

/// Calls itself so deep, then ten points.
const DIVE_SO_DEEP: &str = "(func $dive (param i32) (result i32) (if (result i32) (local.get 0)
    (then (i32.add (call $dive (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))";

/// An honest allocator that spins a little for everything that is large.
const SPIN_A_LITTLE: &str = "(local $at i32) (local.set $at (i32.const 1000)) (loop $again
      (br_if $again (local.tee $at (i32.sub (local.get $at) (i32.const 1)))))
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 7)) (i32.const -8)))
    (local.get $at)";

/// The control of a beast and its points; every beast has one.
pub(super) fn control(beast: &str) -> (Rules, i64) {
    let lifted = |award: String, manifest: &'static str| Rules { manifest, ..Rules::awarding(award) };
    let with = |items: &str, award: String| Rules { items: items.to_owned(), ..Rules::awarding(award) };
    let importing = |imports, award| Rules { imports, ..Rules::awarding(award) };
    let one_line = "(call $log (i32.const 3) (i32.const 65536) (i32.const 900) (i32.const 0) (i32.const 0))";
    let post = r#"(func (export "cabi_post_mnemosyne:xp-rules/rules@0.1.0#award") (param i32))"#;
    let table = "(drop (table.grow $t (ref.null func) (i32.const 15000)))";
    let grow = "(if (i32.lt_s (memory.grow (i32.const 160)) (i32.const 0)) (then (unreachable)))";
    let calls = flood(1_000, "(drop (call $has_secret (i32.const 0) (i32.const 4)))");
    let argument = "(drop (call $has_secret (i32.const 65536) (i32.const 1048576)))";
    match beast {
        // A tenth of a second of any machine, or more: far over the usual ten milliseconds, far below ten thousand.
        "loop-in-export" => (lifted(while_spinning(200_000_000), "[limits]\ncpu-ms = 10000\ndeadline-ms = 60000"), 10),
        "loop-in-realloc" => (Rules { realloc: SPIN_A_LITTLE, ..Rules::default() }, 10),
        "loop-in-post-return" => (with(post, TEN.to_owned()), 10),
        "memory-bomb" => (lifted(format!("{grow} {TEN}"), "[limits]\nmemory = '16MiB'"), 10),
        "table-bomb" => {
            let items = "(table $t 1 funcref)".to_owned();
            (Rules { items, ..lifted(format!("{table} {TEN}"), "[limits]\ntable-elements = 16000") }, 10)
        }
        "stack-bomb" => (with(DIVE_SO_DEEP, format!("(drop (call $dive (i32.const 1000))) {TEN}")), 10),
        "huge-string-out" | "string-just-over-the-cap" => (lifted(with_base(10, &long_texts(5, 1000)), "[limits]\noutput = '8KiB'"), 10),
        "huge-list-out" | "too-many-bonuses" | "list-outside-memory" => (Rules::awarding(bonus(256, 4, 5)), 15),
        "bad-utf8" => (with(r#"(data (i32.const 65536) "\c3\a9!")"#, with_base(10, &long_text(3))), 10),
        "bad-discriminant" => (Rules::awarding(format!("(i32.store8 (i32.const 16) (i32.const 0)) {TEN}")), 10),
        "outside-memory" | "unaligned" => (Rules { realloc: BUMP, ..Rules::awarding(TEN) }, 10),
        "points-beyond-the-contract" | "points-cut" => (Rules::awarding(base(1_000)), 1_000),
        "points-negative" => (Rules::awarding(base(0)), 0),
        "a-bonus-called-clamped" | "a-bonus-called-base" => (Rules::awarding(bonus(256, 4, 7)), 17),
        "host-call-flood" => (Rules { manifest: "[limits]\nhost-calls = 1000", ..importing(HAS_SECRET, calls) }, 10),
        "log-flood" => (importing(LOG, flood(1, one_line)), 10),
        "huge-argument" => (Rules { pages: 100, ..importing(HAS_SECRET, format!("{argument} {TEN}")) }, 10),
        "trap-after-effects" => (importing(LOG, format!("{one_line} {TEN}")), 10),
        "an-error-of-its-own" | "levels-that-trap" => (Rules::default(), 10),
        other => unreachable!("{other} has no control"),
    }
}

/// An answer with so many points besides what it says already.
fn with_base(points: i32, answer: &str) -> String {
    format!("(i32.store (i32.const 20) (i32.const {points})) {answer}")
}
