//! A call from outside: that it works, and that each limit fires, with its positive control.

use std::time::{Duration, Instant};

use crate::error::{Failure, GuestErrorKind, Resource};
use crate::kit::{House, Rules, TEN_POINTS, completion, nobody};
use crate::record::Outcome;

/// The failure of one award.
async fn failure(rules: &Rules) -> Failure {
    House::new().award(rules).await.unwrap_err().failure
}

/// Rules with lines of `[limits]`.
fn limited(award: &str, limits: &'static str) -> Rules {
    Rules { manifest: limits, ..Rules::awarding(award) }
}

const SPIN: &str = "(loop $again (br $again)) (unreachable)";

#[tokio::test]
async fn every_export_of_the_rules_can_be_called() {
    let house = House::new();
    let revision = house.revision(Rules::default().build()).await;
    let rules = || house.runtime.xp_rules(&revision, nobody());
    assert_eq!(rules().award(completion()).await.unwrap().value.base, 10);
    assert_eq!(rules().level_at(7).await.unwrap().value.next, 100);
    assert_eq!(rules().classify(completion().task, completion().facts).await.unwrap().value, "solo");
    assert_eq!(rules().describe("en".to_owned()).await.unwrap().value.title, "");
}

#[tokio::test]
async fn the_record_tells_who_what_and_at_which_cost() {
    let house = House::new();
    let called = house.award(&Rules::default()).await.unwrap();
    let records = house.records.all();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record.id, called.record.id);
    assert_eq!((record.export, &*record.slot, &*record.request), ("xp-rules.award", "xp-rules", "req-1"));
    assert_eq!((record.revision.plugin.as_str(), record.revision.version.as_str()), ("xp-rules-test", "0.1.0"));
    assert_eq!((record.revision.digest.len(), record.revision.grant_hash.len()), (64, 64));
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.peak_memory, 2 << 16);
    assert!(record.guest_cpu > Duration::ZERO && record.wall >= record.guest_cpu / 2, "{record:?}");
    assert!(record.output_bytes > 0);
}

#[tokio::test]
async fn a_call_sees_no_trace_of_another() {
    let house = House::new();
    let count = "(i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
        (i32.store (i32.const 20) (i32.load (i32.const 1024))) (i32.const 16)";
    let revision = house.revision(Rules::awarding(count).build()).await;
    for _ in 0..5 {
        let called = house.runtime.xp_rules(&revision, nobody()).award(completion()).await.unwrap();
        assert_eq!(called.value.base, 1, "a second call in the same instance would answer 2");
    }
}

#[tokio::test]
async fn a_spinning_guest_is_stopped_by_its_cpu_time() {
    let begun = Instant::now();
    let failed = House::new().award(&Rules::awarding(SPIN)).await.unwrap_err();
    assert_eq!(failed.failure, Failure::CpuExceeded(Duration::from_millis(10)));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(failed.record.guest_cpu >= Duration::from_millis(10), "{:?}", failed.record);
    assert!(failed.record.guest_cpu < Duration::from_millis(60), "{:?}", failed.record);
}

#[tokio::test]
async fn a_long_loop_passes_once_the_limit_is_lifted() {
    let long = format!(
        "(local $left i32) (local.set $left (i32.const 60000000))
        (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left))) {TEN_POINTS}"
    );
    assert!(matches!(failure(&Rules::awarding(&long)).await, Failure::CpuExceeded(_)));
    let lifted = limited(&long, "[limits]\ncpu-ms = 10000\ndeadline-ms = 60000");
    assert_eq!(House::new().award(&lifted).await.unwrap().value.base, 10);
}

