//! The process-wide part: engine, ticker, guest workers, admission, and the way from bytes to a revision.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::artifact::Artifacts;
use crate::auth_provider::AuthProvider;
use crate::breaker::{Breaker, BreakerSettings};
use crate::caller::Caller;
use crate::capability::Backends;
use crate::capability::config::ConfigValues;
use crate::capability::grant::Grant;
use crate::engine::{Drift, Pool, Ticker, serving};
use crate::error::{Refused, StartError};
use crate::lifecycle::{SelfTest, Views};
use crate::linker::link;
use crate::manifest::{Kind, Manifest};
use crate::persona::Persona;
use crate::record::Recorder;
use crate::revision::Revision;
use crate::task_intelligence::TaskIntelligence;
use crate::xp_rules::XpRules;

/// Calls of each kind that may run at once. Together below the pool, so that a full house is our typed `overloaded`, and
/// two hundred slow conversations never starve a login.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Of `xp-rules`.
    pub xp_rules: usize,
    /// Of `auth-provider`.
    pub auth_provider: usize,
    /// Of `persona`.
    pub persona: usize,
    /// Of `task-intelligence`.
    pub task_intelligence: usize,
}

/// Calls of all kinds together, unless an operator says otherwise.
const CALLS: u32 = 336;
/// The pool is so much larger than the houses together: a call gives its place back last, a store a moment earlier.
const SPARE_PLACES: u32 = 16;

impl Admission {
    /// So many calls shared out: a seventh for rules, two in twenty-one for logins and for task intelligence, one at least;
    /// the rest for personas, which wait for models while they hold a place.
    pub fn within(calls: u32) -> Self {
        let share = |part: u32, of: u32| (calls * part / of).max(1) as usize;
        let (xp_rules, auth_provider, task_intelligence) = (share(1, 7), share(2, 21), share(2, 21));
        let persona = (calls as usize).saturating_sub(xp_rules + auth_provider + task_intelligence).max(1);
        Self { xp_rules, auth_provider, persona, task_intelligence }
    }
}

impl Default for Admission {
    fn default() -> Self {
        Self::within(CALLS)
    }
}

/// How the runtime is built.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Size of the pool of instances.
    pub pool: Pool,
    /// Calls of each kind at once.
    pub admission: Admission,
    /// Threads that run guests, apart from those that serve requests.
    pub workers: usize,
    /// Period of the ticker: how often a running guest yields and is held against its CPU time. 1…10 ms.
    pub tick: Duration,
    /// When a failing revision is suspended; `None`: never.
    pub breaker: Option<BreakerSettings>,
    /// How components are compiled.
    pub compile: Compile,
}

impl Settings {
    /// These settings with room for so many calls at once, of all kinds together.
    #[must_use]
    pub fn for_calls(mut self, calls: u32) -> Self {
        self.admission = Admission::within(calls);
        self.pool.calls = calls + SPARE_PLACES;
        // A component may have sixty core instances; not all of them do at once.
        self.pool.core_instances = self.pool.core_instances.max(self.pool.calls * 11);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pool: Pool::default(),
            admission: Admission::default(),
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
            tick: Duration::from_millis(2),
            breaker: Some(BreakerSettings::default()),
            compile: Compile::InProcess,
        }
    }
}

/// Where Cranelift runs.
#[derive(Clone, Debug)]
pub enum Compile {
    /// In this process: for tests and for the author's tool, where the component is one's own.
    InProcess,
    /// In a disposable child, with its artefacts kept: what a host does.
    Child(Arc<Artifacts>),
}

/// Machine code of one component, shared by its revisions and gone with the last of them.
pub(crate) struct Compiled(Component);

