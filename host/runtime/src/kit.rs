//! Test kit: small components written as core WebAssembly text, put through the real component encoder with the real WIT,
//! and a runtime with everything in memory.

pub(crate) mod login;
pub(crate) mod voice;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{PackageId, Resolve, WorldId};

use crate::capability::auth::in_memory::InMemoryCredentials;
use crate::capability::grant::{Grant, Policy};
use crate::capability::log::in_memory::KeptLines;
use crate::capability::storage::in_memory::InMemoryKv;
use crate::capability::{Backends, SystemClock, config};
use crate::engine::Pool;
use crate::manifest::SECTION;
use crate::record::KeepRecords;
use crate::{Admission, Caller, Refused, Revision, Runtime, Settings, User};

/// Core text → component with a manifest.
pub(crate) fn component(world: &str, wat: &str, manifest: &str) -> Arc<[u8]> {
    let (resolve, package) = contract();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    encode(&resolve, world, wat, manifest)
}

/// The same for the one world of another package, which builds on the contract's.
pub(crate) fn with_world(wit: &str, wat: &str, manifest: &str) -> Arc<[u8]> {
    let (mut resolve, _) = contract();
    let package = resolve.push_str("beast.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    encode(&resolve, world, wat, manifest)
}

fn contract() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_path(wit).unwrap();
    (resolve, package)
}

fn encode(resolve: &Resolve, world: WorldId, wat: &str, manifest: &str) -> Arc<[u8]> {
    let mut module = wat::parse_str(wat).unwrap();
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    let mut bytes = ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
    append_section(&mut bytes, SECTION, manifest.as_bytes());
    bytes.into()
}

fn append_section(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    let leb = |mut number: usize| {
        let mut out = Vec::new();
        while number >= 0x80 {
            out.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        out.push(number.to_le_bytes()[0]);
        out
    };
    let name_length = leb(name.len());
    bytes.push(0);
    bytes.extend(leb(name_length.len() + name.len() + data.len()));
    bytes.extend(name_length);
    bytes.extend(name.as_bytes());
    bytes.extend(data);
}

/// A component of kind `xp-rules`, by its parts. The default awards 10 points and calls nothing.
pub(crate) struct Rules {
    pub(crate) imports: &'static str,
    pub(crate) items: String,
    pub(crate) memory: &'static str,
    pub(crate) realloc: &'static str,
    pub(crate) describe: &'static str,
    pub(crate) award: String,
    pub(crate) level_at: &'static str,
    pub(crate) classify: &'static str,
    pub(crate) manifest: &'static str,
}

/// Bump allocation, 8-aligned, from 4096 on; parameters: old pointer, old size, alignment, new size.
pub(crate) const BUMP: &str = "(local $at i32) (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 7)) (i32.const -8)))
    (local.get $at)";

/// `ok(proposal { base: 10 })` at address 16; parameters: the completion.
pub(crate) const TEN_POINTS: &str = "(i32.store (i32.const 20) (i32.const 10)) (i32.const 16)";

impl Default for Rules {
    fn default() -> Self {
        Self {
            imports: "",
            items: String::new(),
            memory: "2",
            realloc: BUMP,
            describe: "(i32.const 64)",
            award: TEN_POINTS.to_owned(),
            level_at: "(i32.store (i32.const 24) (i32.const 1)) (i64.store (i32.const 48) (i64.const 100)) (i32.const 16)",
            classify: "(i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 4)) (i32.const 16)",
            manifest: "",
        }
    }
}

impl Rules {
    /// One that awards by `award`.
    pub(crate) fn awarding(award: impl Into<String>) -> Self {
        Self { award: award.into(), ..Self::default() }
    }

    pub(crate) fn build(&self) -> Arc<[u8]> {
        component("xp-rules", &self.text(), &manifest("xp-rules-test", "xp-rules", self.manifest))
    }

    /// The core module.
    pub(crate) fn text(&self) -> String {
        format!(
            r#"(module
              {imports}
              (memory (export "memory") {memory})
              (global $heap (mut i32) (i32.const 4096))
              (data (i32.const 256) "solo")
              {items}
              (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#describe") (param i32 i32) (result i32) {describe})
              (func $award (export "mnemosyne:xp-rules/rules@0.1.0#award") (param i32) (result i32) {award})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#level-at") (param i64) (result i32) {level_at})
              (func (export "mnemosyne:xp-rules/rules@0.1.0#classify") (param i32) (result i32) {classify}))"#,
            imports = self.imports,
            memory = self.memory,
            items = self.items,
            realloc = self.realloc,
            describe = self.describe,
            award = self.award,
            level_at = self.level_at,
            classify = self.classify,
        )
    }
}

/// A manifest with more lines at its end.
pub(crate) fn manifest(name: &str, kind: &str, more: &str) -> String {
    format!("[plugin]\nname = '{name}'\nversion = '0.1.0'\nkind = '{kind}'\nsummary = 'for tests'\nlicense = 'Apache-2.0'\n{more}")
}

/// A runtime with everything in memory, and what it kept.
pub(crate) struct House {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) records: Arc<KeepRecords>,
    pub(crate) lines: Arc<KeptLines>,
    pub(crate) credentials: Arc<InMemoryCredentials>,
}