#[tokio::test]
async fn instantiation_and_allocation_are_under_the_same_limits() {
    let start = Rules { items: "(func $spin (loop $again (br $again))) (start $spin)".to_owned(), ..Rules::default() };
    assert!(matches!(failure(&start).await, Failure::CpuExceeded(_)));
    let realloc = Rules { realloc: SPIN, ..Rules::default() };
    assert!(matches!(failure(&realloc).await, Failure::CpuExceeded(_)));
    let post = Rules {
        items: r#"(func (export "cabi_post_mnemosyne:xp-rules/rules@0.1.0#award") (param i32) (loop $again (br $again)))"#.to_owned(),
        ..Rules::default()
    };
    assert!(matches!(failure(&post).await, Failure::CpuExceeded(_)));
}

#[tokio::test]
async fn the_deadline_ends_a_call_whose_cpu_time_would_last() {
    let rules = limited(SPIN, "[limits]\ncpu-ms = 10000\ndeadline-ms = 50");
    let begun = Instant::now();
    assert_eq!(failure(&rules).await, Failure::DeadlineExceeded(Duration::from_millis(50)));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn memory_is_capped_and_counted() {
    let grow = format!("(drop (memory.grow (i32.const 160))) {TEN_POINTS}");
    let failed = House::new().award(&Rules::awarding(&grow)).await.unwrap_err();
    assert_eq!(failed.failure, Failure::MemoryExceeded(8 << 20));
    assert_eq!(failed.record.peak_memory, 2 << 16);
    let lifted = House::new().award(&limited(&grow, "[limits]\nmemory = '16MiB'")).await.unwrap();
    assert_eq!(lifted.record.peak_memory, 162 << 16);
    let at_birth = Rules { memory: "200", ..Rules::default() };
    assert_eq!(failure(&at_birth).await, Failure::MemoryExceeded(8 << 20));
}

#[tokio::test]
async fn tables_are_capped() {
    let table = |size: u32| Rules {
        items: "(table $t 1 funcref)".to_owned(),
        ..Rules::awarding(format!("(drop (table.grow $t (ref.null func) (i32.const {size}))) {TEN_POINTS}"))
    };
    assert_eq!(failure(&table(15_000)).await, Failure::ResourceExceeded(Resource::Tables));
    assert!(House::new().award(&table(5_000)).await.is_ok());
    let many = |limit| Rules { items: "(table 1 funcref)".repeat(9), manifest: limit, ..Rules::default() };
    assert_eq!(failure(&many("")).await, Failure::ResourceExceeded(Resource::Tables));
    assert!(House::new().award(&many("[limits]\ntables = 16")).await.is_ok());
}

#[tokio::test]
async fn core_instances_are_capped() {
    let rules = Rules { manifest: "[limits]\ncore-instances = 1", imports: CONFIG_HAS_SECRET, ..Rules::default() };
    assert_eq!(failure(&rules).await, Failure::ResourceExceeded(Resource::Instances));
    assert!(House::new().award(&Rules { manifest: "", ..rules }).await.is_ok());
}

#[tokio::test]
async fn deep_recursion_is_a_typed_error_and_shallow_recursion_works() {
    let down = |depth: u32| Rules {
        items: "(func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
              (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))"
            .to_owned(),
        ..Rules::awarding(format!("(drop (call $down (i32.const {depth}))) {TEN_POINTS}"))
    };
    assert_eq!(failure(&down(1_000_000)).await, Failure::StackExceeded);
    assert!(House::new().award(&down(1_000)).await.is_ok());
}

const CONFIG_HAS_SECRET: &str = r#"(import "mnemosyne:config/config@0.1.0" "has-secret" (func $has_secret (param i32 i32) (result i32)))"#;

fn calling_the_host(times: u32, manifest: &'static str) -> Rules {
    let award = format!(
        "(local $left i32) (local.set $left (i32.const {times}))
        (loop $again (drop (call $has_secret (i32.const 0) (i32.const 4)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left))) {TEN_POINTS}"
    );
    Rules { imports: CONFIG_HAS_SECRET, manifest, ..Rules::awarding(award) }
}