/// The plugin runtime of a process. Dropping the last handle stops its threads.
pub struct Runtime {
    engine: Engine,
    ticker: Ticker,
    // An option only because shutting down takes it by value.
    guests: Option<tokio::runtime::Runtime>,
    slots: [Arc<Semaphore>; 4],
    backends: Backends,
    recorder: Arc<dyn Recorder>,
    /// Compiled components that some revision still uses, by digest.
    compiled: Mutex<HashMap<String, Weak<Compiled>>>,
    settings: Settings,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Makes the engine, starts the ticker and the guest workers.
    ///
    /// # Errors
    /// [`StartError`]: contradicting settings, no address space for the pool, no threads.
    pub fn start(settings: Settings, backends: Backends, recorder: Arc<dyn Recorder>) -> Result<Arc<Self>, StartError> {
        let admission = settings.admission;
        let slots = [admission.persona, admission.task_intelligence, admission.xp_rules, admission.auth_provider];
        if slots.iter().sum::<usize>() >= settings.pool.calls as usize {
            return Err(StartError::Settings("the kinds' calls together must be fewer than the pool's".to_owned()));
        }
        if !(1..=10).contains(&settings.tick.as_millis()) || settings.workers == 0 {
            return Err(StartError::Settings("the tick must be 1 to 10 ms, and there must be a worker".to_owned()));
        }
        let engine = serving(&settings.pool)?;
        let ticker = Ticker::start(&engine, settings.tick)?;
        let guests = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.workers)
            .thread_name("plugin-guest")
            // What a backend opens on the way (a connection to the database, to a model) needs the sockets' driver here too.
            .enable_all()
            .build()?;
        let slots = slots.map(|calls| Arc::new(Semaphore::new(calls)));
        let guests = Some(guests);
        let compiled = Mutex::new(HashMap::new());
        Ok(Arc::new(Self { engine, ticker, guests, slots, backends, recorder, compiled, settings }))
    }

    /// Turns a component into a revision: manifest, compilation, linking to exactly what is granted, exports. Whether the
    /// bytes should be let in at all is [`crate::check`]'s question, asked when they arrive.
    /// A component of the same digest is compiled once, whatever its grant and configuration.
    ///
    /// # Errors
    /// [`Refused`] with every reason found. Nothing of a refused component stays.
    pub async fn prepare(
        self: &Arc<Self>,
        component: Arc<[u8]>,
        grant: Grant,
        config: Arc<ConfigValues>,
    ) -> Result<Arc<Revision>, Refused> {
        let runtime = self.clone();
        let work = move || {
            let manifest = crate::bytes::manifest(&component)?;
            let digest = hex::encode(Sha256::digest(&component));
            let compiled = runtime.compile(&digest, &component)?;
            let linked = link(&runtime.engine, &compiled.0, &grant)?;
            let breaker = Breaker::new(runtime.settings.breaker.clone());
            Revision::new(linked, compiled, manifest, grant, digest, config, breaker).map(Arc::new)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(Refused::because("internal", "preparing the component failed within the host", "")))
    }

    /// The manifest that a component carries.
    ///
    /// # Errors
    /// [`Refused`] when it is no component or has no readable manifest.
    pub fn manifest(component: &[u8]) -> Result<Manifest, Refused> {
        crate::bytes::manifest(component)
    }

    fn compile(&self, digest: &str, component: &[u8]) -> Result<Arc<Compiled>, Refused> {
        if let Some(known) = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(digest).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let compiled = match &self.settings.compile {
            Compile::InProcess => Component::new(&self.engine, component).map_err(|error| {
                let sentence = format!("the component does not compile: {}", crate::text::scrub(&format!("{error:#}"), 300));
                Refused::because("invalid", sentence, "run `plug check`")
            })?,
            Compile::Child(artifacts) => artifacts.component(&self.engine, digest, component)?,
        };
        let compiled = Arc::new(Compiled(compiled));
        let mut known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, compiled| compiled.strong_count() > 0);
        known.insert(digest.to_owned(), Arc::downgrade(&compiled));
        Ok(compiled)
    }

    /// Calls on a revision of kind `xp-rules`.
    pub fn xp_rules<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> XpRules<'r> {
        XpRules { runtime: self, revision, caller }
    }

    /// Calls on a revision of kind `auth-provider`.
    pub fn auth_provider<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> AuthProvider<'r> {
        AuthProvider { runtime: self, revision, caller }
    }

    /// Calls on a revision of kind `persona`.
    pub fn persona<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> Persona<'r> {
        Persona { runtime: self, revision, caller }
    }

    /// Calls on a revision of kind `task-intelligence`.
    pub fn task_intelligence<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> TaskIntelligence<'r> {
        TaskIntelligence { runtime: self, revision, caller }
    }

    /// What a revision of any kind shows of what it keeps about the caller; only if
    /// [`crate::revision::OptionalExports::views`].
    pub fn views<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> Views<'r> {
        Views { runtime: self, revision, caller }
    }

    /// The plugin's own check of itself; only if [`crate::revision::OptionalExports::self_test`].
    pub fn self_test<'r>(self: &'r Arc<Self>, revision: &'r Arc<Revision>, caller: Caller) -> SelfTest<'r> {
        SelfTest { runtime: self, revision, caller }
    }

    /// How well the ticker keeps its pace.
    pub fn drift(&self) -> Drift {
        self.ticker.drift()
    }

    /// Instances that are alive in the pool right now. It falls a moment after the answer: the store is wiped when the answer
    /// is on its way.
    pub fn live_instances(&self) -> u64 {
        self.engine.pooling_allocator_metrics().map_or(0, |pool| pool.component_instances())
    }

    /// Calls of a kind that could be admitted right now.
    pub fn free(&self, kind: Kind) -> usize {
        self.slots[index(kind)].available_permits()
    }

    /// A place for a call, within `wait`; `None`: overloaded.
    pub(crate) async fn admit(&self, kind: Kind, wait: Duration) -> Option<OwnedSemaphorePermit> {
        let slots = &self.slots[index(kind)];
        if let Ok(permit) = slots.clone().try_acquire_owned() {
            return Some(permit);
        }
        tokio::time::timeout(wait, slots.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Period of the ticker.
    pub(crate) fn tick(&self) -> Duration {
        self.settings.tick
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn guests(&self) -> &tokio::runtime::Runtime {
        self.guests.as_ref().expect("it is taken only when the runtime is dropped")
    }

    pub(crate) fn backends(&self) -> &Backends {
        &self.backends
    }

    pub(crate) fn recorder(&self) -> &dyn Recorder {
        &*self.recorder
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // The last handle may be dropped on an async worker, where waiting for other workers would be a deadlock.
        if let Some(guests) = self.guests.take() {
            guests.shutdown_background();
        }
    }
}

fn index(kind: Kind) -> usize {
    match kind {
        Kind::Persona => 0,
        Kind::TaskIntelligence => 1,
        Kind::XpRules => 2,
        Kind::AuthProvider => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, CALLS, Settings};

    #[test]
    fn every_kind_has_its_places_and_all_together_stay_below_the_pool() {
        let usual = Admission::default();
        let places = |of: Admission| [of.persona, of.task_intelligence, of.xp_rules, of.auth_provider];
        assert_eq!(places(usual), [224, 32, 48, 32]);
        for calls in [8, 9, 20, 21, CALLS, 4_096] {
            let settings = Settings::default().for_calls(calls);
            let places = places(settings.admission);
            assert!(places.iter().all(|places| *places >= 1), "{calls}: {places:?}");
            assert_eq!(places.iter().sum::<usize>(), calls as usize);
            assert!(settings.pool.calls > calls && settings.pool.core_instances >= settings.pool.calls * 11);
        }
    }
}
