//! Beasts of the kind `auth-provider`, each with its control: the same attack under a lifted limit, or without its defect,
//! logs `mallory` in.

use super::build::{DIVE, FIRST_SECRET, GROW, PUT, Provider, SPIN, VERIFY, VERIFY_KEY, check, done, proven};

/// A provider that says what the check answered.
pub(super) fn honest() -> Provider {
    Provider::finishing(format!("{}{}", check(), proven()))
}

/// Honest, but for more in its assertion.
fn claiming(more: &str, items: &str) -> Provider {
    Provider { items: items.to_owned(), ..Provider::finishing(format!("{} {more} {}", check(), proven())) }
}

/// A provider that says more of a person than the host lets count: claims that name roles.
pub(super) fn claims_roles() -> Provider {
    let lists = "(i32.store (i32.const 1076) (i32.const 640)) (i32.store (i32.const 1080) (i32.const 2))
        (i32.store (i32.const 1084) (i32.const 640)) (i32.store (i32.const 1088) (i32.const 2))";
    // two texts: "admin", "operator"
    claiming(lists, r#"(data (i32.const 608) "adminoperator") (data (i32.const 640) "\60\02\00\00\05\00\00\00\65\02\00\00\08\00\00\00")"#)
}

/// Each with the code of its call's record; all of them are 503 `AUTH_006` to the client. `victim` is another's account.
pub(super) fn beasts(victim: &str) -> Vec<(&'static str, Provider, &'static str)> {
    let victim = format!(r#"(data (i32.const 576) "{victim}")"#);
    let asserting = |first: String, items: &str, subject: &str, length: u32| Provider {
        items: items.to_owned(),
        ..Provider::finishing(format!("{first}{}", done(&format!("(i32.const {subject})"), &format!("(i32.const {length})"))))
    };
    let step = "(i32.store8 (i32.const 1032) (i32.const 1)) (i32.const 1024)";
    let again = format!("(loop $again {} (br $again)) (unreachable)", check());
    let kept = "(call $put (i32.const 0) (i32.const 512) (i32.const 7) (i32.const 512) (i32.const 7)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 768)) (unreachable)";
    vec![
        ("login-loop", Provider::finishing(SPIN), "cpu-exceeded"),
        ("login-memory-bomb", Provider::finishing(GROW), "memory-exceeded"),
        ("login-stack-bomb", Provider { items: DIVE.to_owned(), ..Provider::finishing("(call $dive (i32.const 0))") }, "stack-exceeded"),
        ("login-check-flood", Provider::finishing(again), "host-calls-exceeded"),
        (
            "login-too-slow",
            Provider { manifest: "[needs.auth]\ncredentials = ['verify-password']\n[limits]\ndeadline-ms = 3\n", ..honest() },
            "deadline-exceeded",
        ),
        ("forged-subject", asserting(String::new(), &victim, "576", 36), "bad-output"),
        ("subject-of-another", asserting(check(), &victim, "576", 36), "bad-output"),
        ("empty-subject", asserting(check(), "", "576", 0), "bad-output"),
        ("huge-subject", asserting(check(), "", "65536", 9_000), "output-too-large"),
        ("finish-without-challenge", Provider::finishing(step), "bad-output"),
        ("login-bad-discriminant", claiming("(i32.store8 (i32.const 1048) (i32.const 9))", ""), "bad-output"),
        ("login-bad-utf8", claiming("(i32.store8 (i32.load (i32.const 776)) (i32.const 255))", ""), "bad-output"),
        ("login-outside-memory", Provider::finishing("(i32.const -8)"), "bad-output"),
        (
            "forged-handle",
            Provider::finishing("(call $verify (i32.const 512) (i32.const 7) (i32.const 77) (i32.const 768)) (i32.const 1024)"),
            "trapped",
        ),
        ("trap-after-a-right-password", Provider::finishing(format!("{} (unreachable)", check())), "trapped"),
        (
            "trap-after-writing",
            Provider {
                imports: format!("{VERIFY}{PUT}"),
                manifest: "[needs.auth]\ncredentials = ['verify-password']\n[needs.storage]\nkv = { scope = 'plugin', max-bytes = '4KiB' }\n",
                ..Provider::finishing(kept)
            },
            "trapped",
        ),
        ("login-nameless", Provider { describe: "(i32.const 3072)", ..honest() }, "bad-output"),
    ]
}

/// A provider that takes API keys where others take passwords; whose key it is, it is told.
pub(super) fn by_key() -> Provider {
    let denied = "(i32.store8 (i32.const 1024) (i32.const 1)) (return (i32.const 1024))";
    let judge = format!(
        "(call $verify_key {FIRST_SECRET} (i32.const 768))
        (if (i32.load8_u (i32.const 768)) (then (unreachable)))
        (if (i32.eqz (i32.load8_u (i32.const 772))) (then {denied})) {}",
        proven()
    );
    Provider { imports: VERIFY_KEY.to_owned(), manifest: "[needs.auth]\ncredentials = ['verify-api-key']\n", ..Provider::finishing(judge) }
}

/// The control of a beast: it logs `mallory` in.
pub(super) fn control(beast: &str) -> Provider {
    let lifted = |lines: &'static str, provider: Provider| Provider { manifest: lines, ..provider };
    let after = |first: &str| Provider::finishing(format!("{first} {} {}", check(), proven()));
    match beast {
        "login-loop" => {
            let spin = "(local $left i32) (local.set $left (i32.const 300000000)) (loop $again
                (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
            lifted("[needs.auth]\ncredentials = ['verify-password']\n[limits]\ncpu-ms = 10000\ndeadline-ms = 60000\n", after(spin))
        }
        "login-memory-bomb" => {
            let grow = "(if (i32.lt_s (memory.grow (i32.const 320)) (i32.const 0)) (then (unreachable)))";
            lifted("[needs.auth]\ncredentials = ['verify-password']\n[limits]\nmemory = '32MiB'\n", after(grow))
        }
        "trap-after-writing" => {
            let kept = "(call $put (i32.const 0) (i32.const 512) (i32.const 7) (i32.const 512) (i32.const 7)
                (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 896))
                (if (i32.load8_u (i32.const 896)) (then (unreachable)))";
            let manifest =
                "[needs.auth]\ncredentials = ['verify-password']\n[needs.storage]\nkv = { scope = 'plugin', max-bytes = '4KiB' }\n";
            Provider { imports: format!("{VERIFY}{PUT}"), manifest, ..after(kept) }
        }
        // Three checks are what a call may have; the last one is asserted.
        "login-check-flood" => after(&check().repeat(2)),
        _ => honest(),
    }
}
