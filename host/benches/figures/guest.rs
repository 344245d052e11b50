//! The bundled classic rules, loaded twice: by our runtime with every limit on, and by bare wasmtime.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mnemosyne_bindings::xp_rules::ExportsPre;
use mnemosyne_runtime::capability::config::in_memory::defaults;
use mnemosyne_runtime::capability::grant::{Grant, Policy};
use mnemosyne_runtime::engine::{Pool, serving};
use mnemosyne_runtime::wit::types::values as host;
use mnemosyne_runtime::wit::xp_rules as wit;
use mnemosyne_runtime::{Backends, CallRecord, Caller, NoRecorder, Revision, Runtime, Settings};
use mnemosyne_sdk::sample;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

/// What `make plugins` makes.
pub(crate) fn component() -> Arc<[u8]> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/xp-rules-classic.wasm");
    std::fs::read(path).expect("`make plugins` has built the bundled plugins").into()
}

/// Our runtime as a host starts it.
pub(crate) struct Ours {
    runtime: Arc<Runtime>,
    revision: Arc<Revision>,
}

impl Ours {
    pub(crate) async fn new(bytes: Arc<[u8]>) -> Self {
        let runtime = Runtime::start(Settings::default(), Backends::in_memory(), Arc::new(NoRecorder)).expect("a runtime");
        let manifest = Runtime::manifest(&bytes).expect("its manifest");
        let grant = Grant::new(&manifest, &Policy::default());
        let revision = runtime.prepare(bytes, grant, Arc::new(defaults(&manifest))).await.expect("it loads");
        Self { runtime, revision }
    }

    /// One call, as a service makes it.
    pub(crate) async fn award(&self, completion: wit::Completion) -> Arc<CallRecord> {
        let caller = Caller::nobody("xp-rules", "bench");
        self.runtime.xp_rules(&self.revision, caller).award(completion).await.expect("points").record
    }
}

/// An engine made by the same function; no limits, no metering, no record: what wasmtime itself takes.
pub(crate) struct Bare {
    linked: ExportsPre<()>,
    engine: wasmtime::Engine,
    guests: tokio::runtime::Runtime,
}

impl Bare {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let engine = serving(&Pool::default()).expect("an engine");
        let component = Component::new(&engine, bytes).expect("it compiles");
        let linked = Linker::new(&engine).instantiate_pre(&component).expect("it imports nothing");
        let workers = Settings::default().workers;
        let guests = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("threads");
        Self { linked: ExportsPre::new(linked).expect("it exports the rules"), engine, guests }
    }

    /// One call on a guest worker of its own; answers how long it took there, from creating the store to the proposal.
    pub(crate) async fn award(self: &Arc<Self>, completion: wit::Completion) -> Duration {
        let shared = Arc::clone(self);
        let call = self.guests.spawn(async move {
            let begun = Instant::now();
            let mut store = Store::new(&shared.engine, ());
            // Epochs are compiled in; far away, they never interrupt.
            store.set_epoch_deadline(u64::MAX / 2);
            let rules = shared.linked.instantiate_async(&mut store).await.expect("an instance");
            let proposal = rules.mnemosyne_xp_rules_rules().call_award(&mut store, &completion).await.expect("no trap");
            std::hint::black_box(proposal.expect("points"));
            // The store goes after the clock was read, as ours does.
            begun.elapsed()
        });
        call.await.expect("the call")
    }
}

/// The sample of the SDK as the host spells it, so that all sides judge the same completion.
pub(crate) fn completion() -> wit::Completion {
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