#[tokio::test]
async fn host_calls_are_counted_and_capped() {
    let called = House::new().award(&calling_the_host(16, "")).await.unwrap();
    assert_eq!((called.record.host_calls, called.record.events.len()), (16, 16));
    assert_eq!(called.record.events[0].function, "config/config.has-secret");
    let failed = House::new().award(&calling_the_host(17, "")).await.unwrap_err();
    assert_eq!(failed.failure, Failure::HostCallsExceeded(16));
    assert!(House::new().award(&calling_the_host(17, "[limits]\nhost-calls = 20")).await.is_ok());
}

#[tokio::test]
async fn arguments_of_a_host_call_are_capped() {
    let huge = |bytes: u32, limits| Rules {
        imports: CONFIG_HAS_SECRET,
        memory: "100",
        manifest: limits,
        ..Rules::awarding(format!("(drop (call $has_secret (i32.const 65536) (i32.const {bytes}))) {TEN_POINTS}"))
    };
    assert_eq!(failure(&huge(5 << 20, "")).await, Failure::ResourceExceeded(Resource::Arguments));
    assert!(House::new().award(&huge(1 << 20, "")).await.is_ok(), "over the function's own cap: simply no such secret");
}

/// `ok(proposal)` with so many pairs of extra, each with a value of `bytes` bytes of memory.
fn long_answer(pairs: u32, bytes: u32, manifest: &'static str) -> Rules {
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
    let stored = (0..pairs).map(pair).collect::<Vec<_>>().join(" ");
    let award =
        format!("{stored} (i32.store (i32.const 40) (i32.const 32768)) (i32.store (i32.const 44) (i32.const {pairs})) (i32.const 16)");
    Rules { memory: "100", manifest, ..Rules::awarding(award) }
}

#[tokio::test]
async fn answers_are_capped_before_and_after_they_are_read() {
    assert_eq!(failure(&long_answer(1, 4096, "")).await, Failure::OutputTooLarge(4096));
    assert_eq!(failure(&long_answer(1, 5 << 20, "")).await, Failure::OutputTooLarge(4096), "never copied at all");
    assert_eq!(failure(&long_answer(5, 1000, "")).await, Failure::OutputTooLarge(4096));
    let called = House::new().award(&long_answer(5, 1000, "[limits]\noutput = '8KiB'")).await.unwrap();
    assert!(called.record.output_bytes > 4096);
    let raised = failure(&long_answer(1, 1_025, "[limits]\noutput = '8KiB'")).await;
    assert!(matches!(raised, Failure::BadOutput(_)), "a value of extra has 1 KiB at most, whatever the limit: {raised:?}");
}

#[tokio::test]
async fn answers_that_break_the_abi_or_the_contract_are_bad_output() {
    let cases = [
        ("outside memory", "(i32.const -16)"),
        ("misaligned", "(i32.const 17)"),
        ("no such case of the result", "(i32.store8 (i32.const 16) (i32.const 7)) (i32.const 16)"),
        (
            "a list that ends outside memory",
            "(i32.store (i32.const 24) (i32.const 65536)) (i32.store (i32.const 28) (i32.const 100000)) (i32.const 16)",
        ),
        ("points beyond the contract", "(i32.store (i32.const 20) (i32.const 100001)) (i32.const 16)"),
    ];
    for (what, award) in cases {
        let failure = failure(&Rules::awarding(award)).await;
        assert!(matches!(failure, Failure::BadOutput(_)), "{what}: {failure:?}");
    }
    let not_utf8 = Rules { items: r#"(data (i32.const 65536) "\ff\fe\fd")"#.to_owned(), ..long_answer(1, 3, "") };
    assert!(matches!(failure(&not_utf8).await, Failure::BadOutput(_)));
}

#[tokio::test]
async fn a_trap_is_a_trap_and_a_guests_error_is_scrubbed() {
    assert!(matches!(failure(&Rules::awarding("(unreachable)")).await, Failure::Trapped(_)));
    let error = Rules {
        items: r#"(data (i32.const 1024) "bad\0a\1b[31m")"#.to_owned(),
        ..Rules::awarding(
            "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 4))
            (i32.store (i32.const 24) (i32.const 1024)) (i32.store (i32.const 28) (i32.const 9))
            (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 9)) (i32.const 16)",
        )
    };
    let Failure::GuestError { kind, code, message } = failure(&error).await else { unreachable!() };
    assert_eq!((kind, code.as_str(), message.as_str()), (GuestErrorKind::Invalid, "bad··[31m", "bad··[31m"));
}