/// Small settings: a pool of 16, no breaker.
pub(crate) fn settings() -> Settings {
    Settings {
        pool: Pool { calls: 16, core_instances: 256, ..Pool::default() },
        admission: Admission { xp_rules: 4, auth_provider: 4, persona: 4, task_intelligence: 1 },
        workers: 2,
        tick: Duration::from_millis(1),
        breaker: None,
        ..Settings::default()
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::on(settings, |backends| backends)
    }

    /// With other backends.
    pub(crate) fn on(settings: Settings, change: impl FnOnce(Backends) -> Backends) -> Self {
        let (records, lines) = (Arc::new(KeepRecords::default()), Arc::new(KeptLines::default()));
        let credentials = Arc::new(InMemoryCredentials::default());
        let backends = Backends {
            clock: Arc::new(SystemClock),
            log: lines.clone(),
            kv: Arc::new(InMemoryKv::default()),
            credentials: credentials.clone(),
            ..Backends::in_memory()
        };
        let runtime = Runtime::start(settings, change(backends), records.clone()).unwrap();
        Self { runtime, records, lines, credentials }
    }

    /// Everything the manifest asks for is granted.
    pub(crate) async fn revision(&self, component: Arc<[u8]>) -> Arc<Revision> {
        self.try_revision(component, &Policy::default()).await.unwrap()
    }

    pub(crate) async fn try_revision(&self, component: Arc<[u8]>, policy: &Policy) -> Result<Arc<Revision>, Refused> {
        let manifest = Runtime::manifest(&component)?;
        let grant = Grant::new(&manifest, policy);
        let values = Arc::new(config::in_memory::defaults(&manifest));
        self.runtime.prepare(component, grant, values).await
    }

    /// Waits until every place of a kind is given back: that happens after the answer, when the store is gone.
    pub(crate) async fn all_places_free(&self, kind: crate::manifest::Kind) {
        let free = async {
            while self.runtime.free(kind) < 4 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), free).await.expect("a place was lost");
    }

    /// One `award` of a fresh revision, for nobody.
    pub(crate) async fn award(&self, rules: &Rules) -> Result<crate::Called<crate::wit::xp_rules::Proposal>, crate::CallError> {
        let revision = self.revision(rules.build()).await;
        self.runtime.xp_rules(&revision, nobody()).award(completion()).await
    }
}

impl House {
    /// A call at the door, without a guest: what a guest's host call would meet.
    pub(crate) async fn at_the_door(&self, manifest_lines: &'static str, caller: Caller) -> Arc<crate::call::Call> {
        let provider = login::Provider { manifest: manifest_lines, imports: String::new(), ..login::Provider::checking("(unreachable)") };
        let revision = self.revision(provider.build()).await;
        Arc::new(crate::call::Call::new(self.runtime.clone(), revision, caller, "test"))
    }

    /// As [`Self::at_the_door`], of a persona.
    pub(crate) async fn at_a_personas_door(&self, manifest_lines: &'static str, caller: Caller) -> Arc<crate::call::Call> {
        let revision = self.revision(voice::Voice { manifest: manifest_lines, ..voice::Voice::default() }.build()).await;
        Arc::new(crate::call::Call::new(self.runtime.clone(), revision, caller, "test"))
    }
}

pub(crate) fn nobody() -> Caller {
    Caller::nobody("xp-rules", "req-1")
}

/// Somebody else.
pub(crate) fn bob() -> Caller {
    let user = User { id: Uuid::from_u128(2), ..(*ada().user.unwrap()).clone() };
    Caller::person(Arc::new(user), "slot", "req-2")
}

pub(crate) fn ada() -> Caller {
    let user = User {
        id: Uuid::from_u128(1),
        display_name: "Ada".to_owned(),
        roles: vec!["user".to_owned()],
        permissions: ["memory:read", "task:read", "task:write"].map(str::to_owned).into(),
        timezone: "Europe/London".to_owned(),
        locale: "en".to_owned(),
    };
    Caller::person(Arc::new(user), "xp-rules", "req-1")
}

/// Ada with a key that may complete her tasks and read nothing.
pub(crate) fn ada_who_may_not_read() -> Caller {
    let user = User { permissions: ["task:write".to_owned()].into(), ..(*ada().user.unwrap()).clone() };
    Caller::person(Arc::new(user), "slot", "req-3")
}

/// A completion like an ordinary one.
pub(crate) fn completion() -> crate::wit::xp_rules::Completion {
    use crate::wit::types::values::{Moment, Task};
    use crate::wit::xp_rules::{Completion, Facts, History, Tally};
    let task = Task {
        id: "t1".to_owned(),
        title: "Water the plants".to_owned(),
        description: String::new(),
        status: "completed".to_owned(),
        priority: "medium".to_owned(),
        quest_type: Some("solo".to_owned()),
        difficulty: 3,
        created: 1,
        started: None,
        due: None,
        completed: Some(2),
        estimate_minutes: Some(20),
        actual_minutes: None,
        parent: None,
        series: None,
        tags: vec!["home".to_owned()],
        assignees: 1,
        shared: false,
        recurring: false,
        value_impact: vec![("calm".to_owned(), 0.7)],
        extra: Vec::new(),
    };
    let moment = Moment {
        at: 2,
        seed: 7,
        timezone: "UTC".to_owned(),
        offset_minutes: 0,
        date: "2026-01-01".to_owned(),
        minute_of_day: 600,
        day: "2026-01-01".to_owned(),
        weekday: 4,
        locale: "en".to_owned(),
    };
    let facts = Facts {
        moment,
        streak_days: 1,
        tallies: vec![Tally { window: "all".to_owned(), points: 90, completions: 9 }],
        achievements: Vec::new(),
        extra: Vec::new(),
    };
    Completion { task, occurrence: "t1#1".to_owned(), history: History { completed: 0, missed: 0, streak: 0, last: None }, facts }
}
