//! One `award` in a fresh instance with every limit on, beside bare wasmtime with the same engine settings and beside the
//! native function; the hop from the caller's thread and the admission stand apart.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use mnemosyne_bindings::xp_rules::ExportsPre;
use mnemosyne_runtime::capability::config::in_memory::defaults;
use mnemosyne_runtime::capability::grant::{Grant, Policy};
use mnemosyne_runtime::engine::{Pool, serving};
use mnemosyne_runtime::wit::types::values as host;
use mnemosyne_runtime::wit::xp_rules as wit;
use mnemosyne_runtime::{Backends, Caller, NoRecorder, Revision, Runtime, Settings};
use mnemosyne_sdk::plugin::xp_rules::XpRules as _;
use mnemosyne_sdk::sample;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use crate::sample::Sample;
use crate::table::{Table, micros};

const ROUNDS: usize = 20_000;
/// Native calls that one look at the clock measures.
const NATIVE: usize = 32;

pub(crate) fn run(table: &mut Table) {
    let bytes: Arc<[u8]> = std::fs::read(component()).expect("`make plugins` has built the bundled plugins").into();
    let runtime = Runtime::start(Settings::default(), Backends::in_memory(), Arc::new(NoRecorder)).expect("a runtime");
    let callers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let bare = Arc::new(Bare::new(&bytes));
    let mut figures = callers.block_on(async { callers.spawn(measure(runtime, bare, bytes)).await.expect("the measurement") });
    let (ours, bare, native) = (figures.ours.micros(50), figures.bare.micros(50), figures.native.micros(50) / NATIVE as f64);
    table.ratio("`award`, fresh instance, p50 (bare wasmtime, same engine)", ours, bare, 1.25, micros);
    table.ratio("`award`, fresh instance, p50 (the native function)", ours, native, 45.0, |value| format!("{value:.2} µs"));
    table.told(
        "beside it: hop to the guest worker and back, p50",
        micros(figures.hop.micros(50)),
        &format!("bare: {}", micros(figures.bare_hop.micros(50))),
    );
    table.told("beside it: admission, p50", micros(figures.admission.micros(50)), "");
}

/// What `make plugins` makes.
fn component() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/xp-rules-classic.wasm")
}

#[derive(Default)]
struct Figures {
    ours: Sample,
    bare: Sample,
    native: Sample,
    hop: Sample,
    bare_hop: Sample,
    admission: Sample,
}

/// An engine made by the same function; no limits, no metering, no record: what wasmtime itself takes.
struct Bare {
    linked: ExportsPre<()>,
    engine: wasmtime::Engine,
    guests: tokio::runtime::Runtime,
}

impl Bare {
    fn new(bytes: &[u8]) -> Self {
        let engine = serving(&Pool::default()).expect("an engine");
        let component = Component::new(&engine, bytes).expect("it compiles");
        let linked = Linker::new(&engine).instantiate_pre(&component).expect("it imports nothing");
        let workers = Settings::default().workers;
        let guests = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("threads");
        Self { linked: ExportsPre::new(linked).expect("it exports the rules"), engine, guests }
    }
}

async fn measure(runtime: Arc<Runtime>, bare: Arc<Bare>, bytes: Arc<[u8]>) -> Figures {
    let manifest = Runtime::manifest(&bytes).expect("its manifest");
    let grant = Grant::new(&manifest, &Policy::default());
    let revision = runtime.prepare(bytes, grant, Arc::new(defaults(&manifest))).await.expect("it loads");
    let native = sample::completion();
    let mut figures = Figures::default();
    for round in 0..ROUNDS {
        let mut one = Figures::default();
        // In turn, so that whatever else the machine does meets all of them.
        ours(&runtime, &revision, &mut one).await;
        beside(&bare, &mut one).await;
        let begun = Instant::now();
        for _ in 0..NATIVE {
            let _ = black_box(xp_rules_classic::Classic::award(black_box(&native)));
        }
        one.native.push(begun.elapsed());
        if round >= ROUNDS / 10 {
            figures.ours.extend(one.ours);
            figures.bare.extend(one.bare);
            figures.native.extend(one.native);
            figures.hop.extend(one.hop);
            figures.bare_hop.extend(one.bare_hop);
            figures.admission.extend(one.admission);
        }
    }
    figures
}

async fn ours(runtime: &Arc<Runtime>, revision: &Arc<Revision>, figures: &mut Figures) {
    let completion = completion();
    let begun = Instant::now();
    let called = runtime.xp_rules(revision, Caller::nobody("xp-rules", "bench")).award(completion).await.expect("points");
    let whole = begun.elapsed();
    figures.ours.push(called.record.wall);
    figures.admission.push(called.record.waited);
    figures.hop.push(whole.saturating_sub(called.record.wall + called.record.waited));
}

async fn beside(bare: &Arc<Bare>, figures: &mut Figures) {
    let (completion, shared) = (completion(), Arc::clone(bare));
    let begun = Instant::now();
    let called = bare.guests.spawn(async move {
        let begun = Instant::now();
        let mut store = Store::new(&shared.engine, ());
        // Epochs are compiled in; far away, they never interrupt.
        store.set_epoch_deadline(u64::MAX / 2);
        let rules = shared.linked.instantiate_async(&mut store).await.expect("an instance");
        let proposal = rules.mnemosyne_xp_rules_rules().call_award(&mut store, &completion).await.expect("no trap").expect("points");
        black_box(proposal);
        begun.elapsed()
        // The store goes after the clock was read, as ours does.
    });
    let inside = called.await.expect("the call");
    figures.bare_hop.push(begun.elapsed().saturating_sub(inside));
    figures.bare.push(inside);
}

/// The sample of the SDK as the host spells it, so that all three judge the same completion.
fn completion() -> wit::Completion {
    let sample = sample::completion();
    let (task, facts, moment) = (sample.task, sample.facts.clone(), sample.facts.moment);
    wit::Completion {
        task: host::Task {
            id: task.id,
            title: task.title,
            description: task.description,
            status: task.status,
            priority: task.priority,
            quest_type: task.quest_type,
            difficulty: task.difficulty,
            created: task.created,
            started: task.started,
            due: task.due,
            completed: task.completed,
            estimate_minutes: task.estimate_minutes,
            actual_minutes: task.actual_minutes,
            parent: task.parent,
            series: task.series,
            tags: task.tags,
            assignees: task.assignees,
            shared: task.shared,
            recurring: task.recurring,
            value_impact: task.value_impact,
            extra: task.extra,
        },
        occurrence: sample.occurrence,
        history: wit::History {
            completed: sample.history.completed,
            missed: sample.history.missed,
            streak: sample.history.streak,
            last: sample.history.last,
        },
        facts: wit::Facts {
            moment: host::Moment {
                at: moment.at,
                seed: moment.seed,
                timezone: moment.timezone,
                offset_minutes: moment.offset_minutes,
                date: moment.date,
                minute_of_day: moment.minute_of_day,
                day: moment.day,
                weekday: moment.weekday,
                locale: moment.locale,
            },
            streak_days: facts.streak_days,
            tallies: facts
                .tallies
                .into_iter()
                .map(|tally| wit::Tally { window: tally.window, points: tally.points, completions: tally.completions })
                .collect(),
            achievements: facts.achievements,
            extra: facts.extra,
        },
    }
}
