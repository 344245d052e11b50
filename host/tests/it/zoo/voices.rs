//! Beasts of the kind `persona`, each with its control: the same attack within its bounds, under a lifted limit, or without its
//! defect. What a voice got to hear from the host it says in letters (`voice.rs`): `32q` is thirty-two answers, then `quota`.

use super::build::{DIVE, GROW, SPIN};
use super::voice::{
    COMPLETE, DONE, FORGET, HELLO, KV, LOG, OPEN, PERFORM, QUESTION, SEARCH, SEARCH_HELLO, UPSERT, Voice, data, forever, until_refused,
};

/// How a turn ends.
pub(super) enum Ends {
    /// As an ordinary answer.
    Says(String),
    /// Before its first word: an earlier revision answers, degraded; the call's record has this code.
    Replaced(&'static str),
    /// After its first word: what was said stands, degraded; the call's record has this code.
    Broken(&'static str, String),
}

use Ends::{Broken, Replaced, Says};

/// A beast and its control, which says this.
pub(super) struct Beast {
    pub(super) name: &'static str,
    pub(super) voice: Voice,
    pub(super) ends: Ends,
    pub(super) control: Voice,
    pub(super) says: String,
}

fn beast(name: &'static str, voice: Voice, ends: Ends, control: Voice, says: impl Into<String>) -> Beast {
    Beast { name, voice, ends, control, says: says.into() }
}

fn hello() -> String {
    "hello".to_owned()
}

/// So often.
fn times(count: u32, what: &str) -> String {
    format!(
        "(local $left i32) (local.set $left (i32.const {count})) (loop $again {what}
           (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"
    )
}

pub(super) fn beasts() -> Vec<Beast> {
    [talkers(), burners(), wreckers(), keepers(), seekers()].into_iter().flatten().collect()
}

/// Those that push.
fn talkers() -> Vec<Beast> {
    let one = "(call $say (i32.const 256) (i32.const 1))";
    let empty = "(call $say (i32.const 256) (i32.const 0))";
    let block = "(memory.fill (i32.const 131072) (i32.const 97) (i32.const 4096)) (call $say (i32.const 131072) (i32.const 4096))";
    let status = "(call $status (global.get $reply) (i32.const 256) (i32.const 5))";
    let cite = "(call $cite (global.get $reply) (i32.const 256) (i32.const 5))";
    let block_of = |count: u32| Voice::saying(format!("{} {DONE}", times(count, block)));
    let endless = Voice::saying(forever(block));
    vec![
        beast(
            "tiny-pushes",
            Voice::saying(forever(one)),
            Broken("host-calls-exceeded", "h".repeat(16_384)),
            Voice::saying(format!("{} {DONE}", times(1_000, one))),
            "h".repeat(1_000),
        ),
        beast(
            "empty-pushes",
            Voice::saying(forever(empty)),
            Replaced("host-calls-exceeded"),
            Voice::saying(format!("{} {HELLO} {DONE}", times(200, empty))),
            hello(),
        ),
        beast(
            "endless-answer",
            endless.with("", "[limits]\noutput = '64KiB'\n"),
            Broken("host-calls-exceeded", "a".repeat(64 << 10)),
            block_of(15).with("", "[limits]\noutput = '64KiB'\n"),
            "a".repeat(15 << 12),
        ),
        beast(
            "status-flood",
            Voice::saying(forever(status)),
            Replaced("host-calls-exceeded"),
            Voice::saying(format!("{} {HELLO} {DONE}", times(200, status))),
            hello(),
        ),
        beast(
            "citation-flood",
            Voice::saying(forever(cite)),
            Replaced("host-calls-exceeded"),
            Voice::saying(format!("{} {HELLO} {DONE}", times(200, cite))),
            hello(),
        ),
        beast(
            "log-flood",
            Voice::saying(forever("(call $log (i32.const 3) (i32.const 131072) (i32.const 900) (i32.const 0) (i32.const 0))"))
                .with(LOG, ""),
            Replaced("host-calls-exceeded"),
            Voice::saying(format!(
                "{} {HELLO} {DONE}",
                times(200, "(call $log (i32.const 3) (i32.const 131072) (i32.const 900) (i32.const 0) (i32.const 0))")
            ))
            .with(LOG, ""),
            hello(),
        ),
        beast(
            "half-a-character",
            Voice::saying(format!("(call $say (i32.const 2048) (i32.const 3)) {DONE}")).items(data(2048, b"ok\xc3")),
            Replaced("trapped"),
            Voice::saying(format!("(call $say (i32.const 2048) (i32.const 4)) {DONE}")).items(data(2048, b"ok\xc3\xa9")),
            "oké",
        ),
        beast(
            "forged-reply",
            Voice::saying("(call $push (i32.const 7) (i32.const 256) (i32.const 5) (i32.const 768)) (i32.const 3072)"),
            Replaced("trapped"),
            Voice::default(),
            hello(),
        ),
    ]
}

/// Those that use up time, memory, stack and tables.
fn burners() -> Vec<Beast> {
    let long = "(loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 400000000))))";
    let lifted = "[limits]\ncpu-ms = 10000\n";
    let grow = |pages: u32| format!("(if (i32.lt_s (memory.grow (i32.const {pages})) (i32.const 0)) (then (unreachable))) {HELLO} {DONE}");
    let table = |elements: u32| {
        Voice::saying(format!("(drop (table.grow $t (ref.null func) (i32.const {elements}))) {HELLO} {DONE}")).items("(table $t 1 funcref)")
    };
    let deep = "(func $dive (param i32) (result i32) (if (result i32) (local.get 0)
        (then (i32.add (call $dive (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))";
    vec![
        beast(
            "loop-before-a-word",
            Voice::saying(SPIN),
            Replaced("cpu-exceeded"),
            Voice::saying(format!("(local $n i32) {long} {HELLO} {DONE}")).with("", lifted),
            hello(),
        ),
        beast(
            "loop-after-a-word",
            Voice::saying(format!("{HELLO} {SPIN}")),
            Broken("cpu-exceeded", hello()),
            Voice::saying(format!("(local $n i32) {HELLO} {long} {DONE}")).with("", lifted),
            hello(),
        ),
        beast(
            "memory-bomb",
            Voice::saying(GROW),
            Replaced("memory-exceeded"),
            Voice::saying(grow(640)).with("", "[limits]\nmemory = '64MiB'\n"),
            hello(),
        ),
        beast("table-bomb", table(15_000), Replaced("resource-exceeded"), table(5_000), hello()),
        beast(
            "stack-bomb",
            Voice::saying("(call $dive (i32.const 0))").items(DIVE),
            Replaced("stack-exceeded"),
            Voice::saying(format!("(drop (call $dive (i32.const 1000))) {HELLO} {DONE}")).items(deep),
            hello(),
        ),
    ]
}

/// Those whose answer is none.
fn wreckers() -> Vec<Beast> {
    let wrong = |outcome: &str| Voice::saying(format!("{HELLO} {outcome} {DONE}"));
    // A draft at 4096: title "hello", content "hello", no tags, importance as given, nothing more; forty bytes.
    let draft = |importance: &str| {
        format!(
            "(i32.store (i32.const 3076) (i32.const 4096)) (i32.store (i32.const 3080) (i32.const 1))
             (i32.store (i32.const 4096) (i32.const 256)) (i32.store (i32.const 4100) (i32.const 5))
             (i32.store (i32.const 4104) (i32.const 256)) (i32.store (i32.const 4108) (i32.const 5))
             (f32.store (i32.const 4120) (f32.const {importance}))"
        )
    };
    let memories = |count: u32| format!("(i32.store (i32.const 3076) (i32.const 4096)) (i32.store (i32.const 3080) (i32.const {count}))");
    let suggestions =
        |count: u32| format!("(i32.store (i32.const 3084) (i32.const 4096)) (i32.store (i32.const 3088) (i32.const {count}))");
    let broken = || Broken("bad-output", hello());
    // err(internal, message "hello"); nobody may hear it.
    let complaint = "(i32.store8 (i32.const 3072) (i32.const 1)) (i32.store8 (i32.const 3076) (i32.const 7))
        (i32.store (i32.const 3088) (i32.const 2048)) (i32.store (i32.const 3092) (i32.const 13))";
    vec![
        beast("trap-before-a-word", Voice::saying("(unreachable)"), Replaced("trapped"), Voice::default(), hello()),
        beast("trap-after-a-word", Voice::saying(format!("{HELLO} (unreachable)")), Broken("trapped", hello()), Voice::default(), hello()),
        beast(
            "an-error-of-its-own",
            Voice::saying(format!("{complaint} {DONE}")).items(data(2048, b"zoo-complaint")),
            Replaced("guest-error"),
            Voice::default(),
            hello(),
        ),
        beast("nine-memories", wrong(&memories(9)), broken(), wrong(&draft("0.5")), hello()),
        beast("an-empty-memory", wrong(&memories(1)), broken(), wrong(&draft("1")), hello()),
        beast("a-million-memories", wrong(&memories(1_000_000)), broken(), wrong(&draft("0")), hello()),
        beast("an-importance-that-is-no-number", wrong(&draft("nan")), broken(), wrong(&draft("0.9")), hello()),
        beast("five-suggestions", wrong(&suggestions(5)), broken(), wrong(&suggestions(0)), hello()),
        beast(
            "no-such-case",
            wrong("(i32.store8 (i32.const 3072) (i32.const 9))"),
            broken(),
            wrong("(i32.store8 (i32.const 3072) (i32.const 0))"),
            hello(),
        ),
        beast(
            "outside-memory",
            Voice::saying(format!("{HELLO} (call $drop_reply (global.get $reply)) (i32.const -64)")),
            broken(),
            Voice::default(),
            hello(),
        ),
    ]
}

/// Those that keep too much, and those that act where nobody asked them to.
fn keepers() -> Vec<Beast> {
    // Items whose ids count up: the id's four bytes at 2400.
    let item = "(i32.store (i32.const 2400) (i32.add (i32.const 0x41414141) (local.get $n)))
        (call $upsert (i32.const 1) (i32.const 2420) (i32.const 4) (i32.const 2304) (i32.const 1) (i32.const 896))";
    let bomb = |most: &str, tries: u32| {
        Voice::saying(until_refused(item, tries))
            // {id: (2400, 4), text: "hello", metadata: []}; the collection is `echo`
            .items(format!(r#"(data (i32.const 2304) "\60\09\00\00\04\00\00\00\00\01\00\00\05\00\00\00") {}"#, data(2420, b"echo")))
            .with(UPSERT, &format!("[needs.vector]\nscope = 'user'\nmax-items = {most}\n"))
    };
    let act =
        "(call $perform (i32.const 256) (i32.const 1) (i32.const 2048) (i32.const 11) (i32.const 2064) (i32.const 13) (i32.const 896))";
    let acting = |operations: &str| {
        let names = r#"(data (i32.const 2048) "create_task") (data (i32.const 2064) "{\22title\22:\22x\22}")"#;
        Voice::saying(format!("{act} (call $tell (i32.const 896) (i32.const 4)) {DONE}"))
            .items(names)
            .with(PERFORM, &format!("[needs.actions]\noperations = [{operations}]\n"))
    };
    vec![
        beast("upsert-bomb", bomb("9", 100), Says("9q".to_owned()), bomb("50", 20), "20+"),
        beast("key-escape", keys("../../other-plugin/user/secret", 700, "1KiB"), Says("+q+".to_owned()), keys("b", 100, "1KiB"), "+++"),
        beast("key-of-control-characters", keys("a\0\r\n", 8, "1KiB"), Says("i+i".to_owned()), keys("a", 8, "1KiB"), "+++"),
        beast("smuggled-action", acting("'tasks.list'"), Says("d".to_owned()), acting("'tasks.create'"), "+"),
    ]
}

/// Those that search memories.
fn seekers() -> Vec<Beast> {
    let search = |respond: String| Voice::saying(respond).with(SEARCH, "[needs.storage]\nmemories = 'read'\n");
    vec![beast(
        "search-flood",
        search(forever(&format!("{SEARCH_HELLO} {FORGET}"))),
        Replaced("host-calls-exceeded"),
        // A search costs eight calls of 256.
        search(until_refused(SEARCH_HELLO, 20)),
        "20+",
    )]
}

/// Those that ask models.
pub(super) fn model_users() -> Vec<Beast> {
    let model = "[needs.llm]\nclasses = ['chat']\nmax-tokens-per-call = 1000\n";
    let ask = "(call $complete (i32.const 2048) (i32.const 896))";
    let open = "(call $open (i32.const 2048) (i32.const 896))";
    let asking = |respond: String| Voice::saying(respond).items(QUESTION).with(COMPLETE, model);
    let listening = |respond: String| Voice::saying(respond).items(QUESTION).with(OPEN, model);
    let next = format!("(call $next (i32.load (i32.const 900)) (i32.const 960)) {FORGET}");
    vec![
        beast(
            "model-flood",
            asking(forever(&format!("{ask} {FORGET}"))),
            Replaced("host-calls-exceeded"),
            asking(format!("{ask} (call $tell (i32.const 896) (i32.const 4)) {DONE}")),
            "+",
        ),
        beast("model-quota", asking(until_refused(ask, 100)), Says("4q".to_owned()), asking(until_refused(ask, 4)), "4+"),
        beast("open-flood", listening(until_refused(open, 100)), Says("2q".to_owned()), listening(until_refused(open, 2)), "2+"),
        beast(
            "listening-for-ever",
            listening(format!("{open} {}", forever(&next))),
            Replaced("host-calls-exceeded"),
            listening(format!("{open} {next} (call $tell (i32.const 960) (i32.const 4)) {DONE}")),
            "+",
        ),
    ]
}

/// Puts a value of so many bytes under this key and one of 700 more under `b`, then reads the first: three letters.
fn keys(key: &str, bytes: u32, quota: &str) -> Voice {
    let put = |at: usize, length: usize, bytes: u32| {
        format!(
            "(call $put (i32.const 1) (i32.const {at}) (i32.const {length}) (i32.const 131072) (i32.const {bytes})
               (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 896)) (call $tell (i32.const 896) (i32.const 8))"
        )
    };
    let get = format!(
        "(call $get (i32.const 1) (i32.const 2048) (i32.const {}) (i32.const 896)) (call $tell (i32.const 896) (i32.const 8))",
        key.len()
    );
    let respond = format!("{} {} {get} {DONE}", put(2048, key.len(), bytes), put(2112, 1, 700));
    Voice::saying(respond)
        .items(format!("{} {}", data(2048, key.as_bytes()), data(2112, b"b")))
        .with(KV, &format!("[needs.storage]\nkv = {{ scope = 'user', max-bytes = '{quota}' }}\n"))
}