#[tokio::test]
async fn a_full_house_is_overloaded_and_frees_itself() {
    let house = House::with(crate::Settings {
        admission: crate::Admission { xp_rules: 1, auth_provider: 1, persona: 1, task_intelligence: 1 },
        ..crate::kit::settings()
    });
    let slow = house.revision(limited(SPIN, "[limits]\ncpu-ms = 2000\ndeadline-ms = 2000").build()).await;
    let quick = house.revision(Rules::default().build()).await;
    let (runtime, revision) = (house.runtime.clone(), slow.clone());
    let spinning = tokio::spawn(async move { runtime.xp_rules(&revision, nobody()).award(completion()).await });
    while house.runtime.free(crate::manifest::Kind::XpRules) > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let failed = house.runtime.xp_rules(&quick, nobody()).award(completion()).await.unwrap_err();
    assert_eq!(failed.failure, Failure::Overloaded);
    assert!(failed.record.wall < Duration::from_millis(100) || failed.record.waited.is_zero());
    assert!(matches!(spinning.await.unwrap().unwrap_err().failure, Failure::CpuExceeded(_) | Failure::DeadlineExceeded(_)));
    assert!(house.runtime.xp_rules(&quick, nobody()).award(completion()).await.is_ok());
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_the_guest_and_leaves_a_record() {
    let house = House::new();
    let revision = house.revision(limited(SPIN, "[limits]\ncpu-ms = 10000\ndeadline-ms = 60000").build()).await;
    let call = house.runtime.xp_rules(&revision, nobody()).award(completion());
    assert!(tokio::time::timeout(Duration::from_millis(30), call).await.is_err());
    while house.records.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(house.records.all()[0].outcome, Outcome::Cancelled);
    house.all_places_free(crate::manifest::Kind::XpRules).await;
}

#[tokio::test]
async fn spinning_guests_do_not_hold_up_others() {
    let house = House::new();
    let slow = house.revision(limited(SPIN, "[limits]\ncpu-ms = 400\ndeadline-ms = 5000").build()).await;
    let quick = house.revision(Rules::default().build()).await;
    let spinning: Vec<_> = (0..3)
        .map(|_| {
            let (runtime, revision) = (house.runtime.clone(), slow.clone());
            tokio::spawn(async move { runtime.xp_rules(&revision, nobody()).award(completion()).await })
        })
        .collect();
    for _ in 0..20 {
        let called = house.runtime.xp_rules(&quick, nobody()).award(completion()).await;
        assert!(called.is_ok(), "{called:?}");
    }
    for spin in spinning {
        assert!(spin.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_rejected_answer_corrects_its_record() {
    let house = House::new();
    let called = house.award(&Rules::default()).await.unwrap();
    let id = called.record.id;
    let failed = called.reject("not what was\nasked");
    assert_eq!(failed.failure, Failure::BadOutput("not what was·asked".to_owned()));
    let outcomes: Vec<_> = house.records.all().iter().filter(|record| record.id == id).map(|record| record.outcome.code()).collect();
    assert_eq!(outcomes, ["ok", "bad-output"]);
}

#[tokio::test]
async fn a_failing_revision_is_suspended_for_its_user() {
    let house = House::with(crate::Settings { breaker: Some(crate::breaker::BreakerSettings::default()), ..crate::kit::settings() });
    let revision = house.revision(Rules::awarding("(unreachable)").build()).await;
    for _ in 0..5 {
        let failed = house.runtime.xp_rules(&revision, crate::kit::ada()).award(completion()).await.unwrap_err();
        assert!(matches!(failed.failure, Failure::Trapped(_)));
    }
    let failed = house.runtime.xp_rules(&revision, crate::kit::ada()).award(completion()).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::Suspended(_)));
}

#[tokio::test]
async fn five_refused_answers_in_a_row_suspend_a_revision_too() {
    let house = House::with(crate::Settings { breaker: Some(crate::breaker::BreakerSettings::default()), ..crate::kit::settings() });
    let revision = house.revision(Rules::default().build()).await;
    let award = async || house.runtime.xp_rules(&revision, crate::kit::ada()).award(completion()).await;
    for _ in 0..5 {
        let failed = award().await.unwrap().judged(|_| Err::<(), _>("senseless")).unwrap_err();
        assert_eq!(failed.failure, Failure::BadOutput("senseless".to_owned()));
    }
    assert!(matches!(award().await.unwrap_err().failure, Failure::Suspended(_)));
}

#[tokio::test]
async fn an_answer_that_was_taken_is_a_good_one() {
    let house = House::with(crate::Settings { breaker: Some(crate::breaker::BreakerSettings::default()), ..crate::kit::settings() });
    let revision = house.revision(Rules::default().build()).await;
    let award = async || house.runtime.xp_rules(&revision, crate::kit::ada()).award(completion()).await.unwrap();
    for round in 0..12 {
        match round % 3 {
            0 => assert_eq!(award().await.judged(|proposal| Ok::<_, String>(proposal.base)).unwrap(), 10),
            _ => drop(award().await.reject("senseless")),
        }
    }
    assert_eq!(award().await.value.base, 10, "never five in a row");
}

/// Rules that make `count` handles of a resource of their own.
fn handles(count: u32) -> std::sync::Arc<[u8]> {
    let mint = r#"(import "[export]zoo:handles/things@0.1.0" "[resource-new]thing" (func $mint (param i32) (result i32)))"#;
    let award = format!(
        "(local $left i32) (local.set $left (i32.const {count}))
        (loop $again (drop (call $mint (i32.const 7)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left))) {TEN_POINTS}"
    );
    let wit = "package zoo:handles@0.1.0; interface things { resource thing; }
        world beast { include mnemosyne:plugin/xp-rules@0.1.0; export things; }";
    crate::kit::with_world(wit, &Rules { imports: mint, ..Rules::awarding(award) }.text(), &crate::kit::manifest("handles", "xp-rules", ""))
}

#[tokio::test]
async fn handles_are_capped() {
    for (count, fits) in [(255, true), (257, false), (100_000, false)] {
        let house = House::new();
        let revision = house.revision(handles(count)).await;
        let called = house.runtime.xp_rules(&revision, nobody()).award(completion()).await;
        match called {
            Ok(_) => assert!(fits, "{count} handles"),
            Err(failed) => assert!(!fits && failed.failure == Failure::ResourceExceeded(Resource::Handles), "{count}: {failed:?}"),
        }
    }
}

#[tokio::test]
async fn the_gauge_of_live_instances_rises_and_falls() {
    let house = House::new();
    assert_eq!(house.runtime.live_instances(), 0);
    let slow = house.revision(limited(SPIN, "[limits]\ncpu-ms = 10000\ndeadline-ms = 60000").build()).await;
    let (runtime, revision) = (house.runtime.clone(), slow.clone());
    let spinning = tokio::spawn(async move { runtime.xp_rules(&revision, nobody()).award(completion()).await });
    while house.runtime.live_instances() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    spinning.abort();
    let gone = async {
        while house.runtime.live_instances() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the instance went with its caller");
}
