//! An author's first hour: what `plug new` writes and the ten lines of the SDK's documentation become components that a
//! runtime loads and asks.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use mnemosyne_runtime::capability::grant::{Grant, Policy};
use mnemosyne_runtime::capability::llm::in_memory::{Script, ScriptedModel};
use mnemosyne_runtime::wit::persona::{Turn, Wishes};
use mnemosyne_runtime::wit::types::values::{Message, Moment};
use mnemosyne_runtime::{Backends, Caller, NoRecorder, ReplyEvent, Revision, Runtime, channel, check};

const KINDS: [(&str, &str); 5] = [
    ("persona", "my-persona"),
    ("persona", "ten-lines"),
    ("task-intelligence", "my-tasks"),
    ("xp-rules", "my-rules"),
    ("auth-provider", "my-door"),
];

fn plug(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_plug")).current_dir(folder).args(args).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "plug {}: {said}", args.join(" "));
    said
}

/// Makes one workspace of the crates, with this repository's versions of the dependencies: so that nothing is fetched and
/// what they share is compiled once. An author's crate stands alone.
fn join(folder: &Path, crates: &[&str]) {
    for name in crates {
        let path = folder.join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\n[workspace]\n"), "{text}");
        std::fs::write(&path, text.replace("\n[workspace]\n", "\n")).unwrap();
    }
    std::fs::write(folder.join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\nmembers = {crates:?}\n")).unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// The example at the head of the SDK's `plugin/persona.rs`, without the native part.
fn ten_lines() -> String {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/plugin/persona.rs")).unwrap();
    let lines = docs.lines().skip_while(|line| *line != "//! ```").skip(1);
    let lines = lines.take_while(|line| !line.contains("// natively")).map(|line| line.trim_start_matches("//!").trim_start_matches(' '));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_written_builds_and_a_host_would_take_it_and_ten_lines_answer() {
    // A fixed place, so that a second run compiles only what changed.
    let folder = &Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-hour");
    if folder.exists() {
        std::fs::remove_dir_all(folder).unwrap();
    }
    std::fs::create_dir_all(folder).unwrap();
    for (kind, name) in KINDS {
        plug(folder, &["new", kind, name]);
    }
    let crates: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
    join(folder, &crates);
    let code = ten_lines();
    let counted = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!((8..=10).contains(&counted), "{counted} lines:\n{code}");
    std::fs::write(folder.join("ten-lines/src/lib.rs"), code).unwrap();

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let mut build = vec!["build", "--offline", "--target-dir", target.to_str().unwrap(), "--out", "out"];
    build.extend(&crates);
    plug(folder, &build);

    for name in crates {
        let bytes = std::fs::read(folder.join("out").join(format!("{name}.wasm"))).unwrap();
        let report = check::check(&bytes);
        assert!(report.is_good(), "{name}: {:?}", report.findings);
        assert!(report.imports.iter().all(|import| import.starts_with("mnemosyne:")), "{name}: {:?}", report.imports);
        plug(folder, &["check", &format!("out/{name}.wasm")]);
    }
    let bytes = std::fs::read(folder.join("out/ten-lines.wasm")).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(ask(bytes.into()));
}

async fn ask(component: Arc<[u8]>) {
    let model = Arc::new(ScriptedModel::default());
    let runtime = Runtime::start(settings(), Backends { models: model.clone(), ..Backends::in_memory() }, Arc::new(NoRecorder)).unwrap();
    let manifest = Runtime::manifest(&component).unwrap();
    let grant = Grant::new(&manifest, &Policy::default());
    let values = Arc::new(mnemosyne_runtime::capability::config::in_memory::defaults(&manifest));
    let revision = runtime.prepare(component, grant, values).await.unwrap();

    model.then(Script::Says(vec!["Seeds ".to_owned(), "do not hurry.".to_owned()]));
    assert_eq!(answer(&runtime, &revision).await, ("Seeds do not hurry.".to_owned(), false));
    let (text, degraded) = answer(&runtime, &revision).await;
    assert!(degraded && text.starts_with("I cannot reach a language model right now"), "{text}");
    drop(revision);
    tokio::task::spawn_blocking(move || drop(runtime)).await.unwrap();
}

fn settings() -> mnemosyne_runtime::runtime::Settings {
    mnemosyne_runtime::runtime::Settings {
        pool: mnemosyne_runtime::engine::Pool { calls: 16, core_instances: 256, ..Default::default() },
        admission: mnemosyne_runtime::Admission { xp_rules: 1, auth_provider: 1, persona: 2, task_intelligence: 1 },
        workers: 1,
        ..Default::default()
    }
}

async fn answer(runtime: &Arc<Runtime>, revision: &Arc<Revision>) -> (String, bool) {
    let (sink, mut stream) = channel(16);
    let reading = async move {
        let mut text = String::new();
        while let Some(event) = stream.recv().await {
            if let ReplyEvent::Piece(piece) = event {
                text += &piece;
            }
        }
        text
    };
    let caller = Caller::nobody("persona/ten-lines", "request-1");
    let (outcome, text) = tokio::join!(runtime.persona(revision, caller).respond(turn(), sink), reading);
    (text, outcome.unwrap().value.degraded)
}

fn turn() -> Turn {
    let message = Message {
        role: "user".to_owned(),
        content: "When will it get better?".to_owned(),
        at: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
        attachments: Vec::new(),
        extra: Vec::new(),
    };
    let moment = Moment {
        at: 1_736_942_400_000,
        seed: 7,
        timezone: "UTC".to_owned(),
        offset_minutes: 0,
        date: "2025-01-15".to_owned(),
        minute_of_day: 720,
        day: "2025-01-15".to_owned(),
        weekday: 3,
        locale: "en".to_owned(),
    };
    let wishes =
        Wishes { temperature: None, max_tokens: None, stop: Vec::new(), model: None, tools: Vec::new(), agentic: false, max_iterations: 1 };
    Turn {
        conversation: String::new(),
        moment,
        message,
        history: Vec::new(),
        summary: None,
        worldview: None,
        trust: 0.3,
        use_memories: false,
        wishes,
        extra: Vec::new(),
    }
}
